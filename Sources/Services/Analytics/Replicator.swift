import AnalyticsStores
import Identifiers
import Postgres
import RPC
import Resilience
import Synchronization

/// Sends what was noted to the store of analytics, and takes out of it what has to go. One daemon of those that share a database does it: the
/// one that holds the lock.
///
/// Notes are read as they are to be seen, the oldest first, and removed by their numbers when the store has confirmed them: a transaction that
/// commits late is read late, but none is passed over. What must go is read before the notes: what was noted before it has been sent by then,
/// and what is read afterwards is not there any more.
public final class Replicator: Sendable {
    public struct Settings: Sendable {
        /// Notes sent at once, at most.
        public var batch = 40_000
        /// Fewer are sent when the oldest is so old.
        public var batchAgeMicroseconds: Int64 = 500_000
        /// Notes that may wait; of more, that they were there is kept, and they are read anew.
        public var mostNotes: Int64 = 10_000_000
        /// How late a transaction that commits late is found: between two looks from the beginning only what is new is looked at.
        public var sweepNanoseconds: UInt64 = 1_000_000_000
        /// Rows looked at at once where what has gone missing is read anew.
        public var page = 10_000
        /// For how long rows are kept in the store.
        public var keptSeconds: Int64 = 730 * 86_400

        public init() {}
    }

    private struct State {
        /// Up to this number everything seen has been sent. What commits late is below it.
        var sent: Int64 = 0
        var sweepAt: UInt64 = 0
        var lookAt: UInt64 = 0
        var cleanAt: UInt64 = 0
        var sumUpAt: UInt64 = 0
        var isUseNoted = false
        var failures = 0
        /// When the first try of those began that failed one after the other.
        var failingSince: UInt64?
        var restUntil: UInt64 = 0
    }

    let store: (any AnalyticsStore)?
    let settings: Settings
    let metrics = ReplicationMetrics()
    private let pool: Pool
    let lock: SessionLock
    private let log: @Sendable (Notice) -> Void
    private let state = Mutex(State())
    /// Until something has been sent again, whoever's turn it is meanwhile.
    private let lastFailure = Mutex<(any Error)?>(nil)
    private let refill: Refill
    private let mayUse: @Sendable (any AnalyticsStore) async throws -> Void

    private static let erasuresAtOnce = 1000
    /// Of nothing but failures; then others may try.
    private static let patienceNanoseconds: UInt64 = 5_000_000_000
    private static let aheadNanoseconds: UInt64 = 5_000_000_000
    private static let dropsAtOnce = 10_000
    private static let lookNanoseconds: UInt64 = 1_000_000_000
    private static let cleanNanoseconds: UInt64 = 3_600_000_000_000
    private static let sumUpNanoseconds: UInt64 = 10_000_000_000
    private static let rest = Backoff(baseNanoseconds: 100_000_000, capNanoseconds: 3_000_000_000)

    /// - Parameters:
    ///   - store: nil where nobody keeps analytics: then notes are let go, and that there were some is kept.
    ///   - lock: held by one daemon.
    ///   - mayUse: throws while the store must not be used.
    init(
        pool: Pool, store: (any AnalyticsStore)?, lock: SessionLock, _ settings: Settings,
        mayUse: @escaping @Sendable (any AnalyticsStore) async throws -> Void,
        log: @escaping @Sendable (Notice) -> Void
    ) {
        self.pool = pool
        self.store = store
        self.lock = lock
        self.settings = settings
        self.mayUse = mayUse
        self.log = log
        refill = Refill(pool: pool, page: settings.page)
    }

    /// Does what there is to do, where it is this daemon's turn.
    func turn() async throws {
        metrics.isLeader.store(lock.isHeld, ordering: .relaxed)
        guard lock.isHeld else {
            forget()
            return try rest()
        }
        try await look()
        guard let store else {
            try await letGo()
            // Another daemon may have a store.
            return lock.yield()
        }
        let begun = MonotonicClock.now
        guard begun >= state.withLock({ $0.restUntil }) else { return try rest() }
        do {
            // Where it has just failed it is asked for something small first: that a store hangs is seen sooner so.
            if state.withLock({ $0.failures > 0 }) { _ = try await store.systemIdentifier() }
            try await mayUse(store)
            try await noteUse()
            try await send(to: store)
            if lock.isHeld { try await refill.step(delivery(to: store)) }
            if lock.isHeld { try await clean(store) }
            if lock.isHeld { try await sumUp(store) }
            state.withLock { ($0.failures, $0.failingSince) = (0, nil) }
            lastFailure.withLock { $0 = nil }
        } catch {
            store.forgetSent()
            var random = SystemRandomNumberGenerator()
            let isOver = state.withLock { state in
                let now = MonotonicClock.now
                state.restUntil =
                    now + Replicator.rest.delayNanoseconds(attempt: state.failures, using: &random)
                state.failures += 1
                let since = state.failingSince ?? begun
                let isOver = now - since >= Replicator.patienceNanoseconds
                state.failingSince = isOver ? now : since
                return isOver
            }
            metrics.failures.add(1, ordering: .relaxed)
            lastFailure.withLock { $0 = error }
            // Another daemon may have a way to the store.
            if isOver { lock.yield() }
            throw error
        }
    }

    /// A pause is no success: that it fails is told once.
    private func rest() throws {
        if let failure = lastFailure.withLock({ $0 }) { throw failure }
    }

    /// Whether it is this daemon's turn.
    var isMine: Bool { lock.isHeld }

    func close() { lock.close() }

    /// Another daemon's turn: what this one knew may be old when it comes back.
    private func forget() {
        state.withLock { $0 = State() }
        refill.forget()
    }

    // MARK: sending

    private struct Work: Sendable {
        let erasures: [Replication.DueErasure]
        let notes: [Replication.Note]
        let items: [Replication.Item]
        /// By the clock of this process.
        let readAt: UInt64
        /// There may be more to do at once.
        let isFull: Bool
    }

    /// Sends as long as there is something to send, and reads what comes next meanwhile.
    private func send(to store: any AnalyticsStore) async throws {
        var ahead: Work?
        while lock.isHeld, !Task.isCancelled {
            let now = MonotonicClock.now
            // What is read must not wait: by the time it is sent it may have been erased, by another daemon whose turn it is then.
            if let read = ahead, now - read.readAt > Replicator.aheadNanoseconds { ahead = nil }
            let next: Work?
            if let ahead { next = ahead } else { next = try await read(after: place(now)) }
            guard let work = next else { return }
            async let following = readAhead(of: work)
            try await deliver(work, to: store)
            ahead = try await following
            guard ahead != nil || work.isFull else { return }
        }
    }

    /// Behind which note to read: now and then from the beginning.
    private func place(_ now: UInt64) -> Int64 {
        state.withLock { state in
            guard now >= state.sweepAt else { return state.sent }
            state.sweepAt = now + settings.sweepNanoseconds
            return 0
        }
    }

    /// What comes behind `work`. Nothing where that takes something out of the store, or where it is time to look from the beginning: that is seen
    /// when `work` is done.
    private func readAhead(of work: Work) async throws -> Work? {
        guard work.isFull, work.erasures.isEmpty, let last = work.notes.last,
            MonotonicClock.now < state.withLock({ $0.sweepAt })
        else { return nil }
        return try await read(after: last.id)
    }

    private func read(after: Int64) async throws -> Work? {
        let limit = settings.batch
        let age = settings.batchAgeMicroseconds
        return try await pool.upkeep { tx -> Work? in
            tx.enterEveryWorkspace()
            let readAt = MonotonicClock.now
            let erasures = try tx.all(Replication.listErasures, Replicator.erasuresAtOnce)
            let notes = try tx.all(Replication.listNotes, after, limit)
            let now = Timestamp.now
            let isDue =
                notes.count == limit
                || notes.contains { now.microseconds - $0.createdAt.microseconds >= age }
            guard isDue || !erasures.isEmpty else { return nil }
            return Work(
                erasures: erasures, notes: notes, items: try Replication.items(of: notes, in: tx),
                readAt: readAt,
                isFull: notes.count == limit || erasures.count == Replicator.erasuresAtOnce)
        }
    }

    private func delivery(to store: any AnalyticsStore) -> Delivery {
        Delivery(
            store: store, keptSeconds: settings.keptSeconds, mayGoOn: { [lock] in lock.isHeld }, log: log)
    }

    private func deliver(_ work: Work, to store: any AnalyticsStore) async throws {
        let refused = try await delivery(to: store).send(work.items)
        if !work.erasures.isEmpty { try await store.erase(Array(Set(work.erasures.map(\.erasure)))) }
        try await confirm(work, refused)
        if let oldest = work.notes.first {
            metrics.sent(
                work.notes.count, ageMicroseconds: Timestamp.now.microseconds - oldest.createdAt.microseconds)
        }
        if let last = work.notes.last { state.withLock { $0.sent = max($0.sent, last.id) } }
    }

    private func confirm(_ work: Work, _ refused: [Delivery.Refusal]) async throws {
        try await pool.upkeep { tx in
            tx.enterEveryWorkspace()
            Replication.note(refused, in: tx)
            if !work.notes.isEmpty {
                tx.queue(Replication.deleteNotes, IntegerArray(work.notes.map(\.id)))
            }
            let (again, done) = (
                work.erasures.filter { !$0.isRepetition }.map(\.id),
                work.erasures.filter(\.isRepetition).map(\.id)
            )
            if !again.isEmpty { tx.queue(Replication.repeatErasures, IntegerArray(again)) }
            if !done.isEmpty { tx.queue(Replication.deleteErasures, IntegerArray(done)) }
        }
        metrics.deadLetters.add(refused.count, ordering: .relaxed)
    }

    private func clean(_ store: any AnalyticsStore) async throws {
        let now = MonotonicClock.now
        let isTime = state.withLock { state in
            guard now >= state.cleanAt else { return false }
            state.cleanAt = now + Replicator.cleanNanoseconds
            return true
        }
        if isTime { try await store.deleteOld() }
    }

    /// A part of it at a time: in between there may be something to send.
    private func sumUp(_ store: any AnalyticsStore) async throws {
        let now = MonotonicClock.now
        guard now >= state.withLock({ $0.sumUpAt }) else { return }
        let hasMore = try await store.sumUp()
        if !hasMore { state.withLock { $0.sumUpAt = MonotonicClock.now + Replicator.sumUpNanoseconds } }
    }

    // MARK: what waits

    /// Sees how much waits, and bounds it.
    private func look() async throws {
        let now = MonotonicClock.now
        let isTime = state.withLock { state in
            guard now >= state.lookAt else { return false }
            state.lookAt = now + Replicator.lookNanoseconds
            return true
        }
        guard isTime else { return }
        let backlog = try await pool.upkeep { tx in
            tx.enterEveryWorkspace()
            return try tx.one(Replication.getBacklog)
        }
        metrics.note(backlog)
        guard backlog.notes > settings.mostNotes else { return }
        let count = try await pool.upkeep { [settings] tx in
            tx.enterEveryWorkspace()
            return try tx.one(Replication.countNotes, settings.mostNotes + 1)
        }
        guard count > settings.mostNotes else { return }
        log(
            Notice(
                .analyticsDropped,
                "More than \(settings.mostNotes) notes wait for analytics: the oldest are dropped, and what they tell of is read anew when the store is back"
            ))
        // Down to nine tenths, so that this is not done again and again.
        var rest = count - settings.mostNotes / 10 * 9
        while rest > 0, lock.isHeld {
            let dropped = try await drop()
            guard dropped > 0 else { return }
            rest -= Int64(dropped)
        }
    }

    private func drop() async throws -> Int {
        try await pool.upkeep { tx in
            tx.enterEveryWorkspace()
            return try tx.one(Replication.dropNotes, Replicator.dropsAtOnce)
        }
    }

    /// From now on what has to go waits for a store.
    private func noteUse() async throws {
        guard !state.withLock(\.isUseNoted) else { return }
        try await pool.upkeep { tx in
            tx.enterEveryWorkspace()
            tx.queue(Replication.noteUse)
        }
        state.withLock { $0.isUseNoted = true }
    }

    /// This daemon has no store. What was noted can be read anew by one that has.
    private func letGo() async throws {
        while lock.isHeld, try await drop() == Replicator.dropsAtOnce {}
        for statement in [Replication.dropVoids, Replication.dropErasures] {
            repeat {
            } while try await pool.upkeep({ tx in
                tx.enterEveryWorkspace()
                return try tx.execute(statement, Replicator.dropsAtOnce)
            }) == Replicator.dropsAtOnce
        }
    }
}
