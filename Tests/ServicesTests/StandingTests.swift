import JSON
import RPC
import Synchronization
import TestSupport
import Testing

@testable import Services

@Suite("What somebody has handed out is worth no more than what he is by now")
struct StandingTests {
    private let backend: Backend
    private let ada: String
    private let bob: (id: String, token: String)
    private let workspace: String

    /// A workspace of Ada's, in which Bob is an admin.
    init() async throws {
        backend = try Backend()
        ada = try await backend.login("ada").token
        let bob = try await backend.login("bob")
        self.bob = (bob.id, bob.token)
        let made = try await backend.connect().call("workspaces.create", #"{"name":"Acme"}"#, token: ada)
        workspace = try #require(made["result"]?["id"]?.string)
        #expect(
            try await call("members.add", #""email":"bob@example.org","role":"admin""#, ada)["result"] != nil)
    }

    /// - Parameter token: the operator calls without one.
    private func call(_ method: String, _ rest: String = "", _ token: String?) async throws -> JSON {
        try await backend.connect(isOperator: token == nil).call(
            method, #"{"workspaceId":"\#(workspace)"\#(rest.isEmpty ? "" : ",")\#(rest)}"#, token: token)
    }

    private func key(_ role: String, by token: String?) async throws -> String {
        let made = try await call("apiKeys.create", #""name":"k","role":"\#(role)""#, token)
        return try #require(made["result"]?["secret"]?.string)
    }

    private func invitation(_ name: String, _ role: String, by token: String?) async throws -> String {
        let made = try await call(
            "invitations.create", #""email":"\#(name)@example.org","role":"\#(role)""#, token)
        return try #require(made["result"]?["token"]?.string)
    }

    private func setRole(_ role: String) async throws {
        #expect(
            try await call("members.setRole", #""userId":"\#(bob.id)","role":"\#(role)""#, ada)["result"]
                != nil)
    }

    @Test("An API key can no more than its maker by now; nothing when he is no member; again when he is")
    func keys() async throws {
        let (admins, viewers) = (
            try await key("admin", by: bob.token), try await key("viewer", by: bob.token)
        )
        let child = try await key("admin", by: admins)
        let operators = try await key("admin", by: nil)
        func codes(_ key: String) async throws -> [String?] {
            [
                try await call("workspaces.get", "", key).errorCode,
                try await call("workspaces.update", #""name":"By key""#, key).errorCode,
                try await backend.connect().call("auth.me", token: key).errorCode,
            ]
        }
        for key in [admins, child, operators] { #expect(try await codes(key) == [nil, nil, nil]) }
        try await setRole("viewer")
        for key in [admins, child, viewers] {
            #expect(try await codes(key) == [nil, "AUTHORIZATION_ERROR", nil])
        }
        let back = try await call("members.setRole", #""userId":"\#(bob.id)","role":"admin""#, admins)
        #expect(back.errorCode == "AUTHORIZATION_ERROR", "it does not bring him back")
        // More than it was made with it does not become.
        try await setRole("owner")
        #expect(try await codes(viewers) == [nil, "AUTHORIZATION_ERROR", nil])
        #expect(try await call("members.remove", #""userId":"\#(bob.id)""#, ada)["result"] != nil)
        for key in [admins, child, viewers] {
            #expect(try await codes(key) == Array(repeating: "AUTHENTICATION_ERROR", count: 3))
        }
        #expect(try await codes(operators) == [nil, nil, nil], "the operator is nobody's member")
        _ = try await call("members.add", #""email":"bob@example.org","role":"member""#, ada)
        #expect(try await codes(admins) == [nil, "AUTHORIZATION_ERROR", nil])
    }

    @Test("An invitation is good as long as whoever invited could still give that role")
    func invitations() async throws {
        var tokens: [String: String] = [:]
        let hosts = [
            ("admin", "admin", bob.token), ("viewer", "viewer", bob.token), ("late", "viewer", bob.token),
        ]
        for (name, role, host) in hosts { tokens[name] = try await invitation(name, role, by: host) }
        tokens["operators"] = try await invitation("operators", "owner", by: nil)
        func accept(_ name: String) async throws -> String? {
            let guest = try await backend.login(name)
            return try await backend.connect().call(
                "invitations.accept", #"{"token":"\#(tokens[name] ?? "")"}"#, token: guest.token
            ).errorCode
        }
        try await setRole("viewer")
        #expect(try await accept("admin") == "NOT_FOUND")
        #expect(try await accept("viewer") == nil)
        #expect(try await call("members.remove", #""userId":"\#(bob.id)""#, ada)["result"] != nil)
        #expect(try await accept("late") == "NOT_FOUND")
        #expect(try await accept("operators") == nil)
    }

    @Test(
        "Whoever loses his role while his call waits for a lock has lost it",
        arguments: ["invitations.create", "members.add"], [false, true])
    func whileWaiting(method: String, byKey: Bool) async throws {
        _ = try await backend.login("eve")
        let token = byKey ? try await key("admin", by: bob.token) : bob.token
        let (changing, watching) = (try SQLConsole(backend.conninfo), try SQLConsole(backend.conninfo))
        changing.run("BEGIN")
        changing.run("SELECT 1 FROM workspaces WHERE id = $1 FOR UPDATE", [workspace])
        let isAnswered = Mutex(false)
        async let answer = {
            defer { isAnswered.withLock { $0 = true } }
            return try await call(method, #""email":"eve@example.org","role":"admin""#, token)
        }()
        let waits = """
            SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
            """
        while !isAnswered.withLock({ $0 }), watching.run(waits).rows.isEmpty { await Task.yield() }
        changing.run(
            "UPDATE memberships SET role = 'viewer' WHERE workspace_id = $1 AND user_id = $2",
            [workspace, bob.id])
        changing.run("COMMIT")
        #expect(try await answer.errorCode == "AUTHORIZATION_ERROR")
        #expect(watching.run("SELECT 1 FROM invitations").rows.isEmpty)
        #expect(watching.run("SELECT 1 FROM memberships").rows.count == 2)
    }

    @Test("An API key makes no workspace, whomever it names as the owner")
    func outsideOfWorkspaces() async throws {
        let secret = try await key("viewer", by: ada)
        for params in [#"{"name":"X","ownerEmail":"bob@example.org"}"#, #"{"name":"X"}"#, "{}"] {
            let answer = try await backend.connect().call("workspaces.create", params, token: secret)
            #expect(answer.errorCode == "AUTHORIZATION_ERROR")
        }
        #expect(try SQLConsole(backend.conninfo).run("SELECT 1 FROM workspaces").rows.count == 1)
    }
}
