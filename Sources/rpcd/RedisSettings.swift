import NIOCore
import Redis
import Services

/// What daemons keep together, and where.
struct RedisSettings {
    var url: RedisURL?
    var authorities: String?
    var cacheSeconds = StandingCache.standardSeconds

    /// - Parameter loops: each gets a connection of its own.
    /// - Throws: ``SettingError`` when the certificates cannot be read.
    func sharedMemory(on loops: [any EventLoop]) throws -> SharedMemory? {
        guard let url else { return nil }
        var configuration = RedisConfiguration(url)
        configuration.authorities = authorities
        SharedMemory.configure(&configuration)
        do throws(RedisError) {
            return SharedMemory(
                try RedisGroup(configuration, on: loops), standingSeconds: cacheSeconds)
        } catch {
            throw SettingError(
                "RPCD_REDIS_CA_FILE", got: authorities, takes: "the path of a file of PEM certificates")
        }
    }
}

extension Settings {
    /// Redis, for what several daemons keep together.
    static let sharing: [Declaration] = [
        Declaration(
            key: "RPCD_REDIS_URL",
            takes:
                "a URL as redis://user:password@cache.example.org:6379/0, rediss://… for TLS, or unix:///run/redis/redis.sock?db=0",
            standard: nil,
            summary:
                "a Redis server, version 7, that daemons of one platform share; without one each counts by itself",
            isSecret: true
        ) {
            guard let url = try? RedisURL($1) else { return false }
            $0.redis.url = url
            return true
        },
        Declaration(
            key: "RPCD_REDIS_CA_FILE", takes: "the path of a file of PEM certificates",
            standard: "the system's", summary: "whom to trust at the other end of rediss://"
        ) {
            $0.redis.authorities = $1
            return !$1.isEmpty
        },
        Declaration(
            key: "RPCD_REDIS_CACHE_SECONDS",
            takes: "a number from 0 to \(StandingCache.maximumSeconds)",
            standard: "\(StandingCache.standardSeconds)",
            summary:
                "how long sessions and roles may be kept in Redis; what is revoked is forgotten at once; 0 keeps none"
        ) {
            guard let seconds = Int64($1), (0...StandingCache.maximumSeconds).contains(seconds) else {
                return false
            }
            $0.redis.cacheSeconds = seconds
            return true
        },
    ]
}
