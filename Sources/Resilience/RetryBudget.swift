/// Keeps retries to a share of the calls, so that a service that fails is not sent several times its load ("Finagle", RetryBudget;
/// gRFC A6, retry throttling). A small floor a second lets those retry that call seldom.
///
/// In any run there are at most `percent` % of the calls, plus the floor of each second, plus the floor of one second at once.
public struct RetryBudget: Sendable, Equatable {
    /// Retries per hundred calls, 0 to 100.
    public let percent: Int
    /// Retries a second that need no calls, 0 to 1000.
    public let floorPerSecond: Int
    /// How many retries calm times save up, so that they do not pay for a storm.
    public let maximumSaved: Int

    /// In hundredths of a retry: a call brings `percent` of them.
    private var saved = 0
    /// In billionths of a retry: a nanosecond brings `floorPerSecond` of them.
    private var floor: UInt64
    private var updatedAt: UInt64?

    private static let billionth: UInt64 = 1_000_000_000

    public init(percent: Int = 20, floorPerSecond: Int = 1, maximumSaved: Int = 100) {
        self.percent = max(0, min(percent, 100))
        self.floorPerSecond = max(0, min(floorPerSecond, 1_000))
        self.maximumSaved = max(0, min(maximumSaved, 1_000_000))
        floor = UInt64(self.floorPerSecond) * RetryBudget.billionth
    }

    /// A first attempt: it pays in.
    public mutating func recordCall() {
        saved = min(saved + percent, maximumSaved * 100)
    }

    /// Takes a retry, if there is one to take.
    ///
    /// - Parameter now: `MonotonicClock.now`; an earlier instant than before earns nothing.
    public mutating func takeRetry(now: UInt64) -> Bool {
        earnFloor(now)
        if saved >= 100 {
            saved -= 100
            return true
        }
        guard floor >= RetryBudget.billionth else { return false }
        floor -= RetryBudget.billionth
        return true
    }

    /// One that was taken and not used.
    public mutating func giveBack() {
        saved = min(saved + 100, max(saved, maximumSaved * 100))
    }

    private mutating func earnFloor(_ now: UInt64) {
        let last = updatedAt ?? now
        updatedAt = max(last, now)
        guard now > last else { return }
        // After a second the floor is whole again, so the product stays small.
        let elapsed = min(now - last, RetryBudget.billionth)
        let perSecond = UInt64(floorPerSecond)
        floor = min(floor + elapsed * perSecond, perSecond * RetryBudget.billionth)
    }
}
