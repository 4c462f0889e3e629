import Postgres

/// Runs what blocks on a thread of its own: those that tasks share are few.
func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        WorkerThread.start { continuation.resume(with: Result(catching: body)) }
    }
}
