import Foundation
import JSON
import Postgres
import RPC
import TestSupport
import Testing

@testable import Services

@Suite("Mails and what they are for")
struct RecoveryTests {
    private func login(_ backend: Backend, _ password: String) async throws -> JSON {
        try await backend.connect().call(
            "auth.login", #"{"email":"ada@example.org","password":"\#(password)"}"#)
    }

    @Test("A new account gets a mail that verifies its address, once")
    func verification() async throws {
        try await withTemporaryFolder { folder in
            let mailbox = try Mailbox(in: folder, applicationURL: "https://app.example.org")
            let connection = mailbox.backend.connect()
            let ada = try await mailbox.backend.login("ada")
            let before = try await connection.call("auth.me", token: ada.token)
            #expect(before["result"]?["user"]?["emailVerified"]?.bool == false)
            let mails = try await mailbox.mails(to: "ada@example.org")
            #expect(mails.count == 1)
            let token = try await mailbox.token(to: "ada@example.org")
            #expect(mails[0].contains("https://app.example.org/verify-email#token=\(token)"))
            let params = #"{"token":"\#(token)"}"#
            #expect(
                try await connection.call(
                    "auth.resetPassword", params.dropLast() + #","newPassword":"staple battery horse"}"#
                ).errorCode == "AUTHENTICATION_ERROR")
            #expect(try await connection.call("auth.verifyEmail", params)["result"] != nil)
            #expect(try await connection.call("auth.verifyEmail", params).errorCode == "AUTHENTICATION_ERROR")
            let after = try await connection.call("auth.me", token: ada.token)
            #expect(after["result"]?["user"]?["emailVerified"]?.bool == true)
            #expect(try await mailbox.mails(to: "ada@example.org").count == 1, "what was sent is gone")
            let waiting = try SQLConsole(mailbox.backend.conninfo).run("SELECT count(*) FROM mails")
            #expect(waiting.rows == [["0"]])
        }
    }

    @Test("A password is set anew by mail: every session ends, locks go, the link works once")
    func reset() async throws {
        try await withTemporaryFolder { folder in
            let mailbox = try Mailbox(in: folder)
            let backend = mailbox.backend
            let connection = backend.connect()
            let ada = try await backend.login("ada")
            for _ in 0..<5 { _ = try await login(backend, "wrong password") }
            #expect(try await login(backend, "correct horse battery").errorCode == "RATE_LIMIT_EXCEEDED")
            for email in ["ada@example.org", "nobody@example.org", "ada@example.org"] {
                let answer = try await connection.call(
                    "auth.requestPasswordReset", #"{"email":"\#(email)"}"#)
                #expect(answer["result"]?.source == "{}")
            }
            #expect(try await mailbox.mails(to: "nobody@example.org").isEmpty)
            let token = try await mailbox.token(to: "ada@example.org")
            let params = #"{"token":"\#(token)","newPassword":"staple battery horse"}"#
            async let first = backend.connect().call("auth.resetPassword", params)
            async let second = backend.connect().call("auth.resetPassword", params)
            let answers = try await [first, second]
            #expect(answers.filter { $0["result"] != nil }.count == 1, "of two at once one")
            #expect(
                try await connection.call("auth.me", token: ada.token).errorCode == "AUTHENTICATION_ERROR")
            #expect(try await login(backend, "correct horse battery").errorCode == "AUTHENTICATION_ERROR")
            let login = try await login(backend, "staple battery horse")
            #expect(login["result"]?["user"]?["emailVerified"]?.bool == true)
            let owner = try SQLConsole(backend.conninfo)
            #expect(
                owner.run("SELECT count(*) FROM email_tokens WHERE purpose = 'resetPassword'").rows == [["0"]]
            )
        }
    }

    @Test("Nobody fills another's mailbox; expired links and disabled accounts get nowhere")
    func limits() async throws {
        try await withTemporaryFolder { folder in
            let mailbox = try Mailbox(in: folder)
            let connection = mailbox.backend.connect()
            let ada = try await mailbox.backend.login("ada")
            let request = #"{"email":"ada@example.org"}"#
            for _ in 0..<6 { _ = try await connection.call("auth.requestPasswordReset", request) }
            #expect(try await mailbox.mails(to: "ada@example.org").count == 1 + 3)
            let token = try await mailbox.token(to: "ada@example.org")
            let params = #"{"token":"\#(token)","newPassword":"staple battery horse"}"#
            let operatorConnection = mailbox.backend.connect(isOperator: true)
            _ = try await operatorConnection.call("admin.users.disable", #"{"userId":"\#(ada.id)"}"#)
            #expect(
                try await connection.call("auth.resetPassword", params).errorCode == "AUTHENTICATION_ERROR")
            _ = try await operatorConnection.call("admin.users.enable", #"{"userId":"\#(ada.id)"}"#)
            let owner = try SQLConsole(mailbox.backend.conninfo)
            owner.run("UPDATE email_tokens SET expires_at = now() - interval '1 second'")
            #expect(
                try await connection.call("auth.resetPassword", params).errorCode == "AUTHENTICATION_ERROR")
            for text in ["", "x", String(repeating: "A", count: 43), "../../etc/passwd"] {
                let answer = try await connection.call("auth.verifyEmail", #"{"token":"\#(text)"}"#)
                #expect(["AUTHENTICATION_ERROR", "VALIDATION_ERROR"].contains(answer.errorCode))
            }
        }
    }

    @Test(
        "However many invite an address, however often, it gets five mails an hour; the invitations are good without"
    )
    func invitationMails() async throws {
        try await withTemporaryFolder { folder in
            let mailbox = try Mailbox(in: folder)
            let connection = mailbox.backend.connect()
            let ada = try await mailbox.backend.login("ada")
            let owner = try SQLConsole(mailbox.backend.conninfo)
            var last: JSON?
            for _ in 0..<2 {
                let made = try await connection.call("workspaces.create", #"{"name":"W"}"#, token: ada.token)
                let id = try #require(made["result"]?["id"]?.string)
                let invite = #"{"workspaceId":"\#(id)","email":"bob@example.org","role":"viewer"}"#
                var mailed: [Bool?] = []
                for _ in 0..<10 {
                    last = try await connection.call("invitations.create", invite, token: ada.token)["result"]
                    mailed.append(last?["mailed"]?.bool)
                }
                let isFirst = owner.run("SELECT 1 FROM workspaces").rows.count == 1
                #expect(mailed == (0..<10).map { isFirst && $0 < 5 })
            }
            #expect(try await mailbox.mails(to: "bob@example.org").count == 5)
            let bob = try await mailbox.backend.login("bob")
            let token = try #require(last?["token"]?.string)
            let accepted = try await connection.call(
                "invitations.accept", #"{"token":"\#(token)"}"#, token: bob.token)
            #expect(accepted["result"] != nil)
            // An hour later the count is gone, and so are its rows.
            owner.run("UPDATE invitation_mails SET created_at = created_at - interval '61 minutes'")
            try await mailbox.backend.platform.clearOut()
            #expect(owner.run("SELECT 1 FROM invitation_mails").rows.isEmpty)
        }
    }

    @Test("A workspace invites a hundred an hour, the operator for it as many as he likes")
    func invitationsOfWorkspace() async throws {
        let backend = try Backend()
        let ada = try await backend.login("ada")
        let connection = backend.connect()
        let made = try await connection.call("workspaces.create", #"{"name":"W"}"#, token: ada.token)
        let id = try #require(made["result"]?["id"]?.string)
        func invite(_ name: String, _ connection: Loopback, _ token: String?) async throws -> JSON {
            try await connection.call(
                "invitations.create",
                #"{"workspaceId":"\#(id)","email":"\#(name)@example.org","role":"viewer"}"#,
                token: token)
        }
        let owner = try SQLConsole(backend.conninfo)
        owner.run(
            """
            INSERT INTO invitations (workspace_id, email, role, token_hash)
            SELECT $1, 'x' || i || '@example.org', 'viewer', sha256(i::text::bytea) FROM generate_series(1, 99) i
            """, [id])
        #expect(
            try await invite("bob", connection, ada.token)["result"]?["mailed"]?.bool == false, "no mail here"
        )
        #expect(try await invite("eve", connection, ada.token).errorCode == "RATE_LIMIT_EXCEEDED")
        #expect(try await invite("eve", backend.connect(isOperator: true), nil)["result"] != nil)
        owner.run("UPDATE invitations SET created_at = created_at - interval '61 minutes'")
        #expect(try await invite("joe", connection, ada.token)["result"] != nil)
    }

    @Test("Of links that are asked for at once, too, an account gets three")
    func parallelLinks() async throws {
        try await withTemporaryFolder { folder in
            let mailbox = try Mailbox(in: folder)
            let backend = mailbox.backend
            _ = try await backend.login("ada")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        _ = try await backend.connect().call(
                            "auth.requestPasswordReset", #"{"email":"ada@example.org"}"#)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await mailbox.mails(to: "ada@example.org").count == 1 + 3)
        }
    }

    @Test(
        "Who made an account with another's address is not taken in for him, until the address is confirmed")
    func squatting() async throws {
        try await withTemporaryFolder { folder in
            let mailbox = try Mailbox(in: folder)
            let connection = mailbox.backend.connect()
            let (ada, _) = (
                try await mailbox.backend.login("ada"), try await mailbox.backend.login("victim")
            )
            let made = try await connection.call("workspaces.create", #"{"name":"W"}"#, token: ada.token)
            let id = try #require(made["result"]?["id"]?.string)
            func add(_ name: String, as operator: Bool = false) async throws -> JSON {
                try await mailbox.backend.connect(isOperator: `operator`).call(
                    "members.add", #"{"workspaceId":"\#(id)","email":"\#(name)@example.org","role":"admin"}"#,
                    token: `operator` ? nil : ada.token)
            }
            let (squatted, unknown) = (try await add("victim"), try await add("nobody"))
            #expect(squatted.errorCode == "NOT_FOUND")
            #expect(squatted["error"]?["message"]?.string == unknown["error"]?["message"]?.string)
            let token = try await mailbox.token(to: "victim@example.org")
            _ = try await connection.call("auth.verifyEmail", #"{"token":"\#(token)"}"#)
            #expect(try await add("victim")["result"] != nil)
            // The operator knows whom he means.
            _ = try await mailbox.backend.login("friend")
            #expect(try await add("friend").errorCode == "NOT_FOUND")
            #expect(try await add("friend", as: true)["result"] != nil)
        }
    }

    @Test("An invitation is mailed with the effect or not at all; what waits is sealed")
    func invitations() async throws {
        try await withTemporaryFolder { folder in
            let mailbox = try Mailbox(in: folder)
            let connection = mailbox.backend.connect()
            let ada = try await mailbox.backend.login("ada")
            let made = try await connection.call(
                "workspaces.create", #"{"name":"<b>Größe & Söhne</b>"}"#, token: ada.token)
            let id = try #require(made["result"]?["id"]?.string)
            let invited = try await connection.call(
                "invitations.create", #"{"workspaceId":"\#(id)","email":"bob@example.org","role":"viewer"}"#,
                token: ada.token)
            let token = try #require(invited["result"]?["token"]?.string)
            let refused = try await connection.call(
                "invitations.create", #"{"workspaceId":"\#(id)","email":"ada@example.org","role":"viewer"}"#,
                token: ada.token)
            #expect(refused.errorCode == "CONFLICT")
            let owner = try SQLConsole(mailbox.backend.conninfo)
            let waiting = owner.run("SELECT m::text FROM mails m WHERE kind = 'invitation'")
            #expect(waiting.rows.count == 1 && waiting.rows[0][0]?.contains(token) == false)
            let mails = try await mailbox.mails(to: "bob@example.org")
            #expect(mails.count == 1 && mails[0].contains(token))
            #expect(mails[0].hasPrefix("Invitation to <b>Größe & Söhne</b>\n"))
            #expect(mails[0].contains("&lt;b&gt;Größe &amp; Söhne&lt;/b&gt; as viewer"))
        }
    }
}
