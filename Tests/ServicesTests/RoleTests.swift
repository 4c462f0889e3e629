import Foundation
import JSON
import RPC
import TestSupport
import Testing

@testable import Services

/// Who may be on the other side.
private enum Somebody: CaseIterable {
    case anonymous, outsider, viewer, member, admin, owner, `operator`
    case viewerKey, memberKey, adminKey, ownerKey, disabled

    /// What he is in the workspace.
    var role: Role {
        switch self {
        case .anonymous, .disabled: .public
        case .outsider: .user
        case .viewer, .viewerKey: .viewer
        case .member, .memberKey: .member
        case .admin, .adminKey: .admin
        case .owner, .ownerKey: .owner
        case .operator: .operator
        }
    }

    var isKey: Bool { [.viewerKey, .memberKey, .adminKey, .ownerKey].contains(self) }
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
            for key in Somebody.allCases where key.isKey {
                let made = try await connection.call(
                    "apiKeys.create",
                    #"{"workspaceId":"\#(workspace)","name":"k","role":"\#(key.role.name)","_meta":{"token":"\#(owner.token)"}}"#
                )
                tokens[key] = try #require(made["result"]?["secret"]?.string)
            }
            let disabled = try await backend.login("disabled")
            tokens[.disabled] = disabled.token
            _ = try await backend.connect(isOperator: true).call(
                "admin.users.disable", #"{"userId":"\#(disabled.id)"}"#)
            self.tokens = tokens
        }

        /// The error code of a call whose only sensible param is the workspace; `nil` for a success.
        func ask(_ method: Method, as somebody: Somebody, workspace: String? = nil) async throws -> String? {
            let connection = backend.connect(isOperator: somebody == .operator)
            // What goes on until somebody ends it is ended at once, unless it has to be refused.
            let timeoutMs = somebody.role >= method.role ? 1 : 10_000
            let metadata = [
                tokens[somebody].map { #""token":"\#($0)""# },
                method.streams ? #""timeoutMs":\#(timeoutMs)"# : nil,
            ].compactMap { $0 }
            var members = [#""_meta":{\#(metadata.joined(separator: ","))}"#]
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
        for method in cast.backend.registry.methods {
            for somebody in Somebody.allCases {
                // Who may delete the workspace gets one of his own for it.
                let isDeleted = method.name == "workspaces.delete" && somebody.role >= method.role
                let cast = isDeleted ? try await Cast() : cast
                let code = try await cast.ask(method, as: somebody)
                // Whether there is such a workspace: he has to be in it to learn that.
                let elsewhere = try await cast.ask(
                    method, as: somebody, workspace: "00000000-0000-4000-8000-000000000000")
                let isAllowed = somebody.role >= method.role && (!somebody.isKey || method.admitsAPIKeys)
                if isAllowed {
                    #expect(code != "AUTHORIZATION_ERROR", "\(method.name) as \(somebody)")
                } else {
                    let expected = somebody.role == .public ? "AUTHENTICATION_ERROR" : "AUTHORIZATION_ERROR"
                    // What needs no database is refused without asking it whether the account is shut out.
                    let needsNoDatabase = ["system.metrics", "admin.pause", "admin.resume"]
                    let codes =
                        somebody == .disabled && needsNoDatabase.contains(method.name)
                        ? ["AUTHORIZATION_ERROR"] : [expected]
                    #expect(codes.contains(code ?? ""), "\(method.name) as \(somebody)")
                    #expect(codes.contains(elsewhere ?? ""), "\(method.name) as \(somebody), elsewhere")
                }
                cells += 1
            }
        }
        #expect(cells == cast.backend.registry.methods.count * Somebody.allCases.count)
        // Of what is for users an API key gets what tells it who it is and which providers there are, and nothing else.
        let forKeys = cast.backend.registry.methods.filter { $0.role == .user && $0.admitsAPIKeys }
        #expect(Set(forKeys.map(\.name)) == ["auth.me", "providers.list", "providers.get"])
    }

    private static let job =
        #""all":true,"fields":[{"name":"email","providers":["sim-steady"]}],"keys":"own""#

    @Test("Whatever id of another workspace is given, it does not exist, and nothing happens to it")
    func crossTenant() async throws {
        let backend = try Backend()
        let (ada, eve) = (try await backend.login("ada"), try await backend.login("eve"))
        let connection = backend.connect()
        func workspace(_ token: String) async throws -> String {
            let made = try await connection.call("workspaces.create", #"{"name":"W"}"#, token: token)
            return try #require(made["result"]?["id"]?.string)
        }
        let (here, there) = (try await workspace(eve.token), try await workspace(ada.token))
        func make(_ method: String, _ rest: String) async throws -> String {
            let made = try await connection.call(
                method, #"{"workspaceId":"\#(there)",\#(rest)}"#, token: ada.token)
            return try #require(made["result"]?["id"]?.string, "\(method)")
        }
        _ = try await backend.connect(isOperator: true).call(
            "billing.addCredits", #"{"workspaceId":"\#(there)","amount":1000,"type":"bonus"}"#)
        let foreign = [
            "recordId": try await connection.makeRecord(in: there, token: ada.token),
            "userId": ada.id, "transactionId": try await make("billing.debit", #""amount":10"#),
            "holdId": try await make("billing.holds.create", #""amount":10"#),
            "apiKeyId": try await make("apiKeys.create", #""name":"k","role":"viewer""#),
            "invitationId": try await make("invitations.create", #""email":"x@example.org","role":"viewer""#),
            "credentialId": try await make("credentials.create", #""provider":"p","key":"k""#),
            "jobId": try await make("jobs.create", RoleTests.job),
        ].merging(try await foreignWebhook(make, connection, there, ada.token)) { $1 }
        func everything() async throws -> [String] {
            var lists: [String] = []
            for method in [
                "members.list", "apiKeys.list", "invitations.list", "credentials.list", "billing.get",
                "billing.transactions", "billing.holds.list", "records.list", "webhooks.list", "jobs.list",
            ] {
                lists.append(
                    try await connection.call(method, #"{"workspaceId":"\#(there)"}"#, token: ada.token)
                        .source)
            }
            return lists
        }
        let before = try await everything()
        var cells = 0
        for method in backend.registry.methods where method.takesWorkspace {
            for param in method.params where param.name != "workspaceId" {
                guard case .string(_, "uuid", _) = param.schema else { continue }
                let id = try #require(
                    foreign[param.name], "\(method.name): nothing foreign for \(param.name)")
                let names = method.params.map(\.name)
                let role =
                    (names.contains("role") ? #","role":"viewer""# : "")
                    + (names.contains("amount") ? #","amount":1"# : "")
                let answer = try await connection.call(
                    method.name, #"{"workspaceId":"\#(here)","\#(param.name)":"\#(id)"\#(role)}"#,
                    token: eve.token)
                #expect(answer.errorCode == "NOT_FOUND", "\(method.name)")
                cells += 1
            }
        }
        #expect(cells >= 9)
        #expect(try await everything() == before)
    }

    /// A webhook with a delivery.
    private func foreignWebhook(
        _ make: (String, String) async throws -> String, _ connection: Loopback, _ workspace: String,
        _ token: String
    ) async throws -> [String: String] {
        let id = try await make("webhooks.create", #""url":"https://example.org/","events":["*"]"#)
        let test = try await connection.call(
            "webhooks.test", #"{"workspaceId":"\#(workspace)","webhookId":"\#(id)"}"#, token: token)
        return ["webhookId": id, "deliveryId": try #require(test["result"]?["deliveryId"]?.string)]
    }

    @Test("Every example of a declaration works, and answers with the members that it shows")
    func examples() async throws {
        try await withTemporaryFolder { folder in
            try await runExamples(try Mailbox(in: folder, analytics: true)) { _ in
                true
            } check: { method, answer in
                let result = try #require(answer["result"], "\(method.name): \(answer.source)")
                let shown = try JSON.parse(method.example.result)
                for (key, value) in shown.members {
                    let given = result[key.string ?? ""]
                    #expect(given?.kind == value.kind || value.isNull, "\(method.name): \(key.source)")
                }
            }
        }
    }

    @Test("What is for everybody and for users either works for the operator or tells him why not")
    func operatorExamples() async throws {
        try await withTemporaryFolder { folder in
            var works = 0
            try await runExamples(try Mailbox(in: folder), asOperator: true) {
                $0.role <= .user
            } check: {
                method, answer in
                if answer["result"] != nil { works += 1 }
                let code = answer.errorCode ?? "OK"
                #expect(
                    ["OK", "CONFLICT", "VALIDATION_ERROR"].contains(code), "\(method.name): \(answer.source)")
            }
            #expect(works >= 15)
        }
    }

    /// What a job has to be before something can be done with it.
    private static let jobStates = [
        "jobs.resume": "UPDATE jobs SET status = 'paused'",
        "jobs.watch": "UPDATE jobs SET status = 'completed', remaining = 0",
        "jobs.retry": "UPDATE jobs SET status = 'failed', remaining = 0, failed = 1, hold_id = NULL",
    ]

    private func runExamples(
        _ mailbox: Mailbox, asOperator: Bool = false, of isWanted: (Method) -> Bool,
        check: (Method, JSON) throws -> Void
    ) async throws {
        let backend = mailbox.backend
        let owner = try SQLConsole(backend.conninfo)
        let replicator = backend.platform.analytics.startReplicator(on: backend.pool) { _ in }
        let sending = Task {
            while !Task.isCancelled {
                try? await replicator?.turn()
                try? await Task.sleep(for: .milliseconds(20))
            }
        }
        defer {
            sending.cancel()
            replicator?.close()
        }
        for (number, method) in backend.registry.methods.enumerated() where isWanted(method) {
            // What asks an outside service is shown beside the simulator of them.
            guard method.name != "providers.test" else { continue }
            let me = try await backend.login("me\(number)")
            let other = try await backend.login("other\(number)")
            owner.run("UPDATE users SET email_verified_at = now()")
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
            let webhook = try await make(
                "webhooks.create", #""url":"https://example.org/","events":["*"]"#)
            let test = try await make("webhooks.test", #""webhookId":"\#(webhook["id"]?.string ?? "")""#)
            let guest = try await backend.login("guest\(number)")
            // The example of a grant is the first one of its workspace.
            var debit: JSON?
            var hold: JSON?
            if method.name != "billing.addCredits" {
                _ = try await backend.connect(isOperator: true).call(
                    "billing.addCredits", #"{"workspaceId":"\#(workspace)","amount":1000,"type":"bonus"}"#)
                debit = try await make("billing.debit", #""amount":5"#)
                hold = try await make("billing.holds.create", #""amount":50"#)
            }
            let sessions = try await connection.call("auth.sessions.list", "{\(meta)}")
            let isAccepting = method.name == "invitations.accept"
            // What an example cannot know stands in it as a placeholder.
            var actual: [String: String] = ["workspaceId": workspace, "userId": other.id]
            actual["refreshToken"] = me.refreshToken
            actual["apiKeyId"] = key["id"]?.string
            actual["transactionId"] = debit?["id"]?.string
            actual["holdId"] = hold?["id"]?.string
            actual["purchaseId"] = try await make("billing.purchases.create", #""amount":5"#)["id"]?.string
            actual["credentialId"] = credential["id"]?.string
            actual["recordId"] = try await connection.makeRecord(in: workspace, token: me.token)
            actual["webhookId"] = webhook["id"]?.string
            let job = try await make("jobs.create", RoleTests.job)["id"]?.string
            actual["jobId"] = job
            if let state = RoleTests.jobStates[method.name] { owner.run(state + " WHERE id = $1", [job]) }
            if method.name == "jobs.retry" {
                owner.run("UPDATE job_tasks SET state = 'done', status = 'failed' WHERE job_id = $1", [job])
            }
            actual["deliveryId"] = test["deliveryId"]?.string
            actual["invitationId"] = invitation["id"]?.string
            actual["sessionId"] = sessions["result"]?["items"]?[0]?["id"]?.string
            switch method.name {
            case "invitations.accept": actual["token"] = invitation["token"]?.string
            case "auth.verifyEmail": actual["token"] = try await mailbox.token(to: "me\(number)@")
            case "auth.resetPassword":
                _ = try await connection.call(
                    "auth.requestPasswordReset", #"{"email":"me\#(number)@example.org"}"#)
                actual["token"] = try await mailbox.token(to: "me\(number)@")
            default: actual["token"] = me.token
            }
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
            let isForOperator = asOperator || method.role == .operator
            if !isForOperator {
                members.append(isAccepting ? #""_meta":{"token":"\#(guest.token)"}"# : meta)
            }
            let answer = try await backend.connect(isOperator: isForOperator)
                .call(method.name, "{\(members.joined(separator: ","))}")
            try check(method, answer)
        }
    }
}
