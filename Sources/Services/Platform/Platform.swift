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
    /// Everything of this process that is on the database: these, the replica's, and what is added later.
    public let connections: DatabaseConnections
    public let passwords: PasswordWorkers
    public let tokens: Tokens
    let vault: Vault
    let fingerprints: Fingerprints
    let outbox: Outbox
    let idempotency: Idempotency
    private let mail: (transport: any MailTransport, settings: MailSettings)?
    /// By which webhooks are sent; without it none are.
    let webhooks: HTTPClient?
    public let jobMetrics = JobMetrics()
    let webhookTests = TestsUnderWay()
    let backlogs = Backlogs()
    /// Whether anybody may make himself an account.
    public private(set) var registrationIsOpen: Bool
    private(set) var limits: Limits
    /// For how long a job is kept that has ended, with its results; `nil` for ever.
    let jobRetentionSeconds: Int64?
    public let providers: ProviderServices
    public let analytics: AnalyticsService
    /// What the daemons keep together, where they do.
    public let shared: SharedMemory?
    /// For lists; without it the pool serves them.
    public let replica: Replica?
    let tracer: Tracer
    let keyUses = APIKeyUses()
    let sessionUses = SessionUses()
    let accountGroups = AccountGroups()

    public init(
        pool: Pool, reads: [ReadPipeline] = [], passwords: PasswordWorkers, tokens: Tokens,
        masterKeys: WatchedKeys, mail: (transport: any MailTransport, settings: MailSettings)? = nil,
        webhooks: HTTPClient? = nil, registrationIsOpen: Bool, limits: Limits = Limits(),
        jobRetentionSeconds: Int64? = Platform.usualJobRetentionSeconds,
        providers: ProviderSetup = ProviderSetup(), analytics: AnalyticsService = AnalyticsService(),
        shared: SharedMemory? = nil, replica: Replica? = nil, tracer: Tracer = .off
    ) {
        self.tracer = tracer
        self.shared = shared
        self.replica = replica
        self.pool = pool
        self.reads = reads
        connections = DatabaseConnections(
            [pool] + (reads as [any Pausing]) + (replica.map { [$0.pool] } ?? []))
        self.passwords = passwords
        self.tokens = tokens
        let vault = Vault(ring: masterKeys)
        self.vault = vault
        self.analytics = analytics
        self.providers = ProviderServices(providers, vault: vault, pool: pool)
        fingerprints = Fingerprints(ring: masterKeys)
        idempotency = Idempotency(ring: masterKeys, vault: vault)
        outbox = Outbox(vault: vault, isOpen: mail != nil)
        self.mail = mail
        self.webhooks = webhooks
        self.registrationIsOpen = registrationIsOpen
        self.limits = limits
        self.jobRetentionSeconds = jobRetentionSeconds
    }

    public static let usualJobRetentionSeconds: Int64 = 400 * 86_400

    /// The same platform with other limits: what it holds on to is shared.
    public func with(limits: Limits, registrationIsOpen: Bool) -> Platform {
        var other = self
        other.limits = limits
        other.registrationIsOpen = registrationIsOpen
        return other
    }

    /// Every method of every service that needs the platform.
    public var methods: [Method] {
        Auth(platform: self).methods + Sessions(platform: self).methods + Workspaces(platform: self).methods
            + Members(platform: self).methods + Invitations(platform: self).methods
            + APIKeys(platform: self).methods + Credentials(platform: self).methods
            + Billing(platform: self).methods + Records(platform: self).methods + Jobs(platform: self).methods
            + Audit(platform: self).methods + UserAdministration(platform: self).methods
            + Providers(platform: self).methods + Webhooks(platform: self).methods
            + Analytics(platform: self).methods
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
    /// - Parameters:
    ///   - jobs: what works on jobs; without it nothing does.
    ///   - log: told of failures, in a sentence.
    public func startUpkeep(jobs: JobRunner? = nil, log: @escaping @Sendable (Notice) -> Void) -> [Upkeep] {
        let sealer = AuditSealer()
        var works = [
            Upkeep(every: .seconds(1), told: log, of: "Sealing the trail") {
                repeat {} while try await pool.upkeep({ try sealer.step($0) }) == AuditSealer.batch
            },
            Upkeep(every: .seconds(1), told: log, of: "Registering the master key") {
                try await vault.confirm(on: pool)
            },
            Upkeep(every: .seconds(1), told: log, of: "Looking after accounts") {
                try await lookAfterAccounts()
            },
            Upkeep(every: .seconds(5), told: log, of: "Noting logins") {
                try await sessionUses.write(on: pool)
            },
            Upkeep(every: .seconds(1), told: log, of: "Sharing circuits") {
                try await providers.turn(log: log)
            },
            Upkeep(every: .seconds(10), told: log, of: "Looking at what waits") {
                try await backlogs.read(on: pool)
            },
            Upkeep(every: .seconds(60), told: log, of: "Clearing out") {
                try await clearOut()
            },
        ]
        if let replicator = analytics.startReplicator(on: pool, log: log) {
            connections.add(replicator.lock)
            works.append(
                Upkeep(every: .milliseconds(250), told: log, of: "Sending to analytics") {
                    try await replicator.turn()
                })
        }
        if let replica {
            works.append(
                Upkeep(every: .seconds(1), told: log, of: "Measuring the replica") {
                    try await replica.measure(against: pool)
                })
        }
        if let jobs {
            works.append(Upkeep(every: .seconds(1), told: log, of: "Working on jobs") { await jobs.run() })
            works.append(
                Upkeep(every: .seconds(60), told: log, of: "Forgetting answers") {
                    try await jobs.forgetOldAnswers()
                })
        }
        if let sender = webhookSender(log: log) {
            works.append(
                Upkeep(every: .seconds(1), told: log, of: "Handing out events") {
                    try await handOutEvents()
                })
            works.append(
                Upkeep(every: .seconds(1), told: log, of: "Sending webhooks") {
                    try await sender.run()
                })
        }
        if let sender = mailSender(log: log) {
            works.append(Upkeep(every: .seconds(1), told: log, of: "Sending mail") { try await sender.run() })
        }
        return works
    }

    /// Releases holds and takes grants whose time is over, and buys where the rule asks for it. One account that cannot be looked after holds
    /// up no other.
    /// - Throws: the first failure, when all have had their turn.
    func lookAfterAccounts() async throws {
        let billing = Billing(platform: self)
        var failure: (any Error)?
        for list in [Billing.listDue, Billing.listRecharges] {
            var last: UUID?
            repeat {
                let after = last
                let due = try await pool.upkeep { tx in
                    tx.enterEveryWorkspace()
                    return try tx.all(list, after, Platform.accountsAtOnce)
                }
                for workspace in due {
                    do {
                        try await pool.upkeep { try billing.lookAfter(workspace, $0) }
                    } catch {
                        failure = failure ?? error
                    }
                }
                last = due.count == Platform.accountsAtOnce ? due.last : nil
            } while last != nil
        }
        if let failure { throw failure }
    }

    private static let accountsAtOnce = 100

    func mailSender(log: @escaping @Sendable (Notice) -> Void) -> MailSender? {
        mail.map {
            MailSender(
                pool: pool, vault: vault, transport: $0.transport, settings: $0.settings, log: log)
        }
    }
}
