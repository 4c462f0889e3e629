import Foundation
import JSON
import RPC
import TestSupport
import Testing

/// Who may be on the other side.
private enum Somebody: CaseIterable {
    case anonymous, outsider, viewer, member, admin, owner, `operator`

    /// What he is in the workspace.
    var role: Role {
        switch self {
        case .anonymous: .public
        case .outsider: .user
        case .viewer: .viewer
        case .member: .member
        case .admin: .admin
        case .owner: .owner
        case .operator: .operator
        }
    }
}

@Suite("Roles, from the declarations")
struct RoleTests {
    /// A workspace with one of each.
    private struct Cast {
        let backend: Backend
        let workspace: String
        let tokens: [Somebody: String]

        init() async throws {
            backend = try Backend()
            let owner = try await backend.login("owner")
            var tokens: [Somebody: String] = [.owner: owner.token]
            let connection = backend.connect()
            let made = try await connection.call(
                "workspaces.create", #"{"name":"Acme","_meta":{"token":"\#(owner.token)"}}"#)
            workspace = try #require(made["result"]?["id"]?.string)
            for (somebody, role) in [(Somebody.viewer, "viewer"), (.member, "member"), (.admin, "admin")] {
                tokens[somebody] = try await backend.login(role).token
                let added = try await connection.call(
                    "members.add",
                    #"{"workspaceId":"\#(workspace)","email":"\#(role)@example.org","role":"\#(role)","_meta":{"token":"\#(owner.token)"}}"#
                )
                #expect(added["result"] != nil)
            }
            tokens[.outsider] = try await backend.login("outsider").token
            self.tokens = tokens
        }

        /// The error code of a call whose only sensible param is the workspace; `nil` for a success.
        func ask(_ method: Method, as somebody: Somebody, workspace: String? = nil) async throws -> String? {
            let connection = backend.connect(isOperator: somebody == .operator)
            var members = tokens[somebody].map { [#""_meta":{"token":"\#($0)"}"#] } ?? []
            if method.takesWorkspace { members.append(#""workspaceId":"\#(workspace ?? self.workspace)""#) }
            return try await connection.call(method.name, "{\(members.joined(separator: ","))}").errorCode
        }
    }

    @Test(
        "Each method lets in exactly those whose role its declaration names, and tells the others nothing more"
    )
    func matrix() async throws {
        let cast = try await Cast()
        var cells = 0
        // Deleting comes last, or nothing is left to ask for.
        let methods = cast.backend.registry.methods.filter { $0.name != "workspaces.delete" }
        for method in methods + cast.backend.registry.methods.filter({ $0.name == "workspaces.delete" }) {
            for somebody in Somebody.allCases {
                let code = try await cast.ask(method, as: somebody)
                // Whether there is such a workspace: he has to be in it to learn that.
                let elsewhere = try await cast.ask(
                    method, as: somebody, workspace: "00000000-0000-4000-8000-000000000000")
                let isAllowed = somebody.role >= method.role
                if isAllowed {
                    // A password that is wrong looks the same as a missing token.
                    #expect(code != "AUTHORIZATION_ERROR", "\(method.name) as \(somebody)")
                } else {
                    let expected = somebody == .anonymous ? "AUTHENTICATION_ERROR" : "AUTHORIZATION_ERROR"
                    #expect(code == expected, "\(method.name) as \(somebody)")
                    #expect(elsewhere == expected, "\(method.name) as \(somebody), elsewhere")
                }
                cells += 1
            }
        }
        #expect(cells == cast.backend.registry.methods.count * Somebody.allCases.count)
    }

    @Test("Every example of a declaration works, and answers with the members that it shows")
    func examples() async throws {
        let backend = try Backend()
        for (number, method) in backend.registry.methods.enumerated() {
            let me = try await backend.login("me\(number)")
            let other = try await backend.login("other\(number)")
            let connection = backend.connect()
            let meta = #""_meta":{"token":"\#(me.token)"}"#
            let made = try await connection.call("workspaces.create", #"{"name":"Mine",\#(meta)}"#)
            let workspace = try #require(made["result"]?["id"]?.string)
            if method.params.contains(where: { $0.name == "userId" }) {
                _ = try await connection.call(
                    "members.add",
                    #"{"workspaceId":"\#(workspace)","email":"other\#(number)@example.org","role":"viewer",\#(meta)}"#
                )
            }
            func make(_ method: String, _ rest: String) async throws -> JSON {
                let answer = try await connection.call(
                    method, #"{"workspaceId":"\#(workspace)",\#(rest),\#(meta)}"#)
                return try #require(answer["result"], "\(method)")
            }
            let key = try await make("apiKeys.create", #""name":"k","role":"viewer""#)
            let invitation = try await make(
                "invitations.create", #""email":"guest\#(number)@example.org","role":"viewer""#)
            let credential = try await make("credentials.create", #""provider":"p","key":"k""#)
            let guest = try await backend.login("guest\(number)")
            let sessions = try await connection.call("auth.sessions.list", "{\(meta)}")
            let isAccepting = method.name == "invitations.accept"
            // What an example cannot know stands in it as a placeholder.
            var actual: [String: String] = ["workspaceId": workspace, "userId": other.id]
            actual["refreshToken"] = me.refreshToken
            actual["apiKeyId"] = key["id"]?.string
            actual["credentialId"] = credential["id"]?.string
            actual["invitationId"] = invitation["id"]?.string
            actual["sessionId"] = sessions["result"]?["items"]?[0]?["id"]?.string
            actual["token"] = isAccepting ? invitation["token"]?.string : me.token
            actual["email"] =
                switch method.name {
                case "auth.register": "new@example.org"
                case "auth.login": "me\(number)@example.org"
                default: "other\(number)@example.org"
                }
            let example = try JSON.parse(method.example.params)
            var members = example.members.map { key, value in
                let name = key.string ?? ""
                return "\"\(name)\":" + (actual[name].map { "\"\($0)\"" } ?? value.source)
            }
            let isForOperator = method.role == .operator
            if !isForOperator {
                members.append(isAccepting ? #""_meta":{"token":"\#(guest.token)"}"# : meta)
            }
            let answer = try await backend.connect(isOperator: isForOperator)
                .call(method.name, "{\(members.joined(separator: ","))}")
            let result = try #require(answer["result"], "\(method.name): \(answer.source)")
            let shown = try JSON.parse(method.example.result)
            for (key, value) in shown.members {
                let given = result[key.string ?? ""]
                #expect(given?.kind == value.kind || value.isNull, "\(method.name): \(key.source)")
            }
        }
    }
}
