/// How much a service is asked for at once and over time: it begins with what is configured, gives up half whenever the service says that it
/// is too much (429), and comes back little by little (AIMD; "Congestion Avoidance and Control", Jacobson, 1988). Knows no clock and
/// no thread; who shares it puts it behind a lock.
///
/// One number, the share of what is configured, rules both limits. It never falls below what lets one call through at a time.
public struct AdaptiveLimit: Sendable {
    /// Leave for one call; its end has to be told with it, once, or its place stays taken.
    public struct Permit: Sendable, Equatable {
        fileprivate let epoch: Int
    }

    public enum Admission: Sendable, Equatable {
        case allowed(Permit)
        /// As many run as may; the end of one makes room.
        case full
        /// Later, by the rate or by the word of the service.
        case later(afterNanoseconds: UInt64)
    }

    public enum Outcome: Sendable, Equatable {
        case success
        /// It was too much. The service may have said how long to leave it alone.
        case limited(retryAfterNanoseconds: UInt64?)
        /// It says nothing about how much the service takes.
        case ignored
    }

    /// At least 1.
    public let maximumConcurrency: Int
    public let rate: RateLimit
    /// The longest rest that a service is given at its word.
    public let maximumRestNanoseconds: UInt64

    /// In millionths.
    public private(set) var share = AdaptiveLimit.whole
    /// How many run.
    public private(set) var inFlight = 0
    private var restsUntil: UInt64 = 0
    /// When the rate's allowance will be whole again, as in ``RateLimiter``.
    private var wholeAt: UInt64 = 0
    private var epoch = 0

    public static let whole = 1_000_000

    public init(
        maximumConcurrency: Int, rate: RateLimit = .off, maximumRestNanoseconds: UInt64 = 300_000_000_000
    ) {
        self.maximumConcurrency = max(1, min(maximumConcurrency, 100_000))
        self.rate = rate
        self.maximumRestNanoseconds = maximumRestNanoseconds
    }

    /// How many may run now: 1 to `maximumConcurrency`.
    public var concurrency: Int { max(1, maximumConcurrency * share / AdaptiveLimit.whole) }

    /// Between two calls, at the present share; 0 where the rate is not limited.
    public var paceNanoseconds: UInt64 { rate.isOff ? 0 : interval }

    /// How long the service is left alone yet, at its word.
    public func restNanoseconds(now: UInt64) -> UInt64 {
        restsUntil > now ? min(restsUntil - now, maximumRestNanoseconds) : 0
    }

    /// Asks for one call.
    ///
    /// - Parameter now: `MonotonicClock.now`.
    public mutating func admit(now: UInt64) -> Admission {
        if now < restsUntil {
            // A clock that went back lets nobody rest for longer.
            restsUntil = min(restsUntil, now.saturatingAdd(maximumRestNanoseconds))
            return .later(afterNanoseconds: restsUntil - now)
        }
        guard inFlight < concurrency else { return .full }
        if !rate.isOff {
            let busy = wholeAt > now ? min(wholeAt - now, window) : 0
            guard busy + interval <= window else {
                return .later(afterNanoseconds: busy + interval - window)
            }
            wholeAt = now.saturatingAdd(busy + interval)
        }
        inFlight += 1
        return .allowed(Permit(epoch: epoch))
    }

    /// A call has ended.
    public mutating func finish(_ permit: Permit, _ outcome: Outcome, now: UInt64) {
        inFlight = max(0, inFlight - 1)
        switch outcome {
        case .ignored: break
        case .success:
            // One more at a time after as many successes as run at a time.
            let step = AdaptiveLimit.whole / maximumConcurrency / concurrency
            share = min(AdaptiveLimit.whole, share + max(1, step))
        case .limited(let rest):
            let rest = min(rest ?? 0, maximumRestNanoseconds)
            restsUntil = max(restsUntil, now.saturatingAdd(rest))
            // Of calls that ran side by side, one says it for all.
            guard permit.epoch == epoch else { return }
            epoch += 1
            share = max(smallestShare, share / 2)
        }
    }

    /// One call at a time, or one a period where the period is all that is limited.
    private var smallestShare: Int {
        max(1, AdaptiveLimit.whole / max(maximumConcurrency, max(1, rate.count)))
    }

    /// Between two calls at the configured rate, rounded up so that it is never passed.
    private var plainInterval: UInt64 {
        let count = UInt64(max(1, rate.count))
        return (UInt64(rate.seconds) * 1_000_000_000 + count - 1) / count
    }

    private var window: UInt64 { plainInterval * UInt64(max(1, rate.count)) }

    /// Between two calls at the present share; at most the window, which lets one through.
    private var interval: UInt64 {
        let stretched = UInt128(plainInterval) * UInt128(AdaptiveLimit.whole) / UInt128(share)
        return min(UInt64(clamping: stretched), window)
    }
}
