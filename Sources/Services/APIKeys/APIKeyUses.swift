import Identifiers
import Postgres
import Resilience
import Synchronization

/// Notes when API keys are used, to the minute, behind the call's back: a read stays a read.
final class APIKeyUses: Sendable {
    private let noted = Mutex<[UUID: UInt64]>([:])

    private static let pauseNanoseconds: UInt64 = 60_000_000_000
    /// When more keys than this are in use at once, all are noted anew.
    private static let limit = 10_000

    func note(_ key: UUID, on pool: Pool) {
        let now = MonotonicClock.now
        let isDue = noted.withLock { noted in
            if let last = noted[key], now - last < APIKeyUses.pauseNanoseconds { return false }
            if noted.count >= APIKeyUses.limit { noted.removeAll() }
            noted[key] = now
            return true
        }
        guard isDue else { return }
        // A use that could not be noted is noted a minute later.
        pool.transaction(Unattended(seconds: 5)) { tx in
            tx.become(caller: key)
            tx.queue(APIKeys.touchKey, key)
        } completion: { _ in
        }
    }
}
