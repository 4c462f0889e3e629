import Identifiers

/// From a moment on, up to another one, which is not in it.
public struct AnalyticsRange: Sendable, Equatable {
    public let from: Timestamp
    public let to: Timestamp

    public init(from: Timestamp, to: Timestamp) {
        self.from = from
        self.to = to
    }
}

/// By what sums are told apart.
public enum Grouping: Sendable, Equatable {
    /// Not at all.
    case none
    case provider
    /// Of enrichment.
    case field
    /// Of credits.
    case source
    /// By the last of these moments, in seconds since 1970 and in order, that is not later. Each is a whole quarter of an hour, as the beginnings
    /// of hours and days are in every time zone; the first is not later than the range begins.
    case time([Int64])
}

public struct EnrichmentQuestion: Sendable {
    public let workspaceID: UUID
    public var range: AnalyticsRange
    public var grouping: Grouping
    /// Only those.
    public var provider: String?
    public var field: String?
    public var jobID: UUID?

    public init(workspaceID: UUID, range: AnalyticsRange, grouping: Grouping = .none) {
        self.workspaceID = workspaceID
        self.range = range
        self.grouping = grouping
    }
}

public struct CreditQuestion: Sendable {
    public let workspaceID: UUID
    public let range: AnalyticsRange
    public var grouping: Grouping
    /// Only those.
    public var provider: String?
    public var source: String?

    public init(workspaceID: UUID, range: AnalyticsRange, grouping: Grouping = .none) {
        self.workspaceID = workspaceID
        self.range = range
        self.grouping = grouping
    }
}

/// By what a sum is told from its neighbours: a name, or a moment in seconds since 1970.
public struct SumKey: Sendable, Hashable {
    /// Empty where the sums are not told apart by names.
    public let name: String
    /// 0 where they are not told apart by time.
    public let start: Int64

    public init(name: String, start: Int64) {
        self.name = name
        self.start = start
    }
}

public struct EnrichmentSums: Sendable, Equatable {
    public var key: SumKey
    /// Rows of the first field of a job: one for each of its records.
    public var records: Int64
    public var found: Int64
    public var cached: Int64
    public var notFound: Int64
    public var exhausted: Int64
    public var skipped: Int64
    public var failed: Int64
    /// Credits.
    public var cost: Int64

    public init(
        key: SumKey, records: Int64 = 0, found: Int64 = 0, cached: Int64 = 0, notFound: Int64 = 0,
        exhausted: Int64 = 0, skipped: Int64 = 0, failed: Int64 = 0, cost: Int64 = 0
    ) {
        self.key = key
        self.records = records
        self.found = found
        self.cached = cached
        self.notFound = notFound
        self.exhausted = exhausted
        self.skipped = skipped
        self.failed = failed
        self.cost = cost
    }

    static func += (left: inout EnrichmentSums, right: EnrichmentSums) {
        left.records += right.records
        left.found += right.found
        left.cached += right.cached
        left.notFound += right.notFound
        left.exhausted += right.exhausted
        left.skipped += right.skipped
        left.failed += right.failed
        left.cost += right.cost
    }

    public var results: Int64 { found + cached + notFound + exhausted + skipped + failed }
}

public struct CreditSums: Sendable, Equatable {
    public var key: SumKey
    public var transactions: Int64
    /// Purchases and bonuses.
    public var added: Int64
    /// Debits and captures.
    public var spent: Int64
    public var refunded: Int64
    public var expired: Int64

    public init(
        key: SumKey, transactions: Int64 = 0, added: Int64 = 0, spent: Int64 = 0, refunded: Int64 = 0,
        expired: Int64 = 0
    ) {
        self.key = key
        self.transactions = transactions
        self.added = added
        self.spent = spent
        self.refunded = refunded
        self.expired = expired
    }

    static func += (left: inout CreditSums, right: CreditSums) {
        left.transactions += right.transactions
        left.added += right.added
        left.spent += right.spent
        left.refunded += right.refunded
        left.expired += right.expired
    }
}

/// How many calls of a provider ended so after so long.
public struct CallCount: Sendable, Equatable {
    public let call: ProviderCall
    public let count: Int64

    public init(call: ProviderCall, count: Int64) {
        self.call = call
        self.count = count
    }
}

public enum AnalyticsDataset: String, Sendable, CaseIterable {
    case enrichment, credits
}

/// What one workspace's rows of one day (UTC) come to.
public struct DaySums: Sendable, Equatable {
    public struct Key: Sendable, Hashable {
        public let workspaceID: UUID
        /// Since 1970-01-01.
        public let day: Int64

        public init(workspaceID: UUID, day: Int64) {
            self.workspaceID = workspaceID
            self.day = day
        }
    }

    public let key: Key
    public let rows: Int64
    /// Credits: what results cost, or the amounts of transactions, whatever their direction.
    /// Nil where nobody has added them up.
    public let credits: Int64?
    /// How many results were found, or how many credits were spent.
    public let outcome: Int64

    public init(key: Key, rows: Int64, credits: Int64?, outcome: Int64) {
        self.key = key
        self.rows = rows
        self.credits = credits
        self.outcome = outcome
    }
}
