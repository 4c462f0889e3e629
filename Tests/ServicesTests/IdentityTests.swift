import JSON
import Postgres
import RPC
import TestSupport
import Testing

@testable import Services

@Suite("Logins, invitations, API keys, and the operator's hand on accounts")
struct IdentityTests {
    private func workspace(_ backend: Backend, of token: String) async throws -> String {
        let made = try await backend.connect().call("workspaces.create", #"{"name":"Acme"}"#, token: token)
        return try #require(made["result"]?["id"]?.string)
    }

    @Test("A user sees his logins, ends one of them, and none of anybody else's")
    func sessions() async throws {
        let backend = try Backend()
        let (ada, bob) = (try await backend.login("ada"), try await backend.login("bob"))
        let connection = backend.connect()
        let again = try await connection.call(
            "auth.login", #"{"email":"ada@example.org","password":"correct horse battery"}"#)
        let second = try #require(again["result"]?["accessToken"]?.string)
        let page = try await connection.call("auth.sessions.list", token: second)
        let items = try #require(page["result"]?["items"])
        #expect(items.count == 2)
        #expect(items[0]?["current"]?.bool == true)
        #expect(items[1]?["current"]?.bool == false)
        let first = try #require(items[1]?["id"]?.string)
        let params = #"{"sessionId":"\#(first)"}"#
        #expect(
            try await connection.call("auth.sessions.revoke", params, token: bob.token).errorCode
                == "NOT_FOUND")
        #expect(try await connection.call("auth.me", token: ada.token)["result"] != nil)
        #expect(try await connection.call("auth.sessions.revoke", params, token: second)["result"] != nil)
        #expect(try await connection.call("auth.me", token: ada.token).errorCode == "AUTHENTICATION_ERROR")
        #expect(
            try await connection.call("auth.sessions.revoke", params, token: second).errorCode == "NOT_FOUND")
        #expect(try await connection.call("auth.me", token: second)["result"] != nil)
    }

    @Test("A login tells when it was last used, not only renewed; what ended long ago is removed")
    func lastUse() async throws {
        let backend = try Backend()
        let ada = try await backend.login("ada")
        let again = try await backend.connect(ip: "192.0.2.1", agent: "a browser").call(
            "auth.login", #"{"email":"ada@example.org","password":"correct horse battery"}"#)
        let second = try #require(again["result"]?["accessToken"]?.string)
        let owner = try SQLConsole(backend.conninfo)
        owner.run(
            """
            UPDATE sessions SET created_at = now() - interval '3 days', rotated_at = now() - interval '3 days',
                last_used_at = now() - interval '2 days'
            """)
        func uses() async throws -> [Bool] {
            try await backend.platform.sessionUses.write(on: backend.pool)
            return owner.run(
                "SELECT last_used_at > now() - interval '1 hour' FROM sessions ORDER BY device NULLS FIRST"
            )
            .rows.map { $0[0] == "t" }
        }
        #expect(try await uses() == [false, false])
        _ = try await backend.connect().call("auth.me", token: second)
        #expect(try await uses() == [false, true])
        let w = try await workspace(backend, of: ada.token)
        #expect(try await uses() == [true, true])
        owner.run("UPDATE sessions SET last_used_at = now() - interval '2 days'")
        _ = try await backend.connect().call("workspaces.get", #"{"workspaceId":"\#(w)"}"#, token: second)
        #expect(try await uses() == [false, false], "once a minute at most")
        let list = try await backend.connect().call("auth.sessions.list", token: ada.token)
        let items = try #require(list["result"]?["items"])
        #expect(items.elements.contains { $0["device"]?.string == "a browser" })
        #expect(items.elements.allSatisfy { $0["lastUsedAt"]?.string != $0["createdAt"]?.string })

        owner.run("UPDATE sessions SET rotated_at = now() - interval '38 days' WHERE device IS NULL")
        owner.run("UPDATE sessions SET rotated_at = now() - interval '36 days' WHERE device IS NOT NULL")
        try await backend.platform.clearOut()
        #expect(owner.run("SELECT device FROM sessions").rows == [["a browser"]])
    }

    @Test("A token that is bound serves the connection's later calls; one of a call's own goes before it")
    func binding() async throws {
        let backend = try Backend()
        let (ada, bob) = (try await backend.login("ada"), try await backend.login("bob"))
        let connection = backend.connect()
        #expect(try await connection.call("auth.me").errorCode == "AUTHENTICATION_ERROR")
        #expect(
            try await connection.call("session.authenticate", #"{"token":"nonsense"}"#).errorCode
                == "AUTHENTICATION_ERROR")
        #expect(try await connection.call("auth.me").errorCode == "AUTHENTICATION_ERROR")
        let bound = try await connection.call("session.authenticate", #"{"token":"\#(ada.token)"}"#)
        #expect(bound["result"]?["user"]?["id"]?.string == ada.id)
        #expect(try await connection.call("auth.me")["result"]?["user"]?["id"]?.string == ada.id)
        #expect(
            try await connection.call("auth.me", token: bob.token)["result"]?["user"]?["id"]?.string == bob.id
        )
        #expect(try await connection.call("auth.me")["result"]?["user"]?["id"]?.string == ada.id)
        #expect(try await backend.connect().call("auth.me").errorCode == "AUTHENTICATION_ERROR")
        _ = try await connection.call("auth.logout", #"{"refreshToken":"\#(ada.refreshToken)"}"#)
        #expect(try await connection.call("auth.me").errorCode == "AUTHENTICATION_ERROR")
    }

    @Test("An invitation makes its addressee a member, once; nobody else, not twice, not when it is revoked")
    func invitations() async throws {
        let backend = try Backend()
        let (ada, bob, eve) = (
            try await backend.login("ada"), try await backend.login("bob"), try await backend.login("eve")
        )
        let id = try await workspace(backend, of: ada.token)
        let connection = backend.connect()
        func invite(_ email: String, _ role: String = "member") async throws -> JSON {
            try await connection.call(
                "invitations.create", #"{"workspaceId":"\#(id)","email":"\#(email)","role":"\#(role)"}"#,
                token: ada.token)
        }
        func accept(_ token: String, as user: String) async throws -> JSON {
            try await connection.call("invitations.accept", #"{"token":"\#(token)"}"#, token: user)
        }
        let first = try #require(try await invite("bob@example.org")["result"]?["token"]?.string)
        let second = try #require(try await invite("bob@example.org", "viewer")["result"]?["token"]?.string)
        #expect(try await accept(first, as: bob.token).errorCode == "NOT_FOUND", "the later one replaced it")
        #expect(try await accept(second, as: eve.token).errorCode == "NOT_FOUND", "it is for bob")
        let list = try await connection.call(
            "invitations.list", #"{"workspaceId":"\#(id)"}"#, token: ada.token)
        #expect(list["result"]?["items"]?.count == 1)
        #expect(!list.source.contains(second))
        #expect(try await accept(second, as: bob.token)["result"]?["role"]?.string == "viewer")
        #expect(try await accept(second, as: bob.token).errorCode == "NOT_FOUND")
        #expect(try await invite("bob@example.org").errorCode == "CONFLICT")
        let third = try await invite("eve@example.org", "owner")
        let revoked = try await connection.call(
            "invitations.revoke",
            #"{"workspaceId":"\#(id)","invitationId":"\#(try #require(third["result"]?["id"]?.string))"}"#,
            token: ada.token)
        #expect(revoked["result"] != nil)
        let token = try #require(third["result"]?["token"]?.string)
        #expect(try await accept(token, as: eve.token).errorCode == "NOT_FOUND")
    }

    @Test(
        "An API key acts inside its workspace with its role, until it is revoked, has expired, or its maker is disabled"
    )
    func apiKeys() async throws {
        let backend = try Backend()
        let ada = try await backend.login("ada")
        let (here, there) = (
            try await workspace(backend, of: ada.token), try await workspace(backend, of: ada.token)
        )
        let connection = backend.connect()
        let made = try await connection.call(
            "apiKeys.create", #"{"workspaceId":"\#(here)","name":"import","role":"viewer"}"#, token: ada.token
        )
        let secret = try #require(made["result"]?["secret"]?.string)
        let key = try #require(made["result"]?["id"]?.string)
        #expect(secret.hasPrefix("rk_"))
        func get(_ workspace: String, _ token: String) async throws -> JSON {
            try await connection.call("workspaces.get", #"{"workspaceId":"\#(workspace)"}"#, token: token)
        }
        #expect(try await get(here, secret)["result"] != nil)
        #expect(try await get(there, secret).errorCode == "AUTHORIZATION_ERROR")
        let rename = #"{"workspaceId":"\#(here)","name":"New"}"#
        #expect(
            try await connection.call("workspaces.update", rename, token: secret).errorCode
                == "AUTHORIZATION_ERROR")
        #expect(
            try await connection.call("workspaces.list", token: secret).errorCode == "AUTHORIZATION_ERROR")
        let me = try await connection.call("auth.me", token: secret)
        #expect(me["result"]?["user"]?.isNull == true)
        #expect(me["result"]?["apiKey"]?["id"]?.string == key)
        #expect(!me.source.contains(secret))
        // Another last character is another checksum, so the database is not even asked.
        let typo = String(secret.dropLast()) + (secret.hasSuffix("A") ? "B" : "A")
        #expect(try await get(here, typo).errorCode == "AUTHENTICATION_ERROR")

        let admin = backend.connect(isOperator: true)
        _ = try await admin.call("admin.users.disable", #"{"userId":"\#(ada.id)"}"#)
        #expect(try await get(here, secret).errorCode == "AUTHENTICATION_ERROR")
        #expect(try await connection.call("auth.me", token: ada.token).errorCode == "AUTHENTICATION_ERROR")
        _ = try await admin.call("admin.users.enable", #"{"userId":"\#(ada.id)"}"#)
        #expect(try await get(here, secret)["result"] != nil)

        let revoke = #"{"workspaceId":"\#(here)","apiKeyId":"\#(key)"}"#
        #expect(try await connection.call("apiKeys.revoke", revoke, token: ada.token)["result"] != nil)
        #expect(try await get(here, secret).errorCode == "AUTHENTICATION_ERROR")
        let past = try await connection.call(
            "apiKeys.create",
            #"{"workspaceId":"\#(here)","name":"late","role":"viewer","expiresAt":"2020-01-01T00:00:00Z"}"#,
            token: ada.token)
        #expect(past.errorCode == "VALIDATION_ERROR")
    }

    @Test("Nobody hands out more than he is: as an invitation, or as an API key, of an API key neither")
    func ceilings() async throws {
        let backend = try Backend()
        let (ada, bob) = (try await backend.login("ada"), try await backend.login("bob"))
        let id = try await workspace(backend, of: ada.token)
        let connection = backend.connect()
        _ = try await connection.call(
            "members.add", #"{"workspaceId":"\#(id)","email":"bob@example.org","role":"admin"}"#,
            token: ada.token)
        let key = try await connection.call(
            "apiKeys.create", #"{"workspaceId":"\#(id)","name":"k","role":"admin"}"#, token: bob.token)
        let secret = try #require(key["result"]?["secret"]?.string)
        for token in [bob.token, secret] {
            for (method, rest) in [
                ("apiKeys.create", #""name":"k""#), ("invitations.create", #""email":"eve@example.org""#),
            ] {
                let tooHigh = try await connection.call(
                    method, #"{"workspaceId":"\#(id)",\#(rest),"role":"owner"}"#, token: token)
                #expect(tooHigh.errorCode == "AUTHORIZATION_ERROR", "\(method)")
                let fits = try await connection.call(
                    method, #"{"workspaceId":"\#(id)",\#(rest),"role":"admin"}"#, token: token)
                #expect(fits["result"] != nil, "\(method)")
            }
        }
        // What a key has made ends with him who made the key.
        let child = try await connection.call(
            "apiKeys.create", #"{"workspaceId":"\#(id)","name":"child","role":"viewer"}"#, token: secret)
        #expect(child["result"]?["createdBy"]?.string == bob.id)
    }

    @Test("The operator lists accounts, and ends every login of one")
    func administration() async throws {
        let backend = try Backend()
        let ada = try await backend.login("ada")
        let admin = backend.connect(isOperator: true)
        let list = try await admin.call("admin.users.list")
        #expect(list["result"]?["items"]?[0]?["email"]?.string == "ada@example.org")
        #expect(!list.source.contains("argon2"))
        _ = try await admin.call("admin.users.revokeSessions", #"{"userId":"\#(ada.id)"}"#)
        #expect(
            try await backend.connect().call("auth.me", token: ada.token).errorCode == "AUTHENTICATION_ERROR")
        let nobody = #"{"userId":"00000000-0000-4000-8000-000000000000"}"#
        #expect(try await admin.call("admin.users.disable", nobody).errorCode == "NOT_FOUND")
    }
}
