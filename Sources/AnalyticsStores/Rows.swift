import Identifiers

/// What came of one field of one record, as analytics keeps it: no value, and of the person no more than the record's id.
public struct EnrichmentRow: Sendable, Equatable {
    /// What tells it from every other one.
    public struct Key: Sendable, Hashable {
        public let workspaceID: UUID
        /// When the result was written down.
        public let at: Timestamp
        public let jobID: UUID
        public let seq: Int64

        public init(workspaceID: UUID, at: Timestamp, jobID: UUID, seq: Int64) {
            self.workspaceID = workspaceID
            self.at = at
            self.jobID = jobID
            self.seq = seq
        }
    }

    public let key: Key
    public let recordID: UUID
    public let field: String
    /// Whether it is the first field that the job asks for: there is one such row for each of its records.
    public let isFirstField: Bool
    /// As `jobs.results` has it: found, cached, not_found, exhausted, skipped, failed.
    public let status: String
    /// Who answered; empty when nobody did.
    public let provider: String
    /// Credits.
    public let cost: Int64
    public let confidence: Double?
    /// Calls of providers.
    public let attempts: Int64
    /// Whom providers were asked for it.
    public let calls: [ProviderCall]
    /// Whether the result was taken back: then it does not count, whatever is told of it before or after.
    public let isVoid: Bool

    public init(
        key: Key, recordID: UUID, field: String, isFirstField: Bool, status: String, provider: String,
        cost: Int64, confidence: Double?, attempts: Int64, calls: [ProviderCall]
    ) {
        self.key = key
        self.recordID = recordID
        self.field = field
        self.isFirstField = isFirstField
        self.status = status
        self.provider = provider
        self.cost = cost
        self.confidence = confidence
        self.attempts = attempts
        self.calls = calls
        isVoid = false
    }

    /// That the result with this key was taken back.
    public init(void key: Key) {
        self.key = key
        recordID = .zero
        field = ""
        isFirstField = false
        status = ""
        provider = ""
        cost = 0
        confidence = nil
        attempts = 0
        calls = []
        isVoid = true
    }
}

/// One question to a provider, with its retries.
public struct ProviderCall: Sendable, Hashable {
    public enum Outcome: String, Sendable, CaseIterable {
        case found, failed
        case notFound = "not_found"
    }

    public let provider: String
    public let outcome: Outcome
    /// How long it took, rounded by ``rounded(milliseconds:)``.
    public let milliseconds: Int64

    public init(provider: String, outcome: Outcome, milliseconds: Int64) {
        self.provider = provider
        self.outcome = outcome
        self.milliseconds = ProviderCall.rounded(milliseconds: milliseconds)
    }

    /// To two significant digits, halves up: so that durations can be counted one by one, and a percentile is within five in a hundred.
    public static func rounded(milliseconds: Int64) -> Int64 {
        var (rest, unit): (Int64, Int64) = (max(0, milliseconds), 1)
        while rest >= 100 {
            rest = (rest + 5) / 10
            unit *= 10
        }
        return rest * unit
    }
}

/// A row of the ledger, as analytics keeps it.
public struct CreditRow: Sendable, Equatable {
    public struct Key: Sendable, Hashable {
        public let workspaceID: UUID
        public let at: Timestamp
        public let id: UUID

        public init(workspaceID: UUID, at: Timestamp, id: UUID) {
            self.workspaceID = workspaceID
            self.at = at
            self.id = id
        }
    }

    public let key: Key
    /// As the ledger has it: purchase, bonus, debit, refund, hold, capture, release, expiry.
    public let type: String
    /// Credits, always positive.
    public let amount: Int64
    /// What it was for: see ``source(type:provider:)``.
    public let source: String
    /// Whose answer was paid; empty for what no provider was asked for.
    public let provider: String

    public init(key: Key, type: String, amount: Int64, provider: String?) {
        self.key = key
        self.type = type
        self.amount = amount
        self.provider = provider ?? ""
        source = CreditRow.source(type: type, provider: provider)
    }

    /// `job` for what a job pays out of what it has set aside, else the type.
    static func source(type: String, provider: String?) -> String {
        type == "capture" && provider != nil ? "job" : type
    }
}

/// What is sent at once. Sent twice it counts once.
public struct AnalyticsBatch: Sendable {
    public let enrichment: [EnrichmentRow]
    public let credits: [CreditRow]
    /// For how long the rows are kept, from when they tell of.
    public let keptSeconds: Int64

    /// - Parameter enrichment: of what is told of one key twice, what takes it back stands, else the later.
    public init(enrichment: [EnrichmentRow], credits: [CreditRow], keptSeconds: Int64) {
        var rows: [EnrichmentRow.Key: EnrichmentRow] = [:]
        for row in enrichment where rows[row.key]?.isVoid != true { rows[row.key] = row }
        self.enrichment = enrichment.count == rows.count ? enrichment : Array(rows.values)
        var transactions: [CreditRow.Key: CreditRow] = [:]
        for row in credits { transactions[row.key] = row }
        self.credits = credits.count == transactions.count ? credits : Array(transactions.values)
        self.keptSeconds = keptSeconds
    }

    public var isEmpty: Bool { enrichment.isEmpty && credits.isEmpty }
}

/// What has to go.
public struct Erasure: Sendable, Hashable {
    public let workspaceID: UUID
    /// Nil: everything that the workspace has asked for. Its ledger stays, as it does in PostgreSQL.
    public let recordID: UUID?

    public init(workspaceID: UUID, recordID: UUID?) {
        self.workspaceID = workspaceID
        self.recordID = recordID
    }
}
