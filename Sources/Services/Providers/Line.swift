import Identifiers
import Resilience

/// How many may wait before a service, and when those come back who may not: as many as it serves within moments, then one after the other at its
/// pace. Knows no clock and no thread.
struct Line: Sendable {
    /// Whoever waits is served within about so long.
    static let waitNanoseconds: UInt64 = 4_000_000_000
    /// Nobody is told a moment that is further away: much can change until then.
    static let longestNanoseconds: UInt64 = 60_000_000_000
    private static let shortestNanoseconds: UInt64 = 50_000_000
    private static let maximumOwners = 10_000

    /// How long a call takes; the last ones count most.
    private var meanNanoseconds: UInt64?
    /// When the next of each owner's comes back.
    private var next: [UUID: UInt64] = [:]

    mutating func took(_ nanoseconds: UInt64) {
        let nanoseconds = min(nanoseconds, 600_000_000_000)
        meanNanoseconds = meanNanoseconds.map { ($0 * 7 + nanoseconds) / 8 } ?? nanoseconds
    }

    /// Between two calls, one way or the other.
    private func interval(_ limit: AdaptiveLimit) -> UInt64 {
        max(limit.paceNanoseconds, (meanNanoseconds ?? 0) / UInt64(limit.concurrency))
    }

    /// How many may wait and be under way.
    /// - Parameter most: if it is as quick as can be.
    func places(_ limit: AdaptiveLimit, atMost most: Int) -> Int {
        let interval = interval(limit)
        guard interval > 0 else { return max(1, most) }
        let served = (Line.waitNanoseconds + (meanNanoseconds ?? 0)) / interval
        return max(1, min(most, Int(clamping: served)))
    }

    /// - Parameters:
    ///   - owners: how many have theirs waiting, who take turns.
    ///   - waiting: how many wait now.
    /// - Returns: how long until one of `owner`'s that may not wait now may be in time; nil when the line is longer than anybody can tell.
    mutating func appointment(
        _ owner: UUID, of owners: Int, behind waiting: Int, _ limit: AdaptiveLimit, now: UInt64
    ) -> UInt64? {
        let interval = min(interval(limit), Line.longestNanoseconds)
        let backlog = min(interval * UInt64(waiting), Line.longestNanoseconds / 2)
        let turn = max(next[owner] ?? 0, now + max(backlog, Line.shortestNanoseconds))
        guard turn - now < Line.longestNanoseconds else { return nil }
        if next.count >= Line.maximumOwners { next = next.filter { $0.value > now } }
        if next.count >= Line.maximumOwners { next = [:] }
        // A little too early, so that the service is never idle for somebody who is on his way.
        next[owner] = turn + max(interval * UInt64(max(1, owners)) / 4 * 3, 1)
        return turn - now
    }
}
