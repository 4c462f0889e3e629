import Postgres
import RPC

/// Work of the daemon's own that comes round every so often, one turn at a time.
public struct Upkeep: Sendable {
    private let task: Task<Void, Never>

    /// - Parameters:
    ///   - pause: after each turn.
    ///   - log: told when a turn fails that follows one that did not.
    ///   - name: what is done, as "Sealing the trail".
    init(
        every pause: Duration, told log: @escaping @Sendable (Notice) -> Void, of name: String,
        _ turn: @escaping @Sendable () async throws -> Void
    ) {
        task = Task {
            var isFailing = false
            while !Task.isCancelled {
                do {
                    try await turn()
                    isFailing = false
                } catch {
                    if !isFailing, !Task.isCancelled {
                        log(Notice(.upkeepFailed, "\(name) failed: \(error)"))
                    }
                    isFailing = true
                }
                try? await Task.sleep(for: pause)
            }
        }
    }

    /// No turn begins any more; returns when the last has ended.
    public func stop() async {
        task.cancel()
        await task.value
    }
}

extension Pool {
    /// One transaction of the daemon's own, which has half a minute unless told otherwise.
    func upkeep<Value: Sendable>(
        seconds: UInt64 = 30, _ body: @escaping @Sendable (borrowing Transaction) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            transaction(Unattended(seconds: seconds), .readCommitted, body) { continuation.resume(with: $0) }
        }
    }
}
