import Foundation
import JSON
import RPC
import Resilience
import TestSupport
import Testing

/// A statement as it stands in the source of a store.
struct StoreStatement: Sendable {
    let name: String
    let sql: String

    /// Every one that names a table with a workspace.
    static func all(of tables: Set<String>) throws -> [StoreStatement] {
        let pattern = try Regex(
            #"static let (\w+)[^=\n]*= Statement\(\s*(?:"""(?<long>[\s\S]*?)"""|"(?<short>[^"\n]*)")"#)
        let folder = Backend.root + "/Sources/Services"
        let files = try #require(FileManager.default.enumerator(atPath: folder)).compactMap { $0 as? String }
        var statements: [StoreStatement] = []
        for file in files where file.hasSuffix(".swift") {
            let text = try String(contentsOfFile: folder + "/" + file, encoding: .utf8)
            // What spans workspaces on purpose is not run by the daemon's own role.
            guard !text.contains("/// For `rpcd_maintenance`") else { continue }
            for match in text.matches(of: pattern) {
                let sql = String((match["long"]?.substring ?? match["short"]?.substring) ?? "")
                let words = Set(sql.split { !$0.isLetter && $0 != "_" }.map(String.init))
                guard !tables.isDisjoint(with: words) else { continue }
                let name = String(match[1].substring ?? "")
                statements.append(StoreStatement(name: file + " " + name, sql: sql))
            }
        }
        return statements
    }
}

@Suite("Row level security")
struct TenancyTests {
    private static let tenantTables = """
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace UNION SELECT 'workspaces'
        """

    private static let tenantViews = """
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
        WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace
        """

    @Test(
        "Every table that has a workspace has forced policies, and the daemon's role gets round none of them")
    func catalogue() throws {
        let backend = try Backend()
        let owner = try SQLConsole(backend.conninfo)
        let open = owner.run(
            """
            SELECT c.relname FROM pg_class c WHERE c.relname IN (\(TenancyTests.tenantTables))
                AND NOT (c.relrowsecurity AND c.relforcerowsecurity
                    AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))
            """)
        #expect(open.rows.isEmpty && open.sqlState == nil, "\(open)")
        #expect(owner.run(TenancyTests.tenantTables).rows.count >= 7)
        let roles = owner.run(
            """
            SELECT rolname FROM pg_roles WHERE rolname IN ('rpcd_daemon', 'rpcd_maintenance')
                AND NOT (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)
                AND NOT EXISTS (SELECT FROM pg_class c WHERE c.relowner = pg_roles.oid)
            """)
        #expect(roles.rows.count == 2)
        let anybody = owner.run(
            """
            SELECT c.relname FROM pg_class c, aclexplode(c.relacl) a
            WHERE c.relnamespace = 'public'::regnamespace AND a.grantee = 0
            """)
        #expect(anybody.rows.isEmpty, "PUBLIC may do nothing: \(anybody)")

        let daemon = try SQLConsole(TestCluster.daemon(backend.conninfo))
        for statement in [
            "UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log",
            "INSERT INTO audit_log (at, actor, action, address, request_id, outcome) VALUES (now(), '', '', '', '', '')",
            "ALTER TABLE credentials DISABLE ROW LEVEL SECURITY", "DROP POLICY own ON credentials",
            "DELETE FROM workspace_salts", "UPDATE rpcd_migrations SET name = ''", "CREATE TABLE t ()",
            "SET ROLE rpcd", "TABLE audit_seals",
        ] {
            #expect(daemon.run(statement).sqlState == "42501", "\(statement)")
        }
    }

    /// A job with a task in somebody's hands, one that has failed and a question that is being asked, and a job whose turn it is not.
    private static func jobs(_ owner: SQLConsole, in workspace: String) throws -> [String] {
        let (job, idle, daemon) = (
            UUID().uuidString.lowercased(), UUID().uuidString.lowercased(), UUID().uuidString.lowercased()
        )
        let statements = [
            "UPDATE credit_holds SET purpose = 'job'",
            """
            INSERT INTO jobs (id, workspace_id, fields, keys, is_refresh, total, remaining, failed, estimated_credits, created_by, hold_id)
            SELECT id::uuid, '\(workspace)', '[{"name":"email","providers":["p"]}]', 'own', false, 9000, 9000, 1, 0, 'x',
                (SELECT id FROM credit_holds LIMIT 1)
            FROM unnest(ARRAY['\(job)', '\(idle)']) id
            """,
            "INSERT INTO job_turns (job_id, workspace_id, priority) VALUES ('\(job)', '\(workspace)', 0)",
            """
            INSERT INTO job_tasks (job_id, seq, workspace_id, record_id, field, state, takes, attempts, leased_by, lease_until)
            SELECT '\(job)', 10, '\(workspace)', id, 0, 'running', 1, 1, '\(daemon)', now() FROM records LIMIT 1
            """,
            """
            INSERT INTO job_tasks (job_id, seq, workspace_id, record_id, field, state, status)
            SELECT '\(job)', 9, '\(workspace)', id, 0, 'done', 'failed' FROM records LIMIT 1
            """,
            """
            INSERT INTO lookups (workspace_id, provider, input_hash, asked_by, fresh_after, answer, answered_at)
            VALUES ('\(workspace)', 'failed', decode(repeat('ab', 32), 'hex'), '\(daemon)', now(), '[]', now())
            """,
        ]
        for statement in statements {
            let answer = owner.run(statement)
            try #require(answer.sqlState == nil, "\(answer.message)")
        }
        return [job, idle, daemon]
    }

    @Test("With another workspace set, no statement of any store sees or changes anything")
    func wrongWorkspace() async throws {
        let backend = try Backend()
        let (ada, eve) = (try await backend.login("ada"), try await backend.login("eve"))
        let guest = try await backend.login("guest")
        let connection = backend.connect()
        func workspace(_ token: String) async throws -> String {
            let made = try await connection.call("workspaces.create", #"{"name":"W"}"#, token: token)
            return try #require(made["result"]?["id"]?.string)
        }
        let (here, fresh) = (try await workspace(ada.token), try await workspace(ada.token))
        let elsewhere = try await workspace(eve.token)
        let new = UUID().uuidString.lowercased()
        var ids = [here, fresh, new, ada.id, guest.id]
        for (method, rest) in [
            ("apiKeys.create", #""name":"k","role":"viewer""#),
            ("invitations.create", #""email":"guest@example.org","role":"viewer""#),
            ("credentials.create", #""provider":"p","key":"k-0123456789ab","secret":"s""#),
        ] {
            let made = try await connection.call(
                method, #"{"workspaceId":"\#(here)",\#(rest)}"#, token: ada.token)
            ids.append(try #require(made["result"]?["id"]?.string))
        }
        // Credits that expire, spent and set aside; a hold whose time is over.
        let operatorConnection = backend.connect(isOperator: true)
        for (method, rest) in [
            ("billing.addCredits", #""amount":1000,"type":"bonus","expiresAt":"2099-01-01T00:00:00Z""#),
            ("billing.debit", #""amount":10,"referenceId":"active""#),
            ("billing.holds.create", #""amount":100,"referenceId":"active""#),
            ("billing.purchases.create", #""amount":10"#),
        ] {
            let made = try await operatorConnection.call(method, #"{"workspaceId":"\#(here)",\#(rest)}"#)
            ids.append(try #require(made["result"]?["id"]?.string, "\(made.source)"))
        }
        ids.append(try await operatorConnection.makeRecord(in: here))
        // A webhook in somebody's hands, with a delivery that has failed and one that waits.
        let hook = try await operatorConnection.call(
            "webhooks.create", #"{"workspaceId":"\#(here)","url":"https://example.org/","events":["*"]}"#)
        ids.append(try #require(hook["result"]?["id"]?.string, "\(hook.source)"))
        let test = try await operatorConnection.call(
            "webhooks.test", #"{"workspaceId":"\#(here)","webhookId":"\#(ids[ids.count - 1])"}"#)
        ids.append(try #require(test["result"]?["deliveryId"]?.string, "\(test.source)"))
        let owner = try SQLConsole(backend.conninfo)
        let waiting = owner.run(
            """
            INSERT INTO webhook_deliveries (webhook_id, workspace_id, event_id, type, payload, due_at)
            SELECT id, workspace_id, gen_random_uuid(), 't', '{}', now() FROM webhooks RETURNING id
            """)
        ids.append(try #require(waiting.rows[0][0]))
        owner.run("UPDATE webhooks SET leased_until = '2099-01-01'")
        ids += try TenancyTests.jobs(owner, in: here)
        owner.run("UPDATE credit_holds SET expires_at = now() - interval '1 hour'")
        owner.run(
            "UPDATE accounts SET recharge_enabled = true, recharge_threshold = 100000 WHERE workspace_id = $1",
            [here])
        owner.run("UPDATE credit_purchases SET created_at = now() - interval '31 days'")
        let hashes = owner.run("SELECT token_hash FROM invitations UNION SELECT secret_hash FROM api_keys")
        owner.run("INSERT INTO master_keys (number) VALUES (100)")
        owner.run("INSERT INTO provider_openings (provider, workspace_id) VALUES ('p', $1)", [here])
        // Whatever is seen from there is then another's.
        owner.run("DELETE FROM audit_log WHERE workspace_id = $1", [elsewhere])
        let tables = Set(owner.run(TenancyTests.tenantTables).rows.compactMap { $0[0] })
            .union(owner.run(TenancyTests.tenantViews).rows.compactMap { $0[0] })
        let candidates: [UInt32: [String?]] = [
            16: ["t"],
            // None is before the last: what comes after an id has to find something, wherever the others fall.
            2950: ids + ["00000000-0000-0000-0000-000000000000"],
            25: [
                "owner", "active", "debit", "failed", "guest@example.org", "user:" + ada.id, "r", "gone", "p",
                "own", "job", nil,
            ],
            21: ["0"], 1000: ["{t}"], 1007: ["{1}"], 1022: ["{0.5}"], 3807: [#"{"[]"}"#, #"{"{}"}"#],
            17: hashes.rows.map { $0[0] },
            1184: [nil, "2000-01-01", "2099-01-01"], 20: ["0", "100"], 23: ["100"],
            3802: ["{}", "[]", #"{"city":"Rome"}"#, #"{"r":{"city":"Oslo"}}"#],
            1009: ["{}", "{*}", "{failed}"],
            1016: ["{10}"],
            2951: ids.map { "{\($0)}" },
            1001: [40, 32].map { #"{"\\x\#(String(repeating: "ab", count: $0))"}"# },
        ]
        let probe = Probe(
            conninfo: TestCluster.daemon(backend.conninfo), candidates: candidates,
            homes: [here, fresh, new], elsewhere: elsewhere)
        let statements = try StoreStatement.all(of: tables)
        #expect(statements.count >= 30)
        try await onThread { try probe.try(statements) }
    }
}

/// Runs statements with whatever their parameters may be, at home and elsewhere.
private struct Probe: Sendable {
    let conninfo: String
    /// What a parameter of a type may be.
    let candidates: [UInt32: [String?]]
    let homes: [String]
    let elsewhere: String

    func `try`(_ statements: [StoreStatement]) throws {
        let daemon = try SQLConsole(conninfo)
        var random = SplitMix64(seed: 20)
        for statement in statements {
            let choices = try choices(daemon.parameterTypes(of: statement.sql), statement, &random)
            for values in choices.prefix(400) {
                #expect(
                    try !gets(daemon, statement.sql, values, in: elsewhere), "\(statement.name) \(values)")
            }
            // A row of the ledger has to follow from the one before: billing's own tests write them.
            let writesLedger = [" insertEntry", " insertCaptures"].contains { statement.name.hasSuffix($0) }
            guard !writesLedger else { continue }
            let isSeenAtHome = try choices.contains { values in
                try homes.contains { try gets(daemon, statement.sql, values, in: $0) }
            }
            #expect(isSeenAtHome, "\(statement.name) has to work somewhere, or this test shows nothing")
        }
    }

    /// All of them, or as many at random as will do.
    private func choices(
        _ types: [UInt32], _ statement: StoreStatement, _ random: inout SplitMix64
    ) throws -> [[String?]] {
        let possible = try types.map { type in
            try #require(candidates[type], "\(statement.name): type \(type)")
        }
        guard possible.reduce(1, { min($0 * $1.count, 1_000_000) }) <= 20_000 else {
            return (0..<100_000).map { _ in possible.map { $0.randomElement(using: &random) ?? nil } }
        }
        var choices: [[String?]] = [[]]
        for values in possible { choices = choices.flatMap { choice in values.map { choice + [$0] } } }
        return choices.shuffled(using: &random)
    }

    /// Whether it got or changed anything.
    private func gets(
        _ daemon: SQLConsole, _ sql: String, _ values: [String?], in workspace: String
    ) throws -> Bool {
        daemon.run("BEGIN")
        defer { daemon.run("ROLLBACK") }
        daemon.run("SELECT set_config('rpcd.workspace_id', $1, true)", [workspace])
        let answer = daemon.run(sql, values)
        if ["42501", "P0002", "22023"].contains(answer.sqlState) || answer.sqlState?.hasPrefix("23") == true {
            return false
        }
        try #require(answer.sqlState == nil, "\(sql): \(answer.message)")
        let something = answer.rows.contains { $0.contains { $0 != nil && $0 != "0" && $0 != "f" } }
        return something || (answer.rows.isEmpty && answer.affected > 0)
    }
}
