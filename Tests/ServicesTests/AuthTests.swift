import Cryptography
import JSON
import RPC
import Resilience
import Synchronization
import TestSupport
import Testing

@testable import Services

@Suite("Accounts and sessions")
struct AuthTests {
    @Test("An email has one account, whatever its letters' case; a password has twelve characters")
    func registering() async throws {
        let backend = try Backend()
        let connection = backend.connect()
        _ = try await backend.login("ada")
        let again = #"{"email":"ADA@Example.org","password":"correct horse battery","name":"Ada"}"#
        #expect(try await connection.call("auth.register", again).errorCode == "CONFLICT")
        let answer = try await connection.call(
            "auth.register", #"{"email":"no","password":"short","name":""}"#)
        let fields = try #require(answer["error"]?["data"]?["error"]?["details"]?["fields"])
        #expect(fields.elements.map { $0["code"]?.string } == ["format", "length", "length"])
        let confusable = #"{"email":"аda@example.org","password":"correct horse battery","name":"Ada"}"#
        #expect(try await connection.call("auth.register", confusable).errorCode == "VALIDATION_ERROR")
        // Folded to lower case the Kelvin sign is the letter k.
        _ = try await backend.login("kate")
        let kelvin = #"{"email":"\u212aate@example.org","password":"correct horse battery"}"#
        #expect(try await connection.call("auth.login", kelvin).errorCode == "VALIDATION_ERROR")
    }

    @Test("Where registration is closed the operator alone makes accounts")
    func closedRegistration() async throws {
        let backend = try Backend(registrationIsOpen: false)
        let ada = #"{"email":"ada@example.org","password":"correct horse battery","name":"Ada"}"#
        #expect(try await backend.connect().call("auth.register", ada).errorCode == "AUTHORIZATION_ERROR")
        #expect(try await backend.connect(isOperator: true).call("auth.register", ada)["result"] != nil)
    }

    @Test(
        "A wrong password and an unknown email get the same answer; five failures lock the pair, and no other"
    )
    func failedLogins() async throws {
        let backend = try Backend()
        let connection = backend.connect()
        _ = try await backend.login("ada")
        _ = try await backend.login("bob")
        let wrong = #"{"email":"ada@example.org","password":"wrong"}"#
        let unknown = #"{"email":"eve@example.org","password":"wrong"}"#
        let (first, second) = (
            try await connection.call("auth.login", wrong), try await connection.call("auth.login", unknown)
        )
        #expect(first["error"]?["message"]?.string == second["error"]?["message"]?.string)
        #expect(first.errorCode == "AUTHENTICATION_ERROR")
        for _ in 0..<4 { _ = try await connection.call("auth.login", wrong) }
        let right = #"{"email":"ada@example.org","password":"correct horse battery"}"#
        #expect(try await connection.call("auth.login", right).errorCode == "RATE_LIMIT_EXCEEDED")
        #expect(try await backend.connect(uid: 1001).call("auth.login", right)["result"] != nil)
        let bob = #"{"email":"bob@example.org","password":"correct horse battery"}"#
        #expect(try await connection.call("auth.login", bob)["result"] != nil)
    }

    @Test("Two honest uses of a refresh token get the same successor; a later replay ends the session")
    func refreshing() async throws {
        let backend = try Backend()
        let connection = backend.connect()
        let ada = try await backend.login("ada")
        func refresh(_ token: String) async throws -> JSON {
            try await connection.call("auth.refresh", #"{"refreshToken":"\#(token)"}"#)
        }
        let first = try await refresh(ada.refreshToken)["result"]?["refreshToken"]?.string
        let second = try await refresh(ada.refreshToken)["result"]?["refreshToken"]?.string
        #expect(first != nil)
        #expect(first == second)
        let successor = try #require(first)
        let third = try #require(try await refresh(successor)["result"])
        let last = try #require(third["refreshToken"]?.string)
        #expect(try await refresh(ada.refreshToken).errorCode == "AUTHENTICATION_ERROR")
        #expect(try await refresh(last).errorCode == "AUTHENTICATION_ERROR")
        let token = third["accessToken"]?.string
        #expect(try await connection.call("auth.me", token: token).errorCode == "AUTHENTICATION_ERROR")
        #expect(try await refresh("AAAA").errorCode == "AUTHENTICATION_ERROR")
    }

    @Test("Logging out and a new password are in force on the next call")
    func ending() async throws {
        let backend = try Backend()
        let connection = backend.connect()
        let (ada, bob) = (try await backend.login("ada"), try await backend.login("bob"))
        #expect(
            try await connection.call("auth.me", token: ada.token)["result"]?["user"]?["id"]?.string == ada.id
        )
        _ = try await connection.call("auth.logout", #"{"refreshToken":"\#(ada.refreshToken)"}"#)
        #expect(try await connection.call("auth.me", token: ada.token).errorCode == "AUTHENTICATION_ERROR")
        let wrong = #"{"currentPassword":"wrong","newPassword":"staple battery horse"}"#
        #expect(
            try await connection.call("auth.changePassword", wrong, token: bob.token).errorCode
                == "AUTHENTICATION_ERROR")
        let change = #"{"currentPassword":"correct horse battery","newPassword":"staple battery horse"}"#
        #expect(try await connection.call("auth.changePassword", change, token: bob.token)["result"] != nil)
        #expect(try await connection.call("auth.me", token: bob.token).errorCode == "AUTHENTICATION_ERROR")
        let login = #"{"email":"bob@example.org","password":"staple battery horse"}"#
        #expect(try await connection.call("auth.login", login)["result"] != nil)
    }

    @Test("Refreshes count for their session, not for the address; tokens that were never given out do")
    func refreshRate() async throws {
        let rate = try #require(RateLimit(parsing: "5/hour"))
        let backend = try Backend(rates: Rates(auth: rate, general: .off))
        let (ada, bob) = (try await backend.login("ada"), try await backend.login("bob"))
        let office = backend.connect(uid: 2000)
        var token = ada.refreshToken
        for _ in 0..<5 {
            let answer = try await office.call("auth.refresh", #"{"refreshToken":"\#(token)"}"#)
            token = try #require(answer["result"]?["refreshToken"]?.string)
        }
        let limited = try await office.call("auth.refresh", #"{"refreshToken":"\#(token)"}"#)
        #expect(limited.errorCode == "RATE_LIMIT_EXCEEDED")
        let other = try await office.call("auth.refresh", #"{"refreshToken":"\#(bob.refreshToken)"}"#)
        #expect(other["result"] != nil)
        let attacker = backend.connect(uid: 3000)
        var codes: [String?] = []
        for number in 0..<6 {
            codes.append(
                try await attacker.call("auth.refresh", #"{"refreshToken":"guess\#(number)"}"#).errorCode)
        }
        #expect(codes == Array(repeating: "AUTHENTICATION_ERROR", count: 5) + ["RATE_LIMIT_EXCEEDED"])
    }

    @Test("A new signing key takes over without logging anyone out; one that is taken away signs for nobody")
    func signingKeys() async throws {
        let lines = (try NumberedKeys.makeLine(number: 1), try NumberedKeys.makeLine(number: 2))
        let file = Mutex(lines.0)
        let backend = try Backend(
            signingKeys: WatchedKeys(
                WatchedKeys.Source(
                    stamp: { file.withLock { $0.hex } },
                    read: {
                        guard let keys = NumberedKeys(file: file.withLock { $0 }) else {
                            throw Vault.Fault.unreadable
                        }
                        return keys
                    })))
        let connection = backend.connect()
        let ada = try await backend.login("ada")
        func refresh(_ token: String) async throws -> JSON {
            try await connection.call("auth.refresh", #"{"refreshToken":"\#(token)"}"#)
        }
        func keyIDs() async throws -> [String?] {
            let set = try await connection.call("auth.jwks")
            return try #require(set["result"]?["keys"]).elements.map { $0["kid"]?.string }
        }
        let first = try await keyIDs()
        let before = try await refresh(ada.refreshToken)
        // The answer was lost, and meanwhile there is a new key.
        file.withLock { $0 = lines.0 + lines.1 }
        while try await keyIDs().count == 1 { await Task.yield() }
        #expect(try await keyIDs().last == first[0])
        #expect(try await connection.call("auth.me", token: ada.token)["result"] != nil)
        let repeated = try await refresh(ada.refreshToken)
        #expect(
            repeated["result"]?["refreshToken"]?.string == before["result"]?["refreshToken"]?.string,
            "the same successor, by the key of then")
        let after = try #require(try await refresh(before["result"]?["refreshToken"]?.string ?? "")["result"])
        let newToken = try #require(after["accessToken"]?.string)
        #expect(try await connection.call("auth.me", token: newToken)["result"] != nil)
        file.withLock { $0 = lines.1 }
        while try await keyIDs().count == 2 { await Task.yield() }
        #expect(try await connection.call("auth.me", token: ada.token).errorCode == "AUTHENTICATION_ERROR")
        #expect(try await connection.call("auth.me", token: newToken)["result"] != nil)
        #expect(try await refresh(after["refreshToken"]?.string ?? "")["result"] != nil)
    }
}
