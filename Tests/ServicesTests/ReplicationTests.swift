import AnalyticsStores
import Foundation
import JSON
import Postgres
import Resilience
import TestSupport
import Testing

@testable import Services

@Suite("From the database to analytics") struct ReplicationTests {
    @Test("Transactions that commit late are sent late, and none is passed over")
    func commitOrder() async throws {
        let stage = try await OrderStage()
        defer { stage.close() }
        for seed in Seed.some(100) { try await stage.run(seed) }
    }

    @Test("A person that is deleted is gone: in the database, in analytics, in what was kept for others")
    func erasure() async throws {
        let reporting = try await Reporting()
        defer { reporting.close() }
        var random = SplitMix64(seed: 9)
        let job = try reporting.finishJob(&random, records: 3)
        let person = reporting.value("SELECT id FROM records WHERE external_id = '\(job)-1'")
        reporting.owner.run(
            """
            INSERT INTO lookups (workspace_id, provider, input_hash, fresh_after, answer, answered_at, record_id)
            VALUES ('\(reporting.workspace)', 'acme', decode(repeat('cd', 32), 'hex'), now(), '[{"name":"email","value":"\(job)-1@x"}]', now(), '\(person)')
            """)
        try await reporting.arrive()
        let analytics = try SQLConsole(reporting.storeConninfo)
        func rows() -> String {
            analytics.run("SELECT count(*) FROM enrichment WHERE record_id = '\(person)'").rows[0][0] ?? ""
        }
        #expect(rows() == "2")
        _ = try await reporting.call("records.delete", #""recordId":"\#(person)""#)
        try await reporting.arrive()
        try await until {
            try await reporting.replicator.turn()
            return rows() == "0"
        }
        for console in [reporting.owner, analytics] {
            let tables = console.run(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
            for table in tables.rows.compactMap({ $0[0] }) {
                // That somebody has deleted it is in the trail; what has to be erased once more, where that is noted.
                guard !["audit_log", "analytics_erasures"].contains(table) else { continue }
                for trace in [person, job + "-1"] {
                    let found = console.run(
                        "SELECT count(*) FROM \(table) t WHERE t::text LIKE '%' || $1 || '%'", [trace])
                    #expect(found.rows[0][0] == "0", "\(table) knows \(trace)")
                }
            }
        }
        // Two minutes later it is done again, and that is the end of it.
        reporting.owner.run("UPDATE analytics_erasures SET due_at = now()")
        try await reporting.replicator.turn()
        #expect(reporting.count("analytics_erasures") == 0)
        // A workspace goes with all its results; its ledger stays.
        _ = try await reporting.call("workspaces.delete")
        try await reporting.arrive()
        try await until {
            try await reporting.replicator.turn()
            return analytics.run("SELECT count(*) FROM enrichment").rows[0][0] == "0"
        }
        #expect(analytics.run("SELECT count(*) FROM credits").rows[0][0] != "0")
        let verified = try await reporting.connection.result("admin.analytics.verify", "{}")
        #expect(verified["found"]?.int64 == 0, "\(verified.source)")
    }

    @Test("What the store refuses for good is laid aside, the rest goes through; it can be sent again")
    func deadLetters() async throws {
        let reporting = try await Reporting()
        defer { reporting.close() }
        let analytics = try SQLConsole(reporting.storeConninfo)
        analytics.run("ALTER TABLE credits ADD CONSTRAINT no_sevens CHECK (amount <> 7)")
        for amount in [5, 7, 8, 7, 9] { try await reporting.spend(amount) }
        try await reporting.arrive()
        #expect(analytics.run("SELECT sum(amount) FROM credits WHERE type = 'debit'").rows == [["22"]])
        let list = try await reporting.connection.result("admin.deadLetters.list", "{}")
        #expect(list["items"]?.count == 2)
        #expect(list["items"]?[0]?["reason"]?.string?.contains("no_sevens") == true)
        let verified = try await reporting.connection.result("admin.analytics.verify", "{}")
        #expect(verified["differences"]?[0]?["dataset"]?.string == "credits")
        analytics.run("ALTER TABLE credits DROP CONSTRAINT no_sevens")
        let replayed = try await reporting.connection.result("admin.deadLetters.replay", "{}")
        #expect(replayed["replayed"]?.int64 == 2)
        try await reporting.arrive()
        #expect(analytics.run("SELECT sum(amount) FROM credits WHERE type = 'debit'").rows == [["36"]])
    }

    @Test("While the store is away transactions go on; when it is back everything arrives by itself")
    func away() async throws {
        let cluster = try TestCluster()
        defer { cluster.remove() }
        let reporting = try await Reporting(on: cluster) { $0.mostNotes = 10 }
        defer { reporting.close() }
        try await reporting.arrive()
        try cluster.stopImmediately()
        for _ in 0..<3 { try await reporting.spend(1) }
        try await until {
            do {
                try await reporting.replicator.turn()
                return false
            } catch {
                return true
            }
        }
        #expect(reporting.count("analytics_outbox") == 3)
        let ready = try await reporting.connection.result("system.ready", "{}")
        #expect(ready["status"]?.string == "degraded")
        #expect(ready["checks"]?["analytics"]?.string == "away")
        let asked = try await reporting.connection.call(
            "analytics.funnel", #"{"workspaceId":"\#(reporting.workspace)"}"#)
        #expect(asked.errorCode == "SERVICE_UNAVAILABLE")
        // More than may wait: what is too much is read anew.
        for _ in 0..<20 { try await reporting.spend(1) }
        try await until {
            try? await reporting.replicator.turn()
            return reporting.count("analytics_outbox") < 20
        }
        #expect(reporting.value("SELECT since IS NOT NULL FROM analytics_gap") == "t")
        try cluster.start()
        try await until {
            try? await reporting.replicator.turn()
            return reporting.value("SELECT since IS NULL FROM analytics_gap") == "t"
        }
        try await reporting.arrive()
        let spent = try await reporting.call("analytics.credits")
        #expect(spent["total"]?["spent"]?.int64 == 23)
        // How the store is stands for a second.
        try await until {
            try await reporting.connection.result("system.ready", "{}")["status"]?.string == "ok"
        }
    }

    @Test("Whatever differs is named by workspace and day, and reading all anew mends it")
    func verifyAndRebuild() async throws {
        let reporting = try await Reporting()
        defer { reporting.close() }
        var random = SplitMix64(seed: 10)
        try reporting.finishJob(&random, records: 30)
        try await reporting.spend(4)
        try await reporting.arrive()
        let whole = try await reporting.connection.result("admin.analytics.verify", "{}")
        #expect(whole["found"]?.int64 == 0, "\(whole.source)")
        #expect(whole["checked"]?.int64 == 62)
        let analytics = try SQLConsole(reporting.storeConninfo)
        let lost = analytics.run(
            "DELETE FROM enrichment WHERE ctid = (SELECT ctid FROM enrichment LIMIT 1) RETURNING to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
        )
        analytics.run("DELETE FROM credits WHERE type = 'debit'")
        let verified = try await reporting.connection.result("admin.analytics.verify", "{}")
        let days = verified["differences"]?.elements.map { $0["day"]?.string } ?? []
        #expect(days.contains(lost.rows[0][0]), "\(verified.source)")
        #expect(verified["differences"]?.elements.contains { $0["dataset"]?.string == "credits" } == true)
        let turns = Task { [replicator = reporting.replicator] in
            while !Task.isCancelled {
                try? await replicator.turn()
                try? await Task.sleep(for: .milliseconds(5))
            }
        }
        let rebuilt = try await reporting.connection.result("admin.analytics.rebuild", "{}")
        #expect(rebuilt["sent"]?.int64 == 62)
        let mended = try await reporting.connection.result("admin.analytics.verify", "{}")
        #expect(mended["found"]?.int64 == 0, "\(mended.source)")
        turns.cancel()
        await turns.value
    }

    @Test("A result that is asked for again does not count until there is another")
    func retries() async throws {
        let reporting = try await Reporting()
        defer { reporting.close() }
        var random = SplitMix64(seed: 11)
        let job = try reporting.finishJob(&random, records: 20)
        reporting.owner.run("UPDATE job_tasks SET status = 'failed', cost = 0")
        reporting.owner.run("UPDATE jobs SET status = 'failed', failed = 40")
        try await reporting.arrive()
        func failed() async throws -> Int64? {
            try await reporting.call("analytics.enrichment")["total"]?["failed"]?.int64
        }
        #expect(try await failed() == 40)
        _ = try await reporting.call("jobs.retry", #""jobId":"\#(job)""#)
        try await reporting.arrive()
        #expect(try await failed() == 0)
        reporting.owner.run(
            "UPDATE job_tasks SET state = 'done', status = 'found', finished_at = now() WHERE seq < 4")
        reporting.owner.run(
            "INSERT INTO analytics_outbox (workspace_id, job_id, seq) SELECT workspace_id, job_id, seq FROM job_tasks WHERE seq < 4"
        )
        try await reporting.arrive()
        #expect(try await reporting.call("analytics.enrichment")["total"]?["found"]?.int64 == 4)
    }

    @Test("Analytics in the instance of the transactions is refused")
    func sameInstance() async throws {
        let reporting = try await Reporting(on: TestCluster.shared.get())
        defer { reporting.close() }
        try await until { reporting.replicator.isMine }
        let failure = await #expect(throws: AnalyticsFailure.self) { try await reporting.replicator.turn() }
        #expect(failure?.description.contains("RPCD_DATABASE_URL and RPCD_ANALYTICS_URL") == true)
        #expect(reporting.count("analytics_outbox") > 0)
        let ready = try await reporting.connection.result("system.ready", "{}")
        #expect(ready["checks"]?["analytics"]?.string == "refused")
        // Nor is it asked.
        let asked = try await reporting.connection.call(
            "analytics.funnel", #"{"workspaceId":"\#(reporting.workspace)"}"#)
        #expect(asked.errorCode == "SERVICE_UNAVAILABLE")
    }

    @Test("What is not kept any longer goes")
    func retention() async throws {
        let reporting = try await Reporting { $0.keptSeconds = 1 }
        defer { reporting.close() }
        let analytics = try SQLConsole(reporting.storeConninfo)
        var random = SplitMix64(seed: 12)
        try reporting.finishJob(&random, records: 2, from: "now() - interval '30 days'")
        try await reporting.arrive()
        #expect(analytics.run("SELECT count(*) FROM enrichment").rows == [["0"]])
        #expect(reporting.count("analytics_outbox") == 0)
    }

    @Test("Of two daemons one sends; when it is gone the other does")
    func handover() async throws {
        let reporting = try await Reporting()
        defer { reporting.close() }
        try await until { reporting.replicator.isMine }
        let other = SessionLock(
            conninfo: TestCluster.daemon(reporting.backend.conninfo), key: AdvisoryLock.sendingToAnalytics)
        defer { other.close() }
        try await reporting.arrive()
        #expect(!other.isHeld)
        reporting.replicator.close()
        try await until { other.isHeld }
        try await until { !reporting.replicator.isMine }
    }

    @Test("Where nobody keeps analytics nothing piles up, and what there was is known")
    func nobody() async throws {
        let backend = try Backend()
        let service = AnalyticsService(directURL: TestCluster.daemon(backend.conninfo))
        let replicator = try #require(service.startReplicator(on: backend.pool) { _ in })
        defer { service.close() }
        let owner = try SQLConsole(backend.conninfo)
        owner.run(
            "INSERT INTO analytics_outbox (workspace_id, ledger_id) SELECT gen_random_uuid(), gen_random_uuid() FROM generate_series(1, 100)"
        )
        owner.run("INSERT INTO analytics_erasures (workspace_id) VALUES (gen_random_uuid())")
        try await until { replicator.isMine }
        try await replicator.turn()
        #expect(owner.run("SELECT count(*) FROM analytics_outbox").rows == [["0"]])
        #expect(owner.run("SELECT count(*) FROM analytics_erasures").rows == [["0"]])
        #expect(owner.run("SELECT since IS NOT NULL FROM analytics_gap").rows == [["t"]])
        // It makes room for a daemon that has a store.
        try await until { !replicator.isMine }
    }

    @Test("Where there has been a store, what has to go from it waits, whoever has no setting for it")
    func storeIsAway() async throws {
        let reporting = try await Reporting()
        defer { reporting.close() }
        try await reporting.arrive()
        reporting.replicator.close()
        let service = AnalyticsService(directURL: TestCluster.daemon(reporting.backend.conninfo))
        let replicator = try #require(service.startReplicator(on: reporting.backend.pool) { _ in })
        defer { service.close() }
        let owner = reporting.owner
        owner.run(
            """
            INSERT INTO analytics_outbox (workspace_id, ledger_id) SELECT gen_random_uuid(), gen_random_uuid() FROM generate_series(1, 100)
            """)
        owner.run(
            "INSERT INTO analytics_outbox (workspace_id, job_id, seq, void_at) VALUES (gen_random_uuid(), gen_random_uuid(), 1, now())"
        )
        owner.run("INSERT INTO analytics_erasures (workspace_id) VALUES (gen_random_uuid())")
        try await until { replicator.isMine }
        try await replicator.turn()
        #expect(owner.run("SELECT count(*) FROM analytics_outbox WHERE void_at IS NULL").rows == [["0"]])
        #expect(owner.run("SELECT count(*) FROM analytics_outbox").rows == [["1"]])
        #expect(owner.run("SELECT count(*) FROM analytics_erasures").rows == [["1"]])
    }
}

/// Long transactions and short ones, interleaved by a seed, while notes are read and sent in small batches.
private struct OrderStage {
    private let reporting: Reporting
    private let workspaces: [String]
    private let analytics: SQLConsole
    private static let writers = 5

    init() async throws {
        reporting = try await Reporting { settings in
            settings.batch = 3
            // Now and then from the beginning, else only what is new.
            settings.sweepNanoseconds = 3_000_000
        }
        var workspaces: [String] = []
        for _ in 0..<OrderStage.writers {
            workspaces.append(try await Reporting.workspace(reporting.connection))
        }
        self.workspaces = workspaces
        analytics = try SQLConsole(reporting.storeConninfo)
        try await reporting.arrive()
    }

    func close() { reporting.close() }

    func run(_ seed: Seed) async throws {
        var random = seed.generator
        let consoles = try workspaces.map { _ in try SQLConsole(reporting.backend.conninfo) }
        var isOpen = [Bool](repeating: false, count: consoles.count)
        for _ in 0..<Int.random(in: 20...60, using: &random) {
            switch Int.random(in: 0..<3, using: &random) {
            case 0: try await reporting.replicator.turn()
            default:
                let writer = Int.random(in: 0..<consoles.count, using: &random)
                if !isOpen[writer] { consoles[writer].run("BEGIN") }
                isOpen[writer] = true
                for statement in OrderStage.entry {
                    let answer = consoles[writer].run(statement, [workspaces[writer]])
                    try #require(answer.sqlState == nil, "\(answer.message)")
                }
                // Few end at once.
                if Int.random(in: 0..<4, using: &random) == 0 {
                    consoles[writer].run(Bool.random(using: &random) ? "COMMIT" : "ROLLBACK")
                    isOpen[writer] = false
                }
            }
        }
        for writer in consoles.indices.shuffled(using: &random) where isOpen[writer] {
            consoles[writer].run("COMMIT")
            try await reporting.replicator.turn()
        }
        try await reporting.arrive()
        let (written, sent) = (
            reporting.value("SELECT count(*) || ' ' || sum(amount) FROM ledger"),
            analytics.run("SELECT count(*) || ' ' || sum(amount) FROM credits").rows[0][0]
        )
        #expect(written == sent, "\(seed)")
    }

    private static let entry = [
        "UPDATE accounts SET balance = balance + 1, seq = seq + 1 WHERE workspace_id = $1",
        """
        INSERT INTO ledger (id, workspace_id, seq, type, amount, balance_after, held_after, actor, request_id)
        SELECT gen_random_uuid(), workspace_id, seq, 'bonus', 1, balance, held, 'x', 'x' FROM accounts WHERE workspace_id = $1
        """,
        """
        INSERT INTO analytics_outbox (workspace_id, ledger_id) SELECT workspace_id, id FROM ledger
        WHERE workspace_id = $1 ORDER BY seq DESC LIMIT 1
        """,
    ]
}
