// Written by scripts/generate-clients from the OpenRPC document. Do not edit.

import JSON

extension RPCD {
    public enum ErrorCode: Sendable, Hashable {
        case parseError
        case invalidRequest
        case methodNotFound
        case validationError
        case internalError
        case authenticationError
        case insufficientCredits
        case authorizationError
        case notFound
        case conflict
        case payloadTooLarge
        case idempotencyKeyReused
        case rateLimitExceeded
        case cancelled
        case upstreamError
        case serviceUnavailable
        case timeout
        /// One that this client does not know.
        case unknown(String)
    }

    public enum AnalyticsCreditsGroupBy: Sendable, Hashable {
        case provider
        case source
        case hour
        case day
        case week
        /// One that this client does not know.
        case unknown(String)
    }

    public enum AnalyticsCreditsSource: Sendable, Hashable {
        case job
        case purchase
        case bonus
        case debit
        case refund
        case hold
        case capture
        case release
        case expiry
        /// One that this client does not know.
        case unknown(String)
    }

    public enum AnalyticsDifferenceDataset: Sendable, Hashable {
        case enrichment
        case credits
        /// One that this client does not know.
        case unknown(String)
    }

    public enum AnalyticsEnrichmentGroupBy: Sendable, Hashable {
        case provider
        case field
        case hour
        case day
        case week
        /// One that this client does not know.
        case unknown(String)
    }

    public enum AnalyticsRange: Sendable, Hashable {
        case _24h
        case _7d
        case _30d
        case _90d
        /// One that this client does not know.
        case unknown(String)
    }

    public enum AuditDifferenceKind: Sendable, Hashable {
        case changed
        case removed
        case sealMissing
        case notAsKept
        case unsealed
        /// One that this client does not know.
        case unknown(String)
    }

    public enum BillingAddCreditsType: Sendable, Hashable {
        case purchase
        case bonus
        /// One that this client does not know.
        case unknown(String)
    }

    public enum BillingPurchasesListStatus: Sendable, Hashable {
        case pending
        case settled
        case failed
        /// One that this client does not know.
        case unknown(String)
    }

    public enum BillingPurchasesSettleOutcome: Sendable, Hashable {
        case settled
        case failed
        /// One that this client does not know.
        case unknown(String)
    }

    public enum BillingTransactionsType: Sendable, Hashable {
        case purchase
        case bonus
        case debit
        case refund
        case hold
        case capture
        case release
        case expiry
        /// One that this client does not know.
        case unknown(String)
    }

    public enum CircuitForced: Sendable, Hashable {
        case auto
        case open
        case closed
        /// One that this client does not know.
        case unknown(String)
    }

    public enum CircuitState: Sendable, Hashable {
        case closed
        case open
        case halfOpen
        /// One that this client does not know.
        case unknown(String)
    }

    public enum CreditReportGroupBy: Sendable, Hashable {
        case provider
        case field
        case source
        case hour
        case day
        case week
        /// One that this client does not know.
        case unknown(String)
    }

    public enum DisabledReason: Sendable, Hashable {
        case manual
        case gone
        case failing
        /// One that this client does not know.
        case unknown(String)
    }

    public enum JobKeys: Sendable, Hashable {
        case own
        case platform
        case auto
        /// One that this client does not know.
        case unknown(String)
    }

    public enum JobResultStatus: Sendable, Hashable {
        case found
        case cached
        case notFound
        case exhausted
        case skipped
        case failed
        /// One that this client does not know.
        case unknown(String)
    }

    public enum JobStatus: Sendable, Hashable {
        case pending
        case running
        case paused
        case completed
        case partiallyCompleted
        case failed
        case cancelled
        /// One that this client does not know.
        case unknown(String)
    }

    public enum ProviderTestKey: Sendable, Hashable {
        case own
        case platform
        /// One that this client does not know.
        case unknown(String)
    }

    public enum ProviderTestOutcome: Sendable, Hashable {
        case found
        case notFound
        /// One that this client does not know.
        case unknown(String)
    }

    public enum Role: Sendable, Hashable {
        case viewer
        case member
        case admin
        case owner
        /// One that this client does not know.
        case unknown(String)
    }

    public enum SystemMetricsFormat: Sendable, Hashable {
        case prometheus
        case openmetrics
        /// One that this client does not know.
        case unknown(String)
    }

    public enum WebhookDeliveryStatus: Sendable, Hashable {
        case pending
        case delivered
        case failed
        /// One that this client does not know.
        case unknown(String)
    }

    public enum WebhooksEvents: Sendable, Hashable {
        case all
        case jobCompleted
        case jobPartiallyCompleted
        case jobFailed
        case jobCancelled
        case creditsLow
        case breakerOpened
        case breakerClosed
        case webhookTest
        /// One that this client does not know.
        case unknown(String)
    }

    public struct AccountMade: Sendable, Hashable {
        /// The account.
        public let user: RPCD.User
        /// Whether it was made by this call.
        public let isNew: Bool
        /// Sets a password once, within a day; shown here alone. Null where a password was given.
        public let passwordToken: String?
    }

    public struct AdministeredUser: Sendable, Hashable {
        /// The account.
        public let id: String
        /// Its address.
        public let email: String
        /// What others see.
        public let name: String
        /// When it was made.
        public let createdAt: String
        /// Since when it is shut out.
        public let disabledAt: String?
    }

    public struct AnalyticsDifference: Sendable, Hashable {
        /// Whose.
        public let workspaceId: String
        /// Of what.
        public let dataset: RPCD.AnalyticsDifferenceDataset
        /// When, in UTC.
        public let day: String
        /// What differs: rows, credits, what was found, or spent; with reported before it where rows are
        /// right and reports are not.
        public let what: String
        /// By the database.
        public let expected: Int64
        /// In the store.
        public let actual: Int64
    }

    public struct AnalyticsVerification: Sendable, Hashable {
        /// Rows of the database.
        public let checked: Int64
        /// How much differs; at most 1000 of it is listed.
        public let found: Int64
        /// By workspace and day.
        public let differences: [RPCD.AnalyticsDifference]
    }

    public struct ApiKey: Sendable, Hashable {
        /// The key.
        public let id: String
        /// Where it acts.
        public let workspaceId: String
        /// What it is for.
        public let name: String
        /// What it may.
        public let role: RPCD.Role
        /// Who made it; null for the operator.
        public let createdBy: String?
        /// When it was made.
        public let createdAt: String
        /// When it ends by itself.
        public let expiresAt: String?
        /// To the minute.
        public let lastUsedAt: String?
    }

    public struct AuditDifference: Sendable, Hashable {
        /// What does not fit.
        public let kind: RPCD.AuditDifferenceKind
        /// The row's place in the trail.
        public let seq: Int64
        /// The row; null when it is gone.
        public let id: String?
        /// What it says was done.
        public let action: String?
        /// When it says it was.
        public let at: String?
    }

    public struct AuditEntry: Sendable, Hashable {
        /// The row.
        public let id: String
        /// When.
        public let at: String
        /// `user:…`, `apiKey:…`, `peer:uid:…` for the operator, else the address.
        public let actor: String
        /// The method.
        public let action: String
        /// The ids of what it was done to, roles and other choices; secrets and emails as keyed hashes.
        public let object: [String: RPCD.Value]
        /// From where: `ip:…` or `uid:…`.
        public let address: String
        /// Under which the daemon's log has it.
        public let requestId: String
        /// `OK`, or the code of the error.
        public let outcome: String
    }

    public struct AuditHead: Sendable, Hashable {
        /// Of the last seal.
        public let number: Int64
        /// In hexadecimal.
        public let seal: String
    }

    public struct AuditVerification: Sendable, Hashable {
        /// Rows that were compared with their seal.
        public let checked: Int64
        /// How many differ; at most 1000 of them are listed.
        public let found: Int64
        /// Each row that differs, in the order of the trail.
        public let differences: [RPCD.AuditDifference]
        /// The end of the chain. Kept elsewhere, it tells later that nothing before it was made anew.
        public let head: RPCD.AuditHead
    }

    public struct AutoRecharge: Sendable, Hashable {
        /// Whether more is bought by itself.
        public let enabled: Bool
        /// When less than this is available.
        public let threshold: Int64
        /// How much.
        public let amount: Int64
    }

    public struct Billing: Sendable, Hashable {
        /// Credits, those that are held included.
        public let creditBalance: Int64
        /// Set aside by holds.
        public let creditsHeld: Int64
        /// What may be spent.
        public let available: Int64
        /// The plan.
        public let plan: String
        /// What expires, the first 100, soonest first; it is also spent first.
        public let expiring: [RPCD.ExpiringCredits]
        /// See `billing.setAutoRecharge`.
        public let autoRecharge: RPCD.AutoRecharge
        /// See `billing.setLowBalanceThresholds`.
        public let lowBalanceThresholds: [Int64]
    }

    public struct Checks: Sendable, Hashable {
        /// Always `ok`.
        public let postgres: String
        /// Where analytics is kept: `ok`, `away`, `behind` or `refused`.
        public let clickhouse: String?
        /// The same, in a PostgreSQL of its own.
        public let analytics: String?
        /// What daemons share: `ok`, `away`, or `refuses` when it is full or closed to the daemon.
        public let redis: String?
        /// Where lists are read: `ok`, `away` or `behind`; else they are read from the primary.
        public let replica: String?
    }

    public struct Circuit: Sendable, Hashable {
        /// The slug.
        public let provider: String
        /// `platform`, or the id of a workspace's own.
        public let credential: String
        /// Whose credential it is.
        public let workspaceId: String?
        /// Whether the provider is called: not while it is open.
        public let state: RPCD.CircuitState
        /// When it is tried again, where that is known.
        public let openUntil: String?
        /// In a row.
        public let openings: Int64
        /// What the operator said.
        public let forced: RPCD.CircuitForced
        /// When it changed last.
        public let updatedAt: String
    }

    public struct Credential: Sendable, Hashable {
        /// The credential.
        public let id: String
        /// Which provider it is for.
        public let provider: String
        /// To tell several apart.
        public let label: String
        /// Its last four characters, or none of a short one.
        public let maskedKey: String
        /// Whether it has a second part.
        public let hasSecret: Bool
        /// Of the master key that it is sealed under.
        public let keyVersion: Int64
        /// Counts the changes; give it as `ifVersion`.
        public let version: Int64
        /// Who stored it.
        public let createdBy: String?
        /// When.
        public let createdAt: String
        /// When a provider was last called with it.
        public let lastUsedAt: String?
    }

    public struct CreditGroup: Sendable, Hashable {
        /// Of sums by time, when it begins.
        public let start: String?
        /// Of other sums, the provider, field or source; null for what has none.
        public let name: String?
        /// Of every type.
        public let transactions: Int64
        /// Debits and captures.
        public let spent: Int64
        /// Given back of what was spent.
        public let refunded: Int64
        /// Purchases and bonuses.
        public let added: Int64
        /// Gone unused.
        public let expired: Int64
    }

    public struct CreditReport: Sendable, Hashable {
        /// The range begins.
        public let from: String
        /// It ends before this.
        public let to: String
        /// As it was asked.
        public let groupBy: RPCD.CreditReportGroupBy
        /// In which days and weeks begin.
        public let timeZone: String
        /// By time each one there is, with zeros too; else the largest first.
        public let groups: [RPCD.CreditGroup]
        /// Of all groups.
        public let total: RPCD.CreditSums
    }

    public struct CreditSums: Sendable, Hashable {
        /// Of every type.
        public let transactions: Int64
        /// Debits and captures.
        public let spent: Int64
        /// Given back of what was spent.
        public let refunded: Int64
        /// Purchases and bonuses.
        public let added: Int64
        /// Gone unused.
        public let expired: Int64
    }

    public struct DeadLetter: Sendable, Hashable {
        /// For `admin.deadLetters.replay`.
        public let id: String
        /// Whose.
        public let workspaceId: String
        /// The credit transaction that it tells of.
        public let transactionId: String?
        /// The job whose result it tells of.
        public let jobId: String?
        /// Its number in the job.
        public let task: Int64?
        /// What the store said.
        public let reason: String
        /// When.
        public let createdAt: String
    }

    public struct DocumentChunk: Sendable, Hashable {
        /// The next part of the document.
        public let chunk: String
    }

    public struct EnrichmentGroup: Sendable, Hashable {
        /// Of sums by time, when it begins.
        public let start: String?
        /// Of other sums, the provider, field or source; null for what has none.
        public let name: String?
        /// Fields of records that came to an end.
        public let results: Int64
        /// Found and paid for.
        public let found: Int64
        /// Known from before; free.
        public let cached: Int64
        /// Nobody knows.
        public let notFound: Int64
        /// Found, but not as sure as was asked for.
        public let exhausted: Int64
        /// Nobody could be asked, or nobody paid.
        public let skipped: Int64
        /// No provider could be asked.
        public let failed: Int64
        /// What they cost.
        public let credits: Int64
    }

    public struct EnrichmentReport: Sendable, Hashable {
        /// The range begins.
        public let from: String
        /// It ends before this.
        public let to: String
        /// As it was asked.
        public let groupBy: RPCD.CreditReportGroupBy
        /// In which days and weeks begin.
        public let timeZone: String
        /// By time each one there is, with zeros too; else the largest first.
        public let groups: [RPCD.EnrichmentGroup]
        /// Of all groups.
        public let total: RPCD.EnrichmentSums
    }

    public struct EnrichmentSums: Sendable, Hashable {
        /// Fields of records that came to an end.
        public let results: Int64
        /// Found and paid for.
        public let found: Int64
        /// Known from before; free.
        public let cached: Int64
        /// Nobody knows.
        public let notFound: Int64
        /// Found, but not as sure as was asked for.
        public let exhausted: Int64
        /// Nobody could be asked, or nobody paid.
        public let skipped: Int64
        /// No provider could be asked.
        public let failed: Int64
        /// What they cost.
        public let credits: Int64
    }

    public struct ExpiringCredits: Sendable, Hashable {
        /// Credits.
        public let amount: Int64
        /// When they are gone.
        public let expiresAt: String
    }

    public struct FoundField: Sendable, Hashable {
        /// Which field.
        public let name: String
        /// What it is.
        public let value: RPCD.Value
        /// How sure it is, 0 to 1.
        public let confidence: Double
    }

    public struct Funnel: Sendable, Hashable {
        /// The range begins.
        public let from: String
        /// It ends before this.
        public let to: String
        /// Records of jobs; one that two jobs were about counts twice.
        public let records: Int64
        /// Fields of them that came to an end.
        public let fields: Int64
        /// Of these, where somebody was asked or the answer was known.
        public let attempted: Int64
        /// Of these, found, or known from before.
        public let found: Int64
        /// Of these, paid for.
        public let paid: Int64
        /// What they cost.
        public let credits: Int64
        /// Thousandths of a credit for each that was found or known; null when there is none.
        public let milliCreditsPerFound: Int64?
    }

    public struct Health: Sendable, Hashable {
        /// Always `ok`.
        public let status: String
    }

    public struct Hold: Sendable, Hashable {
        /// The hold.
        public let id: String
        /// What was set aside.
        public let amount: Int64
        /// What of it was spent.
        public let captured: Int64
        /// active, captured, released or expired.
        public let status: String
        /// The caller's own, unique in a workspace.
        public let referenceId: String?
        /// When the rest goes back by itself.
        public let expiresAt: String
        /// When it was made.
        public let createdAt: String
    }

    public struct Invitation: Sendable, Hashable {
        /// The invitation.
        public let id: String
        /// Where it leads.
        public let workspaceId: String
        /// For whom.
        public let email: String
        /// What he will be.
        public let role: RPCD.Role
        /// Null for the operator.
        public let invitedBy: String?
        /// When it was made.
        public let createdAt: String
        /// Until when it can be accepted.
        public let expiresAt: String
    }

    public struct Job: Sendable, Hashable {
        /// The job.
        public let id: String
        /// Whose.
        public let workspaceId: String
        /// Where it stands.
        public let status: RPCD.JobStatus
        /// What it asks, and whom.
        public let fields: [RPCD.JobField]
        /// Whose keys it asks with.
        public let keys: RPCD.JobKeys
        /// Whether it asks anew what is known from before.
        public let refresh: Bool
        /// Tasks: one for each record and field.
        public let total: Int64
        /// Tasks that are not done.
        public let remaining: Int64
        /// What came of the others.
        public let counts: RPCD.JobCounts
        /// What it costs at most.
        public let estimatedCredits: Int64
        /// What it has cost so far.
        public let spentCredits: Int64
        /// What it may cost.
        public let maxCredits: Int64?
        /// When it was made.
        public let createdAt: String
        /// By whom.
        public let createdBy: String
        /// When its first task was taken up.
        public let startedAt: String?
        /// When it ended.
        public let finishedAt: String?
        /// Counts the changes of its status.
        public let version: Int64
    }

    public struct JobCounts: Sendable, Hashable {
        /// Found and paid for.
        public let found: Int64
        /// Known from before; free.
        public let cached: Int64
        /// Nobody knows.
        public let notFound: Int64
        /// Found, but not as sure as was asked for.
        public let exhausted: Int64
        /// Nobody could be asked, or nobody paid.
        public let skipped: Int64
        /// No provider could be asked.
        public let failed: Int64
    }

    public struct JobField: Sendable, Hashable {
        /// The field of the records.
        public let name: String
        /// Whom to ask, in this order.
        public let providers: [String]
        /// What is less sure than this, from 0 to 1, is not taken as found.
        public let minConfidence: Double
    }

    public struct JobFieldInput: Sendable, Hashable {
        /// The field of the records.
        public var name: String
        /// Slugs of whom to ask, in this order.
        public var providers: [String]
        /// What is less sure than this, from 0 to 1, is not taken as found.
        public var minConfidence: Double?

        public init(name: String, providers: [String], minConfidence: Double? = nil) {
            self.name = name
            self.providers = providers
            self.minConfidence = minConfidence
        }
    }

    public struct JobResult: Sendable, Hashable {
        /// The record.
        public let recordId: String
        /// What the workspace calls it.
        public let externalId: String
        /// The field.
        public let field: String
        /// What came of it; null while it is not done.
        public let status: RPCD.JobResultStatus?
        /// What was found.
        public let value: RPCD.Value?
        /// By whom.
        public let provider: String?
        /// How sure, from 0 to 1.
        public let confidence: Double?
        /// Calls of a provider for it.
        public let attempts: Int64
        /// Credits.
        public let cost: Int64
        /// Why not, in words; of what was found, why the record does not have it.
        public let error: String?
    }

    public struct LedgerDifference: Sendable, Hashable {
        /// Whose.
        public let workspaceId: String?
        /// What differs.
        public let what: String
        /// By the ledger.
        public let expected: Int64
        /// As it stands.
        public let actual: Int64
    }

    public struct LedgerVerification: Sendable, Hashable {
        /// Transactions that were added up.
        public let checked: Int64
        /// How much differs; at most 1000 of it is listed.
        public let found: Int64
        /// Account by account.
        public let differences: [RPCD.LedgerDifference]
    }

    public struct Limits: Sendable, Hashable {
        /// bytes of one message
        public let messageBytes: Int64
        /// arrays and objects inside each other
        public let nestingDepth: Int64
        /// entries of one batch
        public let batchEntries: Int64
        /// records of one bulk call
        public let bulkRecords: Int64
        /// fields of one record
        public let recordFields: Int64
        /// bytes of all fields of one record
        public let recordBytes: Int64
        /// jobs of a workspace that have not ended
        public let openJobs: Int64
        /// requests of one connection that run at once
        public let inFlight: Int64
        /// frames read past what runs
        public let readAheadFrames: Int64
        /// bytes read past what runs
        public let readAheadBytes: Int64
        /// open connections in all
        public let connections: Int64
        /// open connections of one uid or address
        public let connectionsPerPeer: Int64
        /// ms to finish a started message
        public let messageTimeoutMs: Int64
        /// ms for a peer that does not read
        public let writeTimeoutMs: Int64
        /// bytes of answers a peer may leave unread
        public let writeBufferBytes: Int64
        /// ms an idle HTTP connection stays open
        public let httpIdleTimeoutMs: Int64
        /// ms for a call that names no timeoutMs
        public let defaultTimeoutMs: Int64
        /// the longest timeoutMs of a call
        public let maximumTimeoutMs: Int64
        /// ms for what runs when the daemon stops
        public let drainTimeoutMs: Int64
    }

    public struct Login: Sendable, Hashable {
        /// Send it as `_meta.token` or `Authorization: Bearer`.
        public let accessToken: RPCD.Secret
        /// Good for one `auth.refresh` within 7 days.
        public let refreshToken: RPCD.Secret
        /// Always `Bearer`.
        public let tokenType: String
        /// Seconds the access token is good for.
        public let expiresIn: Int64
        /// Who logged in.
        public let user: RPCD.User
    }

    public struct LowBalanceThresholds: Sendable, Hashable {
        /// Credits, the lowest first.
        public let thresholds: [Int64]
    }

    public struct Me: Sendable, Hashable {
        /// Null for the operator and for API keys.
        public let user: RPCD.User?
        /// Whether it is the operator.
        public let `operator`: Bool
        /// Of a program that calls with one.
        public let apiKey: RPCD.ApiKey?
        /// At most 100, by name.
        public let memberships: [RPCD.Membership]
    }

    public struct Member: Sendable, Hashable {
        /// The account.
        public let userId: String
        /// Its address.
        public let email: String
        /// What others see.
        public let name: String
        /// What he is here.
        public let role: RPCD.Role
        /// Since when.
        public let createdAt: String
        /// Counts the changes; give it as `ifVersion`.
        public let version: Int64
    }

    public struct Membership: Sendable, Hashable {
        /// The workspace.
        public let workspaceId: String
        /// Its name.
        public let name: String
        /// What he is there.
        public let role: RPCD.Role
    }

    public struct NewApiKey: Sendable, Hashable {
        /// The key.
        public let id: String
        /// Where it acts.
        public let workspaceId: String
        /// What it is for.
        public let name: String
        /// What it may.
        public let role: RPCD.Role
        /// Who made it; null for the operator.
        public let createdBy: String?
        /// When it was made.
        public let createdAt: String
        /// When it ends by itself.
        public let expiresAt: String?
        /// To the minute.
        public let lastUsedAt: String?
        /// Shown once; only a hash is kept.
        public let secret: RPCD.Secret
    }

    public struct NewInvitation: Sendable, Hashable {
        /// The invitation.
        public let id: String
        /// Where it leads.
        public let workspaceId: String
        /// For whom.
        public let email: String
        /// What he will be.
        public let role: RPCD.Role
        /// Null for the operator.
        public let invitedBy: String?
        /// When it was made.
        public let createdAt: String
        /// Until when it can be accepted.
        public let expiresAt: String
        /// Shown once; only a hash is kept.
        public let token: RPCD.Secret
        /// Whether a mail tells of it. Else none is sent here, or the address had enough for an hour: hand
        /// the token over.
        public let mailed: Bool
    }

    public struct NewRecord: Sendable, Hashable {
        /// What the workspace calls it.
        public var externalId: String
        /// At most 100, named by 1 to 64 letters, digits, `_`, `-` and `.`; each a string of at most 4096
        /// characters, a number, true or false. null removes the field.
        public var fields: [String: RPCD.Value]

        public init(externalId: String, fields: [String: RPCD.Value]) {
            self.externalId = externalId
            self.fields = fields
        }
    }

    public struct NewWebhook: Sendable, Hashable {
        /// The webhook.
        public let id: String
        /// Where messages go.
        public let url: String
        /// Which events; `*` is every one.
        public let events: [String]
        /// Whether anything is sent.
        public let enabled: Bool
        /// Why not: manual, by `webhooks.update`; gone, it answered 410; failing, for five days.
        public let disabledReason: RPCD.DisabledReason?
        /// Since when nothing has come through.
        public let failingSince: String?
        /// Until when messages are signed with the secret before, too.
        public let previousSecretExpiresAt: String?
        /// Counts the changes; give it as `ifVersion`.
        public let version: Int64
        /// When it was made.
        public let createdAt: String
        /// When it was last changed.
        public let updatedAt: String
        /// What messages are signed with, `whsec_…`; shown once.
        public let secret: RPCD.Secret
    }

    public struct Pause: Sendable, Hashable {
        /// Whether nothing of this daemon's is on the database any more.
        public let quiet: Bool
        /// After these calls go on by themselves.
        public let seconds: Int64
    }

    public struct Pong: Sendable, Hashable {
        /// What was given, else null.
        public let payload: RPCD.Value?
    }

    public struct Provider: Sendable, Hashable {
        /// How jobs and credentials name it.
        public let slug: String
        /// How people do.
        public let name: String
        /// Where the provider describes itself.
        public let documentation: String
        /// Whether it has been tried against the real service.
        public let verified: Bool
        /// What it can give.
        public let fields: [String]
        /// For a field that is found with the platform's key.
        public let creditCost: Int64
        /// With the workspace's own.
        public let ownKeyCreditCost: Int64
        /// JSON Schema of what it needs of a record, normalised.
        public let inputSchema: [String: RPCD.Value]
        /// JSON Schema of what it gives.
        public let outputSchema: [String: RPCD.Value]
        /// Whether it is called: not while it is open.
        public let circuit: RPCD.CircuitState
        /// When it is tried again, where that is known.
        public let openUntil: String?
        /// The same with the workspace's newest credential; null without one.
        public let ownCircuit: RPCD.CircuitState?
        /// When it is tried again with that.
        public let ownOpenUntil: String?
    }

    public struct ProviderReport: Sendable, Hashable {
        /// Its slug.
        public let provider: String
        /// Questions that it was asked, each with its retries.
        public let calls: Int64
        /// It knew something.
        public let found: Int64
        /// It knew nothing.
        public let notFound: Int64
        /// It failed, or its answer was none.
        public let failed: Int64
        /// Share of the questions that it answered, from 0 to 1; null when there is none.
        public let successRate: Double?
        /// Half of them took no longer; to two digits.
        public let p50Ms: Int64?
        /// 19 of 20 took no longer; to two digits.
        public let p95Ms: Int64?
        /// Fields that it has found and that were paid for.
        public let hits: Int64
        /// What they cost.
        public let credits: Int64
        /// Thousandths of a credit for each.
        public let milliCreditsPerHit: Int64?
        /// How often its circuit has opened.
        public let breakerOpenings: Int64
    }

    public struct ProviderReports: Sendable, Hashable {
        /// Those that were asked or have failed, by their slugs.
        public let providers: [RPCD.ProviderReport]
    }

    public struct ProviderTest: Sendable, Hashable {
        /// Whether it knows anything.
        public let outcome: RPCD.ProviderTestOutcome
        /// What it gave, checked.
        public let fields: [RPCD.FoundField]
        /// Whose key it was asked with.
        public let key: RPCD.ProviderTestKey
        /// How long it took.
        public let durationMs: Int64
    }

    public struct Purchase: Sendable, Hashable {
        /// The purchase.
        public let id: String
        /// Who buys.
        public let workspaceId: String
        /// Credits.
        public let amount: Int64
        /// pending, settled or failed.
        public let status: String
        /// manual, or auto: by `billing.setAutoRecharge`.
        public let origin: String
        /// The payment's.
        public let referenceId: String?
        /// When it was asked for.
        public let createdAt: String
        /// When it was settled, or had failed.
        public let settledAt: String?
    }

    public struct Readiness: Sendable, Hashable {
        /// `ok`, or `degraded` when an optional store is away.
        public let status: String
        /// Each store.
        public let checks: RPCD.Checks
    }

    public struct Rebuilt: Sendable, Hashable {
        /// Rows that were read.
        public let sent: Int64
    }

    public struct Record: Sendable, Hashable {
        /// The record.
        public let id: String
        /// What the workspace calls it.
        public let externalId: String
        /// Each a string, a number, true or false.
        public let fields: [String: RPCD.Value]
        /// Of fields that a provider found: `{provider, at, confidence, jobId, cost, cached}`. What a caller
        /// gave has none.
        public let sources: [String: RPCD.Value]
        /// Counts the changes.
        public let version: Int64
        /// When it was made.
        public let createdAt: String
        /// When its fields were last changed.
        public let updatedAt: String
    }

    public struct Replayed: Sendable, Hashable {
        /// How many.
        public let replayed: Int64
    }

    public struct Resumption: Sendable, Hashable {
        /// Whether there was something to resume.
        public let wasPaused: Bool
    }

    public struct Session: Sendable, Hashable {
        /// The login.
        public let id: String
        /// What the program called itself.
        public let device: String?
        /// From where: `ip:…` or `uid:…`.
        public let address: String
        /// When it began.
        public let createdAt: String
        /// To the minute.
        public let lastUsedAt: String
        /// Whether this call is made with it.
        public let current: Bool
    }

    public struct StreamedDocument: Sendable, Hashable {
        /// The media type of what was sent.
        public let contentType: String
        /// How much was sent.
        public let bytes: Int64
        /// How many rows that was, the line of names not counted.
        public let rows: Int64
    }

    public struct SystemMetricsResult: Sendable, Hashable {
        /// The media type.
        public let contentType: String
        /// The document.
        public let text: String
    }

    public struct Transaction: Sendable, Hashable {
        /// The transaction.
        public let id: String
        /// Whose account it changed.
        public let workspaceId: String
        /// purchase, bonus, debit, refund, hold, capture, release or expiry.
        public let type: String
        /// Credits, always positive; the type tells the direction.
        public let amount: Int64
        /// The balance with it.
        public let balanceAfter: Int64
        /// Of a refund the debit or capture, of a hold, capture or release the hold, of an expiry the grant,
        /// of a purchase the purchase.
        public let relatedId: String?
        /// As it was given.
        public let description: String?
        /// The caller's own, unique in a workspace and type.
        public let referenceId: String?
        /// When.
        public let createdAt: String
    }

    public struct UpsertCounts: Sendable, Hashable {
        /// How many were not there.
        public let inserted: Int64
        /// How many have other fields now.
        public let updated: Int64
        /// How many had these fields already.
        public let unchanged: Int64
    }

    public struct User: Sendable, Hashable {
        /// The account.
        public let id: String
        /// In its normal form, lower case.
        public let email: String
        /// What others see.
        public let name: String
        /// When it was made.
        public let createdAt: String
        /// Whether the address has been shown to be his.
        public let emailVerified: Bool
    }

    public struct Version: Sendable, Hashable {
        /// Of the release.
        public let version: String
        /// Of the source.
        public let commit: String
        /// Of the methods.
        public let api: String
    }

    public struct Webhook: Sendable, Hashable {
        /// The webhook.
        public let id: String
        /// Where messages go.
        public let url: String
        /// Which events; `*` is every one.
        public let events: [String]
        /// Whether anything is sent.
        public let enabled: Bool
        /// Why not: manual, by `webhooks.update`; gone, it answered 410; failing, for five days.
        public let disabledReason: RPCD.DisabledReason?
        /// Since when nothing has come through.
        public let failingSince: String?
        /// Until when messages are signed with the secret before, too.
        public let previousSecretExpiresAt: String?
        /// Counts the changes; give it as `ifVersion`.
        public let version: Int64
        /// When it was made.
        public let createdAt: String
        /// When it was last changed.
        public let updatedAt: String
    }

    public struct WebhookDelivery: Sendable, Hashable {
        /// The delivery.
        public let id: String
        /// To whom.
        public let webhookId: String
        /// The header `webhook-id` of every attempt.
        public let messageId: String
        /// Of the event.
        public let type: String
        /// pending: it is tried again; failed: it is not.
        public let status: RPCD.WebhookDeliveryStatus
        /// So far.
        public let attempts: Int64
        /// Not before.
        public let nextAttemptAt: String?
        /// What the last attempt was answered.
        public let lastStatus: Int64?
        /// Why it was not, or was not taken for an answer.
        public let lastError: String?
        /// When it was made.
        public let createdAt: String
        /// When it was answered 2xx.
        public let deliveredAt: String?
    }

    public struct WebhookTest: Sendable, Hashable {
        /// The test among the deliveries.
        public let deliveryId: String
        /// The header `webhook-id`.
        public let messageId: String
        /// Whether it was answered 2xx.
        public let delivered: Bool
        /// What it was answered.
        public let status: Int64?
        /// Why it was not.
        public let error: String?
        /// From the beginning to the answer.
        public let durationMs: Int64
    }

    public struct WorkProgress: Sendable, Hashable {
        /// What is done.
        public let checked: Int64?
        /// How much there is, where that is known.
        public let total: Int64?
        /// Changes that have to arrive before the work begins.
        public let waiting: Int64?
    }

    public struct Workspace: Sendable, Hashable {
        /// The workspace.
        public let id: String
        /// What people call it.
        public let name: String
        /// For URLs.
        public let slug: String
        /// As they were set.
        public let settings: [String: RPCD.Value]
        /// Counts the changes; give it as `ifVersion`.
        public let version: Int64
        /// When it was made.
        public let createdAt: String
        /// When it was last changed.
        public let updatedAt: String
    }

}

extension RPCD.ErrorCode: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "PARSE_ERROR": .parseError
            case "INVALID_REQUEST": .invalidRequest
            case "METHOD_NOT_FOUND": .methodNotFound
            case "VALIDATION_ERROR": .validationError
            case "INTERNAL_ERROR": .internalError
            case "AUTHENTICATION_ERROR": .authenticationError
            case "INSUFFICIENT_CREDITS": .insufficientCredits
            case "AUTHORIZATION_ERROR": .authorizationError
            case "NOT_FOUND": .notFound
            case "CONFLICT": .conflict
            case "PAYLOAD_TOO_LARGE": .payloadTooLarge
            case "IDEMPOTENCY_KEY_REUSED": .idempotencyKeyReused
            case "RATE_LIMIT_EXCEEDED": .rateLimitExceeded
            case "CANCELLED": .cancelled
            case "UPSTREAM_ERROR": .upstreamError
            case "SERVICE_UNAVAILABLE": .serviceUnavailable
            case "TIMEOUT": .timeout
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .parseError: "PARSE_ERROR"
        case .invalidRequest: "INVALID_REQUEST"
        case .methodNotFound: "METHOD_NOT_FOUND"
        case .validationError: "VALIDATION_ERROR"
        case .internalError: "INTERNAL_ERROR"
        case .authenticationError: "AUTHENTICATION_ERROR"
        case .insufficientCredits: "INSUFFICIENT_CREDITS"
        case .authorizationError: "AUTHORIZATION_ERROR"
        case .notFound: "NOT_FOUND"
        case .conflict: "CONFLICT"
        case .payloadTooLarge: "PAYLOAD_TOO_LARGE"
        case .idempotencyKeyReused: "IDEMPOTENCY_KEY_REUSED"
        case .rateLimitExceeded: "RATE_LIMIT_EXCEEDED"
        case .cancelled: "CANCELLED"
        case .upstreamError: "UPSTREAM_ERROR"
        case .serviceUnavailable: "SERVICE_UNAVAILABLE"
        case .timeout: "TIMEOUT"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.AnalyticsCreditsGroupBy: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "provider": .provider
            case "source": .source
            case "hour": .hour
            case "day": .day
            case "week": .week
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .provider: "provider"
        case .source: "source"
        case .hour: "hour"
        case .day: "day"
        case .week: "week"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.AnalyticsCreditsSource: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "job": .job
            case "purchase": .purchase
            case "bonus": .bonus
            case "debit": .debit
            case "refund": .refund
            case "hold": .hold
            case "capture": .capture
            case "release": .release
            case "expiry": .expiry
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .job: "job"
        case .purchase: "purchase"
        case .bonus: "bonus"
        case .debit: "debit"
        case .refund: "refund"
        case .hold: "hold"
        case .capture: "capture"
        case .release: "release"
        case .expiry: "expiry"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.AnalyticsDifferenceDataset: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "enrichment": .enrichment
            case "credits": .credits
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .enrichment: "enrichment"
        case .credits: "credits"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.AnalyticsEnrichmentGroupBy: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "provider": .provider
            case "field": .field
            case "hour": .hour
            case "day": .day
            case "week": .week
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .provider: "provider"
        case .field: "field"
        case .hour: "hour"
        case .day: "day"
        case .week: "week"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.AnalyticsRange: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "24h": ._24h
            case "7d": ._7d
            case "30d": ._30d
            case "90d": ._90d
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case ._24h: "24h"
        case ._7d: "7d"
        case ._30d: "30d"
        case ._90d: "90d"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.AuditDifferenceKind: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "changed": .changed
            case "removed": .removed
            case "sealMissing": .sealMissing
            case "notAsKept": .notAsKept
            case "unsealed": .unsealed
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .changed: "changed"
        case .removed: "removed"
        case .sealMissing: "sealMissing"
        case .notAsKept: "notAsKept"
        case .unsealed: "unsealed"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.BillingAddCreditsType: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "purchase": .purchase
            case "bonus": .bonus
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .purchase: "purchase"
        case .bonus: "bonus"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.BillingPurchasesListStatus: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "pending": .pending
            case "settled": .settled
            case "failed": .failed
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .pending: "pending"
        case .settled: "settled"
        case .failed: "failed"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.BillingPurchasesSettleOutcome: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "settled": .settled
            case "failed": .failed
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .settled: "settled"
        case .failed: "failed"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.BillingTransactionsType: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "purchase": .purchase
            case "bonus": .bonus
            case "debit": .debit
            case "refund": .refund
            case "hold": .hold
            case "capture": .capture
            case "release": .release
            case "expiry": .expiry
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .purchase: "purchase"
        case .bonus: "bonus"
        case .debit: "debit"
        case .refund: "refund"
        case .hold: "hold"
        case .capture: "capture"
        case .release: "release"
        case .expiry: "expiry"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.CircuitForced: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "auto": .auto
            case "open": .open
            case "closed": .closed
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .auto: "auto"
        case .open: "open"
        case .closed: "closed"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.CircuitState: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "closed": .closed
            case "open": .open
            case "halfOpen": .halfOpen
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .closed: "closed"
        case .open: "open"
        case .halfOpen: "halfOpen"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.CreditReportGroupBy: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "provider": .provider
            case "field": .field
            case "source": .source
            case "hour": .hour
            case "day": .day
            case "week": .week
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .provider: "provider"
        case .field: "field"
        case .source: "source"
        case .hour: "hour"
        case .day: "day"
        case .week: "week"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.DisabledReason: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "manual": .manual
            case "gone": .gone
            case "failing": .failing
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .manual: "manual"
        case .gone: "gone"
        case .failing: "failing"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.JobKeys: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "own": .own
            case "platform": .platform
            case "auto": .auto
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .own: "own"
        case .platform: "platform"
        case .auto: "auto"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.JobResultStatus: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "found": .found
            case "cached": .cached
            case "not_found": .notFound
            case "exhausted": .exhausted
            case "skipped": .skipped
            case "failed": .failed
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .found: "found"
        case .cached: "cached"
        case .notFound: "not_found"
        case .exhausted: "exhausted"
        case .skipped: "skipped"
        case .failed: "failed"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.JobStatus: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "pending": .pending
            case "running": .running
            case "paused": .paused
            case "completed": .completed
            case "partially_completed": .partiallyCompleted
            case "failed": .failed
            case "cancelled": .cancelled
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .pending: "pending"
        case .running: "running"
        case .paused: "paused"
        case .completed: "completed"
        case .partiallyCompleted: "partially_completed"
        case .failed: "failed"
        case .cancelled: "cancelled"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.ProviderTestKey: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "own": .own
            case "platform": .platform
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .own: "own"
        case .platform: "platform"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.ProviderTestOutcome: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "found": .found
            case "notFound": .notFound
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .found: "found"
        case .notFound: "notFound"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.Role: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "viewer": .viewer
            case "member": .member
            case "admin": .admin
            case "owner": .owner
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .viewer: "viewer"
        case .member: "member"
        case .admin: "admin"
        case .owner: "owner"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.SystemMetricsFormat: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "prometheus": .prometheus
            case "openmetrics": .openmetrics
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .prometheus: "prometheus"
        case .openmetrics: "openmetrics"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.WebhookDeliveryStatus: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "pending": .pending
            case "delivered": .delivered
            case "failed": .failed
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .pending: "pending"
        case .delivered: "delivered"
        case .failed: "failed"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.WebhooksEvents: RawRepresentable, Readable, Writable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "*": .all
            case "job.completed": .jobCompleted
            case "job.partially_completed": .jobPartiallyCompleted
            case "job.failed": .jobFailed
            case "job.cancelled": .jobCancelled
            case "credits.low": .creditsLow
            case "breaker.opened": .breakerOpened
            case "breaker.closed": .breakerClosed
            case "webhook.test": .webhookTest
            default: .unknown(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .all: "*"
        case .jobCompleted: "job.completed"
        case .jobPartiallyCompleted: "job.partially_completed"
        case .jobFailed: "job.failed"
        case .jobCancelled: "job.cancelled"
        case .creditsLow: "credits.low"
        case .breakerOpened: "breaker.opened"
        case .breakerClosed: "breaker.closed"
        case .webhookTest: "webhook.test"
        case .unknown(let value): value
        }
    }

    init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension RPCD.AccountMade: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.user = try members.read("user")
        self.isNew = try members.read("isNew")
        self.passwordToken = try members.read("passwordToken")
    }
}

extension RPCD.AdministeredUser: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.email = try members.read("email")
        self.name = try members.read("name")
        self.createdAt = try members.read("createdAt")
        self.disabledAt = try members.read("disabledAt")
    }
}

extension RPCD.AnalyticsDifference: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.workspaceId = try members.read("workspaceId")
        self.dataset = try members.read("dataset")
        self.day = try members.read("day")
        self.what = try members.read("what")
        self.expected = try members.read("expected")
        self.actual = try members.read("actual")
    }
}

extension RPCD.AnalyticsVerification: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.checked = try members.read("checked")
        self.found = try members.read("found")
        self.differences = try members.read("differences")
    }
}

extension RPCD.ApiKey: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.workspaceId = try members.read("workspaceId")
        self.name = try members.read("name")
        self.role = try members.read("role")
        self.createdBy = try members.read("createdBy")
        self.createdAt = try members.read("createdAt")
        self.expiresAt = try members.read("expiresAt")
        self.lastUsedAt = try members.read("lastUsedAt")
    }
}

extension RPCD.AuditDifference: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.kind = try members.read("kind")
        self.seq = try members.read("seq")
        self.id = try members.read("id")
        self.action = try members.read("action")
        self.at = try members.read("at")
    }
}

extension RPCD.AuditEntry: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.at = try members.read("at")
        self.actor = try members.read("actor")
        self.action = try members.read("action")
        self.object = try members.read("object")
        self.address = try members.read("address")
        self.requestId = try members.read("requestId")
        self.outcome = try members.read("outcome")
    }
}

extension RPCD.AuditHead: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.number = try members.read("number")
        self.seal = try members.read("seal")
    }
}

extension RPCD.AuditVerification: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.checked = try members.read("checked")
        self.found = try members.read("found")
        self.differences = try members.read("differences")
        self.head = try members.read("head")
    }
}

extension RPCD.AutoRecharge: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.enabled = try members.read("enabled")
        self.threshold = try members.read("threshold")
        self.amount = try members.read("amount")
    }
}

extension RPCD.Billing: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.creditBalance = try members.read("creditBalance")
        self.creditsHeld = try members.read("creditsHeld")
        self.available = try members.read("available")
        self.plan = try members.read("plan")
        self.expiring = try members.read("expiring")
        self.autoRecharge = try members.read("autoRecharge")
        self.lowBalanceThresholds = try members.read("lowBalanceThresholds")
    }
}

extension RPCD.Checks: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.postgres = try members.read("postgres")
        self.clickhouse = try members.read("clickhouse")
        self.analytics = try members.read("analytics")
        self.redis = try members.read("redis")
        self.replica = try members.read("replica")
    }
}

extension RPCD.Circuit: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.provider = try members.read("provider")
        self.credential = try members.read("credential")
        self.workspaceId = try members.read("workspaceId")
        self.state = try members.read("state")
        self.openUntil = try members.read("openUntil")
        self.openings = try members.read("openings")
        self.forced = try members.read("forced")
        self.updatedAt = try members.read("updatedAt")
    }
}

extension RPCD.Credential: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.provider = try members.read("provider")
        self.label = try members.read("label")
        self.maskedKey = try members.read("maskedKey")
        self.hasSecret = try members.read("hasSecret")
        self.keyVersion = try members.read("keyVersion")
        self.version = try members.read("version")
        self.createdBy = try members.read("createdBy")
        self.createdAt = try members.read("createdAt")
        self.lastUsedAt = try members.read("lastUsedAt")
    }
}

extension RPCD.CreditGroup: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.start = try members.read("start")
        self.name = try members.read("name")
        self.transactions = try members.read("transactions")
        self.spent = try members.read("spent")
        self.refunded = try members.read("refunded")
        self.added = try members.read("added")
        self.expired = try members.read("expired")
    }
}

extension RPCD.CreditReport: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.from = try members.read("from")
        self.to = try members.read("to")
        self.groupBy = try members.read("groupBy")
        self.timeZone = try members.read("timeZone")
        self.groups = try members.read("groups")
        self.total = try members.read("total")
    }
}

extension RPCD.CreditSums: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.transactions = try members.read("transactions")
        self.spent = try members.read("spent")
        self.refunded = try members.read("refunded")
        self.added = try members.read("added")
        self.expired = try members.read("expired")
    }
}

extension RPCD.DeadLetter: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.workspaceId = try members.read("workspaceId")
        self.transactionId = try members.read("transactionId")
        self.jobId = try members.read("jobId")
        self.task = try members.read("task")
        self.reason = try members.read("reason")
        self.createdAt = try members.read("createdAt")
    }
}

extension RPCD.DocumentChunk: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.chunk = try members.read("chunk")
    }
}

extension RPCD.EnrichmentGroup: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.start = try members.read("start")
        self.name = try members.read("name")
        self.results = try members.read("results")
        self.found = try members.read("found")
        self.cached = try members.read("cached")
        self.notFound = try members.read("notFound")
        self.exhausted = try members.read("exhausted")
        self.skipped = try members.read("skipped")
        self.failed = try members.read("failed")
        self.credits = try members.read("credits")
    }
}

extension RPCD.EnrichmentReport: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.from = try members.read("from")
        self.to = try members.read("to")
        self.groupBy = try members.read("groupBy")
        self.timeZone = try members.read("timeZone")
        self.groups = try members.read("groups")
        self.total = try members.read("total")
    }
}

extension RPCD.EnrichmentSums: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.results = try members.read("results")
        self.found = try members.read("found")
        self.cached = try members.read("cached")
        self.notFound = try members.read("notFound")
        self.exhausted = try members.read("exhausted")
        self.skipped = try members.read("skipped")
        self.failed = try members.read("failed")
        self.credits = try members.read("credits")
    }
}

extension RPCD.ExpiringCredits: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.amount = try members.read("amount")
        self.expiresAt = try members.read("expiresAt")
    }
}

extension RPCD.FoundField: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.name = try members.read("name")
        self.value = try members.read("value")
        self.confidence = try members.read("confidence")
    }
}

extension RPCD.Funnel: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.from = try members.read("from")
        self.to = try members.read("to")
        self.records = try members.read("records")
        self.fields = try members.read("fields")
        self.attempted = try members.read("attempted")
        self.found = try members.read("found")
        self.paid = try members.read("paid")
        self.credits = try members.read("credits")
        self.milliCreditsPerFound = try members.read("milliCreditsPerFound")
    }
}

extension RPCD.Health: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.status = try members.read("status")
    }
}

extension RPCD.Hold: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.amount = try members.read("amount")
        self.captured = try members.read("captured")
        self.status = try members.read("status")
        self.referenceId = try members.read("referenceId")
        self.expiresAt = try members.read("expiresAt")
        self.createdAt = try members.read("createdAt")
    }
}

extension RPCD.Invitation: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.workspaceId = try members.read("workspaceId")
        self.email = try members.read("email")
        self.role = try members.read("role")
        self.invitedBy = try members.read("invitedBy")
        self.createdAt = try members.read("createdAt")
        self.expiresAt = try members.read("expiresAt")
    }
}

extension RPCD.Job: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.workspaceId = try members.read("workspaceId")
        self.status = try members.read("status")
        self.fields = try members.read("fields")
        self.keys = try members.read("keys")
        self.refresh = try members.read("refresh")
        self.total = try members.read("total")
        self.remaining = try members.read("remaining")
        self.counts = try members.read("counts")
        self.estimatedCredits = try members.read("estimatedCredits")
        self.spentCredits = try members.read("spentCredits")
        self.maxCredits = try members.read("maxCredits")
        self.createdAt = try members.read("createdAt")
        self.createdBy = try members.read("createdBy")
        self.startedAt = try members.read("startedAt")
        self.finishedAt = try members.read("finishedAt")
        self.version = try members.read("version")
    }
}

extension RPCD.JobCounts: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.found = try members.read("found")
        self.cached = try members.read("cached")
        self.notFound = try members.read("notFound")
        self.exhausted = try members.read("exhausted")
        self.skipped = try members.read("skipped")
        self.failed = try members.read("failed")
    }
}

extension RPCD.JobField: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.name = try members.read("name")
        self.providers = try members.read("providers")
        self.minConfidence = try members.read("minConfidence")
    }
}

extension RPCD.JobFieldInput: Writable {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("name", name)
        writer.member("providers", providers)
        writer.member("minConfidence", minConfidence)
        writer.endObject()
    }
}

extension RPCD.JobResult: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.recordId = try members.read("recordId")
        self.externalId = try members.read("externalId")
        self.field = try members.read("field")
        self.status = try members.read("status")
        self.value = try members.read("value")
        self.provider = try members.read("provider")
        self.confidence = try members.read("confidence")
        self.attempts = try members.read("attempts")
        self.cost = try members.read("cost")
        self.error = try members.read("error")
    }
}

extension RPCD.LedgerDifference: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.workspaceId = try members.read("workspaceId")
        self.what = try members.read("what")
        self.expected = try members.read("expected")
        self.actual = try members.read("actual")
    }
}

extension RPCD.LedgerVerification: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.checked = try members.read("checked")
        self.found = try members.read("found")
        self.differences = try members.read("differences")
    }
}

extension RPCD.Limits: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.messageBytes = try members.read("messageBytes")
        self.nestingDepth = try members.read("nestingDepth")
        self.batchEntries = try members.read("batchEntries")
        self.bulkRecords = try members.read("bulkRecords")
        self.recordFields = try members.read("recordFields")
        self.recordBytes = try members.read("recordBytes")
        self.openJobs = try members.read("openJobs")
        self.inFlight = try members.read("inFlight")
        self.readAheadFrames = try members.read("readAheadFrames")
        self.readAheadBytes = try members.read("readAheadBytes")
        self.connections = try members.read("connections")
        self.connectionsPerPeer = try members.read("connectionsPerPeer")
        self.messageTimeoutMs = try members.read("messageTimeoutMs")
        self.writeTimeoutMs = try members.read("writeTimeoutMs")
        self.writeBufferBytes = try members.read("writeBufferBytes")
        self.httpIdleTimeoutMs = try members.read("httpIdleTimeoutMs")
        self.defaultTimeoutMs = try members.read("defaultTimeoutMs")
        self.maximumTimeoutMs = try members.read("maximumTimeoutMs")
        self.drainTimeoutMs = try members.read("drainTimeoutMs")
    }
}

extension RPCD.Login: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.accessToken = try members.read("accessToken")
        self.refreshToken = try members.read("refreshToken")
        self.tokenType = try members.read("tokenType")
        self.expiresIn = try members.read("expiresIn")
        self.user = try members.read("user")
    }
}

extension RPCD.LowBalanceThresholds: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.thresholds = try members.read("thresholds")
    }
}

extension RPCD.Me: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.user = try members.read("user")
        self.operator = try members.read("operator")
        self.apiKey = try members.read("apiKey")
        self.memberships = try members.read("memberships")
    }
}

extension RPCD.Member: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.userId = try members.read("userId")
        self.email = try members.read("email")
        self.name = try members.read("name")
        self.role = try members.read("role")
        self.createdAt = try members.read("createdAt")
        self.version = try members.read("version")
    }
}

extension RPCD.Membership: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.workspaceId = try members.read("workspaceId")
        self.name = try members.read("name")
        self.role = try members.read("role")
    }
}

extension RPCD.NewApiKey: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.workspaceId = try members.read("workspaceId")
        self.name = try members.read("name")
        self.role = try members.read("role")
        self.createdBy = try members.read("createdBy")
        self.createdAt = try members.read("createdAt")
        self.expiresAt = try members.read("expiresAt")
        self.lastUsedAt = try members.read("lastUsedAt")
        self.secret = try members.read("secret")
    }
}

extension RPCD.NewInvitation: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.workspaceId = try members.read("workspaceId")
        self.email = try members.read("email")
        self.role = try members.read("role")
        self.invitedBy = try members.read("invitedBy")
        self.createdAt = try members.read("createdAt")
        self.expiresAt = try members.read("expiresAt")
        self.token = try members.read("token")
        self.mailed = try members.read("mailed")
    }
}

extension RPCD.NewRecord: Writable {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("externalId", externalId)
        writer.member("fields", fields)
        writer.endObject()
    }
}

extension RPCD.NewWebhook: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.url = try members.read("url")
        self.events = try members.read("events")
        self.enabled = try members.read("enabled")
        self.disabledReason = try members.read("disabledReason")
        self.failingSince = try members.read("failingSince")
        self.previousSecretExpiresAt = try members.read("previousSecretExpiresAt")
        self.version = try members.read("version")
        self.createdAt = try members.read("createdAt")
        self.updatedAt = try members.read("updatedAt")
        self.secret = try members.read("secret")
    }
}

extension RPCD.Pause: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.quiet = try members.read("quiet")
        self.seconds = try members.read("seconds")
    }
}

extension RPCD.Pong: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.payload = try members.read("payload")
    }
}

extension RPCD.Provider: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.slug = try members.read("slug")
        self.name = try members.read("name")
        self.documentation = try members.read("documentation")
        self.verified = try members.read("verified")
        self.fields = try members.read("fields")
        self.creditCost = try members.read("creditCost")
        self.ownKeyCreditCost = try members.read("ownKeyCreditCost")
        self.inputSchema = try members.read("inputSchema")
        self.outputSchema = try members.read("outputSchema")
        self.circuit = try members.read("circuit")
        self.openUntil = try members.read("openUntil")
        self.ownCircuit = try members.read("ownCircuit")
        self.ownOpenUntil = try members.read("ownOpenUntil")
    }
}

extension RPCD.ProviderReport: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.provider = try members.read("provider")
        self.calls = try members.read("calls")
        self.found = try members.read("found")
        self.notFound = try members.read("notFound")
        self.failed = try members.read("failed")
        self.successRate = try members.read("successRate")
        self.p50Ms = try members.read("p50Ms")
        self.p95Ms = try members.read("p95Ms")
        self.hits = try members.read("hits")
        self.credits = try members.read("credits")
        self.milliCreditsPerHit = try members.read("milliCreditsPerHit")
        self.breakerOpenings = try members.read("breakerOpenings")
    }
}

extension RPCD.ProviderReports: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.providers = try members.read("providers")
    }
}

extension RPCD.ProviderTest: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.outcome = try members.read("outcome")
        self.fields = try members.read("fields")
        self.key = try members.read("key")
        self.durationMs = try members.read("durationMs")
    }
}

extension RPCD.Purchase: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.workspaceId = try members.read("workspaceId")
        self.amount = try members.read("amount")
        self.status = try members.read("status")
        self.origin = try members.read("origin")
        self.referenceId = try members.read("referenceId")
        self.createdAt = try members.read("createdAt")
        self.settledAt = try members.read("settledAt")
    }
}

extension RPCD.Readiness: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.status = try members.read("status")
        self.checks = try members.read("checks")
    }
}

extension RPCD.Rebuilt: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.sent = try members.read("sent")
    }
}

extension RPCD.Record: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.externalId = try members.read("externalId")
        self.fields = try members.read("fields")
        self.sources = try members.read("sources")
        self.version = try members.read("version")
        self.createdAt = try members.read("createdAt")
        self.updatedAt = try members.read("updatedAt")
    }
}

extension RPCD.Replayed: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.replayed = try members.read("replayed")
    }
}

extension RPCD.Resumption: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.wasPaused = try members.read("wasPaused")
    }
}

extension RPCD.Session: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.device = try members.read("device")
        self.address = try members.read("address")
        self.createdAt = try members.read("createdAt")
        self.lastUsedAt = try members.read("lastUsedAt")
        self.current = try members.read("current")
    }
}

extension RPCD.StreamedDocument: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.contentType = try members.read("contentType")
        self.bytes = try members.read("bytes")
        self.rows = try members.read("rows")
    }
}

extension RPCD.SystemMetricsResult: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.contentType = try members.read("contentType")
        self.text = try members.read("text")
    }
}

extension RPCD.Transaction: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.workspaceId = try members.read("workspaceId")
        self.type = try members.read("type")
        self.amount = try members.read("amount")
        self.balanceAfter = try members.read("balanceAfter")
        self.relatedId = try members.read("relatedId")
        self.description = try members.read("description")
        self.referenceId = try members.read("referenceId")
        self.createdAt = try members.read("createdAt")
    }
}

extension RPCD.UpsertCounts: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.inserted = try members.read("inserted")
        self.updated = try members.read("updated")
        self.unchanged = try members.read("unchanged")
    }
}

extension RPCD.User: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.email = try members.read("email")
        self.name = try members.read("name")
        self.createdAt = try members.read("createdAt")
        self.emailVerified = try members.read("emailVerified")
    }
}

extension RPCD.Version: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.version = try members.read("version")
        self.commit = try members.read("commit")
        self.api = try members.read("api")
    }
}

extension RPCD.Webhook: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.url = try members.read("url")
        self.events = try members.read("events")
        self.enabled = try members.read("enabled")
        self.disabledReason = try members.read("disabledReason")
        self.failingSince = try members.read("failingSince")
        self.previousSecretExpiresAt = try members.read("previousSecretExpiresAt")
        self.version = try members.read("version")
        self.createdAt = try members.read("createdAt")
        self.updatedAt = try members.read("updatedAt")
    }
}

extension RPCD.WebhookDelivery: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.webhookId = try members.read("webhookId")
        self.messageId = try members.read("messageId")
        self.type = try members.read("type")
        self.status = try members.read("status")
        self.attempts = try members.read("attempts")
        self.nextAttemptAt = try members.read("nextAttemptAt")
        self.lastStatus = try members.read("lastStatus")
        self.lastError = try members.read("lastError")
        self.createdAt = try members.read("createdAt")
        self.deliveredAt = try members.read("deliveredAt")
    }
}

extension RPCD.WebhookTest: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.deliveryId = try members.read("deliveryId")
        self.messageId = try members.read("messageId")
        self.delivered = try members.read("delivered")
        self.status = try members.read("status")
        self.error = try members.read("error")
        self.durationMs = try members.read("durationMs")
    }
}

extension RPCD.WorkProgress: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.checked = try members.read("checked")
        self.total = try members.read("total")
        self.waiting = try members.read("waiting")
    }
}

extension RPCD.Workspace: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        self.id = try members.read("id")
        self.name = try members.read("name")
        self.slug = try members.read("slug")
        self.settings = try members.read("settings")
        self.version = try members.read("version")
        self.createdAt = try members.read("createdAt")
        self.updatedAt = try members.read("updatedAt")
    }
}
