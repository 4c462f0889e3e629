import Foundation
import JSON
import RPC
import Resilience
import TestSupport
import Testing

@testable import Services

/// What an account should be, by rules that are simple because nothing can go wrong with them.
private struct Model {
    struct Debit {
        let id: String
        let amount: Int
        var refunded = 0
    }

    struct Hold {
        let id: String
        let amount: Int
        var captured = 0
        var isActive = true
    }

    var balance = 0
    var held = 0
    var debits: [Debit] = []
    var holds: [Hold] = []
    /// What was asked with a key, and what came back.
    var repeated: [(method: String, params: String, isOperators: Bool, answer: String)] = []

    var available: Int { balance - held }
}

@Suite("The ledger against a model")
struct LedgerModelTests {
    private struct Step {
        let method: String
        let params: String
        let isOperators: Bool
        /// `nil` for a success.
        let expected: String?
        /// What the model does then.
        let effect: (inout Model, String) -> Void
    }

    private static func step(_ model: Model, _ random: inout SplitMix64) -> Step {
        let amount = Int.random(in: 1...40, using: &random)
        let short = amount > model.available ? "INSUFFICIENT_CREDITS" : nil
        func plain(
            _ method: String, _ params: String, _ expected: String?, isOperators: Bool = false,
            _ effect: @escaping (inout Model, String) -> Void
        ) -> Step {
            Step(method: method, params: params, isOperators: isOperators, expected: expected, effect: effect)
        }
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1:
            let expiry =
                Bool.random(using: &random) ? #","expiresAt":"20\#(50 + amount)-01-01T00:00:00Z""# : ""
            return plain(
                "billing.addCredits", #""amount":\#(amount),"type":"bonus"\#(expiry)"#, nil, isOperators: true
            ) { model, _ in model.balance += amount }
        case 2, 3, 4:
            return plain("billing.debit", #""amount":\#(amount)"#, short) { model, id in
                model.balance -= amount
                model.debits.append(Model.Debit(id: id, amount: amount))
            }
        case 5:
            guard let index = model.debits.indices.randomElement(using: &random) else { break }
            let debit = model.debits[index]
            let fits = amount <= debit.amount - debit.refunded
            return plain(
                "billing.refund", #""transactionId":"\#(debit.id)","amount":\#(amount)"#,
                fits ? nil : "CONFLICT"
            ) { model, _ in
                model.balance += amount
                model.debits[index].refunded += amount
            }
        case 6:
            return plain("billing.holds.create", #""amount":\#(amount)"#, short) { model, id in
                model.held += amount
                model.holds.append(Model.Hold(id: id, amount: amount))
            }
        case 7, 8:
            guard let index = model.holds.indices.randomElement(using: &random) else { break }
            let hold = model.holds[index]
            let fits = hold.isActive && amount <= hold.amount - hold.captured
            return plain(
                "billing.holds.capture", #""holdId":"\#(hold.id)","amount":\#(amount)"#,
                fits ? nil : "CONFLICT"
            ) { model, _ in
                model.balance -= amount
                model.held -= amount
                model.holds[index].captured += amount
                model.holds[index].isActive = hold.captured + amount < hold.amount
            }
        default:
            guard let index = model.holds.indices.randomElement(using: &random) else { break }
            let hold = model.holds[index]
            return plain(
                "billing.holds.release", #""holdId":"\#(hold.id)""#, hold.isActive ? nil : "CONFLICT"
            ) { model, _ in
                model.held -= hold.amount - hold.captured
                model.holds[index].isActive = false
            }
        }
        return plain("billing.debit", #""amount":\#(model.available + 1)"#, "INSUFFICIENT_CREDITS") { _, _ in
        }
    }

    private static func run(seed: UInt64, _ backend: Backend, _ token: String) async throws {
        var random = SplitMix64(seed: seed)
        let connection = backend.connect()
        let operatorConnection = backend.connect(isOperator: true)
        let made = try await connection.call("workspaces.create", #"{"name":"W\#(seed)"}"#, token: token)
        let workspace = try #require(made["result"]?["id"]?.string)
        func ask(_ method: String, _ params: String, _ isOperators: Bool, key: String?) async throws -> JSON {
            let metadata = [
                isOperators ? nil : #""token":"\#(token)""#, key.map { #""idempotencyKey":"\#($0)""# },
            ].compactMap { $0 }.joined(separator: ",")
            let body = #"{"workspaceId":"\#(workspace)",\#(params),"_meta":{\#(metadata)}}"#
            return try await (isOperators ? operatorConnection : connection).call(method, body)
        }
        func outcome(_ answer: JSON) -> String {
            answer["result"]?["id"]?.string ?? answer.errorCode ?? answer.source
        }
        var model = Model()
        for number in 0..<Int.random(in: 6...20, using: &random) {
            // Now and then somebody repeats what was answered before: nothing may happen.
            if Int.random(in: 0..<4, using: &random) == 0,
                let index = model.repeated.indices.randomElement(using: &random)
            {
                let old = model.repeated[index]
                let again = try await ask(old.method, old.params, old.isOperators, key: "\(seed)-\(index)")
                #expect(outcome(again) == old.answer, "seed \(seed)")
                continue
            }
            let step = step(model, &random)
            let key = "\(seed)-\(model.repeated.count)"
            let answer = try await ask(step.method, step.params, step.isOperators, key: key)
            #expect(
                answer.errorCode == step.expected,
                "seed \(seed), step \(number): \(step.method) \(step.params)")
            if answer["result"] != nil { step.effect(&model, outcome(answer)) }
            model.repeated.append((step.method, step.params, step.isOperators, outcome(answer)))
        }
        let state = try await connection.call(
            "billing.get", #"{"workspaceId":"\#(workspace)"}"#, token: token)["result"]
        #expect(state?["creditBalance"]?.int64 == Int64(model.balance), "seed \(seed)")
        #expect(state?["creditsHeld"]?.int64 == Int64(model.held), "seed \(seed)")
    }

    @Test("A thousand sequences of every operation, repeated calls among them: the books agree, and add up")
    func sequences() async throws {
        let backend = try Backend()
        let token = try await backend.login("ada").token
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    for seed in stride(from: worker, to: 1000, by: 8) {
                        try await LedgerModelTests.run(seed: UInt64(seed), backend, token)
                    }
                }
            }
            try await group.waitForAll()
        }
        let operatorConnection = backend.connect(isOperator: true)
        let clean = try await operatorConnection.call("admin.ledger.verify")["result"]
        #expect(clean?["found"]?.int64 == 0, "\(clean?.source ?? "")")
        #expect(clean?["checked"]?.int64 ?? 0 > 2500)
        // Whatever gets past the constraints is found.
        let owner = try SQLConsole(backend.conninfo)
        owner.run("SET session_replication_role = replica")
        for (change, what) in [
            ("UPDATE accounts SET balance = balance + 1", "balance"),
            ("UPDATE ledger SET amount = amount + 1 WHERE type = 'debit'", "balance"),
            ("DELETE FROM ledger WHERE seq = 1", "transactions"),
            ("UPDATE credit_holds SET captured = captured - 1 WHERE captured > 0", "captured of holds"),
            ("UPDATE credit_grants SET remaining = remaining + 1", "expiring"),
            (
                "UPDATE ledger SET amount = 1000 WHERE type = 'refund'",
                "debits of which more was refunded than taken"
            ),
            (
                "UPDATE ledger SET id = gen_random_uuid() WHERE type = 'bonus'",
                "idempotency keys without their effect"
            ),
        ] {
            let tables = ["accounts", "ledger", "credit_holds", "credit_grants"]
            for table in tables { owner.run("CREATE TABLE \(table)_kept AS TABLE \(table)") }
            #expect(owner.run(change).affected > 0, "\(change)")
            let result = try await operatorConnection.call("admin.ledger.verify")["result"]
            let told = try #require(result?["differences"]).elements.compactMap { $0["what"]?.string }
            #expect(told.contains(what), "\(change): \(Set(told))")
            for table in tables {
                owner.run("DELETE FROM \(table)")
                owner.run("INSERT INTO \(table) TABLE \(table)_kept")
                owner.run("DROP TABLE \(table)_kept")
            }
        }
    }
}
