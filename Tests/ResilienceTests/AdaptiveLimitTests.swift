import Resilience
import TestSupport
import Testing

@Suite("The limit that adapts")
struct AdaptiveLimitTests {
    private static let second: UInt64 = 1_000_000_000

    @Test(
        "However answers fall, it stays within its bounds and lets nobody starve", arguments: Seed.some(200))
    func bounded(seed: Seed) throws {
        var random = seed.generator
        let most = Int.random(in: 1...100, using: &random)
        let rate = try #require(
            RateLimit(.random(in: 1...200, using: &random), per: .random(in: 1...10, using: &random)))
        var limit = AdaptiveLimit(maximumConcurrency: most, rate: Bool.random(using: &random) ? rate : .off)
        let start = AdaptiveLimitTests.second
        var now = start
        var running: [AdaptiveLimit.Permit] = []
        var admitted = 0
        for _ in 0..<2_000 {
            now += .random(in: 0...AdaptiveLimitTests.second / 20, using: &random)
            if Bool.random(using: &random) || running.isEmpty {
                switch limit.admit(now: now) {
                case .allowed(let permit):
                    running.append(permit)
                    admitted += 1
                    #expect(running.count <= limit.concurrency)
                case .full: #expect(running.count >= limit.concurrency)
                case .later(let wait):
                    // Whoever waits as long as he was told is let in.
                    #expect(wait > 0)
                    var later = limit
                    if running.count < limit.concurrency {
                        guard case .allowed = admission(&later, at: now + wait) else {
                            Issue.record("\(wait) ns were not enough")
                            return
                        }
                    }
                }
            } else {
                let permit = running.remove(at: .random(in: 0..<running.count, using: &random))
                let rest =
                    Bool.random(using: &random)
                    ? UInt64.random(in: 0...AdaptiveLimitTests.second, using: &random) : nil
                let outcomes = [
                    AdaptiveLimit.Outcome.success, .success, .ignored, .limited(retryAfterNanoseconds: rest),
                ]
                limit.finish(permit, outcomes.randomElement(using: &random) ?? .ignored, now: now)
            }
            #expect(limit.inFlight == running.count && running.count <= most)
            #expect((1...most).contains(limit.concurrency))
            #expect((1...AdaptiveLimit.whole).contains(limit.share))
            if !limit.rate.isOff {
                let earned = Double(rate.count) * (1 + Double(now - start) / Double(rate.seconds) / 1e9)
                #expect(Double(admitted) <= earned + 1e-6)
            }
        }
    }

    /// Past a rest there may still be the rate to wait for.
    private func admission(_ limit: inout AdaptiveLimit, at now: UInt64) -> AdaptiveLimit.Admission {
        let first = limit.admit(now: now)
        guard case .later(let wait) = first else { return first }
        return limit.admit(now: now + wait)
    }

    private func take(_ limit: inout AdaptiveLimit, _ count: Int, now: UInt64) throws -> [AdaptiveLimit
        .Permit]
    {
        try (0..<count).map { _ in
            guard case .allowed(let permit) = limit.admit(now: now) else { throw Refused() }
            return permit
        }
    }

    private struct Refused: Error {}

    private func ask(_ limit: inout AdaptiveLimit, at now: UInt64) -> AdaptiveLimit.Admission {
        limit.admit(now: now)
    }

    @Test("Too much halves it once for all that ran side by side; successes bring it back to the whole")
    func halving() throws {
        var limit = AdaptiveLimit(maximumConcurrency: 16)
        let permits = try take(&limit, 16, now: 0)
        #expect(ask(&limit, at: 0) == .full)
        for permit in permits { limit.finish(permit, .limited(retryAfterNanoseconds: nil), now: 0) }
        #expect(limit.concurrency == 8)
        let again = try take(&limit, 8, now: 0)
        #expect(ask(&limit, at: 0) == .full)
        for permit in again { limit.finish(permit, .limited(retryAfterNanoseconds: nil), now: 0) }
        #expect(limit.concurrency == 4)
        var successes = 0
        while limit.concurrency < 16, successes < 10_000 {
            for permit in try take(&limit, 1, now: 0) { limit.finish(permit, .success, now: 0) }
            successes += 1
        }
        // From n to n + 1 it takes some n successes: about 4 + 5 + … + 15.
        #expect((80...150).contains(successes))
        for _ in 0..<100 {
            for permit in try take(&limit, 1, now: 0) { limit.finish(permit, .success, now: 0) }
        }
        #expect(limit.share == AdaptiveLimit.whole)
    }

    @Test("However often it is too much, one call at a time stays")
    func floor() throws {
        for most in [1, 2, 3, 1_000, 100_000, .max, 0, -1] {
            var limit = AdaptiveLimit(maximumConcurrency: most, rate: try #require(RateLimit(1, per: 86_400)))
            var now: UInt64 = 0
            for _ in 0..<100 {
                now += 86_400 * AdaptiveLimitTests.second
                for permit in try take(&limit, 1, now: now) {
                    limit.finish(permit, .limited(retryAfterNanoseconds: nil), now: now)
                }
            }
            #expect(limit.concurrency == 1)
        }
    }

    @Test("Half the share is half the rate")
    func rate() throws {
        var limit = AdaptiveLimit(maximumConcurrency: 100, rate: try #require(RateLimit(parsing: "10/s")))
        func admitted(from now: UInt64) -> Int {
            var (copy, count) = (limit, 0)
            for step in 0..<1_000 {
                if case .allowed = copy.admit(now: now + UInt64(step) * AdaptiveLimitTests.second / 100) {
                    count += 1
                }
            }
            return count
        }
        #expect((100...110).contains(admitted(from: 0)))
        let permit = try #require(try take(&limit, 1, now: 0).first)
        limit.finish(permit, .limited(retryAfterNanoseconds: nil), now: 0)
        #expect((50...55).contains(admitted(from: 100 * AdaptiveLimitTests.second)))
    }

    @Test("At its word a service is left alone, but not for longer than is bearable")
    func rest() throws {
        var limit = AdaptiveLimit(maximumConcurrency: 4, maximumRestNanoseconds: 10)
        let permits = try take(&limit, 2, now: 100)
        limit.finish(permits[0], .limited(retryAfterNanoseconds: 5), now: 100)
        #expect(ask(&limit, at: 100) == .later(afterNanoseconds: 5))
        limit.finish(permits[1], .limited(retryAfterNanoseconds: .max), now: 101)
        #expect(ask(&limit, at: 101) == .later(afterNanoseconds: 10))
        #expect(ask(&limit, at: 0) == .later(afterNanoseconds: 10))
        #expect(try take(&limit, 1, now: 111).count == 1)
    }
}
