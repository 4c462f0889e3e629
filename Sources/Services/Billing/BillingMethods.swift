import Cryptography
import Identifiers
import JSON
import Postgres
import RPC

/// Credits: what a workspace has, what it sets aside, what it spends.
struct Billing: Sendable {
    let platform: Platform

    private static let example = #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10""#
    /// Of one call.
    static let amounts: ClosedRange<Int64> = 1...1_000_000_000
    static let thresholds: ClosedRange<Int64> = 0...1_000_000_000

    var methods: [Method] {
        accountMethods + holdMethods + purchaseMethods
    }

    private var accountMethods: [Method] {
        [
            Method(
                "billing.get", "Tells what a workspace has, what is set aside, and what expires when.",
                role: .viewer, route: .get("/workspaces/{workspaceId}/billing"), params: Params(.workspace),
                result: Billed.shape,
                example: Example(Billing.example + "}", gives: #"{"creditBalance":0,"available":0}"#),
                run: platform.transaction(options: .readOnly, get)),
            Method(
                "billing.addCredits", "Gives credits to a workspace. Nobody else mints any.", role: .operator,
                mutates: true, creates: true, route: .post("/admin/workspaces/{workspaceId}/credits"),
                params: Params(
                    .workspace, .amount, .choice("type", ["purchase", "bonus"], "What they are."),
                    .optional(
                        .timestamp("expiresAt", "When what is left of them is gone; never when left out.")),
                    .optional(.description), .optional(.reference)),
                result: CreditTransaction.shape,
                example: Example(
                    Billing.example + #","amount":1000,"type":"bonus"}"#,
                    gives: #"{"type":"bonus","amount":1000,"balanceAfter":1000}"#),
                run: transaction(addCredits)),
            Method(
                "billing.debit", "Spends credits; what expires first is spent first.", role: .member,
                mutates: true, spends: true, creates: true,
                route: .post("/workspaces/{workspaceId}/billing/debits"),
                params: Params(.workspace, .amount, .optional(.description), .optional(.reference)),
                result: CreditTransaction.shape,
                example: Example(
                    Billing.example + #","amount":5}"#, gives: #"{"type":"debit","amount":5}"#),
                run: transaction(debit)),
            Method(
                "billing.refund", "Gives back what a debit or capture took, in whole or in part, never more.",
                role: .admin, mutates: true, creates: true,
                route: .post("/workspaces/{workspaceId}/billing/refunds"),
                params: Params(
                    .workspace, .uuid("transactionId", "The debit or capture."), .optional(.amount),
                    .optional(.description)),
                result: CreditTransaction.shape,
                example: Example(
                    Billing.example + #","transactionId":"0d6f3f6c-2a10-4c8e-9d54-6f1c0b8e3a55"}"#,
                    gives: #"{"type":"refund"}"#),
                run: transaction(refund)),
            Method(
                "billing.transactions", "Lists the changes of the account, newest first.", role: .viewer,
                route: .get("/workspaces/{workspaceId}/billing/transactions"),
                params: Params(
                    .workspace, .limit, .optional(.seqCursor),
                    .optional(
                        .choice("type", CreditTransaction.Kind.allCases.map(\.rawValue), "Only these."))),
                result: CreditTransaction.shape.page,
                example: Example(Billing.example + "}", gives: #"{"items":[],"nextCursor":null}"#),
                run: platform.list(transactions)),
            Method(
                "admin.ledger.verify",
                "Recomputes every account from its transactions, and compares holds, refunds, grants and idempotency keys with them.",
                role: .operator, streams: WorkProgress.schema, route: .post("/admin/verify/ledger"),
                params: Params(.optional(.workspace)), result: LedgerVerification.shape,
                example: Example("{}", gives: #"{"found":0,"differences":[]}"#),
                run: platform.steps(verify)),
        ]
    }

    private var holdMethods: [Method] {
        let hold = #","holdId":"0d6f3f6c-2a10-4c8e-9d54-6f1c0b8e3a55""#
        return [
            Method(
                "billing.holds.create", "Sets credits aside for something that may or may not be spent.",
                role: .member, mutates: true, spends: true, creates: true,
                route: .post("/workspaces/{workspaceId}/billing/holds"),
                params: Params(
                    .workspace, .amount, .holdSeconds, .optional(.reference)),
                result: Hold.shape,
                example: Example(
                    Billing.example + #","amount":50}"#, gives: #"{"amount":50,"status":"active"}"#),
                run: transaction(createHold)),
            Method(
                "billing.holds.capture", "Spends of what is set aside, in one part or several.",
                role: .member, mutates: true,
                route: .post("/workspaces/{workspaceId}/billing/holds/{holdId}/capture"),
                params: Params(.workspace, .uuid("holdId", "The hold."), .amount), result: Hold.shape,
                example: Example(
                    Billing.example + hold + #","amount":1}"#, gives: #"{"captured":1}"#),
                run: transaction(capture)),
            Method(
                "billing.holds.release", "Gives back what is still set aside.", role: .member, mutates: true,
                route: .post("/workspaces/{workspaceId}/billing/holds/{holdId}/release"),
                params: Params(.workspace, .uuid("holdId", "The hold.")), result: Hold.shape,
                example: Example(Billing.example + hold + "}", gives: #"{"status":"released"}"#),
                run: transaction(release)),
            Method(
                "billing.holds.list", "Lists the holds of a workspace, oldest first.", role: .member,
                route: .get("/workspaces/{workspaceId}/billing/holds"),
                params: Params(.workspace, .limit, .optional(.cursor)), result: Hold.shape.page,
                example: Example(Billing.example + "}", gives: #"{"items":[],"nextCursor":null}"#),
                run: platform.transaction(options: .readOnly, listHolds)),
        ]
    }
}

/// A place in the ledger of one account.
struct SeqCursor: Sendable {
    let seq: Int64

    /// Opaque to callers.
    var text: String { Base64URL.encode(withUnsafeBytes(of: seq.bigEndian) { Array($0) }) }

    init(seq: Int64) {
        self.seq = seq
    }

    init?(_ text: String) {
        guard let bytes = Base64URL.decode(text), bytes.count == 8 else { return nil }
        seq = bytes.reduce(0) { $0 << 8 | Int64($1) }
    }
}

extension Param where Value == SeqCursor {
    static let seqCursor = Param(
        "cursor", .string(length: 1...200, format: nil), "The `nextCursor` of the page before."
    ) { json in
        guard let text = json.string else { return .failure(Misfit(.type, "has to be a string")) }
        guard let cursor = SeqCursor(text) else {
            return .failure(Misfit(.format, "is no cursor of this list; leave it out to begin anew"))
        }
        return .success(cursor)
    }
}

extension Param where Value == Int64 {
    static let amount = integer("amount", Billing.amounts, "Credits.")
    static let holdSeconds = integer(
        "expiresIn", 1...2_592_000, "Seconds until the rest goes back by itself."
    ).defaulting(to: 3600)
}

extension Param where Value == String {
    static let description = text("description", 1...500, "Why.")
    static let reference = text("referenceId", 1...200, "The caller's own; the same one twice is a conflict.")
}
