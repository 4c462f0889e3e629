import Foundation
import JSON
import Postgres
import RPC
import TestSupport
import Testing

@testable import Services

@Suite("Calls that wait for one account")
struct AccountGroupTests {
    /// An account with 100 credits, its owner and a viewer, and somebody who holds its row.
    private struct Bank {
        let backend: Backend
        let workspace: String
        let owner: String
        let viewer: String
        let holder: SQLConsole
        let console: SQLConsole

        init() async throws {
            backend = try Backend()
            owner = try await backend.login("ada").token
            viewer = try await backend.login("vic").token
            let made = try await backend.connect().call("workspaces.create", #"{"name":"W"}"#, token: owner)
            workspace = try #require(made["result"]?["id"]?.string)
            let operatorConnection = backend.connect(isOperator: true)
            _ = try await operatorConnection.call(
                "members.add", #"{"workspaceId":"\#(workspace)","email":"vic@example.org","role":"viewer"}"#)
            _ = try await operatorConnection.call(
                "billing.addCredits", #"{"workspaceId":"\#(workspace)","amount":100,"type":"bonus"}"#)
            (holder, console) = (try SQLConsole(backend.conninfo), try SQLConsole(backend.conninfo))
        }

        func params(_ rest: String, token: String, key: String? = nil) -> String {
            let metadata = #""token":"\#(token)""# + (key.map { #","idempotencyKey":"\#($0)""# } ?? "")
            return #"{"workspaceId":"\#(workspace)",\#(rest),"_meta":{\#(metadata)}}"#
        }

        func state() -> [String?] {
            console.run("SELECT balance, held FROM accounts WHERE workspace_id = $1", [workspace]).rows[0]
        }

        /// Starts calls while the row is held: the first waits in the database, the others for it. Then lets them go.
        /// - Parameter withoutKey: how many of them wait for no other one with their key.
        /// - Returns: their answers, in their order.
        func together(
            _ calls: [(method: String, params: String)], withoutKey: Int? = nil,
            before release: (Loopback) async throws -> Void = { _ in }
        ) async throws -> [JSON] {
            holder.run("BEGIN")
            holder.run("SELECT FROM accounts WHERE workspace_id = $1 FOR UPDATE", [workspace])
            let connection = backend.connect()
            for (number, call) in calls.enumerated() {
                connection.send(
                    #"{"jsonrpc":"2.0","id":\#(number),"method":"\#(call.method)","params":\#(call.params)}"#
                        + "\n")
                guard number == 0 else { continue }
                let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
                while console.run(waiting).rows == [["0"]] { await Task.yield() }
            }
            while backend.platform.accountGroups.waitingCount < (withoutKey ?? calls.count) - 1 {
                await Task.yield()
            }
            try await release(connection)
            holder.run("COMMIT")
            var answers: [Int64: JSON] = [:]
            while answers.count < calls.count {
                for answer in try await connection.nextAll() {
                    answers[try #require(answer["id"]?.int64)] = answer
                }
            }
            return (0..<calls.count).compactMap { answers[Int64($0)] }
        }
    }

    private func outcome(_ answer: JSON) -> String { answer.errorCode ?? "OK" }

    @Test("They are done together, each with a role, an outcome, an audit row and a key of its own")
    func outcomes() async throws {
        let bank = try await Bank()
        let held = try await bank.backend.connect().call(
            "billing.holds.create", bank.params(#""amount":10"#, token: bank.owner))
        let hold = try #require(held["result"]?["id"]?.string)
        let earlier = try await bank.backend.connect().call(
            "billing.debit", bank.params(#""amount":5"#, token: bank.owner, key: "earlier"))
        let debit = "billing.debit"
        let calls = [
            (debit, bank.params(#""amount":1"#, token: bank.owner, key: "a")),
            (debit, bank.params(#""amount":2"#, token: bank.owner, key: "b")),
            (debit, bank.params(#""amount":1"#, token: bank.viewer, key: "c")),
            (debit, bank.params(#""amount":1000"#, token: bank.owner, key: "d")),
            (debit, bank.params(#""amount":5"#, token: bank.owner, key: "earlier")),
            (debit, bank.params(#""amount":6"#, token: bank.owner, key: "earlier")),
            ("billing.holds.capture", bank.params(#""holdId":"\#(hold)","amount":7"#, token: bank.owner)),
            ("billing.holds.capture", bank.params(#""holdId":"\#(hold)","amount":7"#, token: bank.owner)),
            ("billing.holds.release", bank.params(#""holdId":"\#(hold)""#, token: bank.owner)),
            ("billing.holds.capture", bank.params(#""holdId":"\#(UUID())","amount":7"#, token: bank.owner)),
            (debit, bank.params(#""amount":80"#, token: bank.owner)),
            (debit, bank.params(#""amount":6"#, token: bank.owner)),
        ]
        let answers = try await bank.together(calls, withoutKey: calls.count - 1)
        #expect(
            answers.map(outcome) == [
                "OK", "OK", "AUTHORIZATION_ERROR", "INSUFFICIENT_CREDITS", "OK", "IDEMPOTENCY_KEY_REUSED",
                "OK",
                "CONFLICT", "OK", "NOT_FOUND", "OK", "INSUFFICIENT_CREDITS",
            ])
        #expect(answers[4]["result"]?["id"]?.string == earlier["result"]?["id"]?.string)
        #expect(answers[4]["result"]?["_meta"]?["replayed"]?.bool == true)
        #expect(bank.state() == ["5", "0"])
        let transactions = bank.console.run(
            "SELECT count(DISTINCT xmin::text), count(*) FROM ledger WHERE workspace_id = $1 AND seq > 3",
            [bank.workspace])
        #expect(transactions.rows == [["2", "5"]], "the first by itself, the others in one transaction")
        let audited = bank.console.run(
            "SELECT outcome, count(*) FROM audit_log WHERE action LIKE 'billing.%' AND workspace_id = $1 GROUP BY 1 ORDER BY 1",
            [bank.workspace])
        #expect(audited.rows == [["AUTHORIZATION_ERROR", "1"], ["OK", "8"]])
        // What was final is kept, in success and failure.
        for (index, code) in [(1, "OK"), (3, "INSUFFICIENT_CREDITS")] {
            let again = try await bank.backend.connect().call(calls[index].0, calls[index].1)
            #expect(outcome(again) == code)
            #expect(again["result"]?["id"]?.string == answers[index]["result"]?["id"]?.string)
        }
        #expect(bank.state() == ["5", "0"])
        let verified = try await bank.backend.connect(isOperator: true).call("admin.ledger.verify")
        #expect(verified["result"]?["found"]?.int64 == 0)
    }

    @Test("Whoever has lost his role while he waited is refused, alone and in company")
    func lostRole() async throws {
        let bank = try await Bank()
        let calls = (0..<3).map { _ in ("billing.debit", bank.params(#""amount":1"#, token: bank.owner)) }
        let answers = try await bank.together(calls) { _ in
            bank.console.run("DELETE FROM memberships WHERE role = 'owner'")
        }
        #expect(answers.map(outcome) == Array(repeating: "AUTHORIZATION_ERROR", count: 3))
        #expect(bank.state() == ["100", "0"])
    }

    @Test("Each change is told by itself, in company, too")
    func told() async throws {
        let bank = try await Bank()
        _ = try await bank.backend.connect().call(
            "billing.setLowBalanceThresholds", bank.params(#""thresholds":[50]"#, token: bank.owner))
        _ = try await bank.backend.connect().call(
            "billing.setAutoRecharge",
            bank.params(#""enabled":true,"threshold":60,"amount":10"#, token: bank.owner))
        let hold = try await bank.backend.connect().call(
            "billing.holds.create", bank.params(#""amount":60"#, token: bank.owner))
        let id = try #require(hold["result"]?["id"]?.string)
        let answers = try await bank.together([
            ("billing.debit", bank.params(#""amount":1"#, token: bank.owner)),
            ("billing.holds.release", bank.params(#""holdId":"\#(id)""#, token: bank.owner)),
            ("billing.debit", bank.params(#""amount":70"#, token: bank.owner)),
        ])
        #expect(answers.map(outcome) == ["OK", "OK", "OK"])
        let events = bank.console.run("SELECT data ->> 'available' FROM events ORDER BY created_at")
        #expect(events.rows == [["40"], ["29"]])
        #expect(bank.console.run("SELECT count(*) FROM credit_purchases").rows == [["1"]])
    }

    @Test("One that the database refuses takes nobody along")
    func refusedStatement() async throws {
        let bank = try await Bank()
        let answers = try await bank.together(
            (0..<6).map { number in
                let reference = number % 2 == 0 ? #","referenceId":"same""# : ""
                return (
                    "billing.debit",
                    bank.params(#""amount":1"# + reference, token: bank.owner, key: "k\(number)")
                )
            })
        #expect(answers.map(outcome).filter { $0 == "OK" }.count == 4)
        #expect(answers.map(outcome).filter { $0 == "CONFLICT" }.count == 2)
        #expect(bank.state() == ["96", "0"])
    }

    @Test("One that is cancelled while it waits is answered at once and does nothing; the others go on")
    func cancelled() async throws {
        let bank = try await Bank()
        let calls = (0..<4).map { _ in ("billing.debit", bank.params(#""amount":1"#, token: bank.owner)) }
        let answers = try await bank.together(calls) { connection in
            connection.send(#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":2}}"# + "\n")
        }
        #expect(answers.map(outcome) == ["OK", "OK", "CANCELLED", "OK"])
        #expect(bank.state() == ["97", "0"])
    }

    @Test("What is told of credits that run out: one event a threshold, when it is crossed")
    func lowBalance() async throws {
        let bank = try await Bank()
        let connection = bank.backend.connect()
        func call(_ method: String, _ rest: String) async throws {
            let answer = try await connection.call(method, bank.params(rest, token: bank.owner))
            #expect(answer["result"] != nil, "\(answer.source)")
        }
        try await call("billing.setLowBalanceThresholds", #""thresholds":[50,20,90,50]"#)
        for amount in [5, 10, 40] { try await call("billing.debit", #""amount":\#(amount)"#) }
        try await call("billing.holds.create", #""amount":30"#)
        let events = bank.console.run(
            "SELECT type, data ->> 'threshold', data ->> 'available' FROM events ORDER BY created_at")
        #expect(
            events.rows == [
                ["credits.low", "90", "85"], ["credits.low", "50", "45"], ["credits.low", "20", "15"],
            ])
        let state = try await connection.call(
            "billing.get", #"{"workspaceId":"\#(bank.workspace)"}"#, token: bank.owner)
        #expect(state["result"]?["lowBalanceThresholds"]?.source == "[20,50,90]")
        let bad = try await connection.call(
            "billing.setLowBalanceThresholds", bank.params(#""thresholds":[1,0,"x"]"#, token: bank.owner))
        let paths = bad["error"]?["data"]?["error"]?["details"]?["fields"]?.elements.compactMap {
            $0["path"]?.string
        }
        #expect(paths == ["thresholds[1]", "thresholds[2]"])
    }
}
