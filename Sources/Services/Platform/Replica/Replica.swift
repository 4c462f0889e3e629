import Identifiers
import Postgres
import RPC
import Resilience
import Synchronization

/// A copy of the database that follows it, for lists. It serves while it is not too far behind; and whoever has changed something by this
/// daemon is sent there only when his change has arrived.
public final class Replica: Sendable {
    enum Standing: String {
        case ok
        /// It does not answer, or does not follow.
        case away
        case behind
    }

    /// Who sees his own changes at once.
    private struct Writer: Hashable {
        let caller: Caller
        let workspace: UUID?
    }

    /// How far the log of the primary reached at a moment, on CLOCK_MONOTONIC.
    private struct Mark {
        let moment: UInt64
        let position: Int64
    }

    private struct State {
        /// Those that the replica has not reached, oldest first.
        var marks: [Mark] = []
        /// Everything that had been committed at this moment is on the replica.
        var horizon: UInt64 = 0
        var isAway = true
        var changes: [Writer: UInt64] = [:]
        /// For everybody who is not in `changes`: what was done before this process began is somebody's, too.
        var changedByAnybody = MonotonicClock.now
    }

    let pool: Pool
    private let mostLagNanoseconds: UInt64
    private let state = Mutex(State())

    private static let mostMarks = 1000
    private static let mostWriters = 10_000
    private static let patienceSeconds: UInt64 = 5

    /// - Parameter mostLagSeconds: farther behind it serves nobody.
    public init(_ pool: Pool, mostLagSeconds: Int64) {
        self.pool = pool
        mostLagNanoseconds = UInt64(clamping: mostLagSeconds) * 1_000_000_000
    }

    /// How far behind it is at most.
    var lagNanoseconds: UInt64 {
        let now = MonotonicClock.now
        return state.withLock { now - min(now, $0.horizon) }
    }

    var standing: Standing {
        if state.withLock({ $0.isAway }) { return .away }
        return lagNanoseconds <= mostLagNanoseconds ? .ok : .behind
    }

    /// Whether it has everything that this caller may expect to see.
    func mayServe(_ call: Call) -> Bool {
        guard standing == .ok else { return false }
        let writer = Writer(caller: call.caller, workspace: call.workspaceID)
        return state.withLock { ($0.changes[writer] ?? $0.changedByAnybody) <= $0.horizon }
    }

    /// To be told of every change before its caller is answered.
    func note(_ call: Call) {
        let now = MonotonicClock.now
        let writer = Writer(caller: call.caller, workspace: call.workspaceID)
        state.withLock { state in
            if state.changes.count >= Replica.mostWriters, state.changes[writer] == nil {
                state.changes.removeAll(keepingCapacity: true)
                state.changedByAnybody = now
            }
            state.changes[writer] = now
        }
    }

    /// Compares it with the primary. To be called about once a second.
    public func measure(against primary: Pool) async throws {
        do {
            // In this order: what was committed before the moment is in the log before the position.
            let moment = MonotonicClock.now
            let position = try await primary.upkeep(seconds: Replica.patienceSeconds) {
                try $0.one(Replica.getWritten)
            }
            let replayed = try await pool.upkeep(seconds: Replica.patienceSeconds) {
                try $0.one(Replica.getReplayed)
            }
            state.withLock { state in
                // A server that follows nobody is another database by now, or the primary itself.
                state.isAway = replayed == nil
                if state.marks.count < Replica.mostMarks {
                    state.marks.append(Mark(moment: moment, position: position))
                }
                guard let replayed else { return }
                let reached = state.marks.prefix { $0.position <= replayed }
                if let last = reached.last { state.horizon = last.moment }
                state.marks.removeFirst(reached.count)
                let horizon = state.horizon
                // Who changed something before that needs no line: nor does `changedByAnybody` keep him away then.
                if horizon >= state.changedByAnybody {
                    state.changes = state.changes.filter { $0.value > horizon }
                }
            }
        } catch {
            state.withLock { $0.isAway = true }
            throw error
        }
    }

    public func close() { pool.close(within: 2) }

    func writeMetrics(to text: inout PrometheusText) {
        text.gauge(
            "rpcd_replica_lag_seconds", "How far behind the replica may be.",
            Double(lagNanoseconds / 1_000_000) / 1000)
        text.gauge(
            "rpcd_replica_serves", "1 while lists are read from the replica.", standing == .ok ? 1 : 0)
    }
}
