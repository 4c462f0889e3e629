import Identifiers
import Resilience
import Synchronization

/// Whether this daemon may believe what others have put into Redis about somebody. It may when it has heard, for as long as an entry lives,
/// of everything that would have ended one: Redis was there all the time, so was PostgreSQL, and neither said anything about him.
final class StandingTrust: Sendable {
    private struct State {
        /// Since when each has been there; `nil` while it is not.
        var redis: UInt64?
        var database: UInt64?
        /// When something was heard of a user or a workspace.
        var changes: [UUID: UInt64] = [:]
    }

    private let lifetime: UInt64
    private let now: @Sendable () -> UInt64
    private let state = Mutex(State())

    private static let maximumChanges = 10_000

    /// - Parameter lifetimeNanoseconds: of an entry.
    init(lifetimeNanoseconds: UInt64, now: @escaping @Sendable () -> UInt64 = { MonotonicClock.now }) {
        lifetime = lifetimeNanoseconds
        self.now = now
    }

    func redisIsBack() { state.withLock { $0.redis = now() } }

    func redisIsAway() { state.withLock { $0.redis = nil } }

    func databaseIsHeard() { state.withLock { $0.database = now() } }

    func databaseIsUnheard() { state.withLock { $0.database = nil } }

    /// A session of a user has ended, or roles in a workspace are others.
    func changed(_ id: UUID) {
        let now = now()
        state.withLock { state in
            if state.changes.count >= StandingTrust.maximumChanges {
                state.changes = state.changes.filter { now - min(now, $0.value) <= lifetime }
            }
            if state.changes.count >= StandingTrust.maximumChanges {
                // More than can be kept apart: nobody is believed for a while.
                state.changes = [:]
                state.redis = now
            }
            state.changes[id] = now
        }
    }

    func covers(_ ids: [UUID]) -> Bool {
        let now = now()
        return state.withLock { state in
            guard let redis = state.redis, let database = state.database else { return false }
            let since = ids.compactMap { state.changes[$0] }.reduce(max(redis, database), max)
            return now > since && now - since > lifetime
        }
    }
}
