import Identifiers
import JSON
import Postgres
import RPC
import Resilience

/// Credits that somebody pays for. The host's payment service sees those that wait, and settles each of them once.
struct Purchase: Sendable {
    let id: UUID
    let workspaceID: UUID
    let amount: Int64
    let status: String
    let origin: String
    let referenceID: String?
    let createdAt: Timestamp
    let settledAt: Timestamp?

    static let statuses = ["pending", "settled", "failed"]

    /// From the columns of ``Billing/findPurchase``.
    init(_ row: borrowing RowReader) throws {
        id = try row.get(0)
        workspaceID = try row.get(1)
        amount = try row.get(2)
        status = try row.get(3)
        origin = try row.get(4)
        referenceID = try row.getOptional(5)
        createdAt = try row.get(6)
        settledAt = try row.getOptional(7)
    }

    static let shape: Shape<Purchase> = .object(
        "Purchase",
        Field("id", .uuid, "The purchase.") { $0.id },
        Field("workspaceId", .uuid, "Who buys.") { $0.workspaceID },
        Field("amount", .integer, "Credits.") { $0.amount },
        Field("status", .string, "pending, settled or failed.") { $0.status },
        Field("origin", .string, "manual, or auto: by `billing.setAutoRecharge`.") { $0.origin },
        Field("referenceId", Shape.string.nullable, "The payment's.") { $0.referenceID },
        Field("createdAt", .timestamp, "When it was asked for.") { $0.createdAt },
        Field("settledAt", Shape.timestamp.nullable, "When it was settled, or had failed.") { $0.settledAt })
}

extension Billing {
    func createPurchase(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ amount: Int64
    ) throws -> Purchase {
        guard try tx.one(Billing.countPending, workspace) < Billing.pendingOfOne else {
            throw CallError(.conflict, "\(Billing.pendingOfOne) purchases wait already; settle those first")
        }
        guard let purchase = try tx.first(Billing.insertPurchase, UUID.random(), workspace, amount) else {
            throw CallError(.notFound)
        }
        return purchase
    }

    func listPurchases(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ status: String?, _ limit: Int64,
        _ cursor: Cursor?
    ) throws -> Page<Purchase> {
        let rows = try tx.all(
            Billing.listPurchases, workspace, cursor?.moment, cursor?.id, status, limit + 1)
        return Page(rows, limit: limit) { Cursor($0.createdAt, $0.id) }
    }

    /// Once a purchase, whatever is repeated: who says the same again gets the same answer.
    func settle(
        _ tx: borrowing Transaction, _ access: Access, _ id: UUID, _ outcome: String, _ referenceID: String
    ) throws -> Purchase {
        guard let found = try tx.first(Billing.findPurchase, id) else {
            throw CallError(.notFound, "No such purchase")
        }
        // The account first, as everywhere; then the purchase stays as it is.
        tx.enter(found.workspaceID)
        guard var account = try tx.first(Billing.lockExistingAccount, found.workspaceID),
            let purchase = try tx.first(Billing.findPurchase, id)
        else { throw CallError(.notFound, "No such purchase") }
        guard purchase.status == "pending" else {
            guard purchase.status == outcome, purchase.referenceID == referenceID else {
                throw CallError(.conflict, "The purchase is \(purchase.status) already")
            }
            return purchase
        }
        if outcome == "settled" {
            try expireIfDue(tx, &account, by: access.actor, access.call.requestID)
            try account.add(purchase.amount)
            post(
                tx, account,
                CreditTransaction.Entry(
                    kind: .purchase, amount: purchase.amount, relatedID: id, referenceID: referenceID),
                by: access.actor, access.call.requestID)
            tell(tx, &account)
            close(tx, account)
        } else if purchase.origin == "auto" {
            tx.queue(Billing.restRecharge, account.workspaceID, expecting: 1)
        }
        return try tx.one(Billing.settlePurchase, id, outcome, referenceID)
    }

    func setAutoRecharge(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ isEnabled: Bool,
        _ threshold: Int64, _ amount: Int64
    ) throws -> AutoRecharge {
        guard var account = try tx.first(Billing.lockAccount, workspace) else { throw CallError(.notFound) }
        tx.queue(Billing.setRecharge, workspace, isEnabled, threshold, amount, expecting: 1)
        account.recharge = AutoRecharge(
            isEnabled: isEnabled, threshold: threshold, amount: amount,
            restsUntil: account.recharge.restsUntil)
        let rule = account.recharge
        tell(tx, &account)
        return rule
    }

    func setLowBalanceThresholds(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ thresholds: [Int64]
    ) throws -> LowBalanceThresholds {
        let sorted = Set(thresholds).sorted()
        guard try tx.execute(Billing.setThresholds, workspace, IntegerArray(sorted)) == 1 else {
            throw CallError(.notFound)
        }
        return LowBalanceThresholds(values: sorted)
    }

    /// Tells of every purchase that waits, and of each that comes, as progress, until the caller has enough, or his time is over.
    func watch(_ call: Call) async throws -> Done {
        var told: Set<UUID> = []
        while call.interruption == nil, MonotonicClock.now < call.deadlineNanoseconds {
            var pending: Set<UUID> = []
            var last: Purchase?
            repeat {
                let after = last
                let page = try await platform.transact(call) { tx in
                    tx.enterEveryWorkspace()
                    return try tx.all(Billing.listPending, after?.createdAt, after?.id, Billing.pendingAtOnce)
                }
                for purchase in page where !told.contains(purchase.id) {
                    guard case .json(let bytes) = Purchase.shape.body(of: purchase).content else { continue }
                    call.report(bytes)
                }
                pending.formUnion(page.map(\.id))
                last = page.count == Billing.pendingAtOnce ? page.last : nil
            } while last != nil
            told = pending
            let left = call.deadlineNanoseconds - min(MonotonicClock.now, call.deadlineNanoseconds)
            try await Task.sleep(for: min(Billing.watchPause, .nanoseconds(Int64(clamping: left))))
        }
        guard call.interruption == nil || call.interruption == .deadline else { throw call.interruptionError }
        return Done()
    }

    private static let pendingAtOnce = 1000
    /// Of one workspace.
    private static let pendingOfOne: Int64 = 100
    private static let watchPause = Duration.milliseconds(250)

    var purchaseMethods: [Method] {
        [
            Method(
                "billing.purchases.create", "Asks for credits, which are there when the payment is settled.",
                role: .admin, mutates: true, creates: true,
                route: .post("/workspaces/{workspaceId}/billing/purchases"),
                params: Params(.workspace, .amount),
                result: Purchase.shape,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","amount":500}"#,
                    gives: #"{"amount":500,"status":"pending"}"#), run: platform.transaction(createPurchase)),
            Method(
                "billing.purchases.list", "Lists the purchases of a workspace, oldest first.", role: .admin,
                route: .get("/workspaces/{workspaceId}/billing/purchases"),
                params: Params(
                    .workspace, .optional(.choice("status", Purchase.statuses, "Only these.")), .limit,
                    .optional(.cursor)), result: Purchase.shape.page,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10"}"#,
                    gives: #"{"items":[],"nextCursor":null}"#),
                run: platform.transaction(options: .readOnly, listPurchases)),
            Method(
                "billing.purchases.settle",
                "Tells how a payment went; settled adds the credits, once. For the host's payment service.",
                role: .operator, mutates: true, route: .post("/admin/purchases/{purchaseId}/settle"),
                params: Params(
                    .uuid("purchaseId", "The purchase."),
                    .choice("outcome", ["settled", "failed"], "How the payment went."),
                    .text("referenceId", 1...200, "The payment's own.")),
                result: Purchase.shape,
                example: Example(
                    #"{"purchaseId":"0d6f3f6c-2a10-4c8e-9d54-6f1c0b8e3a55","outcome":"settled","referenceId":"pay_1"}"#,
                    gives: #"{"status":"settled","referenceId":"pay_1"}"#), run: platform.transaction(settle)),
            Method(
                "billing.setAutoRecharge",
                "Has a purchase made by itself when less than the threshold is available, one at a time.",
                role: .owner, mutates: true, route: .put("/workspaces/{workspaceId}/billing/auto-recharge"),
                params: Params(
                    .workspace, .boolean("enabled", "Whether."), .threshold, .amount),
                result: AutoRecharge.shape,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","enabled":true,"threshold":100,"amount":1000}"#,
                    gives: #"{"enabled":true,"threshold":100,"amount":1000}"#),
                run: platform.transaction(setAutoRecharge)),
            Method(
                "billing.setLowBalanceThresholds",
                "Sets when to be told that credits run out: an event `credits.low` whenever less than one of these becomes available.",
                role: .admin, mutates: true,
                route: .put("/workspaces/{workspaceId}/billing/low-balance-thresholds"),
                params: Params(
                    .workspace,
                    .list(
                        "thresholds", 0...10, of: .integer("threshold", Billing.amounts, "Credits."),
                        "Credits, in any order.")),
                result: LowBalanceThresholds.shape,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","thresholds":[500,50]}"#,
                    gives: #"{"thresholds":[50,500]}"#),
                run: platform.transaction(setLowBalanceThresholds)),
            Method(
                "admin.purchases.watch",
                "Tells of every purchase that waits, and of each that comes, as progress, until it is cancelled or its time is over.",
                role: .operator, streams: Purchase.shape.schema, params: Params(), result: .done,
                example: Example(#"{"_meta":{"timeoutMs":1}}"#, gives: "{}"), run: platform.steps(watch)),
        ]
    }
}

extension Param where Value == Int64 {
    static let threshold = integer("threshold", Billing.thresholds, "Credits.")
}

extension AutoRecharge {
    static let shape: Shape<AutoRecharge> = .object(
        "AutoRecharge", Field("enabled", .boolean, "Whether more is bought by itself.") { $0.isEnabled },
        Field("threshold", .integer, "When less than this is available.") { $0.threshold },
        Field("amount", .integer, "How much.") { $0.amount })
}

/// When somebody is told that credits run out.
struct LowBalanceThresholds: Sendable {
    let values: [Int64]

    static let shape: Shape<LowBalanceThresholds> = .object(
        "LowBalanceThresholds",
        Field("thresholds", Shape.integer.list, "Credits, the lowest first.") { $0.values })
}
