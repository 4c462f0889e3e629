import RPC
import Resilience
import Synchronization

/// API keys that the database has lately said to be in force. The checksum of a key can be made up by anybody: until then it is a claim,
/// and counts against the rate of its address.
final class ConfirmedKeys: Sendable {
    private let confirmedAt = Mutex<[Caller: UInt64]>([:])

    private static let lifetimeNanoseconds: UInt64 = 600_000_000_000
    /// When there are more, all are confirmed anew.
    private static let limit = 10_000

    func confirm(_ caller: Caller) {
        let now = MonotonicClock.now
        confirmedAt.withLock { confirmedAt in
            if confirmedAt.count >= ConfirmedKeys.limit, confirmedAt[caller] == nil {
                confirmedAt.removeAll(keepingCapacity: true)
            }
            confirmedAt[caller] = now
        }
    }

    func contains(_ caller: Caller) -> Bool {
        let now = MonotonicClock.now
        return confirmedAt.withLock { confirmedAt in
            guard let at = confirmedAt[caller] else { return false }
            return now < at + ConfirmedKeys.lifetimeNanoseconds
        }
    }
}
