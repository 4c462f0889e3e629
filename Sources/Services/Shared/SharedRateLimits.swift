import Cryptography
import RPC
import Redis
import Resilience
import Synchronization

/// The rates of the contract for all daemons together: ``RateLimiter`` as one script, which Redis runs as one step.
public final class SharedRateLimits: SharedRates {
    private let redis: RedisGroup
    private let fallbackCount = Atomic(0)

    init(_ redis: RedisGroup) {
        self.redis = redis
    }

    /// The generic cell rate algorithm (ITU-T I.371), on Redis's clock: of each key the instant at which its allowance is whole again, in
    /// microseconds since the start of 2025, so that a double holds it to some nanoseconds. The key goes when its allowance is whole.
    ///
    /// KEYS: of the caller. ARGV: the interval in which one is earned, how many at once, the cost, and what the daemon knows itself of how
    /// long the caller is busy, all times in microseconds. Answers 1 or 0, and, in nanoseconds, how long the caller is busy and how long
    /// until the same would be admitted.
    static let script = RedisScript(
        """
        local clock = redis.call('TIME')
        local now = (clock[1] - 1735689600) * 1000000 + clock[2]
        local interval, count, cost, known = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
        local window = interval * count
        local stored = tonumber(redis.call('GET', KEYS[1]) or 0) - now
        local busy = math.min(window, math.max(stored, known, 0))
        local function answer(allowed, retry)
            return {allowed, math.floor(busy * 1000), math.floor(retry * 1000)}
        end
        if cost > count then return answer(0, busy) end
        local over = busy + interval * cost - window
        local allowed = over <= 0.5
        if allowed then busy = math.min(window, busy + interval * cost) end
        if busy > 0 and (busy > stored or allowed) then
            redis.call('SET', KEYS[1], string.format('%.3f', now + busy), 'PX', math.ceil(busy / 1000) + 1)
        end
        if allowed then return answer(1, 0) end
        return answer(0, over)
        """)

    /// Left off what a daemon knows: the time that its question is under way must not be counted against the caller.
    private static let slackNanoseconds = UInt64(SharedMemory.patienceMs) * 1_000_000

    public var isAtHand: Bool { redis.isAtHand }

    /// Calls that Redis has not answered in time.
    var fallbacks: Int { fallbackCount.load(ordering: .relaxed) }

    public func ask(_ question: RateQuestion, answer: @escaping @Sendable (RateAnswer?) -> Void) {
        ask(question, cost: 1, answer: answer)
    }

    /// - Parameter cost: how many calls at once; all are admitted, or none.
    func ask(_ question: RateQuestion, cost: Int, answer: @escaping @Sendable (RateAnswer?) -> Void) {
        guard let key = SharedRateLimits.key(question) else { return fallBack(answer) }
        let known =
            question.busyNanoseconds - min(question.busyNanoseconds, SharedRateLimits.slackNanoseconds)
        let interval =
            Double(question.limit.seconds) * 1_000_000 / Double(max(1, question.limit.count))
        redis.run(
            SharedRateLimits.script, keys: [key],
            ["\(interval)", Int64(question.limit.count), Int64(max(0, cost)), "\(Double(known) / 1000)"],
            withinMs: SharedMemory.patienceMs
        ) { [self] result in
            guard case .success(let reply) = result, let numbers = reply.elements, numbers.count == 3,
                let allowed = numbers[0].int64, let busy = numbers[1].int64, let retry = numbers[2].int64
            else { return fallBack(answer) }
            answer(
                RateAnswer(
                    allowed: allowed == 1, busyNanoseconds: UInt64(max(0, busy)),
                    retryAfterNanoseconds: UInt64(max(0, retry))))
        }
    }

    private func fallBack(_ answer: (RateAnswer?) -> Void) {
        fallbackCount.add(1, ordering: .relaxed)
        answer(nil)
    }

    /// Neither addresses nor anything else of a caller is to be read in Redis, and every key is short.
    private static func key(_ question: RateQuestion) -> String? {
        guard let digest = try? SHA256.digest(Array(question.key.utf8)) else { return nil }
        return SharedMemory.prefix + "rate:\(question.rate.rawValue):"
            + Base64URL.encode(Array(digest[..<18]))
    }
}
