import Resilience
import TestSupport
import Testing

@Suite("Resilience")
struct ResilienceTests {
    @Test("However calls fall, no key gets more than its burst and its rate", arguments: Seed.some(200))
    func neverTooMany(seed: Seed) throws {
        var random = seed.generator
        let limit = try #require(
            RateLimit(.random(in: 1...50, using: &random), per: .random(in: 1...60, using: &random)))
        let limiter = RateLimiter<Int>(limit, maximumKeys: 100)
        let period = UInt64(limit.seconds) * 1_000_000_000
        var now: UInt64 = 1_000_000_000
        let start = now
        var admitted = 0
        for _ in 0..<500 {
            now += .random(in: 0...period / UInt64(limit.count), using: &random)
            let cost = Int.random(in: 1...min(3, limit.count), using: &random)
            let decision = limiter.admit(7, cost: cost, now: now)
            if decision.allowed { admitted += cost } else { #expect(decision.retryAfterNanoseconds > 0) }
            let earned = Double(limit.count) * (1 + Double(now - start) / Double(period))
            #expect(Double(admitted) <= earned + 1e-6)
        }
    }

    @Test("Whoever waits as long as he was told is let in", arguments: Seed.some(100))
    func retryAfterIsEnough(seed: Seed) throws {
        var random = seed.generator
        let limit = try #require(
            RateLimit(.random(in: 1...20, using: &random), per: .random(in: 1...60, using: &random)))
        let limiter = RateLimiter<Int>(limit, maximumKeys: 10)
        for _ in 0..<limit.count { #expect(limiter.admit(1, now: 5).allowed) }
        let refusal = limiter.admit(1, now: 5)
        #expect(!refusal.allowed)
        #expect(!limiter.admit(1, now: 5 + refusal.retryAfterNanoseconds - 1).allowed)
        #expect(limiter.admit(1, now: 5 + refusal.retryAfterNanoseconds).allowed)
    }

    @Test("The table never outgrows its bound, and one caller is not charged for another")
    func bounded() throws {
        let limiter = RateLimiter<Int>(try #require(RateLimit(parsing: "2/min")), maximumKeys: 16)
        for key in 0..<1000 { #expect(limiter.admit(key, now: 1).allowed) }
        #expect(limiter.keyCount <= 16)
    }

    @Test(
        "Rates read as they are written",
        arguments: [("5/min", 5, 60), ("20/s", 20, 1), ("100/hour", 100, 3600)])
    func rates(text: String, count: Int, seconds: Int) {
        #expect(RateLimit(parsing: text) == RateLimit(count, per: seconds))
    }

    @Test(
        "What is no rate is refused",
        arguments: ["", "5", "5/", "/min", "0/min", "-1/s", "5/day ", "5.5/s", "99999999999999999999/s"])
    func notRates(text: String) {
        #expect(RateLimit(parsing: text) == nil)
    }

    @Test("No rate means no limit")
    func off() {
        #expect(RateLimit(parsing: "off")?.isOff == true)
        let limiter = RateLimiter<Int>(.off, maximumKeys: 1)
        for _ in 0..<1000 { #expect(limiter.admit(1, now: 0).allowed) }
    }

    @Test("Full jitter stays below the growing bound, and below the cap", arguments: Seed.some(100))
    func backoff(seed: Seed) {
        var random = seed.generator
        let backoff = Backoff(baseNanoseconds: 10, capNanoseconds: 1000)
        for attempt in 0..<100 {
            let bound = min(1000, 10 << UInt64(min(attempt, 20)))
            #expect(backoff.delayNanoseconds(attempt: attempt, using: &random) <= UInt64(bound))
        }
    }

    @Test("The same seed gives the same numbers")
    func seeded() {
        var (first, second) = (SplitMix64(seed: 1), SplitMix64(seed: 1))
        #expect((0..<10).map { _ in first.next() } == (0..<10).map { _ in second.next() })
    }
}
