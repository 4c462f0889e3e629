import Foundation
import JSON
import Postgres
import RPC
import TestSupport
import Testing

@Suite("Hostile params, generated from the declarations")
struct HostileParamsTests {
    private static let values: [String] =
        [
            "' OR 1=1 --", "'; DROP TABLE users; --", "$1", "\\u0000", "a\\u0000b", "../../../etc/passwd",
            "%00", "\\u202Egnp.exe", "{{7*7}}", "${jndi:ldap://x}", "00000000-0000-0000-0000-000000000000",
            "",
            // Cursors at both ends of what a moment could be.
            "gAAAAAAAAAABAQEBAQEBAQEBAQEBAQEB", "f_________8BAQEBAQEBAQEBAQEBAQEB",
            " ",
        ].map { "\"\($0)\"" } + [
            "\"\(String(repeating: "a", count: 10_000))\"", "\"\(String(repeating: "漢", count: 10_000))\"",
            #"{"$ne":null}"#, "[]", "[[]]", "-1", "1e308", "9223372036854775808", "0.5", "true", "null",
        ]

    /// What a database holds, save the trails of what was tried.
    private static let state = """
        SELECT md5(string_agg(t, '|' ORDER BY t)) FROM (
            SELECT 'u' || u::text FROM users u UNION ALL SELECT 'w' || w::text FROM workspaces w
            UNION ALL SELECT 'm' || m::text FROM memberships m UNION ALL SELECT 'i' || i::text FROM invitations i
            UNION ALL SELECT 'k' || k::text FROM api_keys k UNION ALL SELECT 'c' || c::text FROM credentials c
            UNION ALL SELECT 'a' || a::text FROM accounts a UNION ALL SELECT 'l' || l::text FROM ledger l
            UNION ALL SELECT 'h' || h::text FROM credit_holds h
            UNION ALL SELECT 'p' || p::text FROM credit_purchases p
            UNION ALL SELECT 'r' || r::text FROM records r
            UNION ALL SELECT 'b' || b::text FROM webhooks b UNION ALL SELECT 'd' || d::text FROM webhook_deliveries d
        ) s (t)
        """

    @Test("A typed error and nothing changed, or what was asked for: never an internal error")
    func everyParam() async throws {
        let backend = try Backend()
        let operatorConnection = backend.connect(isOperator: true)
        func make(_ method: String, _ params: String) async throws -> String {
            let made = try await operatorConnection.call(method, params)
            return try #require(made["result"]?["id"]?.string, "\(method): \(made.source)")
        }
        let user = try await backend.login("ada")
        _ = try await backend.login("bob")
        let workspace = try await make("workspaces.create", #"{"name":"W","ownerEmail":"ada@example.org"}"#)
        let w = #""workspaceId":"\#(workspace)""#
        var actual = ["workspaceId": workspace, "userId": user.id, "email": "bob@example.org"]
        actual["apiKeyId"] = try await make("apiKeys.create", #"{\#(w),"name":"k","role":"viewer"}"#)
        actual["invitationId"] = try await make(
            "invitations.create", #"{\#(w),"email":"x@example.org","role":"viewer"}"#)
        actual["credentialId"] = try await make("credentials.create", #"{\#(w),"provider":"p","key":"k"}"#)
        actual["recordId"] = try await operatorConnection.makeRecord(in: workspace)
        _ = try await make("billing.addCredits", #"{\#(w),"amount":1000000,"type":"bonus"}"#)
        actual["transactionId"] = try await make("billing.debit", #"{\#(w),"amount":1000}"#)
        actual["holdId"] = try await make("billing.holds.create", #"{\#(w),"amount":1000}"#)
        actual["purchaseId"] = try await make("billing.purchases.create", #"{\#(w),"amount":1000}"#)
        actual["jobId"] = try await make(
            "jobs.create",
            #"{\#(w),"all":true,"fields":[{"name":"email","providers":["sim-steady"]}],"keys":"own"}"#)
        actual["webhookId"] = try await make(
            "webhooks.create", #"{\#(w),"url":"https://example.org/","events":["*"]}"#)
        let test = try await operatorConnection.call(
            "webhooks.test", #"{\#(w),"webhookId":"\#(actual["webhookId"] ?? "")"}"#)
        actual["deliveryId"] = try #require(test["result"]?["deliveryId"]?.string)
        let owner = try SQLConsole(backend.conninfo)
        var calls = 0
        for method in backend.registry.methods where !method.name.hasPrefix("system.") {
            let example = try JSON.parse(method.example.params)
            for param in method.params {
                for value in HostileParamsTests.values {
                    var members = example.members.compactMap { key, value -> String? in
                        guard let name = key.string, name != param.name else { return nil }
                        return "\"\(name)\":" + (actual[name].map { "\"\($0)\"" } ?? value.source)
                    }
                    members.append("\"\(param.name)\":\(value)")
                    // As the operator, but where only a user can: there the role is not the question.
                    let isForUsers = method.role == .user && method.name != "auth.me"
                    if isForUsers { members.append(#""_meta":{"token":"\#(user.token)"}"#) }
                    let before = owner.run(HostileParamsTests.state).rows
                    let answer = try await operatorConnection.call(
                        method.name, "{\(members.joined(separator: ","))}")
                    let cell: Comment =
                        "\(method.name) \(param.name)=\(value.prefix(40)): \(answer.source.prefix(300))"
                    calls += 1
                    guard let code = answer.errorCode else {
                        #expect(answer["result"] != nil, cell)
                        continue
                    }
                    #expect(
                        [
                            "VALIDATION_ERROR", "NOT_FOUND", "CONFLICT", "AUTHENTICATION_ERROR",
                            "AUTHORIZATION_ERROR", "RATE_LIMIT_EXCEEDED", "INSUFFICIENT_CREDITS",
                        ].contains(code), cell)
                    #expect(owner.run(HostileParamsTests.state).rows == before, cell)
                }
            }
        }
        #expect(calls > 1000)
    }

    @Test("Bytes that are no UTF-8, and no JSON, are refused before anything is read from them")
    func bytes() async throws {
        let backend = try Backend()
        let connection = backend.connect(isOperator: true)
        let overlong: [[UInt8]] = [
            [0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xF8, 0x88], [0xFF], [0x00],
        ]
        for bytes in overlong {
            let start = Array(
                #"{"jsonrpc":"2.0","id":1,"method":"auth.register","params":{"email":"a@example.org","name":""#
                    .utf8)
            connection.send(start + bytes + Array(#"","password":"correct horse battery"}}"#.utf8) + [10])
            #expect(try await connection.next().errorCode == "PARSE_ERROR", "\(bytes)")
        }
        #expect(try SQLConsole(backend.conninfo).run("SELECT count(*) FROM users").rows == [["0"]])
    }
}
