import Foundation
import Glibc
import JSON
import Postgres
import TestSupport
import Testing

/// A new user's HTTP client: curl.
struct Curl {
    let address: String

    struct Answer {
        let status: Int
        let envelope: JSON

        var data: JSON? { envelope["data"] }
        var errorCode: String? { envelope["error"]?["code"]?.string }
    }

    func callAsFunction(
        _ verb: String, _ path: String, _ body: String? = nil, token: String? = nil
    ) async throws -> Answer {
        var arguments = ["-sS", "-X", verb, "-w", "\n%{http_code}", "http://\(address)/api/v1\(path)"]
        if let body { arguments += ["-H", "Content-Type: application/json", "-d", body] }
        if let token { arguments += ["-H", "Authorization: Bearer \(token)"] }
        let result = try await ServedProcess.run("/usr/bin/curl", arguments)
        let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
        let status = try #require(lines.last.flatMap { Int($0) }, "\(result.errors)")
        return Answer(status: status, envelope: try JSON.parse(String(lines.dropLast().joined())))
    }

    /// Makes an account and logs in. - Returns: the access token.
    func account(_ name: String) async throws -> String {
        let password = "correct horse battery"
        let made = try await self(
            "POST", "/auth/register",
            #"{"email":"\#(name)@example.org","password":"\#(password)","name":"\#(name)"}"#)
        #expect(made.status == 201)
        let login = try await self(
            "POST", "/auth/login", #"{"email":"\#(name)@example.org","password":"\#(password)"}"#)
        return try #require(login.data?["accessToken"]?.string)
    }
}

@Suite("A new user, over HTTP alone")
struct WalkthroughTests {
    @Test(
        "Account, workspace, invitation, API key, credential, trail; and the operator finds the row that was changed"
    )
    func walkthrough() async throws {
        try await withTemporaryFolder { folder in
            let daemon = try await ServedProcess.dev(in: folder)
            let curl = Curl(address: daemon.http)
            let (ada, bob) = (try await curl.account("ada"), try await curl.account("bob"))
            let made = try await curl("POST", "/workspaces", #"{"name":"Acme"}"#, token: ada)
            #expect(made.status == 201)
            let w = "/workspaces/" + (try #require(made.data?["id"]?.string))

            let refused = try await curl("GET", w, token: bob)
            #expect(refused.status == 403)
            let invitation = try await curl(
                "POST", w + "/invitations", #"{"email":"bob@example.org","role":"viewer"}"#, token: ada)
            let token = try #require(invitation.data?["token"]?.string)
            let accepted = try await curl(
                "POST", "/invitations/accept", #"{"token":"\#(token)"}"#, token: bob)
            #expect(accepted.data?["role"]?.string == "viewer")
            #expect(try await curl("GET", w, token: bob).status == 200)
            #expect(try await curl("PATCH", w, #"{"name":"Bob's"}"#, token: bob).status == 403)

            let key = try await curl(
                "POST", w + "/api-keys", #"{"name":"nightly","role":"admin"}"#, token: ada)
            let secret = try #require(key.data?["secret"]?.string)
            #expect(try await curl("GET", w, token: secret).status == 200)
            let stored = try await curl(
                "POST", w + "/credentials", #"{"provider":"hunter","key":"hk_0123456789abcdef"}"#,
                token: secret)
            #expect(stored.data?["maskedKey"]?.string == "…cdef")
            let keyPath = w + "/api-keys/" + (try #require(key.data?["id"]?.string))
            #expect(try await curl("DELETE", keyPath, token: ada).status == 200)
            #expect(try await curl("GET", w, token: secret).errorCode == "AUTHENTICATION_ERROR")

            let trail = try await curl("GET", w + "/audit", token: ada)
            let told = try #require(trail.data).elements.map {
                "\($0["action"]?.string ?? "") \($0["outcome"]?.string ?? "")"
            }
            #expect(
                told.reversed() == [
                    "workspaces.create OK", "workspaces.get AUTHORIZATION_ERROR", "invitations.create OK",
                    "invitations.accept OK", "workspaces.update AUTHORIZATION_ERROR", "apiKeys.create OK",
                    "credentials.create OK", "apiKeys.revoke OK",
                ])

            // Everything is sealed within a moment.
            let owner = try SQLConsole(EmbeddedCluster.conninfo(directory: folder))
            let unsealed =
                "SELECT count(*) FROM audit_log a LEFT JOIN audit_seals s USING (seq) WHERE s IS NULL"
            while owner.run(unsealed).rows != [["0"]] { await Task.yield() }
            let verify = ["audit", "verify", "--socket", daemon.socket]
            let whole = try await ServedProcess.run("rpcd", verify)
            #expect(whole.status == 0 && whole.output.contains(" checked, 0 differ\nhead "), "\(whole)")
            // Its progress is for a terminal, and for whoever waits long.
            #expect(whole.errors.isEmpty)
            let watched = try await ServedProcess.run(
                "/usr/bin/script",
                ["-qec", ([ServedProcess.programs + "/rpcd"] + verify).joined(separator: " "), "/dev/null"])
            #expect(watched.status == 0 && watched.output.contains("\rchecked "), "\(watched)")
            let row = owner.run(
                "UPDATE audit_log SET actor = 'user:somebody else' WHERE action = 'apiKeys.create' RETURNING id"
            )
            let tampered = try await ServedProcess.run("rpcd", verify)
            #expect(tampered.status == 1)
            #expect(tampered.output.contains(#""kind":"changed""#) && tampered.output.contains(" 1 differ"))
            #expect(tampered.output.contains(try #require(row.rows.first?.first ?? nil)))
            daemon.process.send(SIGTERM)
            #expect(await daemon.process.end() == 0)
            let gone = try await ServedProcess.run("rpcd", verify)
            #expect(gone.status == 2)
        }
    }
}
