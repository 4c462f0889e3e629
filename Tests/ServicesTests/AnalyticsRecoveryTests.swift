import AnalyticsStores
import ClickHouse
import JSON
import Postgres
import Resilience
import TestSupport
import Testing

@testable import Services

@Suite("What goes wrong on the way to analytics") struct AnalyticsRecoveryTests {
    /// As long as something is read anew.
    private func refill(_ reporting: Reporting) async throws {
        try await until {
            try await reporting.replicator.turn()
            return reporting.value("SELECT since IS NULL FROM analytics_gap") == "t"
        }
    }

    @Test("A row that is refused is laid aside once, however often it is read anew; everything else arrives")
    func refusedAgain() async throws {
        let reporting = try await Reporting { $0.page = 7 }
        defer { reporting.close() }
        var random = SplitMix64(seed: 31)
        try reporting.finishJob(&random, records: 20)
        for amount in [5, 7, 8, 7, 9] { try await reporting.spend(amount) }
        let analytics = try SQLConsole(reporting.storeConninfo)
        analytics.run("ALTER TABLE credits ADD CONSTRAINT no_sevens CHECK (amount <> 7)")
        analytics.run("ALTER TABLE enrichment ADD CONSTRAINT not_the_ninth CHECK (seq <> 9)")
        try await reporting.arrive()
        #expect(reporting.count("analytics_dead_letters") == 3)
        for _ in 0..<2 {
            analytics.run("TRUNCATE enrichment, credits")
            reporting.owner.run("UPDATE analytics_gap SET since = 'epoch', changed_at = clock_timestamp()")
            try await refill(reporting)
            #expect(reporting.count("analytics_dead_letters") == 3)
            #expect(analytics.run("SELECT count(*) FROM enrichment").rows == [["39"]])
            #expect(analytics.run("SELECT sum(amount) FROM credits WHERE type = 'debit'").rows == [["22"]])
        }
        analytics.run("ALTER TABLE credits DROP CONSTRAINT no_sevens")
        analytics.run("ALTER TABLE enrichment DROP CONSTRAINT not_the_ninth")
        _ = try await reporting.connection.result("admin.deadLetters.replay", "{}")
        try await reporting.arrive()
        let verified = try await reporting.connection.result("admin.analytics.verify", "{}")
        #expect(verified["found"]?.int64 == 0, "\(verified.source)")
    }

    @Test("Only what has happened since is read anew, page by page, whatever lies between")
    func gap() async throws {
        let reporting = try await Reporting { $0.page = 3 }
        defer { reporting.close() }
        var random = SplitMix64(seed: 32)
        for from in ["now() - interval '300 days'", "now() - interval '20 days'"] {
            for _ in 0..<3 { try reporting.finishJob(&random, records: 5, from: from) }
        }
        try await reporting.arrive()
        let analytics = try SQLConsole(reporting.storeConninfo)
        analytics.run("TRUNCATE enrichment, credits")
        reporting.owner.run(
            "UPDATE analytics_gap SET since = now() - interval '30 days', changed_at = clock_timestamp()")
        try await refill(reporting)
        #expect(analytics.run("SELECT count(*) FROM enrichment").rows == [["30"]])
        #expect(analytics.run("SELECT count(*) FROM credits").rows == [["1"]])
        #expect(reporting.value("SELECT done FROM analytics_gap") == "31")
    }

    @Test("What takes something back is no reason to drop the rest, however long it has waited")
    func voidAtTheHead() async throws {
        let cluster = try TestCluster()
        defer { cluster.remove() }
        let reporting = try await Reporting(on: cluster) { $0.mostNotes = 10 }
        defer { reporting.close() }
        try await reporting.arrive()
        try cluster.stopImmediately()
        reporting.owner.run(
            "INSERT INTO analytics_outbox (workspace_id, job_id, seq, void_at) SELECT gen_random_uuid(), gen_random_uuid(), 1, now()"
        )
        // Numbers go on, as after transactions that were taken back.
        reporting.owner.run(
            "SELECT nextval(pg_get_serial_sequence('analytics_outbox', 'id')) FROM generate_series(1, 100)")
        for _ in 0..<5 { try await reporting.spend(1) }
        // It looks once, and fails.
        await #expect(throws: (any Error).self) { try await reporting.replicator.turn() }
        #expect(reporting.count("analytics_outbox") == 6)
        #expect(reporting.value("SELECT since IS NULL FROM analytics_gap") == "t")
    }

    @Test("A report about a job is about its results")
    func ofOneJob() async throws {
        let reporting = try await Reporting()
        defer { reporting.close() }
        var random = SplitMix64(seed: 33)
        try reporting.finishJob(&random, records: 4)
        let job = try reporting.finishJob(&random, records: 9)
        try await reporting.arrive()
        let report = try await reporting.call("analytics.enrichment", #""jobId":"\#(job)""#)
        #expect(report["total"]?["results"]?.int64 == 18)
        let funnel = try await reporting.call("analytics.funnel", #""jobId":"\#(job)","range":"90d""#)
        #expect(funnel["records"]?.int64 == 9)
        let old = #""jobId":"\#(job)","from":"2020-01-01T00:00:00Z","to":"2020-02-01T00:00:00Z""#
        #expect(try await reporting.call("analytics.funnel", old)["records"]?.int64 == 0)
        let other = try await reporting.connection.call(
            "analytics.funnel",
            #"{"workspaceId":"\#(reporting.workspace)","jobId":"\#(reporting.workspace)"}"#)
        #expect(other.errorCode == "NOT_FOUND")
    }

    @Test(
        "Providers are told by what they answered, how quickly, for how much, and how often they were given up"
    )
    func providers() async throws {
        let reporting = try await Reporting()
        defer { reporting.close() }
        var random = SplitMix64(seed: 34)
        try reporting.finishJob(&random, records: 10)
        reporting.owner.run(
            "UPDATE job_tasks SET provider = 'acme', status = 'not_found', cost = 0, calls = NULL")
        // 20 calls of 1 to 20 ms: 12 found, 5 knew nothing, 3 failed.
        reporting.owner.run(
            """
            UPDATE job_tasks SET calls = jsonb_build_array(jsonb_build_array('acme',
                CASE WHEN seq < 12 THEN 'found' WHEN seq < 17 THEN 'not_found' ELSE 'failed' END, seq + 1)),
                status = CASE WHEN seq < 12 THEN 'found' ELSE 'not_found' END, cost = CASE WHEN seq < 12 THEN 5 ELSE 0 END
            """)
        reporting.owner.run(
            "INSERT INTO provider_openings (provider, workspace_id) VALUES ('acme', NULL), ('acme', '\(reporting.workspace)'), ('beta', NULL)"
        )
        try await reporting.arrive()
        let report = try await reporting.call("analytics.providers")
        let acme = report["providers"]?[0]
        #expect(acme?["provider"]?.string == "acme")
        for (name, number) in [
            ("calls", 20), ("found", 12), ("notFound", 5), ("failed", 3), ("p50Ms", 10), ("p95Ms", 19),
            ("hits", 12),
            ("credits", 60), ("milliCreditsPerHit", 5000), ("breakerOpenings", 2),
        ] {
            #expect(acme?[name]?.int64 == Int64(number), "\(name) in \(report.source)")
        }
        #expect(acme?["successRate"]?.source == "0.85")
        #expect(report["providers"]?[1]?["breakerOpenings"]?.int64 == 1)
        #expect(try await reporting.call("analytics.funnel")["milliCreditsPerFound"]?.int64 == 5000)
    }

    @Test("A report that says something else than its rows is named", .enabled(if: ClickHouseServer.isHere))
    func wrongSums() async throws {
        let server = try await ClickHouseServer.shared()
        let url = try await server.freshDatabase()
        let client = try ClickHouseClient(#require(ClickHouseConfiguration(url: url)))
        try await ClickHouseMigrator(
            client, files: MigrationFile.read(folder: Backend.root + "/migrations/clickhouse")
        ).up()
        let reporting = try await Reporting(clickHouse: client)
        defer { reporting.close() }
        var random = SplitMix64(seed: 35)
        try reporting.finishJob(&random, records: 5)
        try await reporting.spend(4)
        try await reporting.arrive()
        func verified() async throws -> [String] {
            let answer = try await reporting.connection.result("admin.analytics.verify", "{}")
            return answer["differences"]?.elements.compactMap { $0["what"]?.string } ?? []
        }
        #expect(try await verified() == [])
        let double: StaticString = """
            INSERT INTO credit_sums SELECT workspace_id, slot, version + toIntervalMicrosecond(1), 0, keep_until, sums.source, sums.provider,
                arrayMap(n -> 2 * n, sums.transactions), sums.added, arrayMap(n -> 2 * n, sums.spent), sums.refunded, sums.expired
            FROM credit_sums FINAL WHERE NOT is_changed
            """
        try await client.execute(double)
        #expect(try await verified() == ["reported rows", "reported spent"])
    }

    @Test(
        "A store whose name leads to the instance of the transactions one day is neither written to nor asked there"
    )
    func moved() async throws {
        let cluster = try TestCluster()
        defer { cluster.remove() }
        let transactions = try TestCluster.shared.get()
        let name = "moved\(UInt32.random(in: .min ... .max))"
        for place in [cluster, transactions] {
            let made = try SQLConsole(place.conninfo()).run("CREATE DATABASE \(name)")
            #expect(made.sqlState == nil)
            try Backend.makeAnalyticsStore(on: place.conninfo(database: name)).close()
        }
        let reporting = try await Reporting(
            existing: TestCluster.conninfo(of: [cluster, transactions], database: name))
        defer { reporting.close() }
        try await reporting.spend(1)
        try await reporting.arrive()
        try cluster.stopImmediately()
        try await reporting.spend(2)
        try await until {
            try? await reporting.replicator.turn()
            let ready = try await reporting.connection.result("system.ready", "{}")
            return ready["checks"]?["analytics"]?.string == "refused"
        }
        for _ in 0..<20 {
            try? await reporting.replicator.turn()
            let asked = try await reporting.connection.call(
                "analytics.credits", #"{"workspaceId":"\#(reporting.workspace)"}"#)
            #expect(asked.errorCode == "SERVICE_UNAVAILABLE", "\(asked.source)")
        }
        let there = try SQLConsole(transactions.conninfo(database: name))
        #expect(there.run("SELECT count(*) FROM credits").rows == [["0"]])
        try cluster.start()
        try await until {
            try? await reporting.replicator.turn()
            return reporting.count("analytics_outbox") == 0
        }
        // A session that leads to the other instance ends with the first question.
        try await until {
            let told = try await reporting.connection.call(
                "analytics.credits", #"{"workspaceId":"\#(reporting.workspace)"}"#)
            return told["result"]?["total"]?["spent"]?.int64 == 3
        }
    }

    @Test("A store that hangs holds up nobody who asks whether the daemon is ready")
    func hangingStore() async throws {
        // Connections wait in its queue for ever.
        let listener = try SilentListener()
        let client = try ClickHouseClient(
            #require(ClickHouseConfiguration(url: "http://127.0.0.1:\(listener.port)/x")))
        let reporting = try await Reporting(clickHouse: client)
        defer { reporting.close() }
        let ready = try await reporting.connection.result("system.ready", "{}")
        #expect(ready["status"]?.string == "degraded")
        #expect(ready["checks"]?["clickhouse"]?.string == "away")
        #expect(try listener.firstCallerStillWaits())
    }
}
