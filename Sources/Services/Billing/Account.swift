import Identifiers
import JSON
import RPC

/// A workspace's account, locked, as it is and as it will be: every rule about credits is here, in 64-bit integers that do not wrap.
struct Account: Sendable {
    let workspaceID: UUID
    private(set) var balance: Int64
    private(set) var held: Int64
    /// Of the balance, what will expire.
    private(set) var expiring: Int64
    private(set) var nextExpiry: Timestamp?
    private(set) var seq: Int64
    let plan: String
    var recharge: AutoRecharge
    /// When less than one of these is available, somebody is told.
    let lowBalanceThresholds: [Int64]
    /// Whether something was set aside whose time is over.
    let hasOverdueHolds: Bool
    /// Whether several calls change it in one transaction: then one must not make the database refuse all of them.
    var isShared = false
    /// What might have been spent when somebody was last told of it.
    private var availableBefore: Int64
    private var hasAskedForMore = false
    private let seqBefore: Int64
    /// When the transaction began, by the database.
    let now: Timestamp

    /// What may be spent.
    var available: Int64 { balance - held }

    init(
        workspaceID: UUID, balance: Int64, held: Int64, expiring: Int64, nextExpiry: Timestamp?, seq: Int64,
        plan: String, recharge: AutoRecharge, lowBalanceThresholds: [Int64],
        hasOverdueHolds: Bool, now: Timestamp
    ) {
        self.workspaceID = workspaceID
        self.balance = balance
        self.held = held
        self.expiring = expiring
        self.nextExpiry = nextExpiry
        self.seq = seq
        self.plan = plan
        self.recharge = recharge
        self.lowBalanceThresholds = lowBalanceThresholds
        self.hasOverdueHolds = hasOverdueHolds
        availableBefore = balance - held
        seqBefore = seq
        self.now = now
    }

    /// Whether something has to expire before anything else happens.
    var isDue: Bool { nextExpiry.map { $0 <= now } ?? false }

    /// Whether anything was changed since it was read.
    var isChanged: Bool { seq != seqBefore }

    /// The lowest threshold that what is available has fallen below since ``notice()``.
    var crossedThreshold: Int64? {
        lowBalanceThresholds.filter { available < $0 && $0 <= availableBefore }.min()
    }

    /// Whether the rule that buys by itself asks for more.
    var needsRecharge: Bool {
        !hasAskedForMore && recharge.isEnabled && available < recharge.threshold
            && (recharge.restsUntil.map { $0 <= now } ?? true)
    }

    /// Whoever has to hear of it has been told how much is available now.
    mutating func notice() {
        if needsRecharge { hasAskedForMore = true }
        availableBefore = available
    }

    // MARK: changes

    /// - Throws: `CONFLICT` when no 64-bit integer holds the sum.
    mutating func add(_ amount: Int64, expiresAt: Timestamp? = nil) throws(CallError) {
        let (sum, overflow) = balance.addingReportingOverflow(amount)
        guard !overflow else {
            throw CallError(.conflict, "The balance would be more than \(Int64.max) credits")
        }
        balance = sum
        if let expiresAt {
            expiring += amount
            nextExpiry = min(nextExpiry ?? expiresAt, expiresAt)
        }
        seq += 1
    }

    /// - Throws: `INSUFFICIENT_CREDITS`.
    mutating func take(_ amount: Int64) throws(CallError) {
        try require(amount)
        balance -= amount
        seq += 1
    }

    /// - Throws: `INSUFFICIENT_CREDITS`.
    mutating func hold(_ amount: Int64) throws(CallError) {
        try require(amount)
        held += amount
        seq += 1
    }

    /// Of what is held.
    mutating func capture(_ amount: Int64) {
        held -= amount
        balance -= amount
        seq += 1
    }

    mutating func release(_ amount: Int64) {
        held -= amount
        seq += 1
    }

    /// What expires is gone; what is held stays until it is released.
    mutating func expire(_ amount: Int64) {
        balance -= amount
        expiring -= amount
        seq += 1
    }

    /// What is spent of credits that would expire, and when the first of the others does.
    mutating func useUp(expiring amount: Int64, next: Timestamp?) {
        expiring -= amount
        nextExpiry = next
    }

    private func require(_ amount: Int64) throws(CallError) {
        guard amount <= available else { throw .insufficientCredits(required: amount, available: available) }
    }
}

/// What is bought by itself when little is left.
struct AutoRecharge: Sendable {
    let isEnabled: Bool
    let threshold: Int64
    let amount: Int64
    let restsUntil: Timestamp?
}

extension CallError {
    static func insufficientCredits(required: Int64, available: Int64) -> CallError {
        CallError(
            .insufficientCredits,
            details: JSONWriter.object { writer in
                writer.key("required")
                writer.int(required)
                writer.key("available")
                writer.int(available)
            })
    }
}
