import Identifiers
import Postgres
import RPC

extension Billing {
    /// Writes a change that the account has just made into the ledger. It travels with COMMIT.
    @discardableResult
    func post(
        _ tx: borrowing Transaction, _ account: Account, _ entry: CreditTransaction.Entry, by actor: String,
        _ requestID: String
    ) -> CreditTransaction {
        tx.queue(
            Billing.insertEntry, entry.id, account.workspaceID, account.seq, entry.kind.rawValue,
            entry.amount,
            account.balance, account.held, entry.relatedID, entry.description, entry.referenceID, actor,
            requestID, entry.expiresAt, entry.provider, expecting: 1)
        tx.note(transactions: [entry.id], of: account.workspaceID)
        return CreditTransaction(entry, after: account)
    }

    /// A row of the ledger, and what the account was with it.
    struct Posting: Sendable {
        let entry: CreditTransaction.Entry
        let (seq, balance, held): (Int64, Int64, Int64)

        init(_ entry: CreditTransaction.Entry, after account: Account) {
            self.entry = entry
            (seq, balance, held) = (account.seq, account.balance, account.held)
        }
    }

    /// Writes what was spent of a hold into the ledger, in one statement however much it is. It travels with COMMIT.
    func post(
        _ tx: borrowing Transaction, _ workspace: UUID, captures: [Posting], of hold: Hold, by actor: String,
        _ requestID: String
    ) {
        tx.queue(
            Billing.insertCaptures, workspace, hold.id, actor, requestID,
            UUIDArray(captures.map(\.entry.id)), IntegerArray(captures.map(\.seq)),
            IntegerArray(captures.map(\.entry.amount)), IntegerArray(captures.map(\.balance)),
            IntegerArray(captures.map(\.held)), TextArray(captures.map(\.entry.description)),
            TextArray(captures.map(\.entry.referenceID)), TextArray(captures.map(\.entry.provider)),
            expecting: captures.count)
        tx.note(transactions: captures.map(\.entry.id), of: workspace)
    }

    /// Has the account as it is now written.
    func close(_ tx: borrowing Transaction, _ account: Account) {
        tx.queue(
            Billing.saveAccount, account.workspaceID, account.balance, account.held, account.expiring,
            account.nextExpiry, account.seq, expecting: 1)
    }

    /// Does what follows of how much is available now, after each change, whatever has made it.
    func tell(_ tx: borrowing Transaction, _ account: inout Account) {
        if account.needsRecharge {
            tx.queue(
                Billing.insertAutoPurchase, UUID.random(), account.workspaceID, account.recharge.amount)
        }
        if let threshold = account.crossedThreshold {
            Event.creditsLow(available: account.available, threshold: threshold)
                .raise(tx, in: account.workspaceID)
        }
        account.notice()
    }

    /// What is over goes before anything else is done with the account.
    func expireIfDue(
        _ tx: borrowing Transaction, _ account: inout Account, by actor: String, _ requestID: String
    ) throws {
        if account.hasOverdueHolds {
            while case let holds = try tx.all(
                Billing.listOverdueHolds, account.workspaceID, Billing.holdsAtOnce),
                !holds.isEmpty
            {
                for hold in holds { _ = end(tx, &account, hold, status: "expired", by: actor, requestID) }
            }
        }
        if account.isDue { try expireGrants(tx, &account, by: actor, requestID) }
    }

    /// Of several calls in one transaction one must not be refused by the database, which would refuse all of them.
    func requireUnused(
        _ tx: borrowing Transaction, _ account: Account, _ reference: String?, of kind: CreditTransaction.Kind
    ) throws {
        guard account.isShared, let reference else { return }
        let isTaken =
            kind == .hold
            ? try tx.one(Billing.isHoldReferenceTaken, account.workspaceID, reference)
            : try tx.one(Billing.isReferenceTaken, account.workspaceID, kind.rawValue, reference)
        if isTaken { throw CallError(.conflict, "This referenceId has been used in this workspace") }
    }

    /// What is spent is taken from what expires first.
    func useUp(_ tx: borrowing Transaction, _ account: inout Account, _ amount: Int64) throws {
        guard account.expiring > 0 else { return }
        var rest = min(amount, account.expiring)
        while rest > 0 {
            let grants = try tx.all(Billing.listGrants, account.workspaceID, Billing.grantsAtOnce)
            guard !grants.isEmpty else { throw CallError(.internalError) }
            for grant in grants where rest > 0 {
                let used = min(grant.remaining, rest)
                tx.queue(Billing.updateGrant, grant.id, grant.remaining - used, expecting: 1)
                rest -= used
                account.useUp(expiring: used, next: nil)
            }
        }
        let next = account.expiring > 0 ? try tx.first(Billing.listGrants, account.workspaceID, 1) : nil
        account.useUp(expiring: 0, next: next?.expiresAt)
    }

    /// Each grant that is over goes, with a row of its own, save what is held: that is of what expires first, and goes when it is released.
    func expireGrants(
        _ tx: borrowing Transaction, _ account: inout Account, by actor: String, _ requestID: String
    ) throws {
        var kept = account.held
        for grant in try tx.all(Billing.listGrants, account.workspaceID, Billing.grantsAtOnce)
        where grant.expiresAt <= account.now {
            let stays = min(grant.remaining, kept)
            kept -= stays
            let gone = grant.remaining - stays
            guard gone > 0 else { continue }
            account.expire(gone)
            tx.queue(Billing.updateGrant, grant.id, stays, expecting: 1)
            post(
                tx, account, CreditTransaction.Entry(kind: .expiry, amount: gone, relatedID: grant.id),
                by: actor, requestID)
        }
        let next = try tx.first(Billing.listGrants, account.workspaceID, 1)
        account.useUp(expiring: 0, next: next?.expiresAt)
    }

    private static let holdsAtOnce = 500
    private static let grantsAtOnce = 100

    // MARK: methods

    func get(_ tx: borrowing Transaction, _ access: Access, _ workspace: UUID) throws -> Billed {
        guard let account = try tx.first(Billing.getAccount, workspace) else { throw CallError(.notFound) }
        return Billed(
            account: account, grants: try tx.all(Billing.listGrants, workspace, Billing.grantsAtOnce))
    }

    func addCredits(
        _ tx: borrowing Transaction, _ access: Access, _ account: inout Account, _ workspace: UUID,
        _ amount: Int64,
        _ type: String, _ expiresAt: Timestamp?, _ description: String?, _ referenceID: String?
    ) throws -> (id: UUID, value: CreditTransaction) {
        if let expiresAt, expiresAt <= account.now {
            throw CallError.fields([FieldError("expiresAt", .range, "has to be in the future")])
        }
        let kind: CreditTransaction.Kind = type == "bonus" ? .bonus : .purchase
        try requireUnused(tx, account, referenceID, of: kind)
        let entry = CreditTransaction.Entry(
            kind: kind, amount: amount, description: description, referenceID: referenceID,
            expiresAt: expiresAt)
        try account.add(amount, expiresAt: expiresAt)
        let made = post(tx, account, entry, by: access.actor, access.call.requestID)
        if let expiresAt {
            tx.queue(Billing.insertGrant, entry.id, workspace, amount, expiresAt, expecting: 1)
        }
        return (entry.id, made)
    }

    func debit(
        _ tx: borrowing Transaction, _ access: Access, _ account: inout Account, _ workspace: UUID,
        _ amount: Int64,
        _ description: String?, _ referenceID: String?
    ) throws -> (id: UUID, value: CreditTransaction) {
        try account.take(amount)
        try requireUnused(tx, account, referenceID, of: .debit)
        try useUp(tx, &account, amount)
        let entry = CreditTransaction.Entry(
            kind: .debit, amount: amount, description: description, referenceID: referenceID)
        let made = post(tx, account, entry, by: access.actor, access.call.requestID)
        return (entry.id, made)
    }

    /// What is given back does not expire, even where what was spent would have.
    func refund(
        _ tx: borrowing Transaction, _ access: Access, _ account: inout Account, _ workspace: UUID,
        _ transaction: UUID, _ amount: Int64?, _ description: String?
    ) throws -> (id: UUID, value: CreditTransaction) {
        guard let (taken, refunded) = try tx.first(Billing.findRefundable, workspace, transaction) else {
            throw CallError(.notFound, "No such debit or capture")
        }
        let amount = amount ?? taken - refunded
        guard amount > 0, amount <= taken - refunded else {
            throw CallError(.conflict, "Of \(taken) credits \(refunded) have been refunded already")
        }
        try account.add(amount)
        let entry = CreditTransaction.Entry(
            kind: .refund, amount: amount, relatedID: transaction, description: description)
        let made = post(tx, account, entry, by: access.actor, access.call.requestID)
        return (entry.id, made)
    }

    func transactions(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ limit: Int64,
        _ cursor: SeqCursor?,
        _ type: String?
    ) throws -> Page<CreditTransaction> {
        let end = cursor?.seq ?? .max
        let rows =
            if let type {
                try tx.all(Billing.listEntriesOfType, workspace, end, type, limit + 1)
            } else {
                try tx.all(Billing.listEntries, workspace, end, limit + 1)
            }
        return Page(rows, limit: limit) { SeqCursor(seq: $0.seq).text }
    }
}

extension Access {
    /// As the ledger has it: like the trail.
    var actor: String { call.caller.label(at: call.peer) }
}
