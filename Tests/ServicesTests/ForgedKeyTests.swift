import Identifiers
import JSON
import RPC
import Resilience
import TestSupport
import Testing

@testable import Services

@Suite("API keys that somebody made up: their checksum anybody can compute")
struct ForgedKeyTests {
    /// With the checksum that makes it look like one. - Parameter id: of the key that it claims to be.
    private func forged(_ id: UUID = UUID.random()) throws -> String {
        try APIKeySecret.make(id: id).text
    }

    private struct Victim {
        let token: String
        let workspace: String
        let key: UUID
        let secret: String
    }

    /// A workspace of Ada's with a key.
    private func victim(_ backend: Backend) async throws -> Victim {
        let ada = try await backend.login("ada")
        let connection = backend.connect()
        let made = try await connection.call("workspaces.create", #"{"name":"Acme"}"#, token: ada.token)
        let workspace = try #require(made["result"]?["id"]?.string)
        let key = try await connection.call(
            "apiKeys.create", #"{"workspaceId":"\#(workspace)","name":"k","role":"viewer"}"#, token: ada.token
        )
        return Victim(
            token: ada.token, workspace: workspace,
            key: try #require(key["result"]?["id"]?.string.flatMap { UUID($0) }),
            secret: try #require(key["result"]?["secret"]?.string))
    }

    @Test("On what is public a key, or a token, is no rate of its own: the address counts")
    func publicRate() async throws {
        let rate = try #require(RateLimit(parsing: "5/day"))
        let backend = try Backend(rates: Rates(auth: rate, general: .off))
        let victim = try await victim(backend)
        let attacker = backend.connect(uid: 2000)
        let attempts = [
            ("auth.login", #","password":"wrong password""#),
            ("auth.register", #","password":"correct horse battery","name":"N""#),
            ("auth.requestPasswordReset", ""), ("auth.requestPasswordReset", ""),
            ("auth.requestPasswordReset", ""),
            ("auth.login", #","password":"wrong password""#), ("auth.requestPasswordReset", ""),
            ("auth.register", #","password":"correct horse battery","name":"N""#),
        ]
        for (number, (method, rest)) in attempts.enumerated() {
            let token = number == 6 ? victim.token : number == 7 ? victim.secret : try forged()
            let answer = try await attacker.call(
                method, #"{"email":"x\#(number)@example.org"\#(rest)}"#, token: token)
            #expect(
                (answer.errorCode == "RATE_LIMIT_EXCEEDED") == (number >= 5), "\(number) \(answer.source)")
        }
    }

    @Test("A key that the database has not confirmed counts for its address, and uses up nobody else's rate")
    func rate() async throws {
        let rate = try #require(RateLimit(parsing: "10/day"))
        let backend = try Backend(rates: Rates(auth: .off, general: rate))
        let victim = try await victim(backend)
        func get(_ connection: Loopback, _ token: String) async throws -> String? {
            try await connection.call(
                "workspaces.get", #"{"workspaceId":"\#(victim.workspace)"}"#, token: token
            ).errorCode
        }
        let attacker = backend.connect(uid: 2000)
        for number in 0..<30 {
            let token = try forged(number % 2 == 0 ? victim.key : UUID.random())
            let code = try await get(attacker, token)
            #expect(code == (number < 10 ? "AUTHENTICATION_ERROR" : "RATE_LIMIT_EXCEEDED"), "\(number)")
        }
        // From the same address a key that is confirmed has its own.
        let program = backend.connect(uid: 2001)
        #expect(try await get(program, victim.secret) == nil)
        for _ in 0..<10 { #expect(try await get(attacker, victim.secret) == nil) }
        #expect(try await get(attacker, victim.secret) == "RATE_LIMIT_EXCEEDED")
        #expect(try await get(program, victim.secret) == "RATE_LIMIT_EXCEEDED", "the same key from elsewhere")
    }

    @Test(
        "The trail names nobody for what he did not do: neither a key's id nor a session that has ended proves who calls"
    )
    func trail() async throws {
        let backend = try Backend()
        let victim = try await victim(backend)
        let bob = try await backend.login("bob")
        let attacker = backend.connect(uid: 2000)
        _ = try await attacker.call("auth.logout", #"{"refreshToken":"\#(bob.refreshToken)"}"#)
        let owner = try SQLConsole(backend.conninfo)
        func count() -> [[String?]] {
            owner.run(
                "SELECT count(*) FROM audit_log WHERE actor IN ($1, $2)",
                ["apiKey:\(victim.key)", "user:\(bob.id)"]
            ).rows
        }
        let before = count()
        let change = #"{"currentPassword":"wrong password","newPassword":"staple battery horse"}"#
        for token in [try forged(victim.key), bob.token] {
            for (method, params) in [
                ("auth.login", #"{"email":"eve@example.org","password":"wrong password"}"#),
                ("auth.requestPasswordReset", #"{"email":"eve@example.org"}"#),
                ("auth.changePassword", change),
                ("admin.audit.verify", "{}"), ("admin.users.list", "{}"),
                ("auth.logout", #"{"refreshToken":"x"}"#),
                ("workspaces.update", #"{"workspaceId":"\#(victim.workspace)","name":"x"}"#),
                ("workspaces.create", #"{"name":"x"}"#),
            ] {
                let answer = try await attacker.call(method, params, token: token)
                let isRefused = answer.errorCode == "AUTHENTICATION_ERROR"
                #expect(isRefused || answer["result"]?.source == "{}", "\(method) \(answer.source)")
            }
        }
        #expect(count() == before)
        let named = owner.run(
            "SELECT count(*) FROM audit_log WHERE actor = 'uid:2000' AND action = 'auth.login'")
        #expect(named.rows == [["2"]])
    }

    @Test("With a key's id alone nobody gets at its idempotency keys")
    func idempotency() async throws {
        let backend = try Backend()
        let victim = try await victim(backend)
        func register(_ name: String, _ token: String, uid: UInt32) async throws -> JSON {
            try await backend.connect(uid: uid).call(
                "auth.register",
                #"{"email":"\#(name)@example.org","password":"correct horse battery","name":"N","_meta":{"token":"\#(token)","idempotencyKey":"k"}}"#
            )
        }
        #expect(try await register("eve", try forged(victim.key), uid: 2000)["result"] != nil)
        #expect(try await register("mine", victim.secret, uid: 1000)["result"] != nil)
        let peer = Peer(.uid(1), isOperator: false)
        let (first, second) = (
            Caller.apiKey(id: victim.key, secretHash: [1, 23]),
            Caller.apiKey(id: victim.key, secretHash: [12, 3])
        )
        #expect(first.scope(at: peer) != second.scope(at: peer))
        #expect(first.label(at: peer) == second.label(at: peer))
    }

    @Test(
        "What checks a password or the token of a mail has the strict rate; what binds a token, or accepts an invitation, has not"
    )
    func classes() async throws {
        let rate = try #require(RateLimit(parsing: "5/day"))
        let backend = try Backend(rates: Rates(auth: rate, general: .off))
        let strict = backend.registry.methods.filter { $0.rate == .auth }.map(\.name)
        #expect(
            Set(strict) == [
                "auth.register", "auth.login", "auth.refresh", "auth.changePassword", "auth.verifyEmail",
                "auth.requestPasswordReset", "auth.resetPassword",
            ])
        let ada = try await backend.login("ada")
        // A service with a pool of connections.
        for _ in 0..<20 {
            let bound = try await backend.connect(uid: 2000).call(
                "session.authenticate", #"{"token":"\#(ada.token)"}"#)
            #expect(bound["result"] != nil)
        }
    }
}
