import Identifiers
import Postgres
import Resilience
import Synchronization

/// Analytics in a second PostgreSQL: what `rpcd dev` brings up by itself, and enough for a few million rows.
public final class PostgresAnalytics: AnalyticsStore {
    public let name = "analytics"
    public let setting = "RPCD_ANALYTICS_URL"
    private let pool: Pool
    private let avoided = Mutex<String?>(nil)

    /// Sums that one question may have, in rows.
    static let mostSums = 200_000
    private static let connections = 4
    private static let deleteAtOnce = 10_000

    /// - Parameter conninfo: of a database that `migrations/analytics` were applied to.
    public init(conninfo: String) {
        pool = Pool(PoolConfiguration(conninfo: conninfo, size: PostgresAnalytics.connections))
    }

    public func close() { pool.close(within: 1) }

    public func systemIdentifier() async throws(AnalyticsFailure) -> String {
        try await run(Unattended(seconds: 5), wherever: true) {
            try $0.one(PostgresAnalytics.getSystemIdentifier)
        }
    }

    public func avoid(instance: String) { avoided.withLock { $0 = instance } }

    public func insert(_ batch: AnalyticsBatch, token: String) async throws(AnalyticsFailure) {
        try await run(Unattended(seconds: 30)) { tx in
            // In the order of the key, so that two that write wait in one direction only.
            let rows = PostgresAnalytics.lasts(
                batch.enrichment.sorted { ($0.key, $0.isVoid ? 1 : 0) < ($1.key, $1.isVoid ? 1 : 0) },
                key: \.key)
            if !rows.isEmpty {
                tx.queue(
                    PostgresAnalytics.insertEnrichment, UUIDArray(rows.map(\.key.workspaceID)),
                    TextArray(rows.map(\.key.at)), UUIDArray(rows.map(\.key.jobID)),
                    IntegerArray(rows.map(\.key.seq)), UUIDArray(rows.map(\.recordID)),
                    TextArray(rows.map(\.field)), TextArray(rows.map(\.isFirstField)),
                    TextArray(rows.map(\.status)), TextArray(rows.map(\.provider)),
                    IntegerArray(rows.map(\.cost)), TextArray(rows.map(\.confidence)),
                    IntegerArray(rows.map(\.attempts)), TextArray(rows.map { ProviderCall.text($0.calls) }),
                    TextArray(rows.map(\.isVoid)), batch.keptSeconds)
            }
            let credits = PostgresAnalytics.lasts(batch.credits.sorted { $0.key < $1.key }, key: \.key)
            if !credits.isEmpty {
                tx.queue(
                    PostgresAnalytics.insertCredits, UUIDArray(credits.map(\.key.workspaceID)),
                    TextArray(credits.map(\.key.at)), UUIDArray(credits.map(\.key.id)),
                    TextArray(credits.map(\.type)), IntegerArray(credits.map(\.amount)),
                    TextArray(credits.map(\.source)), TextArray(credits.map(\.provider)), batch.keptSeconds)
            }
        }
    }

    /// Of rows with the same key, which stand together, the last: one statement may not change a row twice.
    private static func lasts<Row, Key: Equatable>(_ rows: [Row], key: (Row) -> Key) -> [Row] {
        zip(rows, rows.dropFirst().map(Optional.some) + [nil]).compactMap { row, next in
            next.map(key) == key(row) ? nil : row
        }
    }

    public func erase(_ erasures: [Erasure]) async throws(AnalyticsFailure) {
        try await run(Unattended(seconds: 60)) { tx in
            let records = erasures.compactMap { erasure in erasure.recordID.map { (erasure.workspaceID, $0) }
            }
            let workspaces = erasures.filter { $0.recordID == nil }.map(\.workspaceID)
            if !records.isEmpty {
                tx.queue(
                    PostgresAnalytics.eraseRecords, UUIDArray(records.map(\.0)), UUIDArray(records.map(\.1)))
            }
            if !workspaces.isEmpty { tx.queue(PostgresAnalytics.eraseWorkspaces, UUIDArray(workspaces)) }
        }
    }

    public func enrichment(_ question: EnrichmentQuestion, _ bound: any Interruptible)
        async throws(AnalyticsFailure) -> [EnrichmentSums]
    {
        let sums = try await read(bound) { tx in
            try tx.all(
                PostgresAnalytics.sumEnrichment, question.workspaceID, question.range.from, question.range.to,
                question.grouping.name, IntegerArray(question.grouping.bounds), question.provider,
                question.field, question.jobID, PostgresAnalytics.mostSums + 1)
        }
        return try PostgresAnalytics.bounded(sums)
    }

    public func credits(_ question: CreditQuestion, _ bound: any Interruptible)
        async throws(AnalyticsFailure) -> [CreditSums]
    {
        let sums = try await read(bound) { tx in
            try tx.all(
                PostgresAnalytics.sumCredits, question.workspaceID, question.range.from, question.range.to,
                question.grouping.name, IntegerArray(question.grouping.bounds), question.provider,
                question.source, PostgresAnalytics.mostSums + 1)
        }
        return try PostgresAnalytics.bounded(sums)
    }

    public func calls(_ question: EnrichmentQuestion, _ bound: any Interruptible)
        async throws(AnalyticsFailure) -> [CallCount]
    {
        let counts = try await read(bound) { tx in
            try tx.all(
                PostgresAnalytics.countCalls, question.workspaceID, question.range.from, question.range.to,
                question.provider, question.field, question.jobID, PostgresAnalytics.mostSums + 1)
        }
        return try PostgresAnalytics.bounded(counts).compactMap { $0 }
    }

    public func enrichmentRows(
        _ question: EnrichmentQuestion, after: EnrichmentRow.Key?, limit: Int, _ bound: any Interruptible
    ) async throws(AnalyticsFailure) -> [EnrichmentRow] {
        try await read(bound) { tx in
            try tx.all(
                PostgresAnalytics.listEnrichment, question.workspaceID, question.range.from,
                question.range.to, question.provider, question.field, question.jobID,
                after?.at ?? Timestamp(seconds: 0), after?.jobID ?? .zero, after?.seq ?? -1, limit)
        }
    }

    public func creditRows(
        _ question: CreditQuestion, after: CreditRow.Key?, limit: Int, _ bound: any Interruptible
    ) async throws(AnalyticsFailure) -> [CreditRow] {
        try await read(bound) { tx in
            try tx.all(
                PostgresAnalytics.listCredits, question.workspaceID, question.range.from, question.range.to,
                question.provider, question.source, after?.at ?? Timestamp(seconds: 0), after?.id ?? .zero,
                limit)
        }
    }

    public func daySums(
        _ dataset: AnalyticsDataset, of workspaces: [UUID], from day: Int64, _ bound: any Interruptible
    ) async throws(AnalyticsFailure) -> [DaySums] {
        let statement =
            switch dataset {
            case .enrichment: PostgresAnalytics.sumEnrichmentDays
            case .credits: PostgresAnalytics.sumCreditDays
            }
        let sums = try await read(bound) { tx in
            try tx.all(
                statement, UUIDArray(workspaces), Timestamp(seconds: day * 86_400),
                PostgresAnalytics.mostSums + 1)
        }
        return try PostgresAnalytics.bounded(sums)
    }

    public func workspaces(
        _ dataset: AnalyticsDataset, after: UUID?, limit: Int, _ bound: any Interruptible
    ) async throws(AnalyticsFailure) -> [UUID] {
        let statement =
            switch dataset {
            case .enrichment: PostgresAnalytics.listEnrichmentWorkspaces
            case .credits: PostgresAnalytics.listCreditWorkspaces
            }
        return try await read(bound) { try $0.all(statement, after, limit) }
    }

    public func forgetSent() {}

    /// Reports read the rows.
    public func sumUp() async throws(AnalyticsFailure) -> Bool { false }

    public func deleteOld() async throws(AnalyticsFailure) {
        for statement in [PostgresAnalytics.deleteOldEnrichment, PostgresAnalytics.deleteOldCredits] {
            repeat {
            } while try await run(
                Unattended(seconds: 30), .readCommitted,
                { tx in
                    tx.queue(PostgresAnalytics.allowReading)
                    return try tx.execute(statement, PostgresAnalytics.deleteAtOnce)
                }) == PostgresAnalytics.deleteAtOnce
        }
    }

    // MARK: running

    private static func bounded<Row>(_ rows: [Row]) throws(AnalyticsFailure) -> [Row] {
        guard rows.count <= mostSums else {
            throw AnalyticsFailure(.tooMuch, "more than \(mostSums) sums")
        }
        return rows
    }

    private func read<Value: Sendable>(
        _ bound: any Interruptible, _ body: @escaping @Sendable (borrowing Transaction) throws -> Value
    ) async throws(AnalyticsFailure) -> Value {
        try await run(bound, .readOnly) { tx in
            tx.queue(PostgresAnalytics.allowReading)
            tx.queue(PostgresAnalytics.boundMemory)
            return try body(tx)
        }
    }

    /// - Parameter wherever: also on the instance to avoid.
    private func run<Value: Sendable>(
        _ bound: any Interruptible, _ options: TransactionOptions = .readCommitted, wherever: Bool = false,
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Value
    ) async throws(AnalyticsFailure) -> Value {
        let avoided = wherever ? nil : avoided.withLock { $0 }
        let result = await withCheckedContinuation { continuation in
            pool.transaction(bound, options) { tx in
                // Each time: a connection is made anew whenever one breaks, and the server may be another one by then.
                if let avoided { tx.queue(PostgresAnalytics.leave, avoided) }
                return try body(tx)
            } completion: {
                continuation.resume(returning: $0)
            }
        }
        switch result {
        case .success(let value): return value
        case .failure(let error): throw AnalyticsFailure(error, of: "the analytics database")
        }
    }
}

extension AnalyticsFailure {
    /// What an error of PostgreSQL means for whoever asked.
    init(_ error: any Error, of place: String) {
        guard let error = error as? PostgresError else {
            self.init(.unavailable, "\(place): \(error)")
            return
        }
        switch error.kind {
        case .interrupted: self.init(.interrupted, "\(place): \(error)")
        case .server(let state) where state == .queryCanceled:
            self.init(.tooMuch, "\(place): \(error)")
        // Data that does not fit, and what violates a constraint.
        case .server(let state) where ["22", "23"].contains { state.rawValue.hasPrefix($0) }:
            self.init(.refused, "\(place): \(error)")
        case .parameter: self.init(.refused, "\(place): \(error)")
        default: self.init(.unavailable, "\(place): \(error)")
        }
    }
}

extension Grouping {
    /// As the statements know it.
    var name: String {
        switch self {
        case .none, .time: ""
        case .provider: "provider"
        case .field: "field"
        case .source: "source"
        }
    }

    var bounds: [Int64] {
        guard case .time(let bounds) = self else { return [] }
        return bounds
    }
}

extension EnrichmentRow.Key: Comparable {
    public static func < (left: Self, right: Self) -> Bool {
        (left.workspaceID, left.at, left.jobID, left.seq)
            < (right.workspaceID, right.at, right.jobID, right.seq)
    }
}

extension CreditRow.Key: Comparable {
    public static func < (left: Self, right: Self) -> Bool {
        (left.workspaceID, left.at, left.id) < (right.workspaceID, right.at, right.id)
    }
}
