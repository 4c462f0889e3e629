import Identifiers
import JSON
import Postgres
import RPC

/// Recomputes accounts from their ledger, and compares what hangs together.
struct LedgerVerification: Sendable {
    /// Two numbers that should be the same.
    struct Difference: Sendable {
        let workspaceID: UUID?
        let what: String
        let expected: Int64
        let actual: Int64
    }

    /// An account, and what its ledger, holds and grants say of it.
    struct Sums: Sendable {
        let workspaceID: UUID
        let balance: Int64
        let held: Int64
        let expiring: Int64
        let seq: Int64
        let rows: Int64
        let ledgerBalance: Int64
        let ledgerHeld: Int64
        let lastSeq: Int64
        let breaks: Int64
        let holdRest: Int64
        let holdsOff: Int64
        let grantRest: Int64
        let grantsOff: Int64
        /// Transactions that brought credits which expire.
        let expirable: Int64
        let overRefunded: Int64
        let purchasesOff: Int64
        let nextExpiryOff: Int64

        init(_ row: borrowing RowReader) throws {
            workspaceID = try row.get(0)
            balance = try row.get(1)
            held = try row.get(2)
            expiring = try row.get(3)
            seq = try row.get(4)
            rows = try row.get(5)
            ledgerBalance = try row.get(6)
            ledgerHeld = try row.get(7)
            lastSeq = try row.get(8)
            breaks = try row.get(9)
            holdRest = try row.get(10)
            holdsOff = try row.get(11)
            grantRest = try row.get(12)
            grantsOff = try row.get(13)
            expirable = try row.get(14)
            overRefunded = try row.get(15)
            purchasesOff = try row.get(16)
            nextExpiryOff = try row.get(17)
        }

        fileprivate var comparisons: [(what: String, expected: Int64, actual: Int64)] {
            [
                ("balance", ledgerBalance, balance), ("held", ledgerHeld, held),
                ("number of the last transaction", lastSeq, seq), ("transactions", lastSeq, rows),
                ("transactions that do not follow from the one before", 0, breaks),
                ("held by active holds", holdRest, held), ("expiring", grantRest, expiring),
                ("holds that are not what their transactions say", 0, holdsOff),
                ("grants and expiries that are not what their transactions say", 0, grantsOff),
                ("whether the next expiry is another one", 0, nextExpiryOff),
                ("debits of which more was refunded than taken", 0, overRefunded),
                ("settled purchases without their transaction, or the other way round", 0, purchasesOff),
            ]
        }
    }

    private(set) var checked = 0
    private(set) var found = 0
    private(set) var differences: [Difference] = []

    static let batch = 200
    static let entriesAtOnce = 10_000
    static let outcomesAtOnce = 5_000
    static let mostListed = 1000

    mutating func check(_ sums: Sums) {
        checked += Int(sums.rows)
        for (what, expected, actual) in sums.comparisons where expected != actual {
            note(Difference(workspaceID: sums.workspaceID, what: what, expected: expected, actual: actual))
        }
    }

    /// Something that there should be none of.
    mutating func check(none count: Int64, of what: String, in workspace: UUID? = nil) {
        guard count > 0 else { return }
        note(Difference(workspaceID: workspace, what: what, expected: 0, actual: count))
    }

    private mutating func note(_ difference: Difference) {
        found += 1
        if differences.count < LedgerVerification.mostListed { differences.append(difference) }
    }

    static let shape: Shape<LedgerVerification> = .object(
        "LedgerVerification",
        Field("checked", .integer, "Transactions that were added up.") { Int64($0.checked) },
        Field("found", .integer, "How much differs; at most 1000 of it is listed.") { Int64($0.found) },
        Field(
            "differences",
            Shape.object(
                "LedgerDifference",
                Field("workspaceId", Shape.uuid.nullable, "Whose.") { $0.workspaceID },
                Field("what", .string, "What differs.") { $0.what },
                Field("expected", .integer, "By the ledger.") { $0.expected },
                Field("actual", .integer, "As it stands.") { $0.actual }
            ).list, "Account by account."
        ) { $0.differences })
}

extension Billing {
    /// Each batch of accounts in one snapshot, beside everything that goes on.
    func verify(_ call: Call, _ workspace: UUID?) async throws -> LedgerVerification {
        var verification = LedgerVerification()
        let (total, without) = try await platform.transact(call) { tx in
            tx.enterEveryWorkspace()
            return (
                try tx.one(Billing.countAccounts, workspace),
                try tx.all(Billing.listWithoutAccount, workspace, LedgerVerification.mostListed)
            )
        }
        guard workspace == nil || total + Int64(without.count) > 0 else {
            throw CallError(.notFound, "No such workspace")
        }
        for id in without { verification.check(none: 1, of: "workspaces without an account", in: id) }
        var done: Int64 = 0
        var last: UUID?
        repeat {
            let after = last
            let sums = try await platform.transact(call) { tx in
                tx.enterEveryWorkspace()
                tx.queue(Billing.liftStatementTimeout)
                return try tx.all(Billing.sumAccounts, after, workspace, LedgerVerification.batch)
            }
            for sum in sums {
                verification.check(sum)
                guard sum.expirable > 0 else { continue }
                verification.check(
                    none: try await wrongGrants(call, sum.workspaceID),
                    of: "grants of which another rest is left",
                    in: sum.workspaceID)
            }
            done += Int64(sums.count)
            last = sums.count == LedgerVerification.batch ? sums.last?.workspaceID : nil
            call.report(WorkProgress(checked: done, total: total).json)
        } while last != nil
        try await checkOutcomes(call, workspace, &verification)
        if workspace == nil { try await platform.noteVerification(.ledger, found: verification.found) }
        return verification
    }

    /// From the ledger, which is only added to: so what is read later is still what it was.
    private func wrongGrants(_ call: Call, _ workspace: UUID) async throws -> Int64 {
        let (end, stored) = try await platform.transact(call) { tx in
            tx.enterEveryWorkspace()
            return (try tx.one(Billing.getSeq, workspace), try tx.all(Billing.listRemaining, workspace))
        }
        var replay = GrantReplay()
        var last: Int64? = 0
        while let after = last {
            let entries = try await platform.transact(call) { tx in
                tx.enterEveryWorkspace()
                return try tx.all(
                    Billing.listSpending, workspace, after, end, LedgerVerification.entriesAtOnce)
            }
            for entry in entries { replay.apply(entry) }
            last = entries.count == LedgerVerification.entriesAtOnce ? entries.last?.seq : nil
        }
        return replay.differences(
            from: Dictionary(stored.map { ($0.id, $0.remaining) }) { first, _ in first })
    }

    /// What was answered to calls with a key has to be there, and to be what was answered.
    private func checkOutcomes(
        _ call: Call, _ workspace: UUID?, _ verification: inout LedgerVerification
    ) async throws {
        var (missing, other, unreadable): (Int64, Int64, Int64) = (0, 0, 0)
        var last: [UInt8]?
        repeat {
            let after = last
            let outcomes = try await platform.transact(call) { tx in
                tx.enterEveryWorkspace()
                return try tx.all(Billing.listOutcomes, after, LedgerVerification.outcomesAtOnce)
            }
            let told = outcomes.map { ToldEffect(outcome: $0.bytes) }
            unreadable += Int64(told.filter { $0 == .unreadable }.count)
            let effects = told.compactMap(\.effect).filter { workspace == nil || $0.workspaceID == workspace }
            let there = try await platform.transact(call) { tx in
                tx.enterEveryWorkspace()
                func ids(_ kind: ToldEffect.Kind) -> TextArray {
                    TextArray(effects.filter { $0.kind == kind }.map(\.id))
                }
                return try tx.all(Billing.findEffects, ids(.transaction), ids(.hold), ids(.purchase))
            }
            let found = Dictionary(there.map { ($0.id, $0) }) { first, _ in first }
            for effect in effects {
                guard let entry = found[effect.id] else {
                    missing += 1
                    continue
                }
                if entry.amount != effect.amount || (effect.balance ?? entry.balance) != entry.balance {
                    other += 1
                }
            }
            last = outcomes.count == LedgerVerification.outcomesAtOnce ? outcomes.last?.scope : nil
        } while last != nil
        verification.check(none: missing, of: "idempotency keys without their effect")
        verification.check(none: other, of: "idempotency keys with another effect")
        if workspace == nil {
            verification.check(none: unreadable, of: "idempotency keys that cannot be read")
        }
    }
}

/// What a stored outcome says that was done.
private enum ToldEffect: Equatable {
    enum Kind {
        case transaction, hold, purchase
    }

    struct Effect: Equatable {
        let kind: Kind
        let id: UUID
        let workspaceID: UUID?
        let amount: Int64
        let balance: Int64?
    }

    case effect(Effect)
    /// It is of another method, or a failure.
    case nothing
    case unreadable

    var effect: Effect? { if case .effect(let effect) = self { effect } else { nil } }

    init(outcome bytes: [UInt8]) {
        guard let json = try? JSON.parse(bytes), json.kind == .object else {
            self = .unreadable
            return
        }
        let result = json["result"]
        let kind: Kind? =
            result?["balanceAfter"] != nil
            ? .transaction
            : result?["captured"] != nil ? .hold : result?["settledAt"] != nil ? .purchase : nil
        guard let kind, let result, let id = result["id"]?.string.flatMap({ UUID($0) }),
            let amount = result["amount"]?.int64
        else {
            self = .nothing
            return
        }
        self = .effect(
            Effect(
                kind: kind, id: id, workspaceID: result["workspaceId"]?.string.flatMap { UUID($0) },
                amount: amount,
                balance: result["balanceAfter"]?.int64))
    }
}
