import Dispatch
import Identifiers
import Postgres
import RPC
import Resilience

/// What a handler answers: known before COMMIT, or the row of a statement that travels with it.
enum Answer<Value: Sendable> {
    case value(Value)
    case row(Query<Value>)
}

extension Platform {
    /// A handler that runs in one transaction: the role check, then the params, then the effect.
    func transaction<Value: Sendable, each P: Sendable>(
        options: TransactionOptions = .readCommitted,
        _ effect: @escaping @Sendable (borrowing Transaction, Access, repeat each P) throws -> Value
    ) -> Handler<Value, repeat each P> {
        Handler { call, params, shape in
            perform(call, options) { tx, ticket in
                let looked = ticket.map { idempotency.look(tx, for: $0) }
                let access = try Authorization.check(call, in: tx)
                note(access)
                let values = try params.get()
                if let body = try replay(looked, ticket, tx) { return Outgoing { body } }
                let body = shape.body(of: try effect(tx, access, repeat each values))
                if call.method.mutates { record(tx, call, result: body) }
                if let ticket { try idempotency.keep(tx, .success(body), of: call, under: ticket) }
                return Outgoing { body }
            }
        }
    }

    /// A handler that changes something in two round trips: the role check goes along with a query of what it needs to know, and the
    /// effect along with the audit row, the outcome and COMMIT.
    /// - Parameters:
    ///   - query: answered before `effect` runs, to those who may call.
    ///   - effect: gets that row; gives the id of what it makes, and the answer.
    func transaction<Row: Sendable, Value: Sendable, each P: Sendable>(
        reading query: @escaping @Sendable (repeat each P) -> Query<Row>,
        _ effect:
            @escaping @Sendable (borrowing Transaction, Access, Row?, repeat each P) throws -> (
                id: UUID, answer: Answer<Value>
            )
    ) -> Handler<Value, repeat each P> {
        Handler { call, params, shape in
            let work = work(call, shape) {
                let values = try params.get()
                return query(repeat each values)
            } effect: { tx, access, row in
                let values = try params.get()
                return try effect(tx, access, row, repeat each values)
            }
            perform(call, .readCommitted, work)
        }
    }

    /// The same as a piece of work, for whoever runs it in a transaction of his choice.
    /// - Parameter query: throws for params that do not fit.
    func work<Row: Sendable, Value: Sendable>(
        _ call: Call, _ shape: Shape<Value>, reading query: @escaping @Sendable () throws -> Query<Row>,
        effect:
            @escaping @Sendable (borrowing Transaction, Access, Row?) throws -> (
                id: UUID, answer: Answer<Value>
            )
    ) -> Work {
        { tx, ticket in
            let looked = ticket.map { idempotency.look(tx, for: $0) }
            let wanted: Query<Row>
            do {
                wanted = try query()
            } catch {
                // Params that do not fit are told only to those who may call.
                _ = try Authorization.check(call, in: tx)
                throw error
            }
            let (access, row) = try Authorization.check(call, with: wanted, in: tx)
            note(access)
            if let body = try replay(looked, ticket, tx) { return Outgoing { body } }
            let (id, answer) = try effect(tx, access, row)
            switch answer {
            case .row(let query) where ticket == nil:
                let result = tx.later(query)
                record(tx, call, made: id)
                return Outgoing {
                    guard let row = result.row else { throw CallError(.internalError) }
                    return shape.body(of: row)
                }
            case .row(let query):
                // What is kept for repetitions has to be known before COMMIT.
                guard let row = try tx.first(query) else { throw CallError(.internalError) }
                return try conclude(tx, call, ticket, shape.body(of: row), made: id)
            case .value(let value):
                return try conclude(tx, call, ticket, shape.body(of: value), made: id)
            }
        }
    }

    private func conclude(
        _ tx: borrowing Transaction, _ call: Call, _ ticket: Idempotency.Ticket?, _ body: Body, made id: UUID
    ) throws -> Outgoing {
        record(tx, call, made: id)
        if let ticket { try idempotency.keep(tx, .success(body), of: call, under: ticket) }
        return Outgoing { body }
    }

    /// Records a change of a call in steps, and keeps its answer for repetitions, with the effect.
    func conclude(
        _ tx: borrowing Transaction, _ call: Call, actor: String? = nil, answer: Body, made: UUID? = nil,
        objects: KeyValuePairs<String, UUID> = [:]
    ) throws {
        record(tx, call, actor: actor, made: made, objects: objects)
        guard let ticket = try idempotency.ticket(for: call) else { return }
        try idempotency.keep(tx, .success(answer), of: call, under: ticket)
    }

    func note(_ access: Access) {
        if let session = access.sessionID { sessionUses.note(session) }
        guard let key = access.apiKeyID else { return }
        tokens.confirmedKeys.confirm(access.call.caller)
        keyUses.note(key, on: pool)
    }

    /// A handler that answers with the one row of a query that an index bounds, or `NOT_FOUND`. It shares its round trip with
    /// others, and asks for the role in the same one.
    func lookup<Row: Sendable, each P: Sendable>(
        _ query: @escaping @Sendable (repeat each P) -> Query<Row>
    ) -> Handler<Row, repeat each P> {
        Handler { call, params, shape in
            look(call, params, shape, query) { finish(call, $0.map(\.body)) }
        }
    }

    /// - Parameter completion: gets who has asked, and the row as it is answered.
    func look<Row: Sendable, each P: Sendable>(
        _ call: Call, _ params: Validated<repeat each P>, _ shape: Shape<Row>,
        _ query: @escaping @Sendable (repeat each P) -> Query<Row>,
        completion: @escaping @Sendable (Result<(access: Access, body: Body), any Error>) -> Void
    ) {
        @Sendable func answer(_ result: Result<(Access, Row?), any Error>) {
            completion(
                Result {
                    let (access, row) = try result.get()
                    guard let row else { throw CallError(.notFound) }
                    return (access, shape.body(of: row))
                })
        }
        @Sendable func readOnPool() {
            pool.transaction(call, .readOnly) { tx in
                let access = try Authorization.check(call, in: tx)
                note(access)
                let values = try params.get()
                return (access, try tx.first(query(repeat each values)))
            } completion: {
                answer($0)
            }
        }
        guard let reads = reads.first(where: \.isAtHand) else { return readOnPool() }
        do {
            let question = try Authorization.Question(call)
            // Params that do not fit are told only to those who may call.
            let wanted = Result {
                let values = try params.get()
                return query(repeat each values)
            }
            // The read is not cancelled at the server, where it could hit a neighbour: it is bounded, and its row is dropped.
            call.onInterruption { call.fail(call.interruptionError) }
            let asked = MonotonicClock.now
            reads.read(question.query, try? wanted.get()) { result in
                call.noteDatabase(waited: 0, worked: MonotonicClock.now - asked)
                if case .failure(let error as PostgresError) = result, error.breaksConnection {
                    return readOnPool()
                }
                answer(
                    Result {
                        let (found, row) = try result.get()
                        let access = try question.answer(found)
                        note(access)
                        _ = try wanted.get()
                        return (access, row)
                    })
            }
        } catch {
            answer(.failure(error))
        }
    }

    /// A handler that takes several steps, some of them outside any transaction. The last one has to ``conclude(_:_:actor:answer:)``.
    func steps<Value: Sendable, each P: Sendable>(
        _ work: @escaping @Sendable (Call, repeat each P) async throws -> Value
    ) -> Handler<Value, repeat each P> {
        Handler { call, params, shape in
            @Sendable func run(_ ticket: Idempotency.Ticket?) async throws -> Body {
                // Before the database has said so nobody is who he says, not even to be refused.
                if call.method.role != .public { _ = try await standing(call) }
                let values = try params.get()
                if let ticket, let body = try await replay(call, ticket) { return body }
                do {
                    return shape.body(of: try await work(call, repeat each values))
                } catch {
                    // Another daemon was quicker: nothing of this one was committed.
                    guard let ticket, Idempotency.isTaken(error),
                        let body = try await replay(call, ticket)
                    else { throw error }
                    return body
                }
            }
            admit(call) { ticket in
                Task {
                    let result: Result<Body, any Error>
                    do {
                        result = .success(
                            try await TraceContext.$current.withValue(call.trace) {
                                try await RequestContext.$requestID.withValue(call.requestID) {
                                    try await run(ticket)
                                }
                            })
                    } catch {
                        result = .failure(error)
                    }
                    settle(call, result, ticket)
                }
            }
        }
    }

    /// In a transaction of its own.
    private func replay(_ call: Call, _ ticket: Idempotency.Ticket) async throws -> Body? {
        while true {
            do {
                return try await transact(call) { tx in
                    try replay(idempotency.look(tx, for: ticket), ticket, tx)
                }
            } catch is Idempotency.Busy {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// One transaction of a call that takes several steps.
    func transact<Value: Sendable>(
        _ call: Call, _ body: @escaping @Sendable (borrowing Transaction) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            runTransaction(call, .readCommitted, body, afterwards: { $0 }) { continuation.resume(with: $0) }
        }
    }
}
