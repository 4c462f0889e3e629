import Dispatch
import Resilience
import Synchronization

/// Lets calls with one key of a provider through, as many at once and over time as it takes, in the order in which they came.
///
/// Who could not be let through before his deadline is told so at once.
final class CallQueue: Sendable {
    enum Entry: Sendable, Equatable {
        case allowed(AdaptiveLimit.Permit)
        /// No turn before the deadline; when the next one is, where that is known.
        case tooLate(retryAfterNanoseconds: UInt64?)
        /// As many wait as may.
        case full
        case cancelled
    }

    private struct Waiter {
        let deadline: UInt64
        let resume: @Sendable (Entry) -> Void
    }

    private struct State {
        var limit: AdaptiveLimit
        /// By their tickets, which rise.
        var waiters: [UInt64: Waiter] = [:]
        /// The lowest ticket that may still wait.
        var head: UInt64 = 0
        var nextTicket: UInt64 = 0
        /// Tickets of those who do not wait yet, and whether they have been cancelled already.
        var arriving: [UInt64: Bool] = [:]
        /// No waiter's deadline is before this.
        var earliestDeadline = UInt64.max
        /// When the next look round comes.
        var wakesAt: UInt64?
    }

    /// What has to be done once the lock is open again.
    private struct Work {
        var resumed: [(@Sendable (Entry) -> Void, Entry)] = []
        var wakeAfterNanoseconds: UInt64?
    }

    static let maximumWaiting = 4096

    private let state: Mutex<State>

    init(_ limit: AdaptiveLimit) {
        state = Mutex(State(limit: limit))
    }

    var counts: (inFlight: Int, waiting: Int) {
        state.withLock { ($0.limit.inFlight, $0.waiters.count) }
    }

    /// Whether forgetting it would lose anything.
    var isIdle: Bool { counts == (0, 0) }

    /// Waits for a turn; who gets one has to ``leave(_:_:)``.
    func enter(deadline: UInt64) async -> Entry {
        let ticket = state.withLock { state in
            defer { state.nextTicket += 1 }
            state.arriving[state.nextTicket] = false
            return state.nextTicket
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                add(ticket, Waiter(deadline: deadline) { continuation.resume(returning: $0) })
            }
        } onCancel: {
            cancel(ticket)
        }
    }

    /// A call has ended.
    func leave(_ permit: AdaptiveLimit.Permit, _ outcome: AdaptiveLimit.Outcome) {
        let now = MonotonicClock.now
        perform { state, work in
            state.limit.finish(permit, outcome, now: now)
            CallQueue.look(&state, now, &work)
        }
    }

    private func add(_ ticket: UInt64, _ waiter: Waiter) {
        let now = MonotonicClock.now
        perform { state, work in
            guard state.arriving.removeValue(forKey: ticket) == false else {
                return work.resumed.append((waiter.resume, .cancelled))
            }
            guard state.waiters.count < CallQueue.maximumWaiting else {
                return work.resumed.append((waiter.resume, .full))
            }
            // One that was overtaken between getting its ticket and waiting goes before those who came later.
            state.head = min(state.head, ticket)
            state.waiters[ticket] = waiter
            state.earliestDeadline = min(state.earliestDeadline, waiter.deadline)
            CallQueue.look(&state, now, &work)
        }
    }

    private func cancel(_ ticket: UInt64) {
        perform { state, work in
            if let waiter = state.waiters.removeValue(forKey: ticket) {
                work.resumed.append((waiter.resume, .cancelled))
            } else if state.arriving[ticket] != nil {
                state.arriving[ticket] = true
            }
        }
    }

    private func perform(_ body: (inout State, inout Work) -> Void) {
        let work = state.withLock { state in
            var work = Work()
            body(&state, &work)
            return work
        }
        for (resume, entry) in work.resumed { resume(entry) }
        guard let pause = work.wakeAfterNanoseconds else { return }
        DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(Int(clamping: pause))) {
            [weak self] in
            self?.wake()
        }
    }

    private func wake() {
        let now = MonotonicClock.now
        perform { state, work in
            if let wakesAt = state.wakesAt, wakesAt <= now { state.wakesAt = nil }
            if state.earliestDeadline <= now {
                for (ticket, waiter) in state.waiters where waiter.deadline <= now {
                    state.waiters[ticket] = nil
                    work.resumed.append((waiter.resume, .tooLate(retryAfterNanoseconds: nil)))
                }
                state.earliestDeadline = state.waiters.values.lazy.map(\.deadline).min() ?? .max
            }
            CallQueue.look(&state, now, &work)
        }
    }

    /// Lets through whom it can, and sees to it that somebody looks again when it could be otherwise.
    private static func look(_ state: inout State, _ now: UInt64, _ work: inout Work) {
        var pause: UInt64?
        while state.head < state.nextTicket, pause == nil {
            guard let waiter = state.waiters[state.head] else {
                state.head += 1
                continue
            }
            guard waiter.deadline > now else {
                state.waiters[state.head] = nil
                work.resumed.append((waiter.resume, .tooLate(retryAfterNanoseconds: nil)))
                continue
            }
            switch state.limit.admit(now: now) {
            case .allowed(let permit):
                state.waiters[state.head] = nil
                work.resumed.append((waiter.resume, .allowed(permit)))
            case .later(let wait) where wait >= waiter.deadline - now:
                state.waiters[state.head] = nil
                work.resumed.append((waiter.resume, .tooLate(retryAfterNanoseconds: wait)))
            case .later(let wait): pause = wait
            // The end of one looks again; till then only deadlines pass.
            case .full: pause = .max
            }
        }
        guard let pause else { return }
        let turn = pause == .max ? .max : now + pause
        let wakesAt = min(state.earliestDeadline, turn)
        guard wakesAt < state.wakesAt ?? .max else { return }
        state.wakesAt = wakesAt
        work.wakeAfterNanoseconds = wakesAt > now ? wakesAt - now : 0
    }
}
