import AnalyticsStores
import Identifiers
import Postgres
import Resilience
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
    private let page: Int
    private let run = Mutex<Run?>(nil)

    /// A turn: what is new is not kept waiting.
    private static let turnNanoseconds: UInt64 = 1_000_000_000

    /// - Parameter page: rows looked at at once.
    init(pool: Pool, page: Int) {
        self.pool = pool
        self.page = page
    }

    func forget() { run.withLock { $0 = nil } }

    /// Goes on with it, where anything is missing.
    func step(_ delivery: Delivery) async throws {
        guard var run = try await begin(delivery.store) else { return }
        var delivery = delivery
        // Rows that are sent once more because the store has lost them are no repetition.
        delivery.occasion = run.changedAt
        let end = MonotonicClock.now + Refill.turnNanoseconds
        repeat {
            let items: [Replication.Item]
            (items, run) = run.ledger != nil ? try await ledgerPage(run) : try await resultPage(run)
            let refusals = try await delivery.send(items)
            run.done += Int64(items.count)
            let state = run
            try await pool.upkeep { tx in
                tx.enterEveryWorkspace()
                Replication.note(refusals, in: tx)
                if state.isDone {
                    tx.queue(Replication.closeGap, state.changedAt, state.done)
                } else {
                    tx.queue(
                        Replication.noteProgress, state.done, max(state.total, state.done), state.changedAt)
                }
            }
            self.run.withLock { $0 = state.isDone ? nil : state }
        } while !run.isDone && !Task.isCancelled && MonotonicClock.now < end
    }

    /// - Returns: nil when nothing is missing.
    private func begin(_ store: any AnalyticsStore) async throws -> Run? {
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
            return try tx.one(Replication.estimateAll)
        }
        store.forgetSent()
        return Run(changedAt: gap.changedAt, since: since, total: total)
    }

    private func ledgerPage(_ run: Run) async throws -> ([Replication.Item], Run) {
        guard let (workspace, seq) = run.ledger else { return ([], run) }
        let rows = try await pool.upkeep { [page] tx in
            tx.enterEveryWorkspace()
            return try tx.all(Replication.listLedger, workspace, seq, page)
        }
        var run = run
        run.ledger = rows.count == page ? rows.last.map { ($0.row.key.workspaceID, $0.seq) } : nil
        return (rows.filter { $0.row.key.at >= run.since }.map { .credit($0.row) }, run)
    }

    private func resultPage(_ run: Run) async throws -> ([Replication.Item], Run) {
        guard let (job, seq) = run.results else { return ([], run) }
        let (items, last) = try await pool.upkeep { [page] tx -> ([Replication.Item], (UUID, Int64)?) in
            tx.enterEveryWorkspace()
            let end = try tx.first(Replication.getPageEnd, job, seq, page)
            let results = try tx.all(
                Replication.listResultsSince, job, seq, end?.0, end?.1 ?? 0, run.since, page)
            let names = try Replication.fieldNames(of: results, in: tx)
            let items = results.compactMap { result in
                names.name(of: result).map { Replication.Item.enrichment(result.row(named: $0)) }
            }
            // What has come in between may have filled the last page.
            let more = results.count == page ? results.last.map { ($0.key.jobID, $0.key.seq) } : nil
            return (items, end ?? more)
        }
        var run = run
        run.results = last
        return (items, run)
    }
}
