import Foundation
import JSON
import RPC
import Resilience
import TestSupport
import Testing

@testable import Services

/// Does to a workspace of its own what the steps say, and says what differs from the model.
private struct LedgerRun {
    /// Cuts connections to the database between any two statements.
    let proxy: CuttingProxy?
    let backend: Backend
    let token: String
    var random: SplitMix64

    private var model = LedgerModel()
    /// What was asked with a key, and what came back.
    private var asked: [(request: LedgerRequest, key: String, answer: String)] = []
    private let workspace: String
    private let connection: Loopback
    private let operatorConnection: Loopback

    init(_ backend: Backend, _ proxy: CuttingProxy?, token: String, seed: UInt64) async throws {
        (self.backend, self.proxy, self.token) = (backend, proxy, token)
        random = SplitMix64(seed: seed)
        connection = backend.connect()
        operatorConnection = backend.connect(isOperator: true)
        while true {
            // Others may have the connection cut meanwhile.
            let made = try await connection.call("workspaces.create", #"{"name":"W"}"#, token: token)
            guard let id = made["result"]?["id"]?.string else { continue }
            workspace = id
            return
        }
    }

    /// - Returns: what differs, after which step; `nil` when the books agree.
    mutating func run(_ steps: [LedgerStep]) async throws -> String? {
        for (number, step) in steps.enumerated() {
            if let difference = try await run(step) { return "after step \(number), \(step): \(difference)" }
        }
        return try await differenceOfBooks()
    }

    private mutating func run(_ step: LedgerStep) async throws -> String? {
        switch step {
        case .again(let pick):
            guard !asked.isEmpty else { return nil }
            let old = asked[pick % asked.count]
            let answer = try await ask(old.request, key: old.key)
            return answer == old.answer ? nil : "repeated, \(old.answer) became \(answer)"
        case .race(let amounts): return try await race(amounts)
        default:
            guard let request = model.request(for: step) else { return nil }
            let key = UUID().uuidString
            let answer = try await ask(request, key: key)
            guard (request.expected ?? answer) == answer, (request.expected != nil) == Self.isCode(answer)
            else {
                return "\(answer) instead of \(request.expected ?? "a success")"
            }
            if request.expected == nil { request.effect(&model, answer) }
            asked.append((request, key, answer))
            return nil
        }
    }

    /// Each of them finds what the others have left, in some order.
    private mutating func race(_ amounts: [Int]) async throws -> String? {
        let (before, token) = (model.available, token)
        let (backend, workspace) = (backend, workspace)
        let ids = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for amount in amounts {
                let key = UUID().uuidString
                group.addTask {
                    let meta = #""_meta":{"token":"\#(token)","idempotencyKey":"\#(key)"}}"#
                    let connection = backend.connect()
                    while true {
                        let answer = try await connection.call(
                            "billing.debit", #"{"workspaceId":"\#(workspace)","amount":\#(amount),"# + meta)
                        let outcome = Self.outcome(answer)
                        if outcome != "SERVICE_UNAVAILABLE" { return (amount, outcome) }
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for (amount, id) in ids where !Self.isCode(id) {
            model.spend(amount)
            model.spent.append(LedgerModel.Spent(id: id, amount: amount))
        }
        for (amount, code) in ids where Self.isCode(code) {
            guard code == "INSUFFICIENT_CREDITS" else { return "\(code) in a race" }
            if amount <= model.available {
                return "\(amount) was refused with \(model.available) left of \(before)"
            }
        }
        return model.available < 0 ? "more was spent than there was" : nil
    }

    /// Again with the same key, until it is answered for good, whatever is cut meanwhile.
    private mutating func ask(_ request: LedgerRequest, key: String) async throws -> String {
        var cuts = 0
        while true {
            if let proxy, cuts < 3, Int.random(in: 0..<3, using: &random) == 0 {
                cuts += 1
                let cut = CuttingProxy.Cut.allCases.randomElement(using: &random) ?? .before
                proxy.cut(at: Int.random(in: 1...14, using: &random), cut)
            }
            let metadata = [
                request.isOperators ? nil : #""token":"\#(token)""#, #""idempotencyKey":"\#(key)""#,
            ].compactMap { $0 }.joined(separator: ",")
            let isOfWorkspace = request.method != "billing.purchases.settle"
            let params =
                (isOfWorkspace ? #"{"workspaceId":"\#(workspace)","# : "{") + request.params
                + ",\"_meta\":{\(metadata)}}"
            let answer = try await (request.isOperators ? operatorConnection : connection)
                .call(request.method, params)
            let outcome = Self.outcome(answer)
            if outcome != "SERVICE_UNAVAILABLE" { return outcome }
        }
    }

    private func differenceOfBooks() async throws -> String? {
        while true {
            let answer = try await connection.call(
                "billing.get", #"{"workspaceId":"\#(workspace)"}"#, token: token)
            guard let state = answer["result"] else { continue }
            let expiring = try #require(state["expiring"]).elements.reduce(0) {
                $0 + ($1["amount"]?.int64 ?? 0)
            }
            let actual = [state["creditBalance"]?.int64, state["creditsHeld"]?.int64, expiring]
            let expected = [model.balance, model.held, model.expiring].map { Int64($0) }
            return actual == expected ? nil : "balance, held, expiring are \(actual), not \(expected)"
        }
    }

    private static func outcome(_ answer: JSON) -> String {
        answer["result"]?["id"]?.string ?? answer.errorCode ?? answer.source
    }

    private static func isCode(_ outcome: String) -> Bool { UUID(uuidString: outcome) == nil }
}

@Suite("The ledger against a model")
struct LedgerModelTests {
    private static func steps(_ random: inout SplitMix64) -> [LedgerStep] {
        (0..<Int.random(in: 6...24, using: &random)).map { _ in .random(using: &random) }
    }

    /// Leaves out what is not needed for it to fail.
    private static func shrink(
        _ steps: [LedgerStep], _ fails: ([LedgerStep]) async throws -> Bool
    ) async throws -> [LedgerStep] {
        var (shortest, size) = (steps, max(1, steps.count / 2))
        while size > 0 {
            var start = 0
            while start < shortest.count {
                var fewer = shortest
                fewer.removeSubrange(start..<min(start + size, shortest.count))
                if try await fails(fewer) { shortest = fewer } else { start += size }
            }
            size /= 2
        }
        return shortest
    }

    private static func run(seeds: [UInt64], _ backend: Backend, _ proxy: CuttingProxy?) async throws {
        let token = try await backend.login("ada").token
        let workers = 8
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<workers {
                group.addTask {
                    for seed in stride(from: worker, to: seeds.count, by: workers).map({ seeds[$0] }) {
                        var random = SplitMix64(seed: seed)
                        let steps = steps(&random)
                        @Sendable func difference(_ steps: [LedgerStep]) async throws -> String? {
                            var run = try await LedgerRun(backend, proxy, token: token, seed: seed)
                            return try await run.run(steps)
                        }
                        guard let found = try await difference(steps) else { continue }
                        let shortest = try await shrink(steps) { try await difference($0) != nil }
                        Issue.record("seed \(seed): \(found); also with \(shortest)")
                    }
                }
            }
            try await group.waitForAll()
        }
        let verified = try await backend.connect(isOperator: true).call("admin.ledger.verify")["result"]
        #expect(verified?["found"]?.int64 == 0, "\(verified?.source ?? "")")
        #expect(verified?["checked"]?.int64 ?? 0 > seeds.count * 2)
    }

    @Test(
        "A thousand sequences of every operation, with repeated calls and races: the books agree, and add up")
    func sequences() async throws {
        try await LedgerModelTests.run(seeds: Seed.some(1000).map(\.value), try Backend(), nil)
    }

    @Test("The same with connections cut between any two statements: each key has one effect")
    func faults() async throws {
        let cluster = try TestCluster.shared.get()
        let proxy = try CuttingProxy(to: cluster.socketPath)
        defer { proxy.close() }
        let backend = try Backend(proxy: proxy)
        try await LedgerModelTests.run(seeds: Seed.some(250).map(\.value), backend, proxy)
        #expect(proxy.count > 250)
    }

    @Test("Whatever gets past the constraints is found, and named")
    func verification() async throws {
        let backend = try Backend()
        let token = try await backend.login("ada").token
        let operatorConnection = backend.connect(isOperator: true)
        var random = SplitMix64(seed: 7)
        var steps: [LedgerStep] = [.grant(400, year: 2099), .grant(100, year: nil)]
        steps += [
            .debit(20), .hold(30), .capture(pick: 0, 10), .refund(pick: 0, 5), .buy(10),
            .settle(pick: 0, outcome: "settled"),
        ]
        for _ in 0..<20 { steps += LedgerModelTests.steps(&random) }
        steps.append(.grant(50, year: 2098))
        var run = try await LedgerRun(backend, nil, token: token, seed: 7)
        #expect(try await run.run(steps) == nil)
        func differences() async throws -> Set<String> {
            let result = try await operatorConnection.call("admin.ledger.verify")["result"]
            return Set(try #require(result?["differences"]).elements.compactMap { $0["what"]?.string })
        }
        #expect(try await differences().isEmpty)
        let owner = try SQLConsole(backend.conninfo)
        owner.run("SET session_replication_role = replica")
        let tables = ["accounts", "ledger", "credit_holds", "credit_grants", "credit_purchases"]
        for table in tables { owner.run("CREATE TABLE \(table)_kept AS TABLE \(table)") }
        for (change, what) in [
            ("UPDATE accounts SET balance = balance + 1", "balance"),
            ("UPDATE ledger SET amount = amount + 1 WHERE type = 'debit'", "balance"),
            ("DELETE FROM ledger WHERE seq = 1", "transactions"),
            (
                "UPDATE credit_holds SET captured = captured - 1 WHERE captured > 0",
                "holds that are not what their transactions say"
            ),
            (
                "UPDATE credit_holds SET amount = amount + 1 WHERE status = 'released'",
                "holds that are not what their transactions say"
            ),
            ("UPDATE credit_grants SET remaining = remaining + 1", "expiring"),
            (
                "UPDATE credit_grants SET remaining = 1000000 - remaining",
                "grants of which another rest is left"
            ),
            (
                "UPDATE credit_purchases SET status = 'failed' WHERE status = 'settled'",
                "settled purchases without their transaction, or the other way round"
            ),
            (
                "UPDATE ledger SET amount = 1000 WHERE type = 'refund'",
                "debits of which more was refunded than taken"
            ),
            (
                "UPDATE ledger SET id = gen_random_uuid() WHERE type = 'bonus'",
                "idempotency keys without their effect"
            ),
            ("UPDATE credit_grants SET remaining = 0", "grants of which another rest is left"),
            (
                "UPDATE credit_grants SET expires_at = expires_at + interval '1 day'",
                "grants and expiries that are not what their transactions say"
            ),
            (
                "UPDATE ledger SET type = 'expiry', related_id = NULL WHERE type = 'debit'",
                "grants and expiries that are not what their transactions say"
            ),
            (
                "UPDATE accounts SET next_expiry = NULL WHERE expiring > 0",
                "whether the next expiry is another one"
            ),
            (
                "UPDATE credit_holds SET status = 'captured' WHERE status = 'released'",
                "holds that are not what their transactions say"
            ),
            (
                "UPDATE credit_purchases SET reference_id = 'x' WHERE status = 'settled'",
                "settled purchases without their transaction, or the other way round"
            ),
            (
                "UPDATE ledger SET related_id = (SELECT id FROM ledger WHERE type = 'hold' LIMIT 1) WHERE type = 'refund'",
                "debits of which more was refunded than taken"
            ),
            (
                "UPDATE ledger SET amount = 9223372036854775807 WHERE seq <= 2",
                "transactions that do not follow from the one before"
            ),
            (
                "UPDATE ledger SET balance_after = 9223372036854775807",
                "transactions that do not follow from the one before"
            ),
            ("DELETE FROM accounts", "workspaces without an account"),
            ("DELETE FROM credit_holds", "idempotency keys without their effect"),
            ("DELETE FROM credit_purchases", "idempotency keys without their effect"),
        ] {
            #expect(owner.run(change).affected > 0, "\(change)")
            let told = try await differences()
            #expect(told.contains(what), "\(change): \(told)")
            for table in tables {
                owner.run("DELETE FROM \(table)")
                owner.run("INSERT INTO \(table) TABLE \(table)_kept")
            }
        }
        #expect(try await differences().isEmpty, "put back, it adds up again")
        let outcomes = "UPDATE idempotency_keys SET outcome = "
        owner.run(
            outcomes
                + "convert_to(replace(convert_from(outcome, 'UTF8'), '\"amount\":20', '\"amount\":21'), 'UTF8')"
        )
        #expect(try await differences() == ["idempotency keys with another effect"])
        owner.run(outcomes + "'\\xff'")
        #expect(try await differences() == ["idempotency keys that cannot be read"])
        let unknown = try await operatorConnection.call(
            "admin.ledger.verify", #"{"workspaceId":"\#(UUID().uuidString.lowercased())"}"#)
        #expect(unknown.errorCode == "NOT_FOUND")
    }
}
