import NIOPosix
import Redis
import Resilience
import TestSupport
import Testing

@testable import RPC
@testable import Services

extension SharedMemory {
    /// A daemon's own, on a server of the test.
    static func forTests(_ url: String, standingSeconds: Int64 = 60) throws -> SharedMemory {
        var configuration = RedisConfiguration(try RedisURL(url))
        SharedMemory.configure(&configuration)
        return SharedMemory(
            try RedisGroup(configuration, on: [MultiThreadedEventLoopGroup.singleton.next()]),
            standingSeconds: standingSeconds)
    }

    /// Returns when Redis serves.
    func connect() async {
        redis.start { _ in }
        while !redis.isAtHand { await Task.yield() }
    }
}

@Suite("Rates that daemons share, on a real Redis server")
struct SharedRatesTests {
    /// What is said of some calls at once.
    private func ask(
        _ rates: SharedRateLimits, _ key: String, _ limit: RateLimit, cost: Int = 1, busy: UInt64 = 0
    ) async -> RateAnswer? {
        let question = RateQuestion(key: key, rate: .general, limit: limit, busyNanoseconds: busy)
        return await withCheckedContinuation { continuation in
            rates.ask(question, cost: cost) { continuation.resume(returning: $0) }
        }
    }

    @Test("Two daemons say together what one limiter would, however costs and keys fall")
    func model() async throws {
        try await withTemporaryFolder { folder in
            let server = try await TestRedis(in: folder)
            let daemons = try [SharedMemory.forTests(server.url), SharedMemory.forTests(server.url)]
            for daemon in daemons { await daemon.connect() }
            for seed in Seed.some(100) {
                var random = seed.generator
                // So slow that what is earned while the test runs is no whole call.
                let limit = try #require(RateLimit(.random(in: 1...20, using: &random), per: 86_400))
                let model = RateLimiter<String>(limit, maximumKeys: 10)
                for _ in 0..<25 {
                    let key = "\(seed.value)/\(Int.random(in: 0..<3, using: &random))"
                    let cost = Int.random(in: 0...limit.count / 4 + 1, using: &random)
                    let answer = try #require(
                        await ask(daemons[.random(in: 0..<2, using: &random)].rates, key, limit, cost: cost))
                    let expected = model.admit(key, cost: cost, now: 1)
                    let own = RateLimiter<String>(limit, maximumKeys: 1).adopt(
                        key, allowed: answer.allowed, busyNanoseconds: answer.busyNanoseconds,
                        retryAfterNanoseconds: answer.retryAfterNanoseconds, now: 1)
                    #expect(own.allowed == expected.allowed, "\(seed) \(limit)")
                    #expect(own.remaining == expected.remaining, "\(seed) \(limit)")
                    // A minute is more than the test takes, and less than one call earns.
                    let (left, right) = (own.retryAfterNanoseconds, expected.retryAfterNanoseconds)
                    #expect(right - min(left, right) < 60_000_000_000, "\(seed) \(limit)")
                    #expect(left <= right + 1_000_000, "\(seed) \(limit)")
                }
            }
            for daemon in daemons { daemon.close() }
            await server.crash()
        }
    }

    @Test("A server that has forgotten somebody goes on from what the daemon knows of him")
    func forgotten() async throws {
        try await withTemporaryFolder { folder in
            let server = try await TestRedis(in: folder)
            let daemon = try SharedMemory.forTests(server.url)
            await daemon.connect()
            let limit = try #require(RateLimit(5, per: 60))
            let answer = try #require(await ask(daemon.rates, "k", limit, busy: 60_000_000_000))
            #expect(!answer.allowed)
            let half = try #require(await ask(daemon.rates, "j", limit, cost: 3, busy: 30_000_000_000))
            #expect(!half.allowed)
            #expect(try #require(await ask(daemon.rates, "j", limit, cost: 2, busy: 30_000_000_000)).allowed)
            // Every key goes by itself.
            #expect(try await server.ask("DBSIZE") == ":2")
            let keys = try await server.read("KEYS", "*")
            #expect(!keys.contains("/k") && keys.contains("rpcd:rate:general:"))
            let info = try await server.read("INFO", "keyspace")
            #expect(info.contains("keys=2,expires=2"), "\(info)")
            daemon.close()
            await server.crash()
        }
    }

    @Test("A server that is full is told of, and each daemon counts by itself")
    func full() async throws {
        try await withTemporaryFolder { folder in
            let server = try await TestRedis(in: folder)
            let daemon = try SharedMemory.forTests(server.url)
            await daemon.connect()
            let limit = try #require(RateLimit(5, per: 60))
            #expect(await ask(daemon.rates, "k", limit) != nil)
            #expect(daemon.redis.standing == .ok)
            try await server.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
            try await server.ask("CONFIG", "SET", "maxmemory", "1")
            #expect(await ask(daemon.rates, "k", limit) == nil)
            #expect(daemon.redis.standing == .refuses)
            daemon.close()
            await server.crash()
        }
    }

    @Test("While time passes no more are admitted than the limit says, and no fewer")
    func refill() async throws {
        try await withTemporaryFolder { folder in
            let server = try await TestRedis(in: folder)
            let daemons = try [SharedMemory.forTests(server.url), SharedMemory.forTests(server.url)]
            for daemon in daemons { await daemon.connect() }
            let limit = try #require(RateLimit(40, per: 1))
            let start = MonotonicClock.now
            var admitted = 0
            var asked = 0
            var unanswered = 0
            while MonotonicClock.now - start < 1_500_000_000 {
                switch await ask(daemons[asked % 2].rates, "k", limit)?.allowed {
                case true?: admitted += 1
                case false?: break
                case nil: unanswered += 1
                }
                asked += 1
            }
            let seconds = Double(MonotonicClock.now - start) / 1e9
            #expect(Double(admitted) <= 40 + 40 * seconds + 1)
            // Where there was time to ask for as much.
            #expect(Double(admitted + unanswered) >= min(Double(asked), 40 + 40 * seconds - 4))
            for daemon in daemons { daemon.close() }
            await server.crash()
        }
    }

    @Test("Without a server the answer is none, at once")
    func away() async throws {
        try await withTemporaryFolder { folder in
            let server = try await TestRedis(in: folder)
            let daemon = try SharedMemory.forTests(server.url)
            await daemon.connect()
            await server.crash()
            while daemon.rates.isAtHand { await Task.yield() }
            let limit = try #require(RateLimit(5, per: 60))
            #expect(await ask(daemon.rates, "k", limit) == nil)
            #expect(daemon.rates.fallbacks == 1)
            daemon.close()
        }
    }
}
