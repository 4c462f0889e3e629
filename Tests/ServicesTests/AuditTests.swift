import JSON
import Postgres
import RPC
import TestSupport
import Testing

@testable import Services

private struct Row: Sendable, Equatable {
    let actor: String
    let action: String
    let outcome: String
}

private let everything = Statement("SELECT actor, action, outcome FROM audit_log ORDER BY at, id LIMIT 1000")
{
    Row(actor: try $0.get(0), action: try $0.get(1), outcome: try $0.get(2))
}
private let text = Statement("SELECT coalesce(string_agg(a::text, ' '), '') FROM audit_log a") {
    try $0.get(0, as: String.self)
}

private struct Told: Sendable, Equatable, CustomStringConvertible {
    let action: String
    let actor: String
    let outcome: String
    let object: String

    var description: String { "\(action) \(actor) \(outcome) \(object)" }
}

private let told = Statement(
    "SELECT action, actor, outcome, object::text FROM audit_log ORDER BY seq LIMIT 1000"
) {
    Told(action: try $0.get(0), actor: try $0.get(1), outcome: try $0.get(2), object: try $0.get(3))
}

@Suite("The trail")
struct AuditTests {
    @Test("A row says to whom, as what and by which login; emails stand in it as keyed hashes")
    func objects() async throws {
        let backend = try Backend()
        let operatorConnection = backend.connect(isOperator: true)
        let (ada, bob) = (try await backend.login("ada"), try await backend.login("bob"))
        let connection = backend.connect()
        _ = try await operatorConnection.call(
            "auth.register", #"{"email":"eve@example.org","password":"correct horse battery","name":"Eve"}"#)
        let made = try await operatorConnection.call(
            "workspaces.create", #"{"name":"W","ownerEmail":"ada@example.org"}"#)
        let w = #""workspaceId":"\#(try #require(made["result"]?["id"]?.string))""#
        for (method, rest) in [
            ("members.add", #","email":"BOB@example.org","role":"viewer""#),
            ("members.setRole", #","userId":"\#(bob.id)","role":"admin""#),
            ("invitations.create", #","email":"eve@example.org","role":"member""#),
            ("apiKeys.create", #","name":"k","role":"viewer""#),
        ] {
            #expect(
                try await connection.call(method, "{\(w)\(rest)}", token: ada.token)["result"] != nil,
                "\(method)")
        }
        _ = try await connection.call(
            "auth.login", #"{"email":"Eve@example.org","password":"wrong password"}"#)
        _ = try await connection.call("auth.requestPasswordReset", #"{"email":"eve@example.org"}"#)
        _ = try await connection.call("auth.refresh", #"{"refreshToken":"\#(bob.refreshToken)"}"#)
        _ = try await connection.call("auth.logout", #"{"refreshToken":"\#(bob.refreshToken)"}"#)
        let sessions = try await connection.call("auth.sessions.list", token: ada.token)
        let session = try #require(sessions["result"]?["items"]?[0]?["id"]?.string)

        func hash(_ email: String) throws -> String { try backend.platform.fingerprints.make(email) }
        let rows = try await backend.ask(told)
        func objects(_ action: String, _ actor: String, _ outcome: String = "OK") throws -> [JSON] {
            try rows.filter { $0.action == action && $0.actor == actor && $0.outcome == outcome }.map {
                try JSON.parse(Array($0.object.utf8))
            }
        }
        let (her, root) = ("user:\(ada.id)", "peer:uid:1000")
        #expect(
            try objects("auth.register", root).map { $0["email"]?.string } == [try hash("eve@example.org")])
        #expect(try objects("auth.register", root).first?["id"]?.string != nil)
        #expect(
            try objects("workspaces.create", root).map { $0["ownerEmail"]?.string } == [
                try hash("ada@example.org")
            ])
        let added = try #require(try objects("members.add", her).first)
        #expect(added["userId"]?.string == bob.id)
        #expect(added["role"]?.string == "viewer")
        #expect(added["email"]?.string == (try hash("bob@example.org")))
        #expect(try objects("members.setRole", her).map { $0["role"]?.string } == ["admin"])
        let invited = try #require(try objects("invitations.create", her).first)
        #expect(invited["role"]?.string == "member")
        #expect(invited["email"]?.string == (try hash("eve@example.org")))
        #expect(invited["id"]?.string != nil)
        #expect(try objects("apiKeys.create", her).map { $0["role"]?.string } == ["viewer"])
        #expect(try objects("auth.login", her).map { $0["sessionId"]?.string } == [session])
        let failed = try objects("auth.login", "uid:1000", "AUTHENTICATION_ERROR")
        #expect(failed.map { $0["email"]?.string } == [try hash("eve@example.org")])
        let asked = try objects("auth.requestPasswordReset", "uid:1000")
        #expect(asked.map { $0["email"]?.string } == [try hash("eve@example.org")])
        // Without an access token a refresh token still says whose it is.
        let out = try objects("auth.logout", "user:\(bob.id)")
        let his = try objects("auth.refresh", "user:\(bob.id)")
        #expect(out.count == 1 && his.count == 1)
        #expect(out.first?["sessionId"]?.string == his.first?["sessionId"]?.string)
        #expect(out.first?["sessionId"]?.string != nil)
        #expect(!rows.contains { $0.object.contains("@") })

        let found = try await connection.call(
            "audit.search", #"{\#(w),"secret":"Eve@Example.org"}"#, token: ada.token)
        #expect(found["result"]?["items"]?.elements.map { $0["action"]?.string } == ["invitations.create"])
    }

    @Test(
        "Changes, refusals and logins are in it, with who, what and the request; failed changes and secrets are not"
    )
    func trail() async throws {
        let backend = try Backend()
        let (ada, eve) = (try await backend.login("ada"), try await backend.login("eve"))
        let connection = backend.connect()
        let made = try await connection.call(
            "workspaces.create", #"{"name":"Acme","_meta":{"token":"\#(ada.token)","requestId":"made-it"}}"#)
        let id = try #require(made["result"]?["id"]?.string)
        let w = #""workspaceId":"\#(id)""#
        _ = try await connection.call("workspaces.get", "{\(w)}", token: eve.token)
        _ = try await connection.call("workspaces.update", #"{\#(w),"name":"x"}"#, token: eve.token)
        _ = try await connection.call("workspaces.update", #"{\#(w),"ifVersion":9}"#, token: ada.token)
        _ = try await connection.call(
            "members.add", #"{\#(w),"email":"eve@example.org","role":"viewer"}"#, token: ada.token)
        _ = try await connection.call(
            "members.setRole", #"{\#(w),"userId":"\#(eve.id)","role":"member"}"#, token: ada.token)
        let key = try await connection.call(
            "apiKeys.create", #"{\#(w),"name":"k","role":"admin"}"#, token: ada.token)
        let secret = try #require(key["result"]?["secret"]?.string)
        _ = try await connection.call("workspaces.update", #"{\#(w),"name":"By key"}"#, token: secret)
        _ = try await connection.call(
            "auth.login", #"{"email":"ada@example.org","password":"not her password"}"#)

        let page = try await connection.call("audit.list", "{\(w)}", token: ada.token)
        let items = Array(try #require(page["result"]?["items"]).elements.reversed())
        let keyID = try #require(key["result"]?["id"]?.string)
        let told = items.map {
            [$0["actor"]?.string, $0["action"]?.string, $0["outcome"]?.string].map { $0 ?? "" }
        }
        #expect(
            told == [
                ["user:\(ada.id)", "workspaces.create", "OK"],
                ["user:\(eve.id)", "workspaces.get", "AUTHORIZATION_ERROR"],
                ["user:\(eve.id)", "workspaces.update", "AUTHORIZATION_ERROR"],
                ["user:\(ada.id)", "members.add", "OK"], ["user:\(ada.id)", "members.setRole", "OK"],
                ["user:\(ada.id)", "apiKeys.create", "OK"], ["apiKey:\(keyID)", "workspaces.update", "OK"],
            ])
        #expect(items[0]["requestId"]?.string == "made-it")
        #expect(items[4]["object"]?["userId"]?.string == eve.id)
        #expect(items[5]["object"]?["id"]?.string == keyID)
        let only = try await connection.call(
            "audit.list", #"{\#(w),"action":"members.add"}"#, token: ada.token)
        #expect(only["result"]?["items"]?.count == 1)
        #expect(
            try await connection.call("audit.list", "{\(w)}", token: eve.token).errorCode
                == "AUTHORIZATION_ERROR")

        let all = try await backend.ask(everything)
        #expect(all.contains(Row(actor: "user:\(ada.id)", action: "auth.login", outcome: "OK")))
        #expect(all.contains(Row(actor: "uid:1000", action: "auth.login", outcome: "AUTHENTICATION_ERROR")))
        #expect(!all.contains { $0.action == "auth.me" || $0.outcome == "CONFLICT" })
        _ = try await connection.call("workspaces.delete", "{\(w)}", token: ada.token)
        let kept = try await backend.ask(everything)
        #expect(kept.count == all.count + 1, "what was done stays when the workspace goes")
        let written = try await backend.ask(text).joined()
        for mark in ["correct horse battery", "not her password", secret, ada.token, ada.refreshToken] {
            #expect(!written.contains(mark))
        }
    }
}
