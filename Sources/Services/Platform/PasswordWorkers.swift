import Cryptography
import Dispatch
import RPC
import Synchronization

/// Hashes passwords on a few threads of its own: each hash takes tens of milliseconds and 19 MiB.
public final class PasswordWorkers: Sendable {
    private let queues: [DispatchQueue]
    private let waiting = Atomic(0)
    private let counter = Atomic(0)
    private let limit: Int

    /// - Parameters:
    ///   - count: hashes at once.
    ///   - limit: hashes that may wait; more are refused.
    public init(count: Int, limit: Int = 64) {
        queues = (0..<max(1, count)).map { DispatchQueue(label: "rpcd.password.\($0)", qos: .utility) }
        self.limit = limit
    }

    func hash(_ password: Password) async throws -> String {
        try await run { try PasswordHash.hash(password: password.bytes) }
    }

    /// Takes the same time for an unknown user: then `hash` is `nil`, and a hash of nothing is compared.
    func verify(_ password: Password, against hash: String?) async throws -> Bool {
        try await run {
            guard let hash else {
                _ = try PasswordHash.hash(password: password.bytes)
                return false
            }
            return try PasswordHash.verify(password: password.bytes, against: hash)
        }
    }

    private func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        guard waiting.add(1, ordering: .relaxed).newValue <= limit else {
            waiting.subtract(1, ordering: .relaxed)
            throw CallError.unavailable("Too many logins at once")
        }
        defer { waiting.subtract(1, ordering: .relaxed) }
        let queue = queues[counter.add(1, ordering: .relaxed).newValue % queues.count]
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try work() }) }
        }
    }
}
