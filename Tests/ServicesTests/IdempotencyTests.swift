import Dispatch
import Foundation
import JSON
import Postgres
import RPC
import Services
import TestSupport
import Testing

private let takeLock = Statement("SELECT pg_advisory_xact_lock($1::bigint)")

@Suite("Idempotency keys")
struct IdempotencyTests {
    private func meta(_ token: String, _ key: String) -> String {
        #""_meta":{"token":"\#(token)","idempotencyKey":"\#(key)"}"#
    }

    private func replayed(_ answer: JSON) -> Bool? { answer["result"]?["_meta"]?["replayed"]?.bool }

    @Test("The same call with the same key is done once, and answered again; other params are refused")
    func once() async throws {
        let backend = try Backend()
        let (ada, bob) = (try await backend.login("ada"), try await backend.login("bob"))
        let connection = backend.connect()
        func create(_ name: String, _ key: String, as token: String) async throws -> JSON {
            try await connection.call("workspaces.create", #"{"name":"\#(name)",\#(meta(token, key))}"#)
        }
        let first = try await create("Acme", "k", as: ada.token)
        let id = try #require(first["result"]?["id"]?.string)
        #expect(replayed(first) == nil)
        for _ in 0..<3 {
            let again = try await create("Acme", "k", as: ada.token)
            #expect(again["result"]?["id"]?.string == id && replayed(again) == true)
        }
        let positional = try await connection.call("auth.me", token: ada.token)
        #expect(positional["result"]?["memberships"]?.count == 1)
        #expect(try await create("Other", "k", as: ada.token).errorCode == "IDEMPOTENCY_KEY_REUSED")
        let others = try await create("Acme", "k", as: bob.token)
        #expect(
            others["result"]?["id"]?.string != id && replayed(others) == nil,
            "another caller's key is another")
        let update = #"{"workspaceId":"\#(id)","name":"New",\#(meta(ada.token, "k"))}"#
        let updated = try await connection.call("workspaces.update", update)
        #expect(
            updated["result"]?["version"]?.int64 == 2 && replayed(updated) == nil, "another method's, too")
        let repeated = try await connection.call("workspaces.update", update)
        #expect(repeated["result"]?["version"]?.int64 == 2 && replayed(repeated) == true)
        for key in ["", String(repeating: "k", count: 256)] {
            #expect(try await create("Acme", key, as: ada.token).errorCode == "VALIDATION_ERROR")
        }
        let owner = try SQLConsole(backend.conninfo)
        owner.run("UPDATE idempotency_keys SET created_at = now() - interval '24 hours'")
        let later = try await create("Acme", "k", as: ada.token)
        #expect(
            later["result"]?["id"]?.string != id && replayed(later) == nil, "a day later it is a new call")
        #expect(replayed(try await create("Acme", "k", as: ada.token)) == true)
    }

    @Test("Fifty at once with one key: one effect, one answer")
    func racing() async throws {
        let backend = try Backend()
        let ada = try await backend.login("ada")
        let params = #"{"name":"Acme",\#(meta(ada.token, "k"))}"#
        let ids = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await backend.connect().call("workspaces.create", params)["result"]?["id"]?.string
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ids.count == 1 && ids.first != .some(nil))
        let rows = try SQLConsole(backend.conninfo).run("SELECT count(*) FROM workspaces")
        #expect(rows.rows == [["1"]])
    }

    @Test("Two daemons on one database: whoever comes second waits, and gets what the first did")
    func twoDaemons() async throws {
        let first = try Backend()
        let second = try Backend(sharing: first)
        let ada = try await first.login("ada")
        for round in 0..<20 {
            let key = "k\(round)"
            let params = #"{"name":"W","slug":"w\#(round)",\#(meta(ada.token, key))}"#
            async let one = first.connect().call("workspaces.create", params)
            async let other = second.connect().call("workspaces.create", params)
            let answers = try await [one, other]
            #expect(Set(answers.map { $0["result"]?["id"]?.string }).count == 1, "\(answers.map(\.source))")
            #expect(answers.filter { replayed($0) == true }.count == 1)
        }
    }

    @Test("A daemon that does not have the newest master key yet does nothing twice: it does nothing")
    func olderRing() async throws {
        let lines = (try NumberedKeys.makeLine(number: 1), try NumberedKeys.makeLine(number: 2))
        let older = try WatchedKeys(try #require(NumberedKeys(file: lines.0)))
        let newer = try WatchedKeys(try #require(NumberedKeys(file: lines.0 + lines.1)))
        let second = try Backend(masterKeys: older)
        let first = try Backend(sharing: second, masterKeys: newer)
        let ada = try await first.login("ada")
        let before = #"{"name":"W",\#(meta(ada.token, "before"))}"#
        let made = try await second.connect().call("workspaces.create", before)
        #expect(replayed(try await first.connect().call("workspaces.create", before)) == true)
        #expect(made["result"] != nil)
        let params = #"{"name":"W",\#(meta(ada.token, "k"))}"#
        #expect(try await first.connect().call("workspaces.create", params)["result"] != nil)
        let refused = try await second.connect().call("workspaces.create", params)
        #expect(refused.errorCode == "SERVICE_UNAVAILABLE")
        #expect(try SQLConsole(first.conninfo).run("SELECT count(*) FROM workspaces").rows == [["2"]])
    }

    @Test("Params are the same when they say the same, however they are written")
    func spellings() async throws {
        let backend = try Backend()
        let ada = try await backend.login("ada")
        let connection = backend.connect()
        let first = try await connection.call(
            "workspaces.create", #"{"name":"A B",\#(meta(ada.token, "k"))}"#)
        let again = try await connection.call(
            "workspaces.create", #"{"slug": null, "name" : "\u0041 B", \#(meta(ada.token, "k"))}"#)
        #expect(replayed(again) == true && again["result"]?["id"]?.string == first["result"]?["id"]?.string)
        let id = try #require(first["result"]?["id"]?.string)
        for text in [id, id.uppercased()] {
            let answer = try await connection.call(
                "workspaces.update", #"{"workspaceId":"\#(text)","name":"C",\#(meta(ada.token, "u"))}"#)
            #expect(answer["result"]?["version"]?.int64 == 2, "\(answer.source)")
        }
    }

    @Test("A failure that is final is kept, too; one that may pass is not")
    func failures() async throws {
        let backend = try Backend()
        let ada = try await backend.login("ada")
        let connection = backend.connect()
        let made = try await connection.call("workspaces.create", #"{"name":"W"}"#, token: ada.token)
        let w = #""workspaceId":"\#(try #require(made["result"]?["id"]?.string))""#
        let add = #"{\#(w),"email":"bob@example.org","role":"viewer",\#(meta(ada.token, "k"))}"#
        #expect(try await connection.call("members.add", add).errorCode == "NOT_FOUND")
        _ = try await backend.login("bob")
        let again = try await connection.call("members.add", add)
        #expect(again.errorCode == "NOT_FOUND", "the same key, the same answer")
        #expect(again["error"]?["data"]?["meta"]?["replayed"]?.bool == true)
        let other = try await connection.call("members.add", add.replacing("\"k\"", with: "\"k2\""))
        #expect(other["result"] != nil)
        // Neither params that do not fit nor a role that is too low use a key up.
        let bad = #"{\#(w),"email":"bob","role":"viewer",\#(meta(ada.token, "k3"))}"#
        #expect(try await connection.call("members.add", bad).errorCode == "VALIDATION_ERROR")
        let remove = #"{\#(w),"userId":"\#(ada.id)",\#(meta(ada.token, "k3"))}"#
        #expect(try await connection.call("members.remove", remove).errorCode == "CONFLICT")
    }

    @Test("A failure that cannot be kept is not told: whoever repeats the call may get another answer")
    func unkeptFailure() async throws {
        let backend = try Backend()
        let ada = try await backend.login("ada")
        let connection = backend.connect()
        let made = try await connection.call("workspaces.create", #"{"name":"W"}"#, token: ada.token)
        let id = try #require(made["result"]?["id"]?.string)
        let member = #""workspaceId":"\#(id)","email":"bob@example.org","role":"viewer""#
        let owner = try SQLConsole(backend.conninfo)
        owner.run("REVOKE INSERT ON idempotency_keys FROM rpcd_daemon")
        let add = "{\(member),\(meta(ada.token, "k"))}"
        let first = try await connection.call("members.add", add)
        #expect(first.errorCode == "INTERNAL_ERROR", "\(first.source)")
        owner.run("GRANT INSERT ON idempotency_keys TO rpcd_daemon")
        _ = try await backend.login("bob")
        let again = try await connection.call("members.add", add)
        #expect(again["result"] != nil && replayed(again) == nil, "\(again.source)")
    }

    @Test("A failure is kept before it is told, also when another daemon takes the key in between")
    func takenMeanwhile() async throws {
        let backend = try Backend()
        let ada = try await backend.login("ada")
        let connection = backend.connect()
        let made = try await connection.call("workspaces.create", #"{"name":"W"}"#, token: ada.token)
        let w = #""workspaceId":"\#(try #require(made["result"]?["id"]?.string))""#
        let (holder, observer) = (try SQLConsole(backend.conninfo), try SQLConsole(backend.conninfo))
        func advisoryLock(granted: Bool) -> String {
            while true {
                let found = observer.run(
                    """
                    SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks JOIN pg_database d ON d.oid = database
                    WHERE locktype = 'advisory' AND granted = $1::boolean AND datname = current_database()
                    """, ["\(granted)"])
                if let key = found.rows.first?[0] { return key }
            }
        }
        // The call has the key and waits for a table; the other daemon waits for the key.
        holder.run("BEGIN")
        holder.run("LOCK TABLE users")
        let add = #"{\#(w),"email":"bob@example.org","role":"viewer",\#(meta(ada.token, "k"))}"#
        connection.send(#"{"jsonrpc":"2.0","id":7,"method":"members.add","params":\#(add)}"# + "\n")
        let key = advisoryLock(granted: true)
        let other = Pool(PoolConfiguration(conninfo: backend.conninfo, size: 1))
        defer { other.close(within: 5) }
        let hasJoined = DispatchSemaphore(value: 0)
        async let ended: Void = withCheckedThrowingContinuation { continuation in
            other.transaction(Patient()) { tx in
                try tx.execute(takeLock, Int64(key) ?? 0)
                hasJoined.wait()
            } completion: {
                continuation.resume(with: $0)
            }
        }
        _ = advisoryLock(granted: false)
        holder.run("ROLLBACK")
        _ = try await backend.login("bob")
        hasJoined.signal()
        try await ended
        let answer = try await connection.next()
        #expect(answer.errorCode == "NOT_FOUND", "\(answer.source)")
        let again = try await connection.call("members.add", add)
        #expect(again.errorCode == "NOT_FOUND", "the same key, the same answer: \(again.source)")
    }

    @Test("Outcomes with secrets are sealed; accounts are made once; logins are never repeated")
    func secrets() async throws {
        let backend = try Backend()
        let ada = try await backend.login("ada")
        let connection = backend.connect()
        let made = try await connection.call("workspaces.create", #"{"name":"W"}"#, token: ada.token)
        let w = #""workspaceId":"\#(try #require(made["result"]?["id"]?.string))""#
        let create = #"{\#(w),"name":"k","role":"viewer",\#(meta(ada.token, "k"))}"#
        let key = try await connection.call("apiKeys.create", create)
        let secret = try #require(key["result"]?["secret"]?.string)
        let again = try await connection.call("apiKeys.create", create)
        #expect(again["result"]?["secret"]?.string == secret && replayed(again) == true)
        let owner = try SQLConsole(backend.conninfo)
        let stored = owner.run(
            "SELECT string_agg(encode(outcome, 'escape') || encode(fingerprint, 'hex'), '') FROM idempotency_keys"
        )
        #expect(stored.rows[0][0]?.contains(secret) == false)
        let identity = #""email":"eve@example.org","password":"correct horse battery""#
        let register = #"{\#(identity),"name":"E","_meta":{"idempotencyKey":"k"}}"#
        let first = try await connection.call("auth.register", register)
        let second = try await connection.call("auth.register", register)
        #expect(first["result"]?["id"]?.string == second["result"]?["id"]?.string && replayed(second) == true)
        // An anonymous caller's params are part of whose key it is: this is somebody else's.
        let stranger = register.replacing("\"E\"", with: "\"X\"")
        #expect(try await connection.call("auth.register", stranger).errorCode == "CONFLICT")
        let login = #"{\#(identity),"_meta":{"idempotencyKey":"l"}}"#
        let tokens = (
            try await connection.call("auth.login", login), try await connection.call("auth.login", login)
        )
        #expect(tokens.0["result"]?["refreshToken"]?.string != tokens.1["result"]?["refreshToken"]?.string)
    }
}
