import Foundation
import JSON
import Postgres
import RPC
import Resilience
import Synchronization
import TestSupport
import Testing

@testable import Services

@Suite("Passwords that are tried, and changed meanwhile")
struct LoginAttemptTests {
    private static let login = #"{"email":"ada@example.org","password":"correct horse battery"}"#
    private static let wrong = #"{"email":"ada@example.org","password":"wrong password"}"#

    @Test(
        "A login that is under way when the password changes, or the account is disabled, fails",
        arguments: [
            "UPDATE users SET password_hash = 'another'", "UPDATE users SET disabled_at = now()",
        ])
    func loginInFlight(change: String) async throws {
        let backend = try Backend()
        _ = try await backend.login("ada")
        let (changing, watching) = (try SQLConsole(backend.conninfo), try SQLConsole(backend.conninfo))
        changing.run("BEGIN")
        changing.run(change)
        let isAnswered = Mutex(false)
        async let answer = {
            defer { isAnswered.withLock { $0 = true } }
            return try await backend.connect().call("auth.login", LoginAttemptTests.login)
        }()
        // The change is not committed, so the password is still right. Then the session waits for what becomes of it.
        let waits = """
            SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
            """
        while !isAnswered.withLock({ $0 }), watching.run(waits).rows.isEmpty { await Task.yield() }
        changing.run("COMMIT")
        #expect(try await answer.errorCode == "AUTHENTICATION_ERROR")
        #expect(watching.run("SELECT count(*) FROM sessions").rows == [["1"]], "that of before")
        let told = watching.run("SELECT count(*) FROM audit_log WHERE outcome = 'AUTHENTICATION_ERROR'")
        #expect(told.rows == [["1"]])
    }

    @Test("However many wrong passwords come at once, five are looked at; each is told of in the trail")
    func parallelFailures() async throws {
        let backend = try Backend()
        _ = try await backend.login("ada")
        func all(_ params: String, _ count: Int) async throws -> [String: Int] {
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<count {
                    group.addTask { try await backend.connect().call("auth.login", params).errorCode ?? "OK" }
                }
                return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
        }
        // Right ones leave no lock behind, however they fall.
        let right = try await all(LoginAttemptTests.login, 10)
        #expect(Set(right.keys).isSubset(of: ["OK", "RATE_LIMIT_EXCEEDED"]))
        #expect((right["OK"] ?? 0) >= 5)
        let owner = try SQLConsole(backend.conninfo)
        #expect(owner.run("SELECT count(*) FROM login_failures").rows == [["0"]])
        let before = owner.run("SELECT 1 FROM audit_log WHERE action = 'auth.login'").rows.count
        let codes = try await all(LoginAttemptTests.wrong, 60)
        #expect(codes == ["AUTHENTICATION_ERROR": 5, "RATE_LIMIT_EXCEEDED": 55])
        #expect(owner.run("SELECT count(*) FROM login_failures").rows == [["5"]])
        let after = owner.run("SELECT 1 FROM audit_log WHERE action = 'auth.login'").rows.count
        #expect(after == before + 60)
        let locked = try await backend.connect().call("auth.login", LoginAttemptTests.login)
        #expect(locked.errorCode == "RATE_LIMIT_EXCEEDED")
        let last = owner.run("SELECT outcome FROM audit_log ORDER BY seq DESC LIMIT 1")
        #expect(last.rows == [["RATE_LIMIT_EXCEEDED"]])
    }

    @Test(
        "A wrong current password is told of, counts as a failed login of its email, and is locked like one")
    func wrongCurrentPassword() async throws {
        let backend = try Backend()
        let ada = try await backend.login("ada")
        let connection = backend.connect()
        func change(_ current: String) async throws -> String? {
            let params = #"{"currentPassword":"\#(current)","newPassword":"staple battery horse"}"#
            return try await connection.call("auth.changePassword", params, token: ada.token).errorCode
        }
        for _ in 0..<5 { #expect(try await change("wrong password") == "AUTHENTICATION_ERROR") }
        #expect(try await change("correct horse battery") == "RATE_LIMIT_EXCEEDED")
        #expect(
            try await connection.call("auth.login", LoginAttemptTests.login).errorCode
                == "RATE_LIMIT_EXCEEDED")
        let rows = try SQLConsole(backend.conninfo).run(
            "SELECT actor, outcome, count(*) FROM audit_log WHERE action = 'auth.changePassword' GROUP BY 1, 2 ORDER BY 2"
        )
        let her = "user:" + ada.id
        #expect(
            rows.rows == [[her, "AUTHENTICATION_ERROR", "5"], [her, "RATE_LIMIT_EXCEEDED", "1"]])
        #expect(
            try await backend.connect(uid: 1001).call("auth.login", LoginAttemptTests.login)["result"] != nil)
    }

    @Test("A link that sets a new password ends when the password is changed")
    func linkAfterChange() async throws {
        try await withTemporaryFolder { folder in
            let mailbox = try Mailbox(in: folder)
            let connection = mailbox.backend.connect()
            let ada = try await mailbox.backend.login("ada")
            _ = try await connection.call("auth.requestPasswordReset", #"{"email":"ada@example.org"}"#)
            let token = try await mailbox.token(to: "ada@example.org")
            func change(_ current: String) async throws -> JSON {
                try await connection.call(
                    "auth.changePassword",
                    #"{"currentPassword":"\#(current)","newPassword":"staple battery horse"}"#,
                    token: ada.token)
            }
            let links = "SELECT count(*) FROM email_tokens WHERE purpose = 'resetPassword'"
            let owner = try SQLConsole(mailbox.backend.conninfo)
            #expect(try await change("wrong password").errorCode == "AUTHENTICATION_ERROR")
            #expect(owner.run(links).rows == [["1"]], "who does not know the password ends nothing")
            #expect(try await change("correct horse battery")["result"] != nil)
            let reset = try await connection.call(
                "auth.resetPassword", #"{"token":"\#(token)","newPassword":"horse battery staple"}"#)
            #expect(reset.errorCode == "AUTHENTICATION_ERROR")
            #expect(owner.run(links).rows == [["0"]])
        }
    }

    @Test("A new signing key forgets no failed login")
    func newKey() async throws {
        let lines = (try NumberedKeys.makeLine(number: 1), try NumberedKeys.makeLine(number: 2))
        let file = Mutex(lines.0)
        let source = WatchedKeys.Source(
            stamp: { file.withLock { "\($0.count)" } },
            read: { try #require(NumberedKeys(file: file.withLock { $0 })) })
        let backend = try Backend(signingKeys: WatchedKeys(source))
        let connection = backend.connect()
        _ = try await backend.login("ada")
        for _ in 0..<5 { _ = try await connection.call("auth.login", LoginAttemptTests.wrong) }
        file.withLock { $0 = lines.0 + lines.1 }
        while try await connection.call("auth.jwks")["result"]?["keys"]?.count == 1 { await Task.yield() }
        let answer = try await connection.call("auth.login", LoginAttemptTests.login)
        #expect(answer.errorCode == "RATE_LIMIT_EXCEEDED")
    }

    @Test("Whoever has the 2^64 addresses of an IPv6 network has one, for rates and locks")
    func networks() async throws {
        let rate = try #require(RateLimit(parsing: "20/day"))
        let backend = try Backend(rates: Rates(auth: rate, general: .off))
        _ = try await backend.login("ada")
        func login(_ address: String, _ params: String) async throws -> String? {
            try await backend.connect(ip: address).call("auth.login", params).errorCode
        }
        for host in 1...5 {
            #expect(
                try await login("2001:db8:1:2::\(host)", LoginAttemptTests.wrong) == "AUTHENTICATION_ERROR")
        }
        #expect(
            try await login("2001:db8:1:2:ffff::1", LoginAttemptTests.login) == "RATE_LIMIT_EXCEEDED",
            "locked")
        #expect(try await login("2001:db8:1:3::1", LoginAttemptTests.login) == nil, "another network")
        var codes: [String?] = []
        for host in 1...20 {
            let nobody = #"{"email":"nobody\#(host)@example.org","password":"wrong password"}"#
            codes.append(try await login("2001:db8:1:2:3::\(host)", nobody))
        }
        #expect(codes.filter { $0 == "RATE_LIMIT_EXCEEDED" }.count == 6, "20 of which 6 are gone")
        // The trail, and the list of logins, name the address itself.
        let owner = try SQLConsole(backend.conninfo)
        #expect(owner.run("SELECT 1 FROM sessions WHERE address = 'ip:2001:db8:1:3::1'").rows.count == 1)
    }

    @Test(
        "An address counts by its network",
        arguments: [
            ("192.0.2.1", "ip:192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "ip:2001:db8:1:2::/64"),
            ("2001:DB8:1:2::9", "ip:2001:db8:1:2::/64"), ("::1", "ip:0:0:0:0::/64"),
            ("::ffff:192.0.2.1", "ip:192.0.2.1"), ("unknown", "ip:unknown"),
        ])
    func network(address: String, network: String) {
        #expect(Peer(.ip(address), isOperator: false).network == network)
        #expect(Peer(.uid(7), isOperator: false).network == "uid:7")
    }
}
