import Dispatch
import Identifiers
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
        /// As many wait as are served within moments; when it is worth coming back, where that is known.
        case putOff(afterNanoseconds: UInt64?)
        /// The service wants to be left alone for longer than a guest waits.
        case resting(afterNanoseconds: UInt64)
    }

    /// Who holds a place elsewhere while he waits, and would rather come back than wait long.
    struct Guest: Sendable {
        /// Those with the same one share what may wait.
        let owner: UUID
        /// How many wait and are under way, at most.
        let places: Int
    }

    private struct Waiter {
        let deadline: UInt64
        let guest: Guest?
        let resume: @Sendable (Entry) -> Void
    }

    private struct State {
        var limit: AdaptiveLimit
        var line = Line()
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
    private let clock: @Sendable () -> UInt64

    /// - Parameter clock: as `MonotonicClock`.
    init(_ limit: AdaptiveLimit, clock: @escaping @Sendable () -> UInt64 = { MonotonicClock.now }) {
        state = Mutex(State(limit: limit))
        self.clock = clock
    }

    var counts: (inFlight: Int, waiting: Int) {
        state.withLock { ($0.limit.inFlight, $0.waiters.count) }
    }

    /// Whether forgetting it would lose anything.
    var isIdle: Bool { counts == (0, 0) }

    /// Waits for a turn; who gets one has to ``leave(_:_:)``.
    func enter(deadline: UInt64, guest: Guest? = nil) async -> Entry {
        let ticket = state.withLock { state in
            defer { state.nextTicket += 1 }
            state.arriving[state.nextTicket] = false
            return state.nextTicket
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                add(ticket, Waiter(deadline: deadline, guest: guest) { continuation.resume(returning: $0) })
            }
        } onCancel: {
            cancel(ticket)
        }
    }

    /// A call has ended.
    /// - Parameter nanoseconds: how long it took; nil where there was none.
    func leave(
        _ permit: AdaptiveLimit.Permit, _ outcome: AdaptiveLimit.Outcome, took nanoseconds: UInt64? = nil
    ) {
        let now = clock()
        perform { state, work in
            if let nanoseconds { state.line.took(nanoseconds) }
            state.limit.finish(permit, outcome, now: now)
            CallQueue.look(&state, now, &work)
        }
    }

    private func add(_ ticket: UInt64, _ waiter: Waiter) {
        let now = clock()
        perform { state, work in
            guard state.arriving.removeValue(forKey: ticket) == false else {
                return work.resumed.append((waiter.resume, .cancelled))
            }
            guard state.waiters.count < CallQueue.maximumWaiting else {
                return work.resumed.append((waiter.resume, .full))
            }
            if let guest = waiter.guest, let entry = CallQueue.refusal(of: guest, &state, now) {
                return work.resumed.append((waiter.resume, entry))
            }
            // One that was overtaken between getting its ticket and waiting goes before those who came later.
            state.head = min(state.head, ticket)
            state.waiters[ticket] = waiter
            state.earliestDeadline = min(state.earliestDeadline, waiter.deadline)
            CallQueue.look(&state, now, &work)
        }
    }

    /// - Returns: why `guest` does not wait, where he does not.
    private static func refusal(of guest: Guest, _ state: inout State, _ now: UInt64) -> Entry? {
        let rest = state.limit.restNanoseconds(now: now)
        if rest > Line.waitNanoseconds { return .resting(afterNanoseconds: rest) }
        let most = state.line.places(state.limit, atMost: guest.places)
        let held = state.limit.inFlight + state.waiters.count
        guard held >= most else { return nil }
        var waiting: [UUID: Int] = [guest.owner: 0]
        for waiter in state.waiters.values {
            if let owner = waiter.guest?.owner { waiting[owner, default: 0] += 1 }
        }
        let mine = waiting[guest.owner] ?? 0
        // Whoever has less than his share is not to wait until the others have none left, but there is an end to it.
        let isBehind = mine == 0 || (waiting.count > 1 && mine < most / waiting.count)
        if isBehind, held < guest.places + guest.places / 4 { return nil }
        return .putOff(
            afterNanoseconds: state.line.appointment(
                guest.owner, of: waiting.count, behind: state.waiters.count, state.limit, now: now))
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
        let now = clock()
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
