import Identifiers
import JSON
import Redis
import Resilience

/// Tells the other daemons of a circuit at once, where ``CircuitSharing`` would within a second or two. What is not heard is no loss: the
/// database has it.
final class CircuitMessages: Sendable {
    private let circuits: CircuitBreakers
    private let redis: RedisGroup

    /// Daemons with a clock ahead of another's by more are not believed.
    private static let tolerance: Int64 = 3_600_000_000_000
    private static let maximumBytes = 4096

    init(_ circuits: CircuitBreakers, _ redis: RedisGroup) {
        self.circuits = circuits
        self.redis = redis
    }

    /// Channels are one for all databases of a Redis server.
    static func channel(_ database: Int) -> String { SharedMemory.prefix + "circuits:\(database)" }

    func tell(_ news: CircuitBreakers.News) {
        let channel = CircuitMessages.channel(redis.database)
        redis.send(
            RedisCommand("PUBLISH", channel, CircuitMessages.encode(news)), withinMs: SharedMemory.patienceMs
        ) { _ in }
    }

    /// What is no message of a daemon says nothing.
    func hear(_ payload: [UInt8]) {
        guard payload.count <= CircuitMessages.maximumBytes, let news = CircuitMessages.decode(payload)
        else { return }
        let latest = Int64(clamping: circuits.clock()) + CircuitMessages.tolerance
        guard news.snapshot.changedAt <= latest, news.snapshot.forcedAt <= latest else { return }
        circuits.merge(news.snapshot, news.key, of: news.workspace)
    }

    static func encode(_ news: CircuitBreakers.News) -> [UInt8] {
        JSONWriter.object { writer in
            writer.key("provider")
            writer.string(news.key.provider)
            writer.key("credential")
            writer.string(news.key.credential)
            if let workspace = news.workspace {
                writer.key("workspace")
                writer.string("\(workspace)")
            }
            for (name, number) in numbers(of: news.snapshot) {
                writer.key(name)
                writer.int(number)
            }
        }
    }

    static func decode(_ payload: [UInt8]) -> CircuitBreakers.News? {
        guard let json = try? JSON.parse(payload), let provider = json["provider"]?.string,
            let credential = json["credential"]?.string,
            let state = json["state"]?.int64, let openings = json["openings"]?.int64,
            let openUntil = json["openUntil"]?.int64, let changedAt = json["changedAt"]?.int64,
            let forced = json["forced"]?.int64, let forcedAt = json["forcedAt"]?.int64
        else { return nil }
        return CircuitBreakers.News(
            key: CircuitKey(provider, credential),
            workspace: json["workspace"]?.string.flatMap { UUID($0) },
            snapshot: CircuitBreaker.Snapshot(
                state: Int(state), openings: Int(openings), openUntil: openUntil, changedAt: changedAt,
                forced: Int(forced), forcedAt: forcedAt))
    }

    private static func numbers(
        of snapshot: CircuitBreaker.Snapshot
    ) -> KeyValuePairs<StaticString, Int64> {
        [
            "state": Int64(snapshot.state), "openings": Int64(snapshot.openings),
            "openUntil": snapshot.openUntil, "changedAt": snapshot.changedAt,
            "forced": Int64(snapshot.forced), "forcedAt": snapshot.forcedAt,
        ]
    }
}
