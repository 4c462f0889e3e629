import AnalyticsStores
import ClickHouse
import Foundation
import Identifiers
import JSON
import Postgres
import Resilience
import TestSupport
import Testing

@testable import Services

/// A backend with a workspace, a store of analytics of its own, and the one that sends to it, turn by turn.
struct Reporting {
    let backend: Backend
    let store: any AnalyticsStore
    /// Of a PostgreSQL.
    let storeConninfo: String
    let replicator: Replicator
    let connection: Loopback
    let workspace: String
    let owner: SQLConsole

    /// - Parameters:
    ///   - cluster: where the store is.
    ///   - existing: the store itself, with its migrations.
    ///   - clickHouse: the store instead, with its migrations; one of its own.
    init(
        on cluster: TestCluster? = nil, existing: String? = nil, clickHouse: ClickHouseClient? = nil,
        settings change: (inout Replicator.Settings) -> Void = { _ in }
    ) async throws {
        var settings = Replicator.Settings()
        settings.batchAgeMicroseconds = 0
        settings.sweepNanoseconds = 0
        change(&settings)
        if let clickHouse {
            storeConninfo = ""
            // The replicator sends and sums up in turn, and there is no other.
            store = ClickHouseAnalytics(clickHouse, .atOnce)
        } else if let existing {
            storeConninfo = existing
            store = PostgresAnalytics(conninfo: existing)
        } else {
            storeConninfo = try (cluster ?? TestCluster.analytics.get()).freshDatabase()
            store = try Backend.makeAnalyticsStore(on: storeConninfo)
        }
        backend = try Backend(analytics: (store, settings))
        replicator = try #require(
            backend.platform.analytics.startReplicator(on: backend.pool) { _ in })
        connection = backend.connect(isOperator: true)
        owner = try SQLConsole(backend.conninfo)
        _ = try await backend.login("ada")
        workspace = try await Reporting.workspace(connection)
        _ = try await connection.result("billing.addCredits", Reporting.credits(workspace))
    }

    static func workspace(_ connection: Loopback) async throws -> String {
        let made = try await connection.result(
            "workspaces.create", #"{"name":"W","ownerEmail":"ada@example.org"}"#)
        return try #require(made["id"]?.string)
    }

    private static func credits(_ workspace: String) -> String {
        #"{"workspaceId":"\#(workspace)","amount":1000,"type":"bonus"}"#
    }

    func close() { backend.platform.analytics.close() }

    /// Until everything that was noted has been sent.
    func arrive() async throws {
        try await until { replicator.isMine }
        repeat { try await replicator.turn() } while count("analytics_outbox") > 0
    }

    func count(_ table: String) -> Int { Int(value("SELECT count(*) FROM \(table)")) ?? -1 }

    func value(_ sql: String) -> String { owner.run(sql).rows.first?.first.flatMap { $0 } ?? "" }

    func spend(_ amount: Int) async throws {
        _ = try await connection.result(
            "billing.debit", #"{"workspaceId":"\#(workspace)","amount":\#(amount)}"#)
    }

    func call(_ method: String, _ params: String = "") async throws -> JSON {
        try await connection.result(
            method, #"{"workspaceId":"\#(workspace)"\#(params.isEmpty ? "" : "," + params)}"#)
    }

    /// Results of a job as a daemon writes them down, each with its note.
    @discardableResult
    func finishJob(_ random: inout SplitMix64, records: Int, from: String = "now() - interval '20 days'")
        throws -> String
    {
        let job = Foundation.UUID().uuidString.lowercased()
        var statements = [
            """
            INSERT INTO records (workspace_id, external_id, fields)
            SELECT '\(workspace)', '\(job)-' || n, '{"name":"Ada \(job)"}' FROM generate_series(1, \(records)) n
            """,
            """
            INSERT INTO jobs (id, workspace_id, status, created_at, finished_at, fields, keys, is_refresh, total, remaining, estimated_credits, created_by)
            VALUES ('\(job)', '\(workspace)', 'completed', \(from), \(from) + interval '1000000 seconds', '[{"name":"email","providers":[],"minConfidence":0},{"name":"phone","providers":[],"minConfidence":0}]',
                'own', false, \(2 * records), 0, 0, 'x')
            """,
        ]
        for seq in 0..<2 * records {
            let status =
                ["found", "cached", "not_found", "exhausted", "skipped", "failed"]
                .randomElement(using: &random) ?? "found"
            let provider = ["acme", "beta"].randomElement(using: &random) ?? "acme"
            let calls =
                status == "skipped" || status == "cached"
                ? "NULL" : "'[[\"\(provider)\",\"found\",\(seq % 50)]]'"
            statements.append(
                """
                INSERT INTO job_tasks (job_id, seq, workspace_id, record_id, field, state, status, provider, cost, takes, attempts, finished_at, calls)
                SELECT '\(job)', \(seq), '\(workspace)', (SELECT id FROM records WHERE external_id = '\(job)-\(seq / 2 + 1)'), \(seq % 2), 'done',
                    '\(status)', '\(provider)', \(status == "found" ? 3 : 0), 1, 1, \(from) + interval '\(Int.random(in: 0..<1_000_000, using: &random)) seconds',
                    \(calls)
                """)
        }
        statements.append(
            "INSERT INTO analytics_outbox (workspace_id, job_id, seq) SELECT workspace_id, job_id, seq FROM job_tasks WHERE job_id = '\(job)'"
        )
        for statement in statements {
            let answer = owner.run(statement)
            try #require(answer.sqlState == nil, "\(answer.message)")
        }
        return job
    }
}

extension Loopback {
    func result(_ method: String, _ params: String) async throws -> JSON {
        let answer = try await call(method, params)
        return try #require(answer["result"], "\(method): \(answer.source)")
    }
}

/// Asks until it is so.
func until(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(5)) }
}
