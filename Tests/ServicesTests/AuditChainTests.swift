import Foundation
import JSON
import Postgres
import TestSupport
import Testing

@testable import Services

@Suite("The seals of the trail")
struct AuditChainTests {
    private static let insert = """
        INSERT INTO audit_log (actor, action, address, request_id, outcome, object)
        SELECT 'user:' || n, 'test.' || n, 'uid:1', 'r' || n, 'OK', jsonb_build_object('n', n)
        FROM generate_series(1, $1::int) n
        """

    private func seal(_ backend: Backend, with sealer: AuditSealer = AuditSealer(settlingNanoseconds: 0))
        async throws
    {
        var count = 0
        repeat {
            count = try await backend.pool.upkeep { try sealer.step($0) }
        } while count
            == AuditSealer.batch
    }

    /// Adds rows until the chain says that everything up to `seq` is sealed: other databases of the server may hold that up for a while.
    private func settle(_ backend: Backend, upTo seq: Int, with sealer: AuditSealer) async throws {
        let owner = try SQLConsole(backend.conninfo)
        while let settled = owner.run("SELECT coalesce(max(settled), 0) FROM audit_seals").rows[0][0],
            try #require(Int(settled)) < seq
        {
            owner.run(AuditChainTests.insert, ["1"])
            try await seal(backend, with: sealer)
        }
    }

    private func verify(_ backend: Backend, expecting kept: String? = nil) async throws -> JSON {
        let params = kept.map { #"{"expect":"\#($0)"}"# } ?? "{}"
        let answer = try await backend.connect(isOperator: true).call("admin.audit.verify", params)
        return try #require(answer["result"], "\(answer.source)")
    }

    private func kinds(_ result: JSON) throws -> [String] {
        try #require(result["differences"]).elements.map {
            "\($0["kind"]?.string ?? "") \($0["seq"]?.source ?? "")"
        }
    }

    @Test("Whole, it verifies; a row that is changed, removed, moved or put in is named, and no other")
    func tampering() async throws {
        let backend = try Backend()
        let owner = try SQLConsole(backend.conninfo)
        #expect(try await verify(backend)["checked"]?.int64 == 0)
        #expect(owner.run(AuditChainTests.insert, ["4500"]).sqlState == nil)
        try await seal(backend)
        let whole = try await verify(backend)
        #expect(whole["checked"]?.int64 == 4500 && whole["found"]?.int64 == 0)
        #expect(whole["head"]?["number"]?.int64 == 4500)
        try await settle(backend, upTo: 4500, with: AuditSealer(settlingNanoseconds: 0))
        for (change, expected) in [
            ("UPDATE audit_log SET actor = 'user:other' WHERE seq = 1", ["changed 1"]),
            ("UPDATE audit_log SET object = '{}' WHERE seq = 2500", ["changed 2500"]),
            ("UPDATE audit_log SET at = at + interval '1 microsecond' WHERE seq = 4500", ["changed 4500"]),
            ("DELETE FROM audit_log WHERE seq = 2000", ["removed 2000"]),
            (
                "UPDATE audit_log a SET actor = b.actor, action = b.action FROM audit_log b WHERE a.seq + b.seq = 21 AND a.seq IN (10, 11)",
                ["changed 10", "changed 11"]
            ),
            ("DELETE FROM audit_seals WHERE number = 77", ["sealMissing 77", "unsealed 77"]),
            (
                "UPDATE audit_seals SET seal = sha256('forged') WHERE number = 300",
                ["changed 300", "changed 301"]
            ),
            (
                "DELETE FROM audit_seals WHERE number = 9; DELETE FROM audit_log WHERE seq = 9",
                ["sealMissing 9"]
            ),
        ] {
            owner.run("CREATE TABLE log_before AS TABLE audit_log")
            owner.run("CREATE TABLE seals_before AS TABLE audit_seals")
            for statement in change.split(separator: ";") { owner.run(String(statement)) }
            #expect(try kinds(try await verify(backend)) == expected, "\(change)")
            owner.run("TRUNCATE audit_log, audit_seals")
            owner.run("INSERT INTO audit_log OVERRIDING SYSTEM VALUE SELECT * FROM log_before")
            owner.run("INSERT INTO audit_seals SELECT * FROM seals_before")
            owner.run("DROP TABLE log_before, seals_before")
        }
        #expect(try await verify(backend)["found"]?.int64 == 0, "put back, it fits again")
    }

    @Test("A chain that was cut off or made anew does not have the seal that somebody has kept")
    func kept() async throws {
        let backend = try Backend()
        let owner = try SQLConsole(backend.conninfo)
        owner.run(AuditChainTests.insert, ["20"])
        try await seal(backend)
        let head = try await verify(backend)["head"]
        let kept = "\(head?["number"]?.source ?? ""):\(head?["seal"]?.string ?? "")"
        owner.run(AuditChainTests.insert, ["5"])
        try await seal(backend)
        #expect(try await verify(backend, expecting: kept)["found"]?.int64 == 0)
        owner.run("DELETE FROM audit_seals WHERE number > 15")
        owner.run("DELETE FROM audit_log WHERE seq > 15")
        #expect(try await verify(backend)["found"]?.int64 == 0, "by itself it looks whole")
        #expect(try kinds(try await verify(backend, expecting: kept)) == ["notAsKept 15"])
        // All seals gone, and no daemon to make new ones: every row is one without a seal.
        owner.run("DELETE FROM audit_seals")
        owner.run("UPDATE audit_log SET at = at - interval '1 hour'")
        #expect(try await verify(backend)["found"]?.int64 == 15)
        try await seal(backend)
        #expect(try kinds(try await verify(backend, expecting: kept)) == ["notAsKept 15"])
        for text in ["20", "20:zz", "0:" + String(repeating: "0", count: 64), kept + ":"] {
            let answer = try await backend.connect(isOperator: true).call(
                "admin.audit.verify", #"{"expect":"\#(text)"}"#)
            #expect(answer.errorCode == "VALIDATION_ERROR", "\(text)")
        }
    }

    @Test("A row that commits after later ones is sealed, too; what is put in behind the seals is told")
    func lateCommit() async throws {
        let backend = try Backend()
        let sealer = AuditSealer(settlingNanoseconds: 0)
        let (slow, quick) = (
            try SQLConsole(TestCluster.daemon(backend.conninfo)),
            try SQLConsole(TestCluster.daemon(backend.conninfo))
        )
        slow.run("BEGIN")
        slow.run(AuditChainTests.insert, ["1"])
        quick.run(AuditChainTests.insert, ["3"])
        // Whatever has settled meanwhile: the row that is still on its way has not.
        for _ in 0..<3 {
            try await seal(backend, with: sealer)
            quick.run(AuditChainTests.insert, ["1"])
        }
        #expect(try await verify(backend)["found"]?.int64 == 0)
        slow.run("COMMIT")
        try await seal(backend, with: sealer)
        let whole = try await verify(backend)
        #expect(whole["checked"]?.int64 == 7 && whole["found"]?.int64 == 0)

        let owner = try SQLConsole(backend.conninfo)
        owner.run("ALTER SEQUENCE audit_log_seq_seq RESTART WITH 100")
        try await settle(backend, upTo: 100, with: sealer)
        owner.run(
            """
            INSERT INTO audit_log (seq, actor, action, address, request_id, outcome)
            OVERRIDING SYSTEM VALUE VALUES (50, 'user:x', 'forged', 'uid:1', 'r', 'OK')
            """)
        try await seal(backend, with: sealer)
        #expect(try kinds(try await verify(backend)) == ["unsealed 50"])
    }

    @Test("Several daemons on one database make one chain")
    func concurrent() async throws {
        let backend = try Backend()
        let sealers = (0..<4).map { _ in AuditSealer(settlingNanoseconds: 0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for sealer in sealers {
                group.addTask {
                    let console = try SQLConsole(TestCluster.daemon(backend.conninfo))
                    for _ in 0..<25 {
                        console.run(AuditChainTests.insert, ["7"])
                        _ = try await backend.pool.upkeep { try sealer.step($0) }
                    }
                }
            }
            try await group.waitForAll()
        }
        try await seal(backend)
        let whole = try await verify(backend)
        #expect(whole["checked"]?.int64 == 700 && whole["found"]?.int64 == 0)
    }

    @Test("Who has a secret can ask where it was given; the trail alone does not tell it")
    func search() async throws {
        let backend = try Backend()
        let ada = try await backend.login("ada")
        let connection = backend.connect()
        let made = try await connection.call("workspaces.create", #"{"name":"W"}"#, token: ada.token)
        let w = #""workspaceId":"\#(try #require(made["result"]?["id"]?.string))""#
        _ = try await connection.call(
            "credentials.create", #"{\#(w),"provider":"p","key":"k-0123456789ab","secret":"other-part"}"#,
            token: ada.token)
        let key = try await connection.call(
            "apiKeys.create", #"{\#(w),"name":"k","role":"admin"}"#, token: ada.token)
        let secret = try #require(key["result"]?["secret"]?.string)
        _ = try await connection.call("workspaces.update", #"{\#(w),"name":"By key"}"#, token: secret)
        func actions(_ secret: String) async throws -> [String?] {
            let answer = try await connection.call(
                "audit.search", #"{\#(w),"secret":"\#(secret)"}"#, token: ada.token)
            return try #require(answer["result"]?["items"]).elements.map { $0["action"]?.string }
        }
        #expect(try await actions("k-0123456789ab") == ["credentials.create"])
        #expect(try await actions("other-part") == ["credentials.create"])
        #expect(try await actions("k-0123456789ac") == [])
        #expect(try await actions(secret) == ["workspaces.update"])
        let trail = try SQLConsole(backend.conninfo).run("SELECT string_agg(object::text, '') FROM audit_log")
        #expect(trail.rows[0][0]?.contains("hmac:1:") == true)
        #expect(trail.rows[0][0]?.contains("0123456789ab") == false)
    }
}
