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

    /// Stops all of them side by side: no turn begins any more.
    /// - Returns: whether the last turn of each has ended in time; else they end with the process.
    public static func stop(_ works: [Upkeep], within patience: Duration) async -> Bool {
        for work in works { work.task.cancel() }
        let (ends, continuation) = AsyncStream.makeStream(of: Bool.self)
        Task {
            for work in works { await work.task.value }
            continuation.yield(true)
        }
        let clock = Task {
            try? await Task.sleep(for: patience)
            continuation.yield(false)
        }
        defer { clock.cancel() }
        for await areDone in ends { return areDone }
        return false
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
