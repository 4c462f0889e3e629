import RPC
import Synchronization

/// Calls of this process that carry the same key go one after the other. Who waits holds nothing, and leaves at his deadline.
final class IdempotencyGate: Sendable {
    private struct Waiter {
        let number: UInt64
        let start: @Sendable () -> Void
    }

    private struct State {
        /// A key that is there has a call under way.
        var waiting: [Int64: [Waiter]] = [:]
        var count = 0
        var counter: UInt64 = 0
    }

    private let state = Mutex(State())

    private static let mostWaiters = 10_000

    /// Runs `start` now, or when the calls before it have left; `refuse`, when that takes too long or too many wait.
    func enter(
        _ key: Int64, _ call: Call, start: @escaping @Sendable () -> Void,
        refuse: @escaping @Sendable (CallError) -> Void
    ) {
        enum Place {
            case first
            case waits(UInt64)
            case tooMany
        }
        let place = state.withLock { state -> Place in
            guard state.waiting[key] != nil else {
                state.waiting[key] = []
                return .first
            }
            guard state.count < IdempotencyGate.mostWaiters else { return .tooMany }
            state.counter += 1
            state.count += 1
            state.waiting[key]?.append(Waiter(number: state.counter, start: start))
            return .waits(state.counter)
        }
        switch place {
        case .first: start()
        case .tooMany: refuse(.unavailable("Too many calls wait for others with their idempotency key"))
        case .waits(let number):
            call.onInterruption { [self] in
                if remove(number, from: key) { refuse(call.interruptionError) }
            }
        }
    }

    /// The call that was under way has been answered.
    func leave(_ key: Int64) {
        let next = state.withLock { state -> Waiter? in
            guard let first = state.waiting[key]?.first else {
                state.waiting[key] = nil
                return nil
            }
            state.waiting[key]?.removeFirst()
            state.count -= 1
            return first
        }
        next?.start()
    }

    /// - Returns: whether it still waited.
    private func remove(_ number: UInt64, from key: Int64) -> Bool {
        state.withLock { state in
            guard let index = state.waiting[key]?.firstIndex(where: { $0.number == number }) else {
                return false
            }
            state.waiting[key]?.remove(at: index)
            state.count -= 1
            return true
        }
    }
}
