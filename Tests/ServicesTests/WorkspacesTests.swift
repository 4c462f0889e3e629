import JSON
import Postgres
import TestSupport
import Testing

@Suite("Workspaces and members")
struct WorkspacesTests {
    /// A backend with a workspace of Ada's, in which Bob is what `role` says.
    private func scene(_ role: String? = nil) async throws -> (
        Backend, Loopback, ada: String, bob: String, workspace: String, bobID: String
    ) {
        let backend = try Backend()
        let connection = backend.connect()
        let (ada, bob) = (try await backend.login("ada"), try await backend.login("bob"))
        let created = try await connection.call("workspaces.create", #"{"name":"Acme"}"#, token: ada.token)
        let workspace = try #require(created["result"]?["id"]?.string)
        if let role {
            let add = #"{"workspaceId":"\#(workspace)","email":"bob@example.org","role":"\#(role)"}"#
            #expect(try await connection.call("members.add", add, token: ada.token)["result"] != nil)
        }
        return (backend, connection, ada.token, bob.token, workspace, bob.id)
    }

    @Test("Who is no member learns nothing, not even whether a workspace exists")
    func outsiders() async throws {
        let (_, connection, _, bob, workspace, _) = try await scene()
        let here = try await connection.call(
            "workspaces.get", #"{"workspaceId":"\#(workspace)"}"#, token: bob)
        let nowhere = try await connection.call(
            "workspaces.get", #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10"}"#, token: bob)
        #expect(here.errorCode == "AUTHORIZATION_ERROR")
        #expect(here["error"]?["message"]?.string == nowhere["error"]?["message"]?.string)
        #expect(nowhere.errorCode == "AUTHORIZATION_ERROR")
        let anonymous = try await connection.call("workspaces.get", #"{"workspaceId":"\#(workspace)"}"#)
        #expect(anonymous.errorCode == "AUTHENTICATION_ERROR")
    }

    @Test("A role that is too low is said before params that do not fit; the params after it, all of them")
    func order() async throws {
        let (_, connection, ada, bob, workspace, _) = try await scene("viewer")
        let params = #"{"workspaceId":"\#(workspace)","name":"","slug":"-"}"#
        #expect(
            try await connection.call("workspaces.update", params, token: bob).errorCode
                == "AUTHORIZATION_ERROR")
        let answer = try await connection.call("workspaces.update", params, token: ada)
        #expect(answer["error"]?["data"]?["error"]?["details"]?["fields"]?.count == 2)
    }

    @Test("An update changes what it names, counts, and gives way to one that came before")
    func updating() async throws {
        let (_, connection, ada, _, workspace, _) = try await scene()
        let params = #"{"workspaceId":"\#(workspace)","settings":{"n":9007199254740993},"ifVersion":1}"#
        let updated = try #require(
            try await connection.call("workspaces.update", params, token: ada)["result"])
        #expect(updated["version"]?.int64 == 2)
        #expect(updated["name"]?.string == "Acme")
        #expect(updated["settings"]?["n"]?.int64 == 9_007_199_254_740_993)
        #expect(try await connection.call("workspaces.update", params, token: ada).errorCode == "CONFLICT")
        let nul = #"{"workspaceId":"\#(workspace)","settings":{"n":"\u0000"}}"#
        #expect(
            try await connection.call("workspaces.update", nul, token: ada).errorCode == "VALIDATION_ERROR")
    }

    @Test("A slug is made from the name and gives way; one that is asked for is taken or refused")
    func slugs() async throws {
        let (_, connection, ada, _, workspace, _) = try await scene()
        let second = try await connection.call("workspaces.create", #"{"name":"ACME!"}"#, token: ada)[
            "result"]
        #expect(second?["slug"]?.string?.hasPrefix("acme-") == true)
        let taken = #"{"name":"Other","slug":"acme"}"#
        #expect(try await connection.call("workspaces.create", taken, token: ada).errorCode == "CONFLICT")
        let rename = #"{"workspaceId":"\#(workspace)","slug":"\#(second?["slug"]?.string ?? "")"}"#
        #expect(try await connection.call("workspaces.update", rename, token: ada).errorCode == "CONFLICT")
    }

    @Test("Nobody hands out, changes or removes a role above his own, and the last owner stays")
    func ceiling() async throws {
        let (_, connection, ada, bob, workspace, bobID) = try await scene("admin")
        let me = try await connection.call("auth.me", token: ada)
        let adaID = try #require(me["result"]?["user"]?["id"]?.string)
        func set(_ user: String, _ role: String, by token: String) async throws -> String? {
            try await connection.call(
                "members.setRole", #"{"workspaceId":"\#(workspace)","userId":"\#(user)","role":"\#(role)"}"#,
                token: token
            ).errorCode
        }
        #expect(try await set(bobID, "owner", by: bob) == "AUTHORIZATION_ERROR")
        #expect(try await set(adaID, "viewer", by: bob) == "AUTHORIZATION_ERROR")
        #expect(try await set(adaID, "viewer", by: ada) == "CONFLICT")
        let remove = #"{"workspaceId":"\#(workspace)","userId":"\#(adaID)"}"#
        #expect(
            try await connection.call("members.remove", remove, token: bob).errorCode == "AUTHORIZATION_ERROR"
        )
        #expect(try await connection.call("members.remove", remove, token: ada).errorCode == "CONFLICT")
        #expect(try await set(bobID, "owner", by: ada) == nil)
        #expect(try await connection.call("members.remove", remove, token: bob)["result"] != nil)
        #expect(try await connection.call("auth.me", token: ada)["result"]?["memberships"]?.count == 0)
    }

    @Test("Of two owners who remove each other at once, one stays")
    func twoOwners() async throws {
        for _ in 0..<10 {
            let (backend, connection, ada, bob, workspace, bobID) = try await scene("owner")
            let me = try await connection.call("auth.me", token: ada)
            let adaID = try #require(me["result"]?["user"]?["id"]?.string)
            func remove(_ user: String, by token: String) async throws {
                _ = try await backend.connect().call(
                    "members.remove", #"{"workspaceId":"\#(workspace)","userId":"\#(user)"}"#, token: token)
            }
            async let first: Void = remove(bobID, by: ada)
            async let second: Void = remove(adaID, by: bob)
            _ = try await (first, second)
            let members = try await backend.connect(isOperator: true).call(
                "members.list", #"{"workspaceId":"\#(workspace)"}"#)
            #expect(members["result"]?["items"]?.count == 1)
        }
    }

    @Test("Pages follow each other without gap and without repetition")
    func pages() async throws {
        let (_, connection, ada, _, _, _) = try await scene()
        for index in 0..<7 {
            _ = try await connection.call("workspaces.create", #"{"name":"W\#(index)"}"#, token: ada)
        }
        var names: [String] = []
        var cursor: String?
        repeat {
            let params = cursor.map { #"{"limit":3,"cursor":"\#($0)"}"# } ?? #"{"limit":3}"#
            let page = try #require(
                try await connection.call("workspaces.list", params, token: ada)["result"])
            names += page["items"]?.elements.compactMap { $0["name"]?.string } ?? []
            cursor = page["nextCursor"]?.string
        } while cursor != nil
        #expect(names == ["Acme"] + (0..<7).map { "W\($0)" })
        #expect(
            try await connection.call("workspaces.list", #"{"cursor":"AAAA"}"#, token: ada).errorCode
                == "VALIDATION_ERROR")
    }

    @Test("The operator says for whom he makes a workspace; a deleted one is gone with its members")
    func operatorsAndDeleting() async throws {
        let (backend, connection, ada, _, workspace, _) = try await scene()
        let root = backend.connect(isOperator: true)
        #expect(try await root.call("workspaces.create", #"{"name":"X"}"#).errorCode == "VALIDATION_ERROR")
        let made = try await root.call("workspaces.create", #"{"name":"X","ownerEmail":"bob@example.org"}"#)
        #expect(made["result"] != nil)
        let delete = #"{"workspaceId":"\#(workspace)"}"#
        #expect(try await connection.call("workspaces.delete", delete, token: ada)["result"] != nil)
        #expect(
            try await connection.call("workspaces.get", delete, token: ada).errorCode == "AUTHORIZATION_ERROR"
        )
        #expect(try await root.call("workspaces.get", delete).errorCode == "NOT_FOUND")
    }
}
