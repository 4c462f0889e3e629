import ClickHouse
import Identifiers
import JSON
import Postgres
import Resilience
import Synchronization

/// Analytics in ClickHouse.
public final class ClickHouseAnalytics: AnalyticsStore {
    public let name = "clickhouse"
    public let setting = "RPCD_CLICKHOUSE_URL"
    let client: ClickHouseClient
    let settling: Settling
    let marks = Mutex(Marks())
    /// Of ``sumUp()``: fewer after it was too much.
    let slotsAtOnce: Mutex<Int>
    /// Since ``deleteOld()`` was called; at first nobody knows.
    private let hasErased = Mutex(true)

    /// Sums that one question may have, in rows.
    static let mostSums = 200_000
    private static let insertMs = 20_000
    private static let eraseMs = 50_000
    private static let identityMs = 5_000
    /// More are erased at once by several statements.
    private static let erasuresAtOnce = 500

    /// - Parameter client: of a database that `migrations/clickhouse` were applied to. It is closed with this.
    public init(_ client: ClickHouseClient, _ settling: Settling = Settling()) {
        self.client = client
        self.settling = settling
        slotsAtOnce = Mutex(settling.slotsAtOnce)
    }

    public func close() { client.close() }

    public func systemIdentifier() async throws(AnalyticsFailure) -> String {
        do throws(ClickHouseFailure) {
            return try await client.identity(milliseconds: ClickHouseAnalytics.identityMs).serverUUID
                .description
        } catch {
            throw AnalyticsFailure(error, inserting: false)
        }
    }

    // MARK: writing

    public func insert(_ batch: AnalyticsBatch, token: String) async throws(AnalyticsFailure) {
        var enrichment = JSONLines()
        for row in batch.enrichment { enrichment.append(row, keptSeconds: batch.keptSeconds) }
        var credits = JSONLines()
        for row in batch.credits { credits.append(row, keptSeconds: batch.keptSeconds) }
        do throws(ClickHouseFailure) {
            try await mark(batch)
            try await client.insert(
                into: ClickHouseAnalytics.enrichmentTable, rows: enrichment.bytes, token: token,
                milliseconds: ClickHouseAnalytics.insertMs)
            try await client.insert(
                into: ClickHouseAnalytics.creditsTable, rows: credits.bytes, token: token,
                milliseconds: ClickHouseAnalytics.insertMs)
        } catch {
            throw AnalyticsFailure(error, inserting: true)
        }
    }

    /// It speaks another protocol than the database of the transactions, which so cannot answer in its place.
    public func avoid(instance: String) {}

    public func forgetSent() { marks.withLock { $0 = Marks() } }

    /// The rows cannot be read any more when this returns; from the disk they go with ``deleteOld()``, or the next merge of their part.
    public func erase(_ erasures: [Erasure]) async throws(AnalyticsFailure) {
        let workspaces = erasures.filter { $0.recordID == nil }.map(\.workspaceID)
        let records = erasures.compactMap { erasure in erasure.recordID.map { (erasure.workspaceID, $0) } }
        do throws(ClickHouseFailure) {
            hasErased.withLock { $0 = true }
            for some in workspaces.chunks(of: ClickHouseAnalytics.erasuresAtOnce) {
                for statement in [
                    ClickHouseAnalytics.eraseWorkspaces, ClickHouseAnalytics.eraseEnrichmentSums,
                    ClickHouseAnalytics.eraseCallSums,
                ] {
                    try await client.execute(
                        statement, [.uuids("workspaces", Array(some))],
                        milliseconds: ClickHouseAnalytics.eraseMs)
                }
            }
            if !workspaces.isEmpty { forgetSent() }
            for some in records.chunks(of: ClickHouseAnalytics.erasuresAtOnce) {
                try await eraseRecords(some)
            }
        } catch {
            throw AnalyticsFailure(error, inserting: false)
        }
    }

    private func eraseRecords(_ some: ArraySlice<(UUID, UUID)>) async throws(ClickHouseFailure) {
        let parameters: [ClickHouseParameter] = [
            .uuids("workspaces", Array(Set(some.map(\.0)))), .uuids("records", some.map(\.1)),
        ]
        // One alone has no half, wherever it lies.
        let most = some.count > 1 ? ClickHouseAnalytics.mostErased : ClickHouseAnalytics.mostErasedOfOne
        guard try await markErased(parameters, atMost: most) else {
            // They lie in too many places for once.
            for half in Array(some).chunks(of: (some.count + 1) / 2) { try await eraseRecords(half) }
            return
        }
        try await client.execute(
            ClickHouseAnalytics.eraseRecords, parameters, milliseconds: ClickHouseAnalytics.eraseMs)
    }

    /// Old rows ClickHouse removes itself (TTL of the tables).
    public func deleteOld() async throws(AnalyticsFailure) {
        guard hasErased.withLock({ $0 }) else { return }
        do throws(ClickHouseFailure) {
            for statement in ClickHouseAnalytics.applyErasures {
                try await client.execute(statement, milliseconds: ClickHouseAnalytics.eraseMs)
            }
        } catch {
            throw AnalyticsFailure(error, inserting: false)
        }
        hasErased.withLock { $0 = false }
    }

    // MARK: reading

    public func enrichment(_ question: EnrichmentQuestion, _ bound: any Interruptible)
        async throws(AnalyticsFailure) -> [EnrichmentSums]
    {
        let sums: [SumKey: EnrichmentSums] = try await addUp(
            .enrichment, question.range, isSummed: question.jobID == nil,
            kept: ClickHouseAnalytics.sumEnrichmentSums, rows: ClickHouseAnalytics.sumEnrichmentRows,
            question.parameters + question.grouping.parameters, bound
        ) { row throws(ClickHouseFailure) in
            let key = SumKey(name: try row.text(1), start: try row.integer(2))
            return (
                key,
                EnrichmentSums(
                    key: key, records: try row.integer(3), found: try row.integer(4),
                    cached: try row.integer(5), notFound: try row.integer(6), exhausted: try row.integer(7),
                    skipped: try row.integer(8), failed: try row.integer(9), cost: try row.integer(10))
            )
        } add: {
            $0 += $1
        }
        return Array(sums.values)
    }

    public func credits(_ question: CreditQuestion, _ bound: any Interruptible)
        async throws(AnalyticsFailure) -> [CreditSums]
    {
        let sums: [SumKey: CreditSums] = try await addUp(
            .credits, question.range, isSummed: true, kept: ClickHouseAnalytics.sumCreditSums,
            rows: ClickHouseAnalytics.sumCreditRows, question.parameters + question.grouping.parameters,
            bound
        ) { row throws(ClickHouseFailure) in
            let key = SumKey(name: try row.text(1), start: try row.integer(2))
            return (
                key,
                CreditSums(
                    key: key, transactions: try row.integer(3), added: try row.integer(4),
                    spent: try row.integer(5), refunded: try row.integer(6), expired: try row.integer(7))
            )
        } add: {
            $0 += $1
        }
        return Array(sums.values)
    }

    public func calls(_ question: EnrichmentQuestion, _ bound: any Interruptible)
        async throws(AnalyticsFailure) -> [CallCount]
    {
        let counts: [ProviderCall: Int64] = try await addUp(
            .calls, question.range, isSummed: question.jobID == nil,
            kept: ClickHouseAnalytics.countCallSums, rows: ClickHouseAnalytics.countCallRows,
            question.parameters, bound
        ) { row throws(ClickHouseFailure) in
            guard let outcome = ProviderCall.Outcome(rawValue: try row.text(2)) else { return nil }
            return (
                ProviderCall(provider: try row.text(1), outcome: outcome, milliseconds: try row.integer(3)),
                try row.integer(4)
            )
        } add: {
            $0 += $1
        }
        return counts.map { CallCount(call: $0, count: $1) }
    }

    public func enrichmentRows(
        _ question: EnrichmentQuestion, after: EnrichmentRow.Key?, limit: Int, _ bound: any Interruptible
    ) async throws(AnalyticsFailure) -> [EnrichmentRow] {
        let place: [ClickHouseParameter] = [
            .moment("lastAt", after?.at ?? Timestamp(seconds: 0)), .uuid("lastJob", after?.jobID ?? .zero),
            .integer("lastSeq", after?.seq ?? -1), .limit(limit),
        ]
        let rows = try await ask(ClickHouseAnalytics.listEnrichment, question.parameters + place, bound)
        return try decode(rows) { row throws(ClickHouseFailure) in
            try EnrichmentRow(row, of: question.workspaceID)
        }
    }

    public func creditRows(
        _ question: CreditQuestion, after: CreditRow.Key?, limit: Int, _ bound: any Interruptible
    ) async throws(AnalyticsFailure) -> [CreditRow] {
        let place: [ClickHouseParameter] = [
            .moment("lastAt", after?.at ?? Timestamp(seconds: 0)), .uuid("lastID", after?.id ?? .zero),
            .limit(limit),
        ]
        let rows = try await ask(ClickHouseAnalytics.listCredits, question.parameters + place, bound)
        return try decode(rows) { row throws(ClickHouseFailure) in
            let provider = try row.text(4)
            return CreditRow(
                key: CreditRow.Key(
                    workspaceID: question.workspaceID, at: Timestamp(microseconds: try row.integer(0)),
                    id: try row.identifier(1)),
                type: try row.text(2), amount: try row.integer(3),
                provider: provider.isEmpty ? nil : provider)
        }
    }

    public func daySums(
        _ dataset: AnalyticsDataset, of workspaces: [UUID], from day: Int64, _ bound: any Interruptible
    ) async throws(AnalyticsFailure) -> [DaySums] {
        let statement =
            switch dataset {
            case .enrichment: ClickHouseAnalytics.sumEnrichmentDays
            case .credits: ClickHouseAnalytics.sumCreditDays
            }
        let rows = try await ask(
            statement,
            [
                .uuids("workspaces", workspaces), .moment("from", Timestamp(seconds: day * 86_400)),
                .limit(ClickHouseAnalytics.mostSums + 1),
            ], bound, rowsRead: .max)
        return try decode(rows) { row throws(ClickHouseFailure) in
            DaySums(
                key: DaySums.Key(workspaceID: try row.identifier(0), day: try row.integer(1)),
                rows: try row.integer(2), credits: try row.integer(3), outcome: try row.integer(4))
        }
    }

    public func workspaces(
        _ dataset: AnalyticsDataset, after: UUID?, limit: Int, _ bound: any Interruptible
    ) async throws(AnalyticsFailure) -> [UUID] {
        let statement =
            switch dataset {
            case .enrichment: ClickHouseAnalytics.listEnrichmentWorkspaces
            case .credits: ClickHouseAnalytics.listCreditWorkspaces
            }
        let rows = try await ask(
            statement, [.text("after", after?.description ?? ""), .limit(limit)], bound)
        return try decode(rows) { row throws(ClickHouseFailure) in try row.identifier(0) }
    }

    // MARK: running

    /// Ends with its bound, here and at the server.
    /// - Parameter rowsRead: for what has to read everything.
    func ask(
        _ sql: StaticString, _ parameters: [ClickHouseParameter], _ bound: any Interruptible,
        rowsRead: Int64? = nil
    ) async throws(AnalyticsFailure) -> [ClickHouseRow] {
        let now = MonotonicClock.now
        guard !bound.isInterrupted, now < bound.deadlineNanoseconds else {
            throw AnalyticsFailure(.interrupted, "ended before it was asked")
        }
        var limits = QueryLimits.within(
            milliseconds: Int(min((bound.deadlineNanoseconds - now) / 1_000_000 + 1, 3_000_000)))
        limits.rows = Int64(ClickHouseAnalytics.mostSums) + 1
        limits.answerBytes = 64 << 20
        if let rowsRead { (limits.rowsRead, limits.bytesRead) = (rowsRead, .max) }
        let task = Task { [client, limits] () -> Result<ClickHouseRows, ClickHouseFailure> in
            do throws(ClickHouseFailure) {
                return .success(try await client.query(sql, parameters, limits: limits))
            } catch {
                return .failure(error)
            }
        }
        bound.onInterruption { task.cancel() }
        switch await task.value {
        case .success(let rows):
            guard rows.count <= ClickHouseAnalytics.mostSums else {
                throw AnalyticsFailure(.tooMuch, "more than \(ClickHouseAnalytics.mostSums) sums")
            }
            return rows.rows
        case .failure(let error):
            let isOver = bound.isInterrupted || MonotonicClock.now >= bound.deadlineNanoseconds
            throw isOver
                ? AnalyticsFailure(.interrupted, "ClickHouse: \(error)")
                : AnalyticsFailure(error, inserting: false)
        }
    }

    func decode<Value>(
        _ rows: [ClickHouseRow], _ read: (ClickHouseRow) throws(ClickHouseFailure) -> Value
    ) throws(AnalyticsFailure) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(rows.count)
        do throws(ClickHouseFailure) {
            for row in rows { values.append(try read(row)) }
        } catch {
            throw AnalyticsFailure(error, inserting: false)
        }
        return values
    }
}
