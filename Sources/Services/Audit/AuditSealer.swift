import Identifiers
import Postgres
import Resilience
import Synchronization

/// Seals what has been added to the trail, some seconds behind and in batches: whoever adds a row waits for nobody. Of several daemons on
/// one database one seals at a time.
public final class AuditSealer: Sendable {
    /// How far the trail reached at a moment, and which transactions might still add to that part of it.
    private struct Horizon: Sendable {
        let lastSeq: Int64
        /// Every transaction that runs now has a number below this one.
        let endOfRunning: Int64
        /// Every transaction below this one has ended.
        let ended: Int64
        let seen: UInt64
    }

    private let candidate = Mutex<Horizon?>(nil)

    static let batch = 2000
    /// A transaction may have drawn its `seq` a moment before it got its number.
    private let settlingNanoseconds: UInt64

    public convenience init() {
        self.init(settlingNanoseconds: 10_000_000_000)
    }

    init(settlingNanoseconds: UInt64) {
        self.settlingNanoseconds = settlingNanoseconds
    }

    /// Seals one batch. - Returns: how many rows; as many as ``batch`` when there may be more.
    public func step(_ tx: borrowing Transaction) throws -> Int {
        tx.enterEveryWorkspace()
        guard try tx.one(AuditChain.tryLock, AdvisoryLock.sealing) else { return 0 }
        let head =
            try tx.first(AuditChain.getHead)
            ?? AuditChain.Head(number: 0, seal: AuditChain.origin, settled: 0)
        let horizon = try horizon(tx)
        let rows = try tx.all(AuditChain.listUnsealedRows, head.settled, AuditSealer.batch)
        let isComplete = rows.count < AuditSealer.batch
        guard let last = rows.last else {
            // Nothing is written for the sake of a bound that the next batch brings along.
            _ = settle(horizon, isComplete: true)
            return 0
        }
        var seals: [UInt8] = []
        var previous = head.seal
        for row in rows {
            previous = try AuditChain.seal(row: row.canonical, after: previous)
            seals += previous
        }
        // Of a batch that is full, what comes before its last row is sealed by now.
        let settled = settle(horizon, isComplete: isComplete).map { min($0, isComplete ? .max : last.seq) }
        tx.queue(
            AuditChain.insertSeals, head.number, IntegerArray(rows.map(\.seq)), seals,
            max(head.settled, settled ?? 0), expecting: rows.count)
        return rows.count
    }

    private func horizon(_ tx: borrowing Transaction) throws -> Horizon {
        // In this order: whoever could still add up to the last row runs when the snapshot is taken, or has ended.
        let last = try tx.one(AuditChain.getLastSeq)
        let snapshot = try tx.one(AuditChain.getSnapshot)
        return Horizon(
            lastSeq: last, endOfRunning: snapshot.endOfRunning, ended: snapshot.ended,
            seen: MonotonicClock.now)
    }

    /// The seq up to which nothing can be added any more, when a horizon that was seen earlier has been passed by now.
    private func settle(_ horizon: Horizon, isComplete: Bool) -> Int64? {
        candidate.withLock { candidate in
            guard let earlier = candidate else {
                candidate = horizon
                return nil
            }
            guard horizon.ended >= earlier.endOfRunning, horizon.seen - earlier.seen >= settlingNanoseconds
            else { return nil }
            if isComplete { candidate = horizon }
            return earlier.lastSeq
        }
    }

}
