import Cryptography
import Identifiers
import Mail
import Postgres
import RPC
import Resilience

/// What the services share: the database, the password workers, the tokens.
public struct Platform: Sendable {
    public let pool: Pool
    /// For what is read by key, one for each event loop; without them that takes the pool, too.
    public let reads: [ReadPipeline]
    public let passwords: PasswordWorkers
    public let tokens: Tokens
    let vault: Vault
    let fingerprints: Fingerprints
    let outbox: Outbox
    private let mail: (transport: any MailTransport, settings: MailSettings)?
    /// Whether anybody may make himself an account.
    public let registrationIsOpen: Bool
    private let keyUses = APIKeyUses()

    public init(
        pool: Pool, reads: [ReadPipeline] = [], passwords: PasswordWorkers, tokens: Tokens,
        masterKeys: WatchedKeys, mail: (transport: any MailTransport, settings: MailSettings)? = nil,
        registrationIsOpen: Bool
    ) {
        self.pool = pool
        self.reads = reads
        self.passwords = passwords
        self.tokens = tokens
        vault = Vault(ring: masterKeys)
        fingerprints = Fingerprints(ring: masterKeys)
        outbox = Outbox(vault: vault, isOpen: mail != nil)
        self.mail = mail
        self.registrationIsOpen = registrationIsOpen
    }

    /// Every method of every service that needs the platform.
    public var methods: [Method] {
        Auth(platform: self).methods + Sessions(platform: self).methods + Workspaces(platform: self).methods
            + Members(platform: self).methods + Invitations(platform: self).methods
            + APIKeys(platform: self).methods + Credentials(platform: self).methods
            + Audit(platform: self).methods
            + UserAdministration(platform: self).methods
    }
}

/// Who calls, as the database has confirmed it in the transaction of the effect.
public struct Access: Sendable {
    public let call: Call
    /// `nil` for everybody who is no user.
    public var userID: UUID?
    /// Of a user, his login.
    public var sessionID: UUID?
    /// Of a program.
    public var apiKeyID: UUID?
    /// The user, or he who made the API key; `nil` for the operator.
    public var responsibleUserID: UUID?
    /// What he is: his role in the workspace that he names, else `user`, `public` or `operator`.
    public let role: Role

    /// The rule that nobody hands out, changes or removes a role above his own.
    /// - Throws: `AUTHORIZATION_ERROR`.
    func requireAtLeast(_ other: Role) throws(CallError) {
        guard role >= other else { throw CallError(.authorization, "This needs the role \(other.name)") }
    }

    /// - Throws: `AUTHORIZATION_ERROR` for an API key, `CONFLICT` for the operator, who may but is nobody.
    func requireUser() throws(CallError) -> UUID {
        if let userID { return userID }
        guard role != .operator else {
            throw CallError(.conflict, "This acts on an account, and the operator has none; log in as a user")
        }
        throw CallError(.authorization, "This is for users")
    }
}

extension Platform {
    /// A handler that runs in one transaction: the role check, then the params, then the effect.
    func transaction<Value: Sendable, each P: Sendable>(
        options: TransactionOptions = .readCommitted,
        _ effect: @escaping @Sendable (borrowing Transaction, Access, repeat each P) throws -> Value
    ) -> Handler<Value, repeat each P> {
        Handler { call, params, shape in
            pool.transaction(call, options) { tx in
                let access = try Authorization.check(call, in: tx)
                note(access)
                let values = try params.get()
                let body = shape.body(of: try effect(tx, access, repeat each values))
                if call.method.mutates { record(tx, call, result: body) }
                return body
            } completion: {
                finish(call, $0)
            }
        }
    }

    /// A handler that changes something in two round trips: the role check goes along with a query of what it needs to know, and the
    /// effect, whose last statement gives the answer, along with the audit row and COMMIT.
    /// - Parameters:
    ///   - query: answered before `effect` runs, to those who may call.
    ///   - effect: gets that row; gives the id of what it makes and the query whose row is the answer.
    func transaction<Row: Sendable, Value: Sendable, each P: Sendable>(
        reading query: @escaping @Sendable (repeat each P) -> Query<Row>,
        _ effect:
            @escaping @Sendable (borrowing Transaction, Access, Row?, repeat each P) throws -> (
                id: UUID, answer: Query<Value>
            )
    ) -> Handler<Value, repeat each P> {
        Handler { call, params, shape in
            pool.transaction(call) { tx in
                let values: (repeat each P)
                do {
                    values = try params.get()
                } catch {
                    // Params that do not fit are told only to those who may call.
                    _ = try Authorization.check(call, in: tx)
                    throw error
                }
                let (access, row) = try Authorization.check(call, with: query(repeat each values), in: tx)
                note(access)
                let (id, answer) = try effect(tx, access, row, repeat each values)
                let result = tx.later(answer)
                record(tx, call, made: id)
                return result
            } afterwards: { result in
                guard let row = result.row else { throw CallError(.internalError) }
                return shape.body(of: row)
            } completion: {
                finish(call, $0)
            }
        }
    }

    /// Answers. A role that was refused is in the trail before he who was refused knows.
    private func finish(_ call: Call, _ result: Result<Body, any Error>) {
        switch result {
        case .success(let body): call.succeed(body)
        case .failure(let cause):
            let error = CallError(mapping: cause, in: call)
            guard error.code == .authorization else { return call.fail(error, cause: cause) }
            pool.transaction(call) { tx in
                if let workspace = call.workspaceID { tx.enter(workspace) }
                record(tx, call, outcome: error.code)
            } completion: { written in
                // The refusal stands whether or not it could be written down; then the log tells.
                if case .failure(let failure) = written {
                    call.fail(error, cause: failure)
                } else {
                    call.fail(error, cause: cause)
                }
            }
        }
    }

    private func note(_ access: Access) {
        if let key = access.apiKeyID { keyUses.note(key, on: pool) }
    }

    /// A handler that answers with the one row of a query that an index bounds, or `NOT_FOUND`. It shares its round trip with
    /// others, and asks for the role in the same one.
    func lookup<Row: Sendable, each P: Sendable>(
        _ query: @escaping @Sendable (repeat each P) -> Query<Row>
    ) -> Handler<Row, repeat each P> {
        Handler { call, params, shape in
            @Sendable func answer(_ result: Result<Row?, any Error>) {
                finish(
                    call,
                    Result {
                        guard let row = try result.get() else { throw CallError(.notFound) }
                        return shape.body(of: row)
                    })
            }
            @Sendable func readOnPool() {
                pool.transaction(call, .readOnly) { tx in
                    note(try Authorization.check(call, in: tx))
                    let values = try params.get()
                    return try tx.first(query(repeat each values))
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
                reads.read(question.query, try? wanted.get()) { result in
                    if case .failure(let error as PostgresError) = result, error.breaksConnection {
                        return readOnPool()
                    }
                    answer(
                        Result {
                            let (found, row) = try result.get()
                            note(try question.answer(found))
                            _ = try wanted.get()
                            return row
                        })
                }
            } catch {
                answer(.failure(error))
            }
        }
    }

    /// A handler that takes several steps, some of them outside any transaction.
    func steps<Value: Sendable, each P: Sendable>(
        _ work: @escaping @Sendable (Call, repeat each P) async throws -> Value
    ) -> Handler<Value, repeat each P> {
        Handler { call, params, shape in
            Task {
                do {
                    try call.requireRoleWithoutWorkspace()
                    if call.method.role != .public {
                        _ = try await transact(call) { tx in try Authorization.check(call, in: tx) }
                    }
                    let values = try params.get()
                    finish(call, .success(shape.body(of: try await work(call, repeat each values))))
                } catch {
                    finish(call, .failure(error))
                }
            }
        }
    }

    /// One transaction of a call that takes several steps.
    func transact<Value: Sendable>(
        _ call: Call, _ body: @escaping @Sendable (borrowing Transaction) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            pool.transaction(call, .readCommitted, body) { continuation.resume(with: $0) }
        }
    }
}

extension Platform {
    /// What the daemon does beside its calls, until each is stopped.
    /// - Parameter log: told of failures, in a sentence.
    public func startUpkeep(log: @escaping @Sendable (String) -> Void) -> [Upkeep] {
        let sealer = AuditSealer()
        var works = [
            Upkeep(every: .seconds(1), told: log, of: "Sealing the trail") {
                repeat {} while try await pool.upkeep({ try sealer.step($0) }) == AuditSealer.batch
            },
            Upkeep(every: .seconds(1), told: log, of: "Registering the master key") {
                try await vault.confirm(on: pool)
            },
            Upkeep(every: .seconds(600), told: log, of: "Clearing out") {
                try await pool.upkeep { $0.queue(Auth.deleteExpiredTokens) }
            },
        ]
        if let sender = mailSender(log: log) {
            works.append(Upkeep(every: .seconds(1), told: log, of: "Sending mail") { try await sender.run() })
        }
        return works
    }

    func mailSender(log: @escaping @Sendable (String) -> Void) -> MailSender? {
        mail.map {
            MailSender(
                pool: pool, vault: vault, transport: $0.transport, settings: $0.settings, log: log)
        }
    }
}

extension Call: Interruptible {
    public var isInterrupted: Bool { interruption != nil }
}

extension CallError {
    /// What a caller is told of an error of the database.
    init(mapping error: any Error, in call: Call) {
        guard let error = error as? PostgresError else {
            self.init(wrapping: error, in: call)
            return
        }
        switch error.kind {
        case .interrupted: self = call.interruptionError
        case .notConnected, .connectionLost: self = .unavailable("The database is away")
        case .poolExhausted where MonotonicClock.now >= call.deadlineNanoseconds:
            self = call.interruptionError
        case .poolExhausted: self = .unavailable("The database is busy")
        case .poolClosed: self = .unavailable("The daemon is stopping")
        case .outcomeUnknown: self = CallError.unavailable("The database went away").withUnknownOutcome()
        case .server(let state) where state.isAboutTheServer: self = .unavailable("The database is away")
        // A key that another process has just taken away; the ring is read again.
        case .server where error.constraint?.hasSuffix("_key_version_fkey") == true:
            self = .unavailable("The master keys have just changed")
        // Class 22 is about values: what PostgreSQL cannot hold, as \u0000 inside a JSON object.
        case .server(let state) where state.rawValue.hasPrefix("22"):
            self.init(.validation, "A value cannot be stored")
        case .server(.queryCanceled): self = .unavailable("The database is busy")
        case .server, .decoding, .rowCount, .parameter, .aborted: self.init(.internalError)
        }
    }
}

extension Call {
    /// Without another reason it is the deadline that stopped the work.
    var interruptionError: CallError {
        switch interruption {
        case .cancelled: CallError(.cancelled)
        case .draining: .unavailable("The daemon is stopping")
        case .deadline, nil: CallError(.timeout)
        }
    }
}
