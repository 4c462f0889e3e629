import Postgres
import RPC

extension Platform {
    /// Reads what may lag, for a call that takes several steps and may make it.
    func look<Value: Sendable>(
        _ call: Call, _ read: @escaping @Sendable (borrowing Transaction) throws -> Value
    ) async throws -> Value {
        guard let replica, replica.mayServe(call) else { return try await transact(call, read) }
        do {
            return try await withCheckedThrowingContinuation { continuation in
                replica.pool.transaction(call, .readOnly, read) { continuation.resume(with: $0) }
            }
        } catch let error as PostgresError where error.kind != .interrupted {
            return try await transact(call, read)
        }
    }

    /// A handler of a list that may lag. Who calls is asked of the primary; the list is read from the replica, where there is one that has what
    /// this caller has changed, else from the primary.
    func list<Value: Sendable, each P: Sendable>(
        _ read: @escaping @Sendable (borrowing Transaction, Access, repeat each P) throws -> Value
    ) -> Handler<Value, repeat each P> {
        Handler { call, params, shape in
            @Sendable func readOnPrimary() {
                pool.transaction(call, .readOnly) { tx in
                    let access = try Authorization.check(call, in: tx)
                    note(access)
                    let values = try params.get()
                    return shape.body(of: try read(tx, access, repeat each values))
                } completion: {
                    finish(call, $0)
                }
            }
            guard let replica, replica.mayServe(call) else { return readOnPrimary() }
            @Sendable func readOnReplica(_ access: Access) {
                replica.pool.transaction(call, .readOnly) { tx in
                    Authorization.enter(access, in: tx)
                    let values = try params.get()
                    return shape.body(of: try read(tx, access, repeat each values))
                } completion: { result in
                    // Whatever it is that the replica cannot: it is away, replays what the query needs, has an older schema.
                    if case .failure(let error as PostgresError) = result, error.kind != .interrupted {
                        return readOnPrimary()
                    }
                    finish(call, result)
                }
            }
            pool.transaction(call, .readOnly) { tx in
                let access = try Authorization.check(call, in: tx)
                note(access)
                _ = try params.get()
                return access
            } completion: { result in
                switch result {
                case .success(let access): readOnReplica(access)
                case .failure(let error): finish(call, .failure(error))
                }
            }
        }
    }
}
