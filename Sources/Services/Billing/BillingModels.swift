import Identifiers
import Postgres
import RPC

/// A change of an account.
struct CreditTransaction: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        case purchase, bonus, debit, refund, hold, capture, release, expiry
    }

    let id: UUID
    let workspaceID: UUID
    let seq: Int64
    let type: String
    let amount: Int64
    let balanceAfter: Int64
    let relatedID: UUID?
    let description: String?
    let referenceID: String?
    let createdAt: Timestamp

    /// From the columns of ``Billing/listEntries``.
    init(_ row: borrowing RowReader) throws {
        id = try row.get(0)
        workspaceID = try row.get(1)
        seq = try row.get(2)
        type = try row.get(3)
        amount = try row.get(4)
        balanceAfter = try row.get(5)
        relatedID = try row.getOptional(6)
        description = try row.getOptional(7)
        referenceID = try row.getOptional(8)
        createdAt = try row.get(9)
    }

    /// As it is being written.
    init(_ entry: Entry, after account: Account) {
        id = entry.id
        workspaceID = account.workspaceID
        seq = account.seq
        type = entry.kind.rawValue
        amount = entry.amount
        balanceAfter = account.balance
        relatedID = entry.relatedID
        description = entry.description
        referenceID = entry.referenceID
        createdAt = account.now
    }

    /// What a caller or a rule says of a change.
    struct Entry: Sendable {
        let id = UUID.random()
        let kind: Kind
        let amount: Int64
        var relatedID: UUID?
        var description: String?
        var referenceID: String?
        /// Of credits that come.
        var expiresAt: Timestamp?
        /// Of credits that pay for what a provider has found.
        var provider: String?
    }

    static let shape: Shape<CreditTransaction> = .object(
        "Transaction",
        Field("id", .uuid, "The transaction.") { $0.id },
        Field("workspaceId", .uuid, "Whose account it changed.") { $0.workspaceID },
        Field("type", .string, "purchase, bonus, debit, refund, hold, capture, release or expiry.") {
            $0.type
        },
        Field("amount", .integer, "Credits, always positive; the type tells the direction.") { $0.amount },
        Field("balanceAfter", .integer, "The balance with it.") { $0.balanceAfter },
        Field(
            "relatedId", Shape.uuid.nullable,
            "Of a refund the debit or capture, of a hold, capture or release the hold, of an expiry the grant, of a purchase the purchase."
        ) { $0.relatedID },
        Field("description", Shape.string.nullable, "As it was given.") { $0.description },
        Field("referenceId", Shape.string.nullable, "The caller's own, unique in a workspace and type.") {
            $0.referenceID
        },
        Field("createdAt", .timestamp, "When.") { $0.createdAt })
}

/// Credits set aside.
struct Hold: Sendable {
    let id: UUID
    let amount: Int64
    let captured: Int64
    let status: String
    let referenceID: String?
    let expiresAt: Timestamp
    let createdAt: Timestamp
    let purpose: Purpose

    /// Who spends it.
    enum Purpose: String, Sendable {
        case caller, job
    }

    /// What is still set aside.
    var rest: Int64 { status == Hold.active ? amount - captured : 0 }

    static let active = "active"

    init(
        id: UUID, amount: Int64, captured: Int64, status: String, referenceID: String?, expiresAt: Timestamp,
        createdAt: Timestamp, purpose: Purpose
    ) {
        self.id = id
        self.amount = amount
        self.captured = captured
        self.status = status
        self.referenceID = referenceID
        self.expiresAt = expiresAt
        self.createdAt = createdAt
        self.purpose = purpose
    }

    /// From the columns of ``Billing/getHold``.
    init(_ row: borrowing RowReader) throws {
        self.init(
            id: try row.get(0), amount: try row.get(1), captured: try row.get(2), status: try row.get(3),
            referenceID: try row.getOptional(4), expiresAt: try row.get(5), createdAt: try row.get(6),
            purpose: Purpose(rawValue: try row.get(7)) ?? .caller)
    }

    /// The same, further on.
    func with(captured: Int64, status: String) -> Hold {
        Hold(
            id: id, amount: amount, captured: captured, status: status, referenceID: referenceID,
            expiresAt: expiresAt, createdAt: createdAt, purpose: purpose)
    }

    static let shape: Shape<Hold> = .object(
        "Hold",
        Field("id", .uuid, "The hold.") { $0.id },
        Field("amount", .integer, "What was set aside.") { $0.amount },
        Field("captured", .integer, "What of it was spent.") { $0.captured },
        Field("status", .string, "active, captured, released or expired.") { $0.status },
        Field("referenceId", Shape.string.nullable, "The caller's own, unique in a workspace.") {
            $0.referenceID
        },
        Field("expiresAt", .timestamp, "When the rest goes back by itself.") { $0.expiresAt },
        Field("createdAt", .timestamp, "When it was made.") { $0.createdAt })
}

/// What `billing.get` tells.
struct Billed: Sendable {
    let account: Account
    let grants: [Billing.Grant]

    static let shape: Shape<Billed> = .object(
        "Billing",
        Field("creditBalance", .integer, "Credits, those that are held included.") { $0.account.balance },
        Field("creditsHeld", .integer, "Set aside by holds.") { $0.account.held },
        Field("available", .integer, "What may be spent.") { $0.account.available },
        Field("plan", .string, "The plan.") { $0.account.plan },
        Field(
            "expiring",
            Shape.object(
                "ExpiringCredits", Field("amount", .integer, "Credits.") { $0.remaining },
                Field("expiresAt", .timestamp, "When they are gone.") { $0.expiresAt }
            ).list, "What expires, the first 100, soonest first; it is also spent first."
        ) { $0.grants },
        Field(
            "autoRecharge",
            AutoRecharge.shape, "See `billing.setAutoRecharge`."
        ) { $0.account.recharge },
        Field(
            "lowBalanceThresholds", Shape.integer.list, "See `billing.setLowBalanceThresholds`."
        ) { $0.account.lowBalanceThresholds })
}

extension Account {
    /// From the columns of ``Billing/getAccount``.
    init(_ row: borrowing RowReader) throws {
        self.init(
            workspaceID: try row.get(0), balance: try row.get(1), held: try row.get(2),
            expiring: try row.get(3), nextExpiry: try row.getOptional(4), seq: try row.get(5),
            plan: try row.get(6),
            recharge: AutoRecharge(
                isEnabled: try row.get(7), threshold: try row.get(8), amount: try row.get(9),
                restsUntil: try row.getOptional(10)),
            lowBalanceThresholds: try row.get(11, as: IntegerArray.self).values,
            hasOverdueHolds: try row.get(12), now: try row.get(13))
    }
}
