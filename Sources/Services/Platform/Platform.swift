import Cryptography
import Dispatch
import Egress
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
    let idempotency: Idempotency
    private let mail: (transport: any MailTransport, settings: MailSettings)?
    /// By which webhooks are sent; without it none are.
    let webhooks: HTTPClient?
    let webhookTests = TestsUnderWay()
    /// Whether anybody may make himself an account.
    public let registrationIsOpen: Bool
    let keyUses = APIKeyUses()
    let accountGroups = AccountGroups()

    public init(
        pool: Pool, reads: [ReadPipeline] = [], passwords: PasswordWorkers, tokens: Tokens,
        masterKeys: WatchedKeys, mail: (transport: any MailTransport, settings: MailSettings)? = nil,
        webhooks: HTTPClient? = nil, registrationIsOpen: Bool
    ) {
        self.pool = pool
        self.reads = reads
        self.passwords = passwords
        self.tokens = tokens
        vault = Vault(ring: masterKeys)
        fingerprints = Fingerprints(ring: masterKeys)
        idempotency = Idempotency(ring: masterKeys, vault: vault)
        outbox = Outbox(vault: vault, isOpen: mail != nil)
        self.mail = mail
        self.webhooks = webhooks
        self.registrationIsOpen = registrationIsOpen
    }

    /// Every method of every service that needs the platform.
    public var methods: [Method] {
        Auth(platform: self).methods + Sessions(platform: self).methods + Workspaces(platform: self).methods
            + Members(platform: self).methods + Invitations(platform: self).methods
            + APIKeys(platform: self).methods + Credentials(platform: self).methods
            + Billing(platform: self).methods + Audit(platform: self).methods
            + UserAdministration(platform: self).methods + Webhooks(platform: self).methods
    }
}

extension Platform {
    /// What a caller last saw has to be what is there.
    /// - Throws: `CONFLICT`.
    static func require(_ ifVersion: Int64?, toBe version: Int64) throws(CallError) {
        guard ifVersion == nil || ifVersion == version else {
            throw CallError(.conflict, "It has version \(version) by now; read it again")
        }
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
            Upkeep(every: .seconds(1), told: log, of: "Expiring credits") { try await expireCredits() },
            Upkeep(every: .seconds(60), told: log, of: "Clearing out") {
                try await pool.upkeep { $0.queue(Auth.deleteExpiredTokens) }
                let batch = 1000
                repeat {
                } while try await pool.upkeep({ try $0.execute(Idempotency.deleteOld, batch) })
                    == batch
                for statement in [Event.deleteOld, Webhooks.deleteOldDeliveries] {
                    repeat {
                    } while try await pool.upkeep({ tx in
                        tx.enterEveryWorkspace()
                        return try tx.execute(statement, batch)
                    }) == batch
                }
            },
        ]
        if let sender = webhookSender(log: log) {
            works.append(
                Upkeep(every: .milliseconds(250), told: log, of: "Handing out events") {
                    try await handOutEvents()
                })
            works.append(
                Upkeep(every: .milliseconds(250), told: log, of: "Sending webhooks") {
                    try await sender.run()
                })
        }
        if let sender = mailSender(log: log) {
            works.append(Upkeep(every: .seconds(1), told: log, of: "Sending mail") { try await sender.run() })
        }
        return works
    }

    /// Releases holds and takes grants whose time is over. - Returns: how many accounts it looked at.
    @discardableResult
    func expireCredits() async throws -> Int {
        let due = try await pool.upkeep { tx in
            tx.enterEveryWorkspace()
            return try tx.all(Billing.listDue, 100)
        }
        let billing = Billing(platform: self)
        for workspace in due { try await pool.upkeep { try billing.expire(workspace, $0) } }
        return due.count
    }

    func mailSender(log: @escaping @Sendable (String) -> Void) -> MailSender? {
        mail.map {
            MailSender(
                pool: pool, vault: vault, transport: $0.transport, settings: $0.settings, log: log)
        }
    }
}
