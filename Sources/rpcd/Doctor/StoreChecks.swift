import AnalyticsStores
import ClickHouse
import Identifiers
import NIOCore
import NIOPosix
import Postgres
import Redis
import Services

extension Doctor {
    private static let oldestClickHouse = 24
    private static let oldestRedis = 7

    func analytics() async throws -> [Finding] {
        guard settings.hasAnalytics else {
            return [
                .skipped("no store is set: there are no reports (RPCD_ANALYTICS_URL, RPCD_CLICKHOUSE_URL)")
            ]
        }
        guard (try? settings.requireOneStore()) != nil else {
            return [.skipped("two stores are set; see configuration")]
        }
        let findings: [Finding]
        if let client = try settings.clickHouse() {
            defer { client.close() }
            findings = try await clickHouse(client)
        } else {
            findings = try await postgresAnalytics()
        }
        return findings
    }

    private func clickHouse(_ client: ClickHouseClient) async throws -> [Finding] {
        let place = Masking.place(of: settings.analytics.clickHouseURL ?? "")
        let version: String
        let difference: Int64
        do {
            version = try await client.version(milliseconds: milliseconds)
            let before = Timestamp.now
            let rows = try await client.query(
                ClickHouseFacts.clock, limits: .within(milliseconds: milliseconds))
            let clock = try rows.first?.integer(0) ?? before.microseconds
            difference = Doctor.difference(
                of: Timestamp(microseconds: clock), from: before, to: Timestamp.now)
        } catch {
            guard await !PostgresProbe.answers(at: client.configuration, milliseconds: Int64(milliseconds))
            else { return [Doctor.sameInstance("RPCD_CLICKHOUSE_URL")] }
            return [
                .failure(
                    "ClickHouse at \(place) cannot be asked: \(error)",
                    do:
                        "see whether it runs and RPCD_CLICKHOUSE_URL is right; until then reports stay as they are and notes wait"
                )
            ]
        }
        var findings = Doctor.judge(clockOf: "ClickHouse", difference)
        if version.split(separator: ".").first.flatMap({ Int($0) }) ?? 0 < Doctor.oldestClickHouse {
            findings.append(
                .failure("ClickHouse \(version) is too old", do: "install ClickHouse 24 or newer"))
        }
        if let migrator = try Daemon.clickHouseMigrator(settings) {
            findings += Doctor.judge(try await migrator.standing(), of: " of analytics")
        }
        return findings.orElse(.ok("ClickHouse \(version) at \(place)"))
    }

    private func postgresAnalytics() async throws -> [Finding] {
        guard let url = settings.analytics.databaseURL else { return [] }
        let answer: Answer
        do {
            answer = try await onOwnThread { try ask(Server(url)) }
        } catch let error as PostgresError {
            return [
                .failure(
                    "\(Masking.place(of: url)) cannot be reached: \(error.message)",
                    do:
                        "see whether it runs and RPCD_ANALYTICS_URL is right; until then reports stay as they are and notes wait"
                )
            ]
        }
        var findings = Doctor.judge(clockOf: "analytics", answer.difference)
        if let migrator = try Daemon.analyticsMigrator(settings) {
            findings += Doctor.judge(try migrator.standing(), of: " of analytics")
        }
        let store = PostgresAnalytics(conninfo: url)
        defer { store.close() }
        if await isInside(store) {
            findings.append(Doctor.sameInstance("RPCD_ANALYTICS_URL"))
        }
        return findings.orElse(
            .ok("PostgreSQL \(answer.facts.version.prefix { $0 != " " }) at \(Masking.place(of: url))"))
    }

    /// Whether the store is where the transactions are. Not, where these cannot be asked: that is told elsewhere.
    private func isInside(_ store: any AnalyticsStore) async -> Bool {
        guard let server = try? settings.server() else { return false }
        let pool = Pool(PoolConfiguration(server: server, size: 1, connectTimeoutNanoseconds: nanoseconds))
        defer { pool.close(within: 0) }
        return (try? await !AnalyticsService().isApart(store, from: pool)) ?? false
    }

    private static func sameInstance(_ setting: String) -> Finding {
        .failure(
            "\(setting) names the PostgreSQL of the transactions, or one that cannot be told from it: rpcd serve refuses that",
            do: "give analytics an instance of its own, or ClickHouse's HTTP interface")
    }

    func redis() async throws -> [Finding] {
        guard let url = settings.redis.url else {
            return [.skipped("none is set: each daemon counts by itself")]
        }
        var configuration = RedisConfiguration(url)
        configuration.authorities = settings.redis.authorities
        configuration.connectTimeout = .milliseconds(Int64(milliseconds))
        let (events, continuation) = AsyncStream.makeStream(of: RedisClient.Event.self)
        let client = try RedisClient(
            configuration, on: MultiThreadedEventLoopGroup.singleton.next()
        ) { continuation.yield($0) }
        defer { client.close() }
        client.start()
        for await event in events {
            switch event {
            case .connected: return try await judge(client)
            case .disconnected(let error):
                return [
                    .warning(
                        "Redis cannot be reached: \(error)",
                        do:
                            "see whether it runs and RPCD_REDIS_URL is right; until then limits hold for each daemon by itself"
                    )
                ]
            case .refused, .message: continue
            }
        }
        return []
    }

    private func judge(_ client: RedisClient) async throws -> [Finding] {
        let answer = try await client.call(
            RedisCommand("INFO", "server"), within: .milliseconds(Int64(milliseconds)))
        let text: [UInt8] =
            switch answer {
            case .bulk(let bytes), .verbatim(_, let bytes): bytes
            default: []
            }
        let name = "redis_version:"
        let line = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).first {
            $0.hasPrefix(name)
        }
        let version = line.map { String($0.dropFirst(name.count)) } ?? "of an unknown version"
        guard version.split(separator: ".").first.flatMap({ Int($0) }) ?? 0 >= Doctor.oldestRedis else {
            return [.failure("Redis \(version) is too old", do: "install Redis 7 or newer")]
        }
        return [.ok("Redis \(version)")]
    }
}
