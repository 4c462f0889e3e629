import Identifiers
import Postgres
import RPC

extension Platform {
    /// The role check of a call that needs no transaction for anything else: by what daemons have in common where that is known, else by the
    /// database. A session that has been revoked is refused by the next call either way. Of a login whose days are over, not revoked, this may
    /// be a minute late.
    /// - Throws: `AUTHENTICATION_ERROR`, `AUTHORIZATION_ERROR`, or that the database is away.
    func standing(_ call: Call) async throws -> Access {
        let question = try Authorization.Question(call)
        guard let standings = shared?.standings, !call.method.mutates,
            case .user(let user, let session) = call.caller
        else { return try await asked(call) }
        let subject = StandingCache.Subject(
            user: user, session: session,
            workspace: call.method.role.isOfWorkspace ? call.workspaceID : nil)
        switch await standings.find(subject) {
        case .found(let found, _):
            let access = try question.answer(found)
            note(access)
            return access
        case .unknown(let marks):
            let access = try await asked(call)
            if let marks {
                standings.keep(
                    Authorization.Found(role: access.role, responsibleUserID: nil), under: marks)
            }
            return access
        }
    }

    /// A handler that answers with a row that says how a workspace is set up. Where daemons keep that together, with the role of who asks, the
    /// database is not visited: an update takes both away before it is answered, and a revoked session is refused by the next call.
    func configuration<Row: Sendable>(
        _ query: @escaping @Sendable (UUID) -> Query<Row>
    ) -> Handler<Row, UUID> {
        Handler { call, params, shape in
            guard let standings = shared?.standings, case .user(let user, let session) = call.caller,
                let workspace = call.workspaceID
            else { return look(call, params, shape, query) { finish(call, $0.map(\.body)) } }
            let subject = StandingCache.Subject(user: user, session: session, workspace: workspace)
            standings.find(subject, withConfiguration: true) { finding in
                switch finding {
                case .found(let found, let configuration?):
                    finish(
                        call,
                        Result {
                            note(try Authorization.Question(call).answer(found))
                            _ = try params.get()
                            return configuration
                        })
                case .found(_, nil), .unknown(nil):
                    look(call, params, shape, query) { finish(call, $0.map(\.body)) }
                case .unknown(let marks?):
                    look(call, params, shape, query) { result in
                        if case .success(let (access, body)) = result {
                            standings.keep(
                                Authorization.Found(role: access.role, responsibleUserID: nil),
                                configuration: body, under: marks)
                        }
                        finish(call, result.map(\.body))
                    }
                }
            }
        }
    }

    private func asked(_ call: Call) async throws -> Access {
        let access = try await transact(call) { tx in try Authorization.check(call, in: tx) }
        note(access)
        return access
    }

    /// A transaction of a call. When it changes what somebody is, that is known wherever it is kept before anybody is answered.
    func runTransaction<Made, Value: Sendable>(
        _ call: Call, _ options: TransactionOptions = .readCommitted,
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Made,
        afterwards: @escaping @Sendable (Made) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        guard let standings = shared?.standings, call.method.mutates else {
            return pool.transaction(call, options, body, afterwards: afterwards, completion: completion)
        }
        pool.transaction(call, options) { tx in
            let made = try body(tx)
            return (made, tx.later(Query(StandingCache.listChanged)))
        } afterwards: { made, changed in
            (Result { try afterwards(made) }, changed.row.flatMap { $0 } ?? "")
        } completion: { (result: Result<(Result<Value, any Error>, String), any Error>) in
            switch result {
            case .failure(let error): completion(.failure(error))
            case .success((let value, let changed)):
                let ids = changed.split(separator: " ").compactMap { UUID(String($0)) }
                guard !ids.isEmpty else { return completion(value) }
                standings.forget(ids) { completion(value) }
            }
        }
    }
}
