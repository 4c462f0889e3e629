import AnalyticsStores
import Identifiers
import Postgres
import Synchronization

/// Reads anew what has gone missing on its way to the store of analytics, beside everything else, a page at a time. What the store has already
/// counts once all the same. When the daemon stops in the middle, the next one begins anew.
final class Refill: Sendable {
    private struct Run {
        var changedAt: Timestamp
        var since: Timestamp
        var total: Int64
        var done: Int64 = 0
        /// After which workspace and number of its ledger; nil when the ledger is done.
        var ledger: (UUID, Int64)? = (.zero, 0)
        var results: (UUID, Int64)? = (.zero, -1)

        var isDone: Bool { ledger == nil && results == nil }
    }

    private let pool: Pool
    private let keptSeconds: Int64
    private let run = Mutex<Run?>(nil)

    private static let page = 10_000
    /// Pages a turn: what is new is not kept waiting.
    private static let pagesATurn = 5

    init(pool: Pool, keptSeconds: Int64) {
        self.pool = pool
        self.keptSeconds = keptSeconds
    }

    func forget() { run.withLock { $0 = nil } }

    /// Goes on with it, where anything is missing.
    func step(to store: any AnalyticsStore) async throws {
        guard var run = try await begin() else { return }
        for _ in 0..<Refill.pagesATurn where !run.isDone && !Task.isCancelled {
            let items: [Replication.Item]
            (items, run) = run.ledger != nil ? try await ledgerPage(run) : try await resultPage(run)
            let batch = AnalyticsBatch(items, keptSeconds: keptSeconds)
            if !batch.isEmpty {
                try await store.insert(batch, token: try batch.token(occasion: run.changedAt))
            }
            run.done += Int64(items.count)
        }
        let state = run
        try await pool.upkeep { tx in
            tx.enterEveryWorkspace()
            if state.isDone {
                tx.queue(Replication.closeGap, state.changedAt, state.done)
            } else {
                tx.queue(Replication.noteProgress, state.done, max(state.total, state.done), state.changedAt)
            }
        }
        self.run.withLock { $0 = state.isDone ? nil : state }
    }

    /// - Returns: nil when nothing is missing.
    private func begin() async throws -> Run? {
        let gap = try await pool.upkeep { tx in
            tx.enterEveryWorkspace()
            return try tx.one(Replication.getGap)
        }
        guard let since = gap.since else {
            forget()
            return nil
        }
        if let known = run.withLock({ $0 }), known.changedAt == gap.changedAt { return known }
        let total = try await pool.upkeep { tx in
            tx.enterEveryWorkspace()
            return try tx.one(Replication.countSince, since)
        }
        return Run(changedAt: gap.changedAt, since: since, total: total)
    }

    private func ledgerPage(_ run: Run) async throws -> ([Replication.Item], Run) {
        guard let (workspace, seq) = run.ledger else { return ([], run) }
        let rows = try await pool.upkeep { tx in
            tx.enterEveryWorkspace()
            return try tx.all(Replication.listLedgerSince, workspace, seq, run.since, Refill.page)
        }
        var run = run
        run.ledger = rows.count == Refill.page ? rows.last.map { ($0.row.key.workspaceID, $0.seq) } : nil
        return (rows.map { Replication.Item(note: nil, row: .credit($0.row)) }, run)
    }

    private func resultPage(_ run: Run) async throws -> ([Replication.Item], Run) {
        guard let (job, seq) = run.results else { return ([], run) }
        let (items, last) = try await pool.upkeep { tx in
            tx.enterEveryWorkspace()
            let results = try tx.all(Replication.listResultsSince, job, seq, run.since, Refill.page)
            let names = try Replication.fieldNames(of: results, in: tx)
            let items = results.compactMap { result in
                names.name(of: result).map {
                    Replication.Item(note: nil, row: .enrichment(result.row(named: $0)))
                }
            }
            return (items, results.count == Refill.page ? results.last?.key : nil)
        }
        var run = run
        run.results = last.map { ($0.jobID, $0.seq) }
        return (items, run)
    }
}
