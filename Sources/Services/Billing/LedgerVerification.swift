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
        let overRefunded: Int64
        let purchasesOff: Int64

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
            overRefunded = try row.get(14)
            purchasesOff = try row.get(15)
        }

        fileprivate var comparisons: [(what: String, expected: Int64, actual: Int64)] {
            [
                ("balance", ledgerBalance, balance), ("held", ledgerHeld, held),
                ("number of the last transaction", lastSeq, seq), ("transactions", lastSeq, rows),
                ("transactions that do not follow from the one before", 0, breaks),
                ("held by active holds", holdRest, held), ("expiring", grantRest, expiring),
                ("holds that are not what their transactions say", 0, holdsOff),
                ("grants of which more is left than was given", 0, grantsOff),
                ("debits of which more was refunded than taken", 0, overRefunded),
                ("settled purchases without their transaction, or the other way round", 0, purchasesOff),
            ]
        }
    }

    private(set) var checked = 0
    private(set) var found = 0
    private(set) var differences: [Difference] = []

    static let batch: Int64 = 200
    static let outcomesAtOnce: Int64 = 50_000
    private static let mostListed = 1000

    mutating func check(_ sums: Sums) {
        checked += Int(sums.rows)
        for (what, expected, actual) in sums.comparisons where expected != actual {
            note(Difference(workspaceID: sums.workspaceID, what: what, expected: expected, actual: actual))
        }
    }

    /// - Parameter orphans: outcomes of calls whose effect is not there.
    mutating func check(orphans: Int64) {
        guard orphans > 0 else { return }
        note(
            Difference(
                workspaceID: nil, what: "idempotency keys without their effect", expected: 0,
                actual: orphans))
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
        let total = try await platform.transact(call) { tx in
            tx.enterEveryWorkspace()
            return try tx.one(Billing.countAccounts)
        }
        var done: Int64 = 0
        var last: UUID?
        repeat {
            let after = last
            let sums = try await platform.transact(call) { tx in
                tx.enterEveryWorkspace()
                tx.queue(Billing.liftStatementTimeout)
                return try tx.all(Billing.sumAccounts, after, workspace, LedgerVerification.batch)
            }
            for sum in sums { verification.check(sum) }
            done += Int64(sums.count)
            last = sums.last?.workspaceID
            call.report(progress(done, of: total))
        } while last != nil
        var orphans: Int64 = 0
        var scope: [UInt8]?
        repeat {
            let after = scope
            let part = try await platform.transact(call) { tx in
                tx.enterEveryWorkspace()
                return try tx.one(Billing.countOrphans, after, LedgerVerification.outcomesAtOnce)
            }
            orphans += part.orphans
            scope = part.last
        } while scope != nil
        verification.check(orphans: orphans)
        return verification
    }

    private func progress(_ done: Int64, of total: Int64) -> [UInt8] {
        JSONWriter.object { writer in
            writer.key("checked")
            writer.int(done)
            writer.key("total")
            writer.int(total)
        }
    }
}
