import AnalyticsStores
import ClickHouse
import Foundation
import JSON
import Postgres
import Resilience
import TestSupport
import Testing

@testable import Services

@Suite("From the database to ClickHouse", .enabled(if: ClickHouseServer.isHere), .serialized)
struct ClickHouseReplicationTests {
    private struct Stage {
        let reporting: Reporting
        let client: ClickHouseClient
        let proxy: FaultProxy

        static func run(_ body: (Stage) async throws -> Void) async throws {
            let server = try await ClickHouseServer.shared()
            let proxy = try await FaultProxy(to: server.port)
            let database = try #require(try await server.freshDatabase().split(separator: "/").last)
            let url = "http://127.0.0.1:\(proxy.port)/\(database)"
            let client = try ClickHouseClient(#require(ClickHouseConfiguration(url: url)))
            try await ClickHouseMigrator(
                client, files: MigrationFile.read(folder: Backend.root + "/migrations/clickhouse")
            ).up()
            let stage = Stage(
                reporting: try await Reporting(clickHouse: client), client: client, proxy: proxy)
            defer { stage.reporting.close() }
            try await body(stage)
        }

        func number(_ sql: StaticString) async throws -> Int64? {
            try await client.query(sql).first?.integer(0)
        }

        /// Until what was noted has arrived, however often a turn fails. - Returns: how often it did.
        func arriveAtLast() async throws -> Int {
            var failures = 0
            try await until { reporting.replicator.isMine }
            while reporting.count("analytics_outbox") > 0 {
                do { try await reporting.replicator.turn() } catch { failures += 1 }
            }
            return failures
        }
    }

    @Test("Reports say what PostgreSQL says; an export has every row")
    func reports() async throws {
        try await Stage.run { stage in
            let reporting = stage.reporting
            var random = SplitMix64(seed: 21)
            try reporting.finishJob(&random, records: 600)
            try await reporting.spend(9)
            try await reporting.arrive()
            let told = reporting.owner.run(
                "SELECT provider, count(*), count(*) FILTER (WHERE status = 'found'), sum(cost) FROM job_tasks GROUP BY 1 ORDER BY 2 DESC, 1"
            )
            let report = try await reporting.call("analytics.enrichment", #""groupBy":"provider""#)
            let groups = report["groups"].map { Array($0.elements) } ?? []
            #expect(
                groups.map {
                    [$0["name"]?.string, $0["results"]?.source, $0["found"]?.source, $0["credits"]?.source]
                } == told.rows)
            let days = try await reporting.call(
                "analytics.enrichment", #""groupBy":"day","timeZone":"America/St_Johns""#)
            let expected = reporting.owner.run(
                """
                SELECT to_char(b AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), count(*)
                FROM (SELECT date_trunc('day', finished_at, 'America/St_Johns') AS b FROM job_tasks) t GROUP BY b ORDER BY b
                """)
            let filled = (days["groups"].map { Array($0.elements) } ?? []).filter {
                $0["results"]?.int64 != 0
            }
            #expect(filled.map { [$0["start"]?.string, $0["results"]?.source] } == expected.rows)
            let credits = try await reporting.call("analytics.credits", #""groupBy":"source""#)
            #expect(credits["total"]?["spent"]?.int64 == 9)
            #expect(try await reporting.call("analytics.funnel")["records"]?.int64 == 600)
            let end = try await reporting.call("analytics.export", #""dataset":"enrichment""#)
            #expect(end["rows"]?.int64 == 1200)
            let ready = try await reporting.connection.result("system.ready", "{}")
            #expect(ready["checks"]?["clickhouse"]?.string == "ok")
            let verified = try await reporting.connection.result("admin.analytics.verify", "{}")
            #expect(verified["found"]?.int64 == 0, "\(verified.source)")
            #expect(verified["checked"]?.int64 == 1202)
        }
    }

    @Test(
        "Whatever happens on the way, nothing is lost and nothing counts twice",
        arguments: [
            FaultProxy.Fault.resetRequest(bytes: 200), .loseAnswer, .status(503, retryAfter: nil),
            .status(200, retryAfter: nil),
            .exceptionInTail(252, "Too many parts"), .exceptionInTag(241, "Memory limit exceeded"), .garbage,
        ])
    func faults(fault: FaultProxy.Fault) async throws {
        try await Stage.run { stage in
            try await stage.reporting.arrive()
            try await stage.proxy.set(fault, times: 3)
            for amount in [5, 6, 7] { try await stage.reporting.spend(amount) }
            let failures = try await stage.arriveAtLast()
            #expect(failures > 0)
            try await stage.proxy.clear()
            let credits = try await stage.reporting.call("analytics.credits")
            #expect(credits["total"]?["spent"]?.int64 == 18)
            #expect(credits["total"]?["transactions"]?.int64 == 4)
            #expect(stage.reporting.count("analytics_dead_letters") == 0)
        }
    }

    @Test("A person is gone, and a workspace with all its results")
    func erasure() async throws {
        try await Stage.run { stage in
            let reporting = stage.reporting
            var random = SplitMix64(seed: 22)
            let job = try reporting.finishJob(&random, records: 3)
            let person = reporting.value("SELECT id FROM records WHERE external_id = '\(job)-1'")
            try await reporting.arrive()
            #expect(try await stage.number("SELECT toInt64(count()) FROM enrichment FINAL") == 6)
            _ = try await reporting.call("records.delete", #""recordId":"\#(person)""#)
            try await until {
                try await reporting.replicator.turn()
                return try await stage.number("SELECT toInt64(count()) FROM enrichment") == 4
            }
            _ = try await reporting.call("workspaces.delete")
            try await until {
                try await reporting.replicator.turn()
                return try await stage.number("SELECT toInt64(count()) FROM enrichment") == 0
            }
            let verified = try await reporting.connection.result("admin.analytics.verify", "{}")
            #expect(verified["found"]?.int64 == 0, "\(verified.source)")
        }
    }

    @Test("Rows that the table does not take are laid aside, the rest goes through")
    func deadLetters() async throws {
        try await Stage.run { stage in
            try await stage.client.execute(
                migration: "ALTER TABLE credits ADD CONSTRAINT no_sevens CHECK amount <> 7")
            for amount in [5, 7, 8] { try await stage.reporting.spend(amount) }
            try await stage.reporting.arrive()
            #expect(stage.reporting.count("analytics_dead_letters") == 1)
            #expect(
                try await stage.number("SELECT sum(amount) FROM credits FINAL WHERE type = 'debit'") == 13)
            try await stage.client.execute(migration: "ALTER TABLE credits DROP CONSTRAINT no_sevens")
            _ = try await stage.reporting.connection.result("admin.deadLetters.replay", "{}")
            try await stage.reporting.arrive()
            #expect(
                try await stage.number("SELECT sum(amount) FROM credits FINAL WHERE type = 'debit'") == 20)
        }
    }

    @Test("What ClickHouse has lost is named, and reading all anew mends it; migrations go back")
    func rebuild() async throws {
        try await Stage.run { stage in
            let reporting = stage.reporting
            var random = SplitMix64(seed: 23)
            try reporting.finishJob(&random, records: 20)
            try await reporting.arrive()
            let lose: StaticString = "DELETE FROM enrichment WHERE seq < 5"
            try await stage.client.execute(lose)
            let verified = try await reporting.connection.result("admin.analytics.verify", "{}")
            #expect((verified["found"]?.int64 ?? 0) > 0)
            let turns = Task { [replicator = reporting.replicator] in
                while !Task.isCancelled {
                    try? await replicator.turn()
                    try? await Task.sleep(for: .milliseconds(5))
                }
            }
            _ = try await reporting.connection.result("admin.analytics.rebuild", "{}")
            let mended = try await reporting.connection.result("admin.analytics.verify", "{}")
            #expect(mended["found"]?.int64 == 0, "\(mended.source)")
            // The same rows once more are no repetition, either.
            try await stage.client.execute(lose)
            _ = try await reporting.connection.result("admin.analytics.rebuild", "{}")
            let again = try await reporting.connection.result("admin.analytics.verify", "{}")
            #expect(again["found"]?.int64 == 0, "\(again.source)")
            // All of it, and what was known of sums: another server, or one that has lost its disk.
            let empty: [StaticString] = [
                "TRUNCATE TABLE enrichment", "TRUNCATE TABLE credits", "TRUNCATE TABLE enrichment_sums",
                "TRUNCATE TABLE call_sums", "TRUNCATE TABLE credit_sums",
            ]
            for statement in empty { try await stage.client.execute(statement) }
            _ = try await reporting.connection.result("admin.analytics.rebuild", "{}")
            let filled = try await reporting.connection.result("admin.analytics.verify", "{}")
            #expect(filled["found"]?.int64 == 0, "\(filled.source)")
            turns.cancel()
            await turns.value
            let migrator = ClickHouseMigrator(
                stage.client, files: try MigrationFile.read(folder: Backend.root + "/migrations/clickhouse"))
            #expect(try await migrator.standing() == .upToDate)
            try await migrator.down(to: 0)
            #expect(try await migrator.standing() == .behind(try await migrator.status().count))
            try await migrator.up()
            #expect(try await migrator.standing() == .upToDate)
        }
    }
}
