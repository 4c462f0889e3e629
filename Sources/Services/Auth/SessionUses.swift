import Identifiers
import Postgres
import Resilience
import Synchronization

/// Notes when logins are used, to the minute, many in one transaction behind the calls' back: a read stays a read.
final class SessionUses: Sendable {
    private struct State {
        /// On the clock of `MonotonicClock`.
        var noted: [UUID: UInt64] = [:]
        var due: Set<UUID> = []
    }

    private let state = Mutex(State())

    private static let pauseNanoseconds: UInt64 = 60_000_000_000
    /// When more logins than this are in use at once, all are noted anew; of those that are due, more are not told.
    private static let limit = 10_000
    private static let batch = 1000

    func note(_ session: UUID) {
        let now = MonotonicClock.now
        state.withLock { state in
            if let last = state.noted[session], now - last < SessionUses.pauseNanoseconds { return }
            if state.noted.count >= SessionUses.limit { state.noted.removeAll(keepingCapacity: true) }
            state.noted[session] = now
            if state.due.count < SessionUses.limit { state.due.insert(session) }
        }
    }

    /// Writes down what has been noted since. What fails is noted a minute later.
    func write(on pool: Pool) async throws {
        let due = state.withLock { state in
            defer { state.due.removeAll(keepingCapacity: true) }
            return Array(state.due)
        }
        for start in stride(from: 0, to: due.count, by: SessionUses.batch) {
            let batch = TextArray(Array(due[start..<min(start + SessionUses.batch, due.count)]))
            try await pool.upkeep { $0.queue(Sessions.touch, batch) }
        }
    }
}
