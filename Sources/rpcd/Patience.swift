import Postgres
import Resilience

/// Work of the program's own, that no call bounds: after a minute it has met a lock that nobody gives up.
final class Patience: Interruptible {
    let deadlineNanoseconds = MonotonicClock.now + 60_000_000_000
    let isInterrupted = false

    func onInterruption(_ hook: @escaping @Sendable () -> Void) {}
}

extension Pool {
    /// One transaction of the program's own.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            transaction(Patience(), .readCommitted, body) { continuation.resume(with: $0) }
        }
    }
}
