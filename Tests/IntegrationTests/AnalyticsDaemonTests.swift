import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("Analytics, in a running daemon")
struct AnalyticsDaemonTests {
    @Test("Whatever is killed, what was acknowledged is in the store once: scripts/prove analytics, in short")
    func proof() async throws {
        try await Proof.run(
            "analytics", try #require(Seed.some(1).first),
            expecting: "1 kills of the daemon that sends, 1 of PostgreSQL, 1 of the store")
    }

    @Test(
        "Analytics in the instance of the transactions ends the start with status 78, and both settings are named"
    )
    func sameInstance() async throws {
        let cluster = try TestCluster()
        defer { cluster.remove() }
        try await withTemporaryFolder { folder in
            let conninfo = try cluster.freshDatabase()
            let settings = try Served.settings(in: folder, conninfo: conninfo)
            try await Served.migrate(conninfo, settings)
            let other = try cluster.freshDatabase()
            let same = try await ServedProcess.run(
                "rpcd", ["serve"], environment: settings.merging(["RPCD_ANALYTICS_URL": other]) { $1 })
            #expect(same.status == 78)
            #expect(same.errors.contains("RPCD_ANALYTICS_URL") && same.errors.contains("RPCD_DATABASE_URL"))
            #expect(!same.errors.contains(other))
            // Nor are tables made there.
            let migrated = try await ServedProcess.run(
                "rpcd", ["migrate", "up"],
                environment: settings.merging([
                    "RPCD_DATABASE_URL": conninfo, "RPCD_DATABASE_DIRECT_URL": conninfo,
                    "RPCD_ANALYTICS_URL": other,
                ]) { $1 })
            #expect(migrated.status == 78, "\(migrated.errors)")
            #expect(
                migrated.errors.contains("RPCD_ANALYTICS_URL")
                    && migrated.errors.contains("RPCD_DATABASE_URL"))
            let tables = try SQLConsole(other).run(
                "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
            #expect(tables.rows == [["0"]])
            let both = try await ServedProcess.run(
                "rpcd", ["serve"],
                environment: settings.merging([
                    "RPCD_ANALYTICS_URL": other, "RPCD_CLICKHOUSE_URL": "http://127.0.0.1:1/x",
                ]) { $1 })
            #expect(both.status == 78 && both.errors.contains("RPCD_CLICKHOUSE_URL"))
            let scheme = try await ServedProcess.run(
                "rpcd", ["serve"],
                environment: settings.merging(["RPCD_CLICKHOUSE_URL": "postgres://u:hidden@h/d"]) { $1 })
            #expect(scheme.status == 78 && !scheme.errors.contains("hidden"))
        }
    }

    @Test(
        "A daemon that hangs loses its turn to send within seconds, although its connections stand",
        .timeLimit(.minutes(2)))
    func hangingLeader() async throws {
        let conninfo = try TestCluster.shared.get().freshDatabase()
        let store = try TestCluster.analytics.get().freshDatabase()
        try await withTemporaryFolder { folder in
            var daemons: [Served] = []
            for number in 0..<2 {
                let own = folder + "/d\(number)"
                try #require(mkdir(own, 0o755) == 0)
                daemons.append(
                    try await Served.start(
                        in: own, conninfo: conninfo, environment: ["RPCD_ANALYTICS_URL": store]))
            }
            var leader: Served?
            while leader == nil {
                for daemon in daemons where try await daemon.leads() { leader = daemon }
            }
            let first = try #require(leader)
            first.process.send(SIGSTOP)
            let other = try #require(daemons.first { $0.socket != first.socket })
            while try await !other.leads() { await Task.yield() }
            // Who comes back knows that he has lost it.
            first.process.send(SIGCONT)
            while try await first.leads() { await Task.yield() }
            #expect(try await other.leads())
        }
    }

    @Test(
        "A daemon that cannot reach the store says so once, and lets one send that can; also where the store hangs",
        .timeLimit(.minutes(2)), arguments: [false, true])
    func storeOutOfReach(hangs: Bool) async throws {
        let conninfo = try TestCluster.shared.get().freshDatabase()
        let store = try TestCluster.analytics.get().freshDatabase()
        try await withTemporaryFolder { folder in
            let able = try await Served.start(
                in: folder, conninfo: conninfo, environment: ["RPCD_ANALYTICS_URL": store])
            let own = folder + "/unable"
            try #require(mkdir(own, 0o755) == 0)
            // The migrations are done, and its store could not be migrated.
            let listener = try hangs ? SilentListener() : nil
            defer { extendLifetime(listener) }
            let port = try listener?.port ?? TestRedis.freePort()
            let settings = try Served.settings(in: own, conninfo: conninfo).merging([
                "RPCD_CLICKHOUSE_URL": "http://127.0.0.1:\(port)/x"
            ]) { $1 }
            let process = try ServedProcess("rpcd", ["serve"], environment: settings, in: own)
            let unable = Served(
                process: process, socket: own + "/s", readyLine: try await process.readyLine())
            #expect(unable.process.errors.contains("RPCD_CLICKHOUSE_URL leads to no store that answers"))
            // It becomes its turn.
            able.process.send(SIGSTOP)
            while try await !unable.leads() { await Task.yield() }
            able.process.send(SIGCONT)
            while try await !able.leads() { await Task.yield() }
            while try await unable.leads() { await Task.yield() }
            let told = unable.process.errors.components(separatedBy: "Sending to analytics").count - 1
            #expect(told == 1, "\(unable.process.errors)")
        }
    }

    @Test(
        "A ClickHouse URL that leads to the PostgreSQL of the transactions is refused",
        .timeLimit(.minutes(2)))
    func clickHouseAtDatabase() async throws {
        let port = try TestRedis.freePort()
        let cluster = try TestCluster(port: port)
        defer { cluster.remove() }
        try await withTemporaryFolder { folder in
            let conninfo = try cluster.freshDatabase()
            let settings = try Served.settings(in: folder, conninfo: conninfo)
            try await Served.migrate(conninfo, settings)
            let refused = try await ServedProcess.run(
                "rpcd", ["serve"],
                environment: settings.merging(["RPCD_CLICKHOUSE_URL": "http://localhost:\(port)/rpcd"]) { $1 }
            )
            #expect(refused.status == 78)
            #expect(
                refused.errors.contains("RPCD_CLICKHOUSE_URL") && refused.errors.contains("RPCD_DATABASE_URL")
            )
        }
    }
}

extension Served {
    /// Whether it is this daemon that sends to analytics.
    fileprivate func leads() async throws -> Bool {
        let metrics = try await RawSocket(path: socket).call("system.metrics")
        return metrics["result"]?["text"]?.string?.contains("rpcd_analytics_leader 1\n") == true
    }
}
