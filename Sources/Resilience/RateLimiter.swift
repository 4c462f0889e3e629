import Synchronization

/// Holds every key to one `RateLimit`, by the generic cell rate algorithm (ITU-T I.371): one number a key, the
/// instant at which its allowance will be whole again. In any time t a key is admitted at most count + count · t /
/// period.
///
/// The table is bounded. A new key at the bound takes the place of the key, among a few looked at, that is nearest
/// to its whole allowance; that is a loss only when that key was in use too, and then it starts over with a whole
/// allowance. So under a flood of keys the limiter errs towards admitting; those who used up most stay longest.
public final class RateLimiter<Key: Hashable & Sendable>: Sendable {
    /// The answer for one call.
    public struct Decision: Sendable, Equatable {
        public let allowed: Bool
        /// How much more would be admitted now; `Int.max` when the limit is off.
        public let remaining: Int
        /// The limit's count; nil when it is off.
        public let limit: Int?
        /// How long until the same call would be admitted; 0 when this one was. A call that costs more than the
        /// whole limit never will be: then it is the time until the allowance is whole.
        public let retryAfterNanoseconds: UInt64
        /// How long until the allowance is whole again, if nothing more is admitted.
        public let resetAfterNanoseconds: UInt64
    }

    public let limit: RateLimit
    /// Most keys remembered at once.
    public let maximumKeys: Int

    /// Nanoseconds in which one more is earned.
    private let interval: UInt64
    private let window: UInt64
    private let table: Mutex<Table>

    /// - Parameter maximumKeys: at least 1; each takes its own size twice and some 40 bytes.
    public init(_ limit: RateLimit, maximumKeys: Int) {
        self.limit = limit
        self.maximumKeys = max(1, maximumKeys)
        // Rounded up, so that the promise above holds. Neither product nor sum comes near overflow: a day has 9e13 ns.
        let period = UInt64(limit.seconds) * 1_000_000_000
        let count = UInt64(max(1, limit.count))
        interval = (period + count - 1) / count
        window = interval * count
        table = Mutex(Table(capacity: self.maximumKeys))
    }

    /// How many keys are remembered now.
    public var keyCount: Int { table.withLock { $0.count } }

    /// Takes `cost` from the allowance of `key` if it is there; takes nothing if it is not.
    ///
    /// - Parameters:
    ///   - cost: 0 asks without taking; negative counts as 0.
    ///   - now: `MonotonicClock.now`; an earlier instant than before earns nothing and costs nothing.
    public func admit(_ key: @autoclosure () -> Key, cost: Int = 1, now: UInt64) -> Decision {
        guard !limit.isOff else {
            return Decision(
                allowed: true, remaining: .max, limit: nil, retryAfterNanoseconds: 0, resetAfterNanoseconds: 0
            )
        }
        let key = key()
        let cost = max(0, cost)
        guard cost <= limit.count else {
            let busy = table.withLock { self.busy($0, key, now) }
            return decision(allowed: false, busy: busy, retryAfter: busy)
        }
        let increment = interval * UInt64(cost)
        return table.withLock { table in
            let busy = self.busy(table, key, now)
            guard busy + increment <= window else {
                return decision(allowed: false, busy: busy, retryAfter: busy + increment - window)
            }
            if cost > 0 { table.set(key, wholeAt: now.saturatingAdd(busy + increment), now: now) }
            return decision(allowed: true, busy: busy + increment, retryAfter: 0)
        }
    }

    /// What is known of a key, for whoever decides elsewhere: nanoseconds until its allowance is whole. Takes nothing.
    public func busyNanoseconds(_ key: Key, now: UInt64) -> UInt64 {
        table.withLock { busy($0, key, now) }
    }

    /// Takes over a decision that was made elsewhere for all who count this key, so that this limiter goes on from there.
    /// - Parameters:
    ///   - busyNanoseconds: until the allowance is whole, counted from `now`.
    ///   - now: no later than the decision: the time that it was under way is not counted against the key.
    public func adopt(
        _ key: Key, allowed: Bool, busyNanoseconds: UInt64, retryAfterNanoseconds: UInt64, now: UInt64
    ) -> Decision {
        let busy = min(window, busyNanoseconds)
        table.withLock { $0.set(key, wholeAt: now.saturatingAdd(busy), now: now) }
        return decision(allowed: allowed, busy: busy, retryAfter: retryAfterNanoseconds)
    }

    /// Nanoseconds until the allowance is whole. Only a clock that went back could make it more than the window.
    private func busy(_ table: borrowing Table, _ key: Key, _ now: UInt64) -> UInt64 {
        let wholeAt = table.wholeAt(key)
        return wholeAt > now ? min(window, wholeAt - now) : 0
    }

    private func decision(allowed: Bool, busy: UInt64, retryAfter: UInt64) -> Decision {
        Decision(
            allowed: allowed, remaining: Int((window - busy) / interval), limit: limit.count,
            retryAfterNanoseconds: retryAfter, resetAfterNanoseconds: busy)
    }
}

extension RateLimiter {
    /// Keys with the instant at which each is whole again, in slots that are reused, never given back.
    private struct Table {
        private struct Slot {
            var key: Key
            var wholeAt: UInt64
        }

        let capacity: Int
        private var slots: [Slot] = []
        private var slotOfKey: [Key: Int] = [:]
        private var hand = 0

        /// Slots looked at for the one to give away: enough to find a spent key, few enough to cost nothing.
        private static var sampleSize: Int { 8 }

        init(capacity: Int) { self.capacity = capacity }

        var count: Int { slots.count }

        func wholeAt(_ key: Key) -> UInt64 {
            guard let slot = slotOfKey[key] else { return 0 }
            return slots[slot].wholeAt
        }

        mutating func set(_ key: Key, wholeAt: UInt64, now: UInt64) {
            if let slot = slotOfKey[key] {
                slots[slot].wholeAt = wholeAt
            } else if let slot = slotToReuse(now: now) {
                slotOfKey[slots[slot].key] = nil
                slots[slot] = Slot(key: key, wholeAt: wholeAt)
                slotOfKey[key] = slot
            } else {
                slotOfKey[key] = slots.count
                slots.append(Slot(key: key, wholeAt: wholeAt))
            }
        }

        /// Nil while there is room and the slot under the hand is in use: a slot whose key is whole again is taken
        /// even then, so that the table does not grow to its bound for keys that come once.
        private mutating func slotToReuse(now: UInt64) -> Int? {
            guard !slots.isEmpty else { return nil }
            let isFull = slots.count >= capacity
            var best: Int?
            for _ in 0..<(isFull ? Self.sampleSize : 1) {
                hand = hand + 1 < slots.count ? hand + 1 : 0
                if slots[hand].wholeAt <= now { return hand }
                if isFull, slots[hand].wholeAt < (best.map { slots[$0].wholeAt } ?? .max) { best = hand }
            }
            return isFull ? best ?? hand : nil
        }
    }
}
