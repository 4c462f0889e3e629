import Identifiers
import Postgres
import RPC
import Redis
import Resilience
import Synchronization

/// What the daemons of a platform keep together in Redis: nothing that could not be lost. Without Redis, and while it is away, each daemon
/// does with what it has itself and what is in PostgreSQL.
public final class SharedMemory: Sendable {
    /// Every key that there is begins with it; the Redis database belongs to one platform.
    static let prefix = "rpcd:"
    /// How long a call waits for Redis before it does without.
    static let patienceMs: Int64 = 50

    let redis: RedisGroup
    public let rates: SharedRateLimits
    let standings: StandingCache

    /// - Parameters:
    ///   - redis: configured by ``configure(_:)``, and not started.
    ///   - standingSeconds: how long what somebody is may be taken from Redis instead of the database.
    public init(_ redis: RedisGroup, standingSeconds: Int64 = StandingCache.standardSeconds) {
        self.redis = redis
        rates = SharedRateLimits(redis)
        standings = StandingCache(redis, seconds: standingSeconds)
    }

    /// Adds what connections have to know: scripts, and channels to hear.
    public static func configure(_ configuration: inout RedisConfiguration) {
        configuration.scripts = [SharedRateLimits.script]
        configuration.channels = [CircuitMessages.channel(configuration.url.database)]
    }

    /// Begins to connect.
    /// - Parameter log: told once when Redis goes, and once when it is back.
    func start(_ circuits: CircuitMessages, log: @escaping @Sendable (Notice) -> Void) {
        let wasAway = Mutex(false)
        redis.start { [standings] event in
            switch event {
            case .connected:
                standings.trust.redisIsBack()
                let isBack = wasAway.withLock { wasAway in
                    defer { wasAway = false }
                    return wasAway
                }
                if isBack { log(Notice(.redisBack, "Redis is back")) }
            case .disconnected(let reason):
                standings.trust.redisIsAway()
                wasAway.withLock { $0 = true }
                log(
                    Notice(
                        .redisAway,
                        "Redis is away, so limits hold for each daemon by itself until it is back: \(reason)")
                )
            case .refused(let code):
                log(
                    Notice(
                        .redisAway,
                        "Redis refuses what it is asked (\(code)), so limits hold for each daemon by itself until it does not"
                    ))
            case .message(_, let payload): circuits.hear(payload)
            }
        }
    }

    /// Takes over what PostgreSQL has told the daemon.
    public func hear(_ event: Listener.Event) {
        switch event {
        case .listening: standings.trust.databaseIsHeard()
        case .lost: standings.trust.databaseIsUnheard()
        case .notification(StandingCache.channelName, let id):
            guard let id = UUID(id) else { return }
            standings.trust.changed(id)
            standings.forget([id]) {}
        case .notification: break
        }
    }

    public func close() { redis.close() }

    func writeMetrics(to text: inout PrometheusText) {
        let metrics = redis.metrics
        text.gauge("rpcd_redis_connected", "Whether Redis serves: 1, or 0.", metrics.isConnected ? 1 : 0)
        text.begin("rpcd_redis_commands_total", .counter, "Commands for Redis.")
        text.sample("rpcd_redis_commands_total", [], "\(metrics.commands)")
        text.begin(
            "rpcd_redis_failures_total", .counter,
            "Commands that Redis has not answered, or not in time, or not as expected.")
        text.sample("rpcd_redis_failures_total", [], "\(metrics.failures)")
        text.begin(
            "rpcd_redis_rate_fallbacks_total", .counter,
            "Calls that this daemon has counted by itself because Redis did not answer in time.")
        text.sample("rpcd_redis_rate_fallbacks_total", [], "\(rates.fallbacks)")
        text.begin(
            "rpcd_redis_standing_lookups_total", .counter,
            "Calls whose role was looked for in Redis: found there, or asked of the database.")
        let (hits, misses) = standings.lookups
        text.sample("rpcd_redis_standing_lookups_total", [("outcome", "hit")], "\(hits)")
        text.sample("rpcd_redis_standing_lookups_total", [("outcome", "miss")], "\(misses)")
    }
}

extension Platform {
    /// Connects to what daemons share, where anything is.
    /// - Parameter log: told once when it goes, and once when it is back.
    public func startSharing(log: @escaping @Sendable (Notice) -> Void) {
        guard let shared else { return }
        let messages = CircuitMessages(providers.calls.circuits, shared.redis)
        shared.start(messages, log: log)
        providers.calls.circuits.tell { messages.tell($0) }
    }
}
