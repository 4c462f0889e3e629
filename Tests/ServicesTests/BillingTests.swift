import Foundation
import JSON
import Postgres
import RPC
import TestSupport
import Testing

@testable import Services

/// A workspace with an account, and its operator.
private struct Bank {
    let backend: Backend
    let workspace: String
    let token: String
    let console: SQLConsole
    let operatorConnection: Loopback
    let connection: Loopback

    init(_ backend: Backend? = nil) async throws {
        self.backend = try backend ?? Backend()
        let name = "u" + UUID().uuidString.lowercased().prefix(8)
        token = try await self.backend.login(name).token
        connection = self.backend.connect()
        operatorConnection = self.backend.connect(isOperator: true)
        let made = try await connection.call("workspaces.create", #"{"name":"W"}"#, token: token)
        workspace = try #require(made["result"]?["id"]?.string)
        console = try SQLConsole(self.backend.conninfo)
    }

    func call(_ method: String, _ rest: String = "", key: String? = nil) async throws -> JSON {
        let isForOperator = method == "billing.addCredits"
        let metadata = [
            isForOperator ? nil : #""token":"\#(token)""#, key.map { #""idempotencyKey":"\#($0)""# },
        ].compactMap { $0 }.joined(separator: ",")
        let params =
            #"{"workspaceId":"\#(workspace)""# + (rest.isEmpty ? "" : "," + rest)
            + ",\"_meta\":{\(metadata)}}"
        return try await (isForOperator ? operatorConnection : connection).call(method, params)
    }

    /// Balance and held.
    func state() async throws -> [Int64] {
        let result = try await call("billing.get")["result"]
        return [
            try #require(result?["creditBalance"]?.int64), try #require(result?["creditsHeld"]?.int64),
        ]
    }
}

@Suite("The credit ledger")
struct BillingTests {
    @Test("Credits come, are spent and given back; each row says what the balance was after it")
    func books() async throws {
        let bank = try await Bank()
        #expect(try await bank.state() == [0, 0])
        let poor = try await bank.call("billing.debit", #""amount":1"#)
        #expect(poor.errorCode == "INSUFFICIENT_CREDITS")
        let details = poor["error"]?["data"]?["error"]?["details"]
        #expect(details?["required"]?.int64 == 1 && details?["available"]?.int64 == 0)
        let added = try await bank.call(
            "billing.addCredits", #""amount":100,"type":"purchase","referenceId":"order-1""#)
        #expect(added["result"]?["balanceAfter"]?.int64 == 100)
        let debit = try await bank.call("billing.debit", #""amount":30,"description":"lookup""#)
        #expect(debit["result"]?["balanceAfter"]?.int64 == 70)
        let id = try #require(debit["result"]?["id"]?.string)
        func refund(_ rest: String = "") async throws -> JSON {
            try await bank.call("billing.refund", #""transactionId":"\#(id)""# + rest)
        }
        #expect(try await refund(#","amount":31"#).errorCode == "CONFLICT")
        let part = try await refund(#","amount":10"#)
        #expect(part["result"]?["balanceAfter"]?.int64 == 80 && part["result"]?["relatedId"]?.string == id)
        #expect(try await refund()["result"]?["amount"]?.int64 == 20, "the rest")
        #expect(try await refund().errorCode == "CONFLICT")
        let refundID = try #require(part["result"]?["id"]?.string)
        let ofRefund = try await bank.call("billing.refund", #""transactionId":"\#(refundID)""#)
        #expect(ofRefund.errorCode == "NOT_FOUND")
        let twice = try await bank.call(
            "billing.addCredits", #""amount":100,"type":"purchase","referenceId":"order-1""#)
        #expect(twice.errorCode == "CONFLICT")
        let page = try await bank.call("billing.transactions", #""limit":2"#)
        let items = try #require(page["result"]?["items"]).elements.map { $0["type"]?.string }
        #expect(items == ["refund", "refund"])
        let cursor = try #require(page["result"]?["nextCursor"]?.string)
        let rest = try await bank.call("billing.transactions", #""cursor":"\#(cursor)""#)
        #expect(
            try #require(rest["result"]?["items"]).elements.map { $0["balanceAfter"]?.int64 } == [70, 100])
        let debits = try await bank.call("billing.transactions", #""type":"debit""#)
        #expect(debits["result"]?["items"]?.count == 1)
        #expect(try await bank.state() == [100, 0])
    }

    @Test("Amounts that are none, and a balance that no number holds, are refused and change nothing")
    func badAmounts() async throws {
        let bank = try await Bank()
        _ = try await bank.call("billing.addCredits", #""amount":100,"type":"bonus""#)
        for amount in ["0", "-1", "1.5", "9223372036854775808", "1e3", #""5""#, "null", "1000000001", "[]"] {
            let answer = try await bank.call("billing.debit", #""amount":\#(amount)"#)
            #expect(answer.errorCode == "VALIDATION_ERROR", "\(amount)")
        }
        bank.console.run("BEGIN")
        bank.console.run(
            """
            INSERT INTO ledger (id, workspace_id, seq, type, amount, balance_after, held_after, actor, request_id)
            SELECT gen_random_uuid(), workspace_id, 2, 'bonus', 9223372036854775000, 9223372036854775100, 0, 'x', 'x'
            FROM accounts
            """)
        bank.console.run("UPDATE accounts SET balance = 9223372036854775100, seq = 2")
        #expect(bank.console.run("COMMIT").sqlState == nil)
        let over = try await bank.call("billing.addCredits", #""amount":1000,"type":"bonus""#)
        #expect(over.errorCode == "CONFLICT")
        #expect(try await bank.state() == [9_223_372_036_854_775_100, 0])
    }

    @Test("What another workspace spent, set aside or buys is not there")
    func foreign() async throws {
        let bank = try await Bank()
        let neighbour = try await Bank(bank.backend)
        for one in [bank, neighbour] {
            _ = try await one.call("billing.addCredits", #""amount":100,"type":"bonus""#)
        }
        let debit = try #require(
            try await neighbour.call("billing.debit", #""amount":10"#)["result"]?["id"]?.string)
        let hold = try #require(
            try await neighbour.call("billing.holds.create", #""amount":10"#)["result"]?["id"]?.string)
        let calls = [
            ("billing.refund", #""transactionId":"\#(debit)""#),
            ("billing.holds.capture", #""holdId":"\#(hold)","amount":1"#),
            ("billing.holds.release", #""holdId":"\#(hold)""#),
        ]
        for (method, params) in calls {
            #expect(try await bank.call(method, params).errorCode == "NOT_FOUND", "\(method)")
        }
        #expect(try await bank.state() == [100, 0])
        #expect(try await neighbour.state() == [90, 10])
    }

    @Test("Held credits are spent up to what was held, or go back; by themselves when their time is over")
    func holds() async throws {
        let bank = try await Bank()
        _ = try await bank.call("billing.addCredits", #""amount":100,"type":"bonus""#)
        func hold(_ amount: Int, _ rest: String = "") async throws -> String {
            let made = try await bank.call("billing.holds.create", #""amount":\#(amount)"# + rest)
            return try #require(made["result"]?["id"]?.string, "\(made.source)")
        }
        func act(_ method: String, _ id: String, _ amount: Int? = nil) async throws -> JSON {
            try await bank.call(
                "billing.holds." + method, #""holdId":"\#(id)""# + (amount.map { #","amount":\#($0)"# } ?? "")
            )
        }
        let first = try await hold(60)
        #expect(try await bank.state() == [100, 60])
        #expect(try await bank.call("billing.debit", #""amount":41"#).errorCode == "INSUFFICIENT_CREDITS")
        #expect(try await act("capture", first, 61).errorCode == "CONFLICT")
        #expect(try await act("capture", first, 20)["result"]?["captured"]?.int64 == 20)
        #expect(try await bank.state() == [80, 40])
        #expect(try await act("release", first)["result"]?["status"]?.string == "released")
        #expect(try await bank.state() == [80, 0])
        for method in ["capture", "release"] {
            #expect(try await act(method, first, method == "capture" ? 1 : nil).errorCode == "CONFLICT")
        }
        let whole = try await hold(80)
        #expect(try await act("capture", whole, 80)["result"]?["status"]?.string == "captured")
        #expect(try await bank.state() == [0, 0])
        _ = try await bank.call("billing.addCredits", #""amount":10,"type":"bonus""#)
        let late = try await hold(10, #","expiresIn":1"#)
        bank.console.run(
            "UPDATE credit_holds SET expires_at = now() - interval '1 second' WHERE status = 'active'")
        #expect(try await act("capture", late, 1).errorCode == "CONFLICT")
        // Several daemons at once: it is released once.
        let platform = bank.backend.platform
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { try await platform.lookAfterAccounts() } }
            try await group.waitForAll()
        }
        #expect(try await bank.state() == [10, 0])
        let list = try await bank.call("billing.holds.list")
        #expect(list["result"]?["items"]?.elements.map { $0["status"]?.string }.last == "expired")
    }

    @Test("An account that another daemon looks after is left to it, without waiting")
    func upkeepElsewhere() async throws {
        let bank = try await Bank()
        _ = try await bank.call("billing.addCredits", #""amount":100,"type":"bonus""#)
        _ = try await bank.call("billing.holds.create", #""amount":60"#)
        bank.console.run("UPDATE credit_holds SET expires_at = now() - interval '1 second'")
        let other = try SQLConsole(bank.backend.conninfo)
        let key =
            "('x' || encode(substr(sha256(convert_to('upkeep:' || id, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint"
        #expect(other.run("SELECT pg_advisory_lock(\(key)) FROM workspaces").affected == 1)
        try await bank.backend.platform.lookAfterAccounts()
        #expect(bank.console.run("SELECT status FROM credit_holds").rows == [["active"]])
        other.run("SELECT pg_advisory_unlock_all()")
        try await bank.backend.platform.lookAfterAccounts()
        #expect(bank.console.run("SELECT status FROM credit_holds").rows == [["expired"]])
    }

    @Test("What expires first is spent first; what is over goes with a row of its own, save what is held")
    func expiry() async throws {
        let bank = try await Bank()
        func grant(_ amount: Int, _ year: Int) async throws {
            let answer = try await bank.call(
                "billing.addCredits",
                #""amount":\#(amount),"type":"bonus","expiresAt":"\#(year)-01-01T00:00:00Z""#)
            #expect(answer["result"] != nil)
        }
        try await grant(10, 2098)
        try await grant(20, 2097)
        _ = try await bank.call("billing.addCredits", #""amount":5,"type":"purchase""#)
        #expect(
            try await bank.call(
                "billing.addCredits", #""amount":5,"type":"bonus","expiresAt":"2001-01-01T00:00:00Z""#
            ).errorCode == "VALIDATION_ERROR")
        #expect(try await bank.call("billing.debit", #""amount":23"#)["result"] != nil)
        let billed = try await bank.call("billing.get")
        let expiring = try #require(billed["result"]?["expiring"]).elements.map { $0["amount"]?.int64 }
        #expect(expiring == [7])
        _ = try await bank.call("billing.holds.create", #""amount":8"#)
        // Time passes.
        bank.console.run("UPDATE credit_grants SET expires_at = now() - interval '1 second'")
        bank.console.run("UPDATE accounts SET next_expiry = now() - interval '1 second'")
        // All seven that are over are held, for what expires first is spent first: they stay until they are released.
        #expect(try await bank.state() == [12, 8])
        #expect(try await bank.call("billing.debit", #""amount":5"#).errorCode == "INSUFFICIENT_CREDITS")
        try await bank.backend.platform.lookAfterAccounts()
        #expect(try await bank.state() == [12, 8])
        bank.console.run("UPDATE credit_holds SET expires_at = now() - interval '1 second'")
        // Whoever comes first finds it done: nobody has to wait for the daemon's own turn.
        #expect(try await bank.call("billing.debit", #""amount":5"#)["result"]?["balanceAfter"]?.int64 == 0)
        #expect(try await bank.state() == [0, 0], "what never expires was left")
        let expired = try await bank.call("billing.transactions", #""type":"expiry""#)
        #expect(try #require(expired["result"]?["items"]).elements.compactMap { $0["amount"]?.int64 } == [7])
    }

    @Test(
        "What is over is over in every account, however many holds there are, and whatever is wrong with another"
    )
    func overdue() async throws {
        let bank = try await Bank()
        let (broken, busy) = (try await Bank(bank.backend), try await Bank(bank.backend))
        for one in [bank, broken, busy] {
            _ = try await one.call("billing.addCredits", #""amount":1000,"type":"bonus""#)
            _ = try await one.call("billing.holds.create", #""amount":1"#)
        }
        bank.console.run(
            """
            WITH made AS (INSERT INTO credit_holds (id, workspace_id, amount, expires_at)
                SELECT gen_random_uuid(), $1, 1, now() FROM generate_series(1, 700) RETURNING id)
            INSERT INTO ledger (id, workspace_id, seq, type, amount, balance_after, held_after, related_id, actor, request_id)
            SELECT gen_random_uuid(), $1, 2 + row_number() OVER (), 'hold', 1, 1000, 1 + row_number() OVER (), id, 'x', 'x' FROM made
            """, [bank.workspace])
        bank.console.run(
            "UPDATE accounts SET held = 701, seq = 702 WHERE workspace_id = $1", [bank.workspace])
        bank.console.run("UPDATE credit_holds SET expires_at = now() - interval '1 second'")
        bank.console.run("SET session_replication_role = replica")
        bank.console.run(
            "UPDATE accounts SET balance = balance + 5 WHERE workspace_id = $1", [broken.workspace])
        await #expect(throws: PostgresError.self) { try await bank.backend.platform.lookAfterAccounts() }
        #expect(try await bank.state() == [1000, 0])
        #expect(try await busy.state() == [1000, 0])
    }

    @Test("The database itself refuses books that do not add up, and changes of what was written")
    func constraints() async throws {
        let bank = try await Bank()
        _ = try await bank.call("billing.addCredits", #""amount":100,"type":"bonus""#)
        let debit = try await bank.call("billing.debit", #""amount":10"#)
        let id = try #require(debit["result"]?["id"]?.string)
        func insert(_ type: String, _ amount: Int, _ balance: Int, _ held: Int, related: String = "NULL")
            -> String
        {
            """
            INSERT INTO ledger (id, workspace_id, seq, type, amount, balance_after, held_after, related_id, actor, request_id)
            VALUES (gen_random_uuid(), '\(bank.workspace)', 3, '\(type)', \(amount), \(balance), \(held), \(related), 'x', 'x')
            """
        }
        let daemon = try SQLConsole(TestCluster.daemon(bank.backend.conninfo))
        for (statement, state) in [
            ("UPDATE accounts SET balance = -1, seq = 3", "23514"),
            ("UPDATE accounts SET held = 91", "23514"), ("UPDATE accounts SET balance = 91", "23514"),
            ("UPDATE accounts SET seq = 1", "23514"), (insert("bonus", 5, 95, 0), "23514"),
            (insert("debit", 5, 95, 0), "23514"), (insert("debit", 0, 90, 0), "23514"),
            (insert("bonus", 5, 95, 1), "23514"),
            (insert("refund", 11, 101, 0, related: "'\(id)'"), "23514"),
            (insert("refund", 1, 91, 0), "P0002"), ("UPDATE ledger SET amount = 1", "42501"),
            ("DELETE FROM ledger", "42501"), ("DELETE FROM accounts", "42501"),
        ] {
            daemon.run("BEGIN")
            daemon.run("SELECT set_config('rpcd.workspace_id', $1, true)", [bank.workspace])
            let answers = [daemon.run(statement).sqlState, daemon.run("COMMIT").sqlState]
            #expect(answers.contains(state), "\(statement)")
        }
        #expect(try await bank.state() == [90, 0])
    }

    /// Takes credits one at a time from each account in turn, until all are refused. - Returns: how many were taken.
    private func drain(_ backends: [Backend], _ workspaces: [String], _ token: String) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for client in 0..<64 {
                group.addTask {
                    let connection = backends[client % backends.count].connect()
                    var taken = 0
                    var left = workspaces.indices.map { workspaces[($0 + client) % workspaces.count] }
                    while !left.isEmpty {
                        for workspace in left {
                            let answer = try await connection.call(
                                "billing.debit", #"{"workspaceId":"\#(workspace)","amount":1}"#, token: token)
                            switch answer.errorCode {
                            case nil: taken += 1
                            case "INSUFFICIENT_CREDITS": left.removeAll { $0 == workspace }
                            case let code: Issue.record("\(code ?? "")")
                            }
                        }
                    }
                    return taken
                }
            }
            return try await group.reduce(0, +)
        }
    }

    @Test(
        "Sixty-four clients take ten thousand credits of one account, or of a hundred, on one daemon or two")
    func concurrent() async throws {
        for (count, daemons) in [(1, 1), (1, 2), (100, 1)] {
            let bank = try await Bank()
            let backends =
                [bank.backend] + (try (1..<daemons).map { _ in try Backend(sharing: bank.backend) })
            var workspaces = [bank.workspace]
            for _ in 1..<count {
                let made = try await bank.connection.call(
                    "workspaces.create", #"{"name":"W"}"#, token: bank.token)
                workspaces.append(try #require(made["result"]?["id"]?.string))
            }
            for workspace in workspaces {
                let params = #"{"workspaceId":"\#(workspace)","amount":\#(10_000 / count),"type":"bonus"}"#
                #expect(try await bank.operatorConnection.call("billing.addCredits", params)["result"] != nil)
            }
            #expect(try await drain(backends, workspaces, bank.token) == 10_000)
            let sums = bank.console.run(
                "SELECT sum(balance), sum(held), (SELECT count(*) FROM ledger WHERE type = 'debit') FROM accounts"
            )
            #expect(sums.rows == [["0", "0", "10000"]])
            let verified = try await bank.operatorConnection.call("admin.ledger.verify")
            #expect(verified["result"]?["found"]?.int64 == 0)
        }
    }

    @Test("The same debit with the same key three times is one effect")
    func idempotent() async throws {
        let bank = try await Bank()
        _ = try await bank.call("billing.addCredits", #""amount":10,"type":"bonus""#, key: "grant")
        _ = try await bank.call("billing.addCredits", #""amount":10,"type":"bonus""#, key: "grant")
        var ids: Set<String?> = []
        for _ in 0..<3 {
            ids.insert(
                try await bank.call("billing.debit", #""amount":4"#, key: "d")["result"]?["id"]?.string)
        }
        #expect(ids.count == 1)
        #expect(try await bank.state() == [6, 0])
        #expect(
            try await bank.call("billing.debit", #""amount":5"#, key: "d").errorCode
                == "IDEMPOTENCY_KEY_REUSED")
        let poor = try await bank.call("billing.debit", #""amount":7"#, key: "poor")
        #expect(poor.errorCode == "INSUFFICIENT_CREDITS")
        _ = try await bank.call("billing.addCredits", #""amount":10,"type":"bonus""#)
        let again = try await bank.call("billing.debit", #""amount":7"#, key: "poor")
        #expect(again.errorCode == "INSUFFICIENT_CREDITS", "a failure that was final stays")
        #expect(try await bank.state() == [16, 0])
    }

    @Test("A purchase is settled once, whatever is repeated; the rule that buys makes one at a time")
    func purchases() async throws {
        let bank = try await Bank()
        let created = try await bank.call("billing.purchases.create", #""amount":50"#)
        let id = try #require(created["result"]?["id"]?.string)
        #expect(created["result"]?["status"]?.string == "pending")
        func settle(_ id: String, _ outcome: String, _ reference: String = "pay-1") async throws -> JSON {
            try await bank.operatorConnection.call(
                "billing.purchases.settle",
                #"{"purchaseId":"\#(id)","outcome":"\#(outcome)","referenceId":"\#(reference)"}"#)
        }
        #expect(try await bank.state() == [0, 0])
        for _ in 0..<3 { #expect(try await settle(id, "settled")["result"]?["status"]?.string == "settled") }
        #expect(try await bank.state() == [50, 0])
        #expect(try await settle(id, "failed").errorCode == "CONFLICT")
        #expect(try await settle(id, "settled", "pay-2").errorCode == "CONFLICT")
        let refused = try await bank.connection.call(
            "billing.purchases.settle",
            #"{"purchaseId":"\#(id)","outcome":"settled","referenceId":"x"}"#, token: bank.token)
        #expect(refused.errorCode == "AUTHORIZATION_ERROR")

        _ = try await bank.call("billing.setAutoRecharge", #""enabled":true,"threshold":40,"amount":100"#)
        let (backend, token) = (bank.backend, bank.token)
        let params = #"{"workspaceId":"\#(bank.workspace)","amount":1}"#
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    let answer = try await backend.connect().call("billing.debit", params, token: token)
                    #expect(answer["result"] != nil)
                }
            }
            try await group.waitForAll()
        }
        func pending() async throws -> [String] {
            let list = try await bank.call("billing.purchases.list", #""status":"pending""#)
            return try #require(list["result"]?["items"]).elements.compactMap { $0["id"]?.string }
        }
        let made = try await pending()
        #expect(made.count == 1, "one, however many debits fell below")
        #expect(try await settle(made[0], "failed", "pay-3")["result"] != nil)
        // Neither a debit nor the rule set anew ends the rest.
        _ = try await bank.call("billing.setAutoRecharge", #""enabled":true,"threshold":40,"amount":100"#)
        #expect(try await bank.call("billing.debit", #""amount":1"#)["result"] != nil)
        #expect(try await pending().isEmpty, "after a failed one it rests")
        bank.console.run("UPDATE accounts SET recharge_rests_until = now() - interval '1 second'")
        // Nobody has to spend anything for that: with nothing left nobody could.
        try await bank.backend.platform.lookAfterAccounts()
        let second = try await pending()
        #expect(second.count == 1)
        #expect(try await settle(second[0], "settled", "pay-4")["result"] != nil)
        #expect(try await bank.state() == [129, 0])
        // What was asked for and never paid does not stand in the way of others, and goes with its workspace.
        for _ in 0..<100 { _ = try await bank.call("billing.purchases.create", #""amount":1"#) }
        #expect(try await bank.call("billing.purchases.create", #""amount":1"#).errorCode == "CONFLICT")
        let waiting = try await pending()
        _ = try await bank.connection.call(
            "workspaces.delete", #"{"workspaceId":"\#(bank.workspace)"}"#, token: bank.token)
        #expect(try await settle(waiting[0], "settled", "late").errorCode == "CONFLICT")
        #expect(
            bank.console.run("SELECT count(*) FROM credit_purchases WHERE status = 'pending'").rows == [["0"]]
        )
    }

    @Test("What the daemon does by itself, it may do")
    func upkeep() async throws {
        let bank = try await Bank()
        _ = try await bank.call("billing.purchases.create", #""amount":1"#)
        bank.console.run("UPDATE credit_purchases SET created_at = now() - interval '31 days'")
        bank.console.run(
            "INSERT INTO events (workspace_id, type, data, created_at) VALUES ($1, 't', '{}', now() - interval '31 days')",
            [bank.workspace])
        let works = bank.backend.platform.startUpkeep { Issue.record("\($0)") }
        while bank.console.run(
            "SELECT (SELECT count(*) FROM events) + count(*) FROM credit_purchases WHERE status = 'pending'"
        ).rows
            != [["0"]]
        { await Task.yield() }
        #expect(await Upkeep.stop(works, within: .seconds(60)))
    }
}
