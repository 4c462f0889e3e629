import JSON
import Resilience

/// What an account should be, by rules that are simple because nothing can go wrong with them.
struct LedgerModel {
    struct Spent {
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

    struct Purchase {
        let id: String
        let amount: Int
        var status = "pending"
    }

    var balance = 0
    var held = 0
    /// Of the balance, what expires; of each grant what is left, in order of time.
    var grants: [(year: Int, left: Int)] = []
    var spent: [Spent] = []
    var holds: [Hold] = []
    var purchases: [Purchase] = []

    var available: Int { balance - held }
    var expiring: Int { grants.reduce(0) { $0 + $1.left } }

    /// What expires first is spent first.
    mutating func spend(_ amount: Int) {
        balance -= amount
        var rest = amount
        for index in grants.indices.sorted(by: { (grants[$0].year, $0) < (grants[$1].year, $1) }) {
            let used = min(rest, grants[index].left)
            grants[index].left -= used
            rest -= used
        }
    }
}

/// One thing that is done to an account. What it refers to is chosen by number among what is there then, so a row of steps of which some are
/// left out still means something.
enum LedgerStep: CustomStringConvertible {
    case grant(Int, year: Int?)
    case debit(Int)
    case refund(pick: Int, Int)
    case hold(Int)
    case capture(pick: Int, Int)
    case release(pick: Int)
    case buy(Int)
    case settle(pick: Int, outcome: String)
    /// What was asked before, with the same key.
    case again(pick: Int)
    /// Several debits at once.
    case race([Int])

    static func random(using random: inout SplitMix64) -> LedgerStep {
        let amount = Int.random(in: 1...40, using: &random)
        let pick = Int.random(in: 0..<1000, using: &random)
        return switch Int.random(in: 0..<16, using: &random) {
        case 0, 1: .grant(amount, year: Bool.random(using: &random) ? 2050 + amount : nil)
        case 2, 3, 4: .debit(amount)
        case 5, 6: .refund(pick: pick, amount)
        case 7, 8: .hold(amount)
        case 9, 10: .capture(pick: pick, amount)
        case 11: .release(pick: pick)
        case 12: .buy(amount)
        case 13: .settle(pick: pick, outcome: Bool.random(using: &random) ? "settled" : "failed")
        case 14: .again(pick: pick)
        default:
            .race(
                (0..<Int.random(in: 2...6, using: &random)).map { _ in Int.random(in: 1...40, using: &random)
                })
        }
    }

    var description: String {
        switch self {
        case .grant(let amount, let year): "grant \(amount)\(year.map { " until \($0)" } ?? "")"
        case .debit(let amount): "debit \(amount)"
        case .refund(let pick, let amount): "refund \(amount) of #\(pick)"
        case .hold(let amount): "hold \(amount)"
        case .capture(let pick, let amount): "capture \(amount) of #\(pick)"
        case .release(let pick): "release #\(pick)"
        case .buy(let amount): "buy \(amount)"
        case .settle(let pick, let outcome): "settle #\(pick) \(outcome)"
        case .again(let pick): "again #\(pick)"
        case .race(let amounts): "race \(amounts)"
        }
    }
}

/// A call that a step makes, what has to come back, and what the model does then.
struct LedgerRequest {
    let method: String
    let params: String
    var isOperators = false
    /// `nil` for a success.
    var expected: String?
    var effect: (inout LedgerModel, String) -> Void = { _, _ in }
}

extension LedgerModel {
    /// `nil` when there is nothing that the step could refer to.
    func request(for step: LedgerStep) -> LedgerRequest? {
        func poor(_ amount: Int) -> String? { amount > available ? "INSUFFICIENT_CREDITS" : nil }
        func index(_ pick: Int, _ count: Int) -> Int? { count > 0 ? pick % count : nil }
        switch step {
        case .grant(let amount, let year):
            let expiry = year.map { #","expiresAt":"\#($0)-01-01T00:00:00Z""# } ?? ""
            return LedgerRequest(
                method: "billing.addCredits", params: #""amount":\#(amount),"type":"bonus"\#(expiry)"#,
                isOperators: true
            ) { model, _ in
                model.balance += amount
                if let year { model.grants.append((year, amount)) }
            }
        case .debit(let amount):
            return LedgerRequest(
                method: "billing.debit", params: #""amount":\#(amount)"#, expected: poor(amount)
            ) { model, id in
                model.spend(amount)
                model.spent.append(Spent(id: id, amount: amount))
            }
        case .refund(let pick, let amount):
            guard let index = index(pick, spent.count) else { return nil }
            let fits = amount <= spent[index].amount - spent[index].refunded
            return LedgerRequest(
                method: "billing.refund",
                params: #""transactionId":"\#(spent[index].id)","amount":\#(amount)"#,
                expected: fits ? nil : "CONFLICT"
            ) { model, _ in
                model.balance += amount
                model.spent[index].refunded += amount
            }
        case .hold(let amount):
            return LedgerRequest(
                method: "billing.holds.create", params: #""amount":\#(amount)"#, expected: poor(amount)
            ) { model, id in
                model.held += amount
                model.holds.append(Hold(id: id, amount: amount))
            }
        case .capture(let pick, let amount):
            guard let index = index(pick, holds.count) else { return nil }
            let hold = holds[index]
            let fits = hold.isActive && amount <= hold.amount - hold.captured
            return LedgerRequest(
                method: "billing.holds.capture", params: #""holdId":"\#(hold.id)","amount":\#(amount)"#,
                expected: fits ? nil : "CONFLICT"
            ) { model, _ in
                model.spend(amount)
                model.held -= amount
                model.holds[index].captured += amount
                model.holds[index].isActive = hold.captured + amount < hold.amount
            }
        case .release(let pick):
            guard let index = index(pick, holds.count) else { return nil }
            let hold = holds[index]
            return LedgerRequest(
                method: "billing.holds.release", params: #""holdId":"\#(hold.id)""#,
                expected: hold.isActive ? nil : "CONFLICT"
            ) { model, _ in
                model.held -= hold.amount - hold.captured
                model.holds[index].isActive = false
            }
        case .buy(let amount):
            return LedgerRequest(
                method: "billing.purchases.create", params: #""amount":\#(amount)"#
            ) { model, id in model.purchases.append(Purchase(id: id, amount: amount)) }
        case .settle(let pick, let outcome):
            guard let index = index(pick, purchases.count) else { return nil }
            let purchase = purchases[index]
            let isNew = purchase.status == "pending"
            return LedgerRequest(
                method: "billing.purchases.settle",
                params:
                    #""purchaseId":"\#(purchase.id)","outcome":"\#(outcome)","referenceId":"\#(purchase.id)""#,
                isOperators: true, expected: isNew || purchase.status == outcome ? nil : "CONFLICT"
            ) { model, _ in
                model.purchases[index].status = outcome
                if isNew, outcome == "settled" { model.balance += purchase.amount }
            }
        case .again, .race: return nil
        }
    }
}
