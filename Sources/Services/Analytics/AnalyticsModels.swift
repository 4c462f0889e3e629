import AnalyticsStores
import Identifiers
import Postgres
import RPC

/// Sums of one group of an answer, with what tells it from the others.
struct SumGroup<Sums: Sendable>: Sendable {
    /// Of sums by time, when it begins.
    let start: Timestamp?
    /// Of sums by name; nil for time, and for what has no such name.
    let name: String?
    let sums: Sums

    fileprivate static var placeFields: [Field<SumGroup>] {
        [
            Field("start", Shape.timestamp.nullable, "Of sums by time, when it begins.") { $0.start },
            Field(
                "name", Shape.string.nullable,
                "Of other sums, the provider, field or source; null for what has none."
            ) { $0.name },
        ]
    }
}

/// An answer of sums: of each group, and of all.
struct SumReport<Sums: Sendable>: Sendable {
    let range: AnalyticsRange
    let groupBy: GroupBy
    let timeZone: String
    let groups: [SumGroup<Sums>]
    let total: Sums

    fileprivate static func shape(
        _ name: String, _ group: Shape<SumGroup<Sums>>, _ total: Shape<Sums>
    ) -> Shape<SumReport> {
        .object(
            name, Field("from", .timestamp, "The range begins.") { $0.range.from },
            Field("to", .timestamp, "It ends before this.") { $0.range.to },
            Field("groupBy", .choice(GroupBy.self), "As it was asked.") { $0.groupBy },
            Field("timeZone", .string, "In which days and weeks begin.") { $0.timeZone },
            Field(
                "groups", group.list, "By time each one there is, with zeros too; else the largest first."
            ) { $0.groups },
            Field("total", total, "Of all groups.") { $0.total })
    }
}

/// By what sums are told apart.
enum GroupBy: String, Sendable, CaseIterable {
    case provider, field, source, hour, day, week

    var isTime: Bool { self == .hour || self == .day || self == .week }
}

extension EnrichmentSums {
    private static func members<Value>(_ get: @escaping @Sendable (Value) -> EnrichmentSums) -> [Field<Value>]
    {
        [
            Field("results", .integer, "Fields of records that came to an end.") { get($0).results },
            Field("found", .integer, "Found and paid for.") { get($0).found },
            Field("cached", .integer, "Known from before; free.") { get($0).cached },
            Field("notFound", .integer, "Nobody knows.") { get($0).notFound },
            Field("exhausted", .integer, "Found, but not as sure as was asked for.") { get($0).exhausted },
            Field("skipped", .integer, "Nobody could be asked, or nobody paid.") { get($0).skipped },
            Field("failed", .integer, "No provider could be asked.") { get($0).failed },
            Field("credits", .integer, "What they cost.") { get($0).cost },
        ]
    }

    static let report: Shape<SumReport<EnrichmentSums>> = SumReport.shape(
        "EnrichmentReport", .object("EnrichmentGroup", SumGroup.placeFields + members { $0.sums }),
        .object("EnrichmentSums", members { $0 }))

    mutating func add(_ other: EnrichmentSums) {
        records += other.records
        found += other.found
        cached += other.cached
        notFound += other.notFound
        exhausted += other.exhausted
        skipped += other.skipped
        failed += other.failed
        cost += other.cost
    }
}

extension CreditSums {
    private static func members<Value>(_ get: @escaping @Sendable (Value) -> CreditSums) -> [Field<Value>] {
        [
            Field("transactions", .integer, "Of every type.") { get($0).transactions },
            Field("spent", .integer, "Debits and captures.") { get($0).spent },
            Field("refunded", .integer, "Given back of what was spent.") { get($0).refunded },
            Field("added", .integer, "Purchases and bonuses.") { get($0).added },
            Field("expired", .integer, "Gone unused.") { get($0).expired },
        ]
    }

    static let report: Shape<SumReport<CreditSums>> = SumReport.shape(
        "CreditReport", .object("CreditGroup", SumGroup.placeFields + members { $0.sums }),
        .object("CreditSums", members { $0 }))

    mutating func add(_ other: CreditSums) {
        transactions += other.transactions
        added += other.added
        spent += other.spent
        refunded += other.refunded
        expired += other.expired
    }
}

/// From what jobs were asked to what was found, and at what price.
struct Funnel: Sendable {
    let range: AnalyticsRange
    let sums: EnrichmentSums

    /// Thousandths of a credit for each, rounded down; nil when there is none.
    static func milli(_ credits: Int64, for count: Int64) -> Int64? {
        count > 0 ? Int64(clamping: Int128(credits) * 1000 / Int128(count)) : nil
    }

    static let shape: Shape<Funnel> = .object(
        "Funnel", Field("from", .timestamp, "The range begins.") { $0.range.from },
        Field("to", .timestamp, "It ends before this.") { $0.range.to },
        Field("records", .integer, "Records of jobs; one that two jobs were about counts twice.") {
            $0.sums.records
        },
        Field("fields", .integer, "Fields of them that came to an end.") { $0.sums.results },
        Field("attempted", .integer, "Of these, where somebody was asked or the answer was known.") {
            $0.sums.results - $0.sums.skipped
        },
        Field("found", .integer, "Of these, found, or known from before.") { $0.sums.found + $0.sums.cached },
        Field("paid", .integer, "Of these, paid for.") { $0.sums.found },
        Field("credits", .integer, "What they cost.") { $0.sums.cost },
        Field(
            "milliCreditsPerFound", Shape.integer.nullable,
            "Thousandths of a credit for each that was found or known; null when there is none."
        ) { milli($0.sums.cost, for: $0.sums.found + $0.sums.cached) })
}

/// How well a provider serves a workspace.
struct ProviderReport: Sendable {
    var provider: String
    var calls: [CallCount] = []
    /// Fields that were found by it and paid for.
    var hits: Int64 = 0
    var credits: Int64 = 0
    var openings: Int64 = 0

    func count(_ outcome: ProviderCall.Outcome) -> Int64 {
        calls.filter { $0.call.outcome == outcome }.reduce(0) { $0 + $1.count }
    }

    var total: Int64 { calls.reduce(0) { $0 + $1.count } }

    /// In ten-thousandths of one, rounded down.
    var successRate: Double? {
        let (total, failed) = (total, count(.failed))
        return total > 0 ? Double((total - failed) * 10_000 / total) / 10_000 : nil
    }

    /// The duration that so many in a hundred calls do not exceed, by the nearest rank; nil without calls.
    func percentile(_ percent: Int64) -> Int64? {
        let rank = (total * percent + 99) / 100
        var seen: Int64 = 0
        for entry in calls.sorted(by: { $0.call.milliseconds < $1.call.milliseconds }) {
            seen += entry.count
            if seen >= rank { return entry.call.milliseconds }
        }
        return nil
    }

    static let shape: Shape<ProviderReport> = .object(
        "ProviderReport", Field("provider", .string, "Its slug.") { $0.provider },
        Field("calls", .integer, "Questions that it was asked, each with its retries.") { $0.total },
        Field("found", .integer, "It knew something.") { $0.count(.found) },
        Field("notFound", .integer, "It knew nothing.") { $0.count(.notFound) },
        Field("failed", .integer, "It failed, or its answer was none.") { $0.count(.failed) },
        Field(
            "successRate", Shape.number.nullable,
            "Share of the questions that it answered, from 0 to 1; null when there is none."
        ) { $0.successRate },
        Field("p50Ms", Shape.integer.nullable, "Half of them took no longer; to two digits.") {
            $0.percentile(50)
        },
        Field("p95Ms", Shape.integer.nullable, "19 of 20 took no longer; to two digits.") {
            $0.percentile(95)
        },
        Field("hits", .integer, "Fields that it has found and that were paid for.") { $0.hits },
        Field("credits", .integer, "What they cost.") { $0.credits },
        Field("milliCreditsPerHit", Shape.integer.nullable, "Thousandths of a credit for each.") {
            Funnel.milli($0.credits, for: $0.hits)
        },
        Field("breakerOpenings", .integer, "How often its circuit has opened.") { $0.openings })

    static let list: Shape<[ProviderReport]> = .object(
        "ProviderReports",
        Field("providers", shape.list, "Those that were asked or have failed, by their slugs.") { $0 })
}

/// A row that the store has refused for good.
struct DeadLetter: Sendable {
    let id: UUID
    let workspaceID: UUID
    let transactionID: UUID?
    let jobID: UUID?
    let task: Int64?
    let reason: String
    let createdAt: Timestamp

    /// From the columns of ``Replication/listDeadLetters``.
    init(_ row: borrowing RowReader) throws {
        id = try row.get(0)
        workspaceID = try row.get(1)
        transactionID = try row.getOptional(2)
        jobID = try row.getOptional(3)
        task = try row.getOptional(4)
        reason = try row.get(5)
        createdAt = try row.get(6)
    }

    static let shape: Shape<DeadLetter> = .object(
        "DeadLetter", Field("id", .uuid, "For `admin.deadLetters.replay`.") { $0.id },
        Field("workspaceId", .uuid, "Whose.") { $0.workspaceID },
        Field("transactionId", Shape.uuid.nullable, "The credit transaction that it tells of.") {
            $0.transactionID
        },
        Field("jobId", Shape.uuid.nullable, "The job whose result it tells of.") { $0.jobID },
        Field("task", Shape.integer.nullable, "Its number in the job.") { $0.task },
        Field("reason", .string, "What the store said.") { $0.reason },
        Field("createdAt", .timestamp, "When.") { $0.createdAt })
}
