import JSON
import Postgres
import RPC
import TestSupport
import Testing

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

@Suite("The trail")
struct AuditTests {
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
