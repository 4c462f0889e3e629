import ClickHouse
import Identifiers
import Postgres
import Resilience
import Synchronization

/// Sums beside the rows, by slots of time. A slot is marked as changed before rows of it are sent or erased; when nothing was sent under a mark for
/// long enough, its sums are made anew from the rows, under a version that any later mark is newer than. A question takes the sums of what is not
/// marked and reads the rows of the rest.
///
/// So sums that are used are never older than the rows, whoever sends, dies, or sends again: all that is needed is that sending ends in time.
extension ClickHouseAnalytics {
    /// How marks and sums keep out of each other's way.
    public struct Settling: Sendable {
        /// A mark serves what is sent within so many seconds of it.
        public var reusedSeconds: UInt64 = 60
        /// A slot is summed up when its last mark is so old: older than what is sent under it can take. Sending ends after
        /// ``ClickHouseAnalytics/insertMs``, erasing after ``ClickHouseAnalytics/eraseMs``, each for two tables.
        public var settledSeconds: Int64 = 300
        /// Slots that are summed up by one statement, at most.
        public var slotsAtOnce = 500

        public init() {}

        /// For whoever sends and sums up in turn, and alone.
        public static var atOnce: Settling {
            var settling = Settling()
            settling.reusedSeconds = 0
            settling.settledSeconds = 0
            return settling
        }
    }

    /// One of the tables of sums.
    enum SumTable: CaseIterable {
        case enrichment, calls, credits

        /// In seconds.
        var slotLength: Int64 { self == .calls ? 86_400 : 900 }

        fileprivate var statements: (mark: StaticString, list: StaticString, sumUp: StaticString) {
            switch self {
            case .enrichment:
                (
                    ClickHouseAnalytics.markEnrichment, ClickHouseAnalytics.listChangedEnrichment,
                    ClickHouseAnalytics.sumUpEnrichment
                )
            case .calls:
                (
                    ClickHouseAnalytics.markCalls, ClickHouseAnalytics.listChangedCalls,
                    ClickHouseAnalytics.sumUpCalls
                )
            case .credits:
                (
                    ClickHouseAnalytics.markCredits, ClickHouseAnalytics.listChangedCredits,
                    ClickHouseAnalytics.sumUpCredits
                )
            }
        }
    }

    struct Slot: Hashable, Sendable {
        let table: SumTable
        let workspaceID: UUID
        /// When it begins, in seconds since 1970.
        let start: Int64

        init(_ table: SumTable, _ workspaceID: UUID, _ at: Timestamp) {
            self.table = table
            self.workspaceID = workspaceID
            start = at.seconds - (at.seconds % table.slotLength + table.slotLength) % table.slotLength
        }
    }

    /// When slots were marked last, by the clock of this process.
    struct Marks: Sendable {
        private var times: [Slot: UInt64] = [:]
        private static let most = 100_000

        /// Those of the slots that need a mark, with how long their rows are kept.
        func missing(_ slots: [Slot: Int64], reusedNanoseconds: UInt64) -> [Slot: Int64] {
            let now = MonotonicClock.now
            return slots.filter { slot, _ in times[slot].map { now >= $0 + reusedNanoseconds } ?? true }
        }

        /// - Parameter time: from before the marks were sent.
        mutating func note(_ slots: some Sequence<Slot>, at time: UInt64) {
            if times.count > Marks.most { times = [:] }
            for slot in slots { times[slot] = time }
        }
    }

    private static let markMs = 20_000
    private static let sumUpMs = 30_000
    private static let marksAtOnce = 2000
    private static let markAllNanoseconds: UInt64 = 60_000_000_000
    /// Slots of time that one erasure touches.
    static let mostErased: Int64 = 100_000
    /// More quarters of an hour than anybody keeps rows of.
    static let mostErasedOfOne: Int64 = 10_000_000

    /// Marks what the rows of a batch lie in.
    func mark(_ batch: AnalyticsBatch) async throws(ClickHouseFailure) {
        var slots: [Slot: Int64] = [:]
        // Most lie where the one before lies.
        var last: Slot?
        func add(_ slot: Slot) {
            guard slot != last else { return }
            last = slot
            slots[slot] = slot.start + slot.table.slotLength + batch.keptSeconds
        }
        for row in batch.enrichment { add(Slot(.enrichment, row.key.workspaceID, row.key.at)) }
        for row in batch.enrichment { add(Slot(.calls, row.key.workspaceID, row.key.at)) }
        for row in batch.credits { add(Slot(.credits, row.key.workspaceID, row.key.at)) }
        try await mark(slots)
    }

    /// Marks what the rows of records lie in that are to be erased.
    /// - Returns: false, and nothing is marked, where this is too much at once.
    func markErased(
        _ parameters: [ClickHouseParameter], atMost most: Int64
    ) async throws(ClickHouseFailure) -> Bool {
        var limits = QueryLimits.within(milliseconds: ClickHouseAnalytics.markMs)
        limits.rows = most + 1
        let rows = try await client.query(
            ClickHouseAnalytics.listErased,
            parameters + [.limit(Int(most) + 1)], limits: limits)
        guard rows.count <= most else { return false }
        var slots: [Slot: Int64] = [:]
        for row in rows.rows {
            let (workspace, at) = (try row.identifier(0), Timestamp(seconds: try row.integer(1)))
            for table in [SumTable.enrichment, .calls] {
                let slot = Slot(table, workspace, at)
                slots[slot] = max(slots[slot] ?? 0, try row.integer(2))
            }
        }
        try await mark(slots)
        return true
    }

    /// - Parameter slots: with how long what is in them is kept, in seconds since 1970.
    private func mark(_ slots: [Slot: Int64]) async throws(ClickHouseFailure) {
        let began = MonotonicClock.now
        let missing = marks.withLock {
            $0.missing(slots, reusedNanoseconds: settling.reusedSeconds * 1_000_000_000)
        }
        for (table, entries) in Dictionary(grouping: missing, by: \.key.table) {
            for some in entries.chunks(of: ClickHouseAnalytics.marksAtOnce) {
                let now = MonotonicClock.now
                // Rows of what was marked first would be sent too late. When this is tried again less is missing.
                guard now - began < ClickHouseAnalytics.markAllNanoseconds else {
                    throw .unusable("marking what is to be sent took too long")
                }
                try await client.execute(
                    table.statements.mark,
                    [
                        .uuids("workspaces", some.map(\.key.workspaceID)),
                        .integers("starts", some.map(\.key.start)), .integers("kept", some.map(\.value)),
                    ], milliseconds: ClickHouseAnalytics.markMs)
                marks.withLock { $0.note(some.map(\.key), at: now) }
            }
        }
    }

    /// Sums up the slots that were marked the longest ago.
    public func sumUp() async throws(AnalyticsFailure) -> Bool {
        var hasMore = false
        for table in SumTable.allCases {
            if try await sumUp(table) { hasMore = true }
        }
        return hasMore
    }

    private func sumUp(_ table: SumTable) async throws(AnalyticsFailure) -> Bool {
        let limit = slotsAtOnce.withLock { $0 }
        let slots = try await ask(
            table.statements.list, [.integer("settled", settling.settledSeconds), .limit(limit)],
            Unattended(seconds: 30))
        guard !slots.isEmpty else { return false }
        do throws(ClickHouseFailure) {
            let starts = try slots.map { row throws(ClickHouseFailure) in try row.integer(1) }
            try await client.execute(
                table.statements.sumUp,
                [
                    .uuids(
                        "workspaces", try slots.map { row throws(ClickHouseFailure) in try row.identifier(0) }
                    ),
                    .integers("starts", starts),
                    .integers(
                        "versions", try slots.map { row throws(ClickHouseFailure) in try row.integer(2) }),
                    .integers("kept", try slots.map { row throws(ClickHouseFailure) in try row.integer(3) }),
                    .moment("from", Timestamp(seconds: starts.min() ?? 0)),
                    .moment("to", Timestamp(seconds: (starts.max() ?? 0) + table.slotLength)),
                ], milliseconds: ClickHouseAnalytics.sumUpMs)
        } catch  where error.isLimit {
            if limit > 1 {
                // Fewer are less work.
                slotsAtOnce.withLock { $0 = max(1, $0 / 2) }
            } else {
                // One is too much: it is read from its rows, and the others come first.
                try await putLast(table, slots)
            }
            return true
        } catch {
            throw AnalyticsFailure(error, inserting: false)
        }
        slotsAtOnce.withLock { $0 = min(settling.slotsAtOnce, $0 * 2) }
        return slots.count == limit
    }

    private func putLast(_ table: SumTable, _ slots: [ClickHouseRow]) async throws(AnalyticsFailure) {
        do throws(ClickHouseFailure) {
            try await client.execute(
                table.statements.mark,
                [
                    .uuids(
                        "workspaces", try slots.map { row throws(ClickHouseFailure) in try row.identifier(0) }
                    ),
                    .integers(
                        "starts", try slots.map { row throws(ClickHouseFailure) in try row.integer(1) }),
                    .integers("kept", try slots.map { row throws(ClickHouseFailure) in try row.integer(3) }),
                ], milliseconds: ClickHouseAnalytics.markMs)
        } catch {
            throw AnalyticsFailure(error, inserting: false)
        }
    }

    // MARK: reading

    /// Beyond, the rows are read from the beginning to the end.
    private static let mostChanged = 1000

    /// Adds up what is kept as sums, and what is to be had from rows only.
    /// - Parameters:
    ///   - kept: says in its first column which slot has changed, 0 where these are sums.
    ///   - rows: the same columns, of rows: 0 in the first.
    ///   - read: of the columns from the second on.
    func addUp<Key: Hashable, Value>(
        _ table: SumTable, _ range: AnalyticsRange, isSummed: Bool, kept: StaticString, rows: StaticString,
        _ parameters: [ClickHouseParameter], _ bound: any Interruptible,
        read: (ClickHouseRow) throws(ClickHouseFailure) -> (Key, Value)?, add: (inout Value, Value) -> Void
    ) async throws(AnalyticsFailure) -> [Key: Value] {
        var sums: [Key: Value] = [:]
        func include(_ answer: [ClickHouseRow]) throws(AnalyticsFailure) {
            for case (let key, let value)? in try decode(answer, read) {
                guard var sum = sums[key] else {
                    sums[key] = value
                    continue
                }
                add(&sum, value)
                sums[key] = sum
            }
        }
        let length = table.slotLength
        let first = (range.from.microseconds + length * 1_000_000 - 1) / (length * 1_000_000) * length
        let last = range.to.seconds / length * length
        var changed: [Int64] = []
        var isWhole = !isSummed || first >= last
        if !isWhole {
            let answer = try await ask(
                kept,
                parameters + [
                    .moment("first", Timestamp(seconds: first)), .moment("last", Timestamp(seconds: last)),
                    .limit(ClickHouseAnalytics.mostSums + 1),
                ], bound)
            let starts = try decode(answer) { row throws(ClickHouseFailure) in try row.integer(0) }
            changed = starts.filter { $0 != 0 }
            isWhole = changed.count > ClickHouseAnalytics.mostChanged
            if !isWhole { try include(zip(answer, starts).filter { $1 == 0 }.map(\.0)) }
        }
        let isComplete =
            !isWhole && changed.isEmpty && range.from == Timestamp(seconds: first)
            && range.to == Timestamp(seconds: last)
        if !isComplete {
            try include(
                try await ask(
                    rows,
                    parameters + [
                        .integer("isWhole", isWhole ? 1 : 0), .moment("first", Timestamp(seconds: first)),
                        .moment("last", Timestamp(seconds: last)),
                        .integers("changed", isWhole ? [] : changed),
                        .limit(ClickHouseAnalytics.mostSums + 1),
                    ], bound))
        }
        return sums
    }
}
