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
            requestID, expecting: 1)
        return CreditTransaction(entry, after: account)
    }

    /// Ends a change of the account. What follows of its being lower than before happens here, once, whatever made it so.
    func close(_ tx: borrowing Transaction, _ account: Account) {
        tx.queue(
            Billing.saveAccount, account.workspaceID, account.balance, account.held, account.expiring,
            account.nextExpiry, account.seq, expecting: 1)
        if account.needsRecharge {
            tx.queue(
                Billing.insertAutoPurchase, UUID.random(), account.workspaceID, account.recharge.amount)
        }
        if let threshold = account.crossedThreshold {
            Event.creditsLow(available: account.available, threshold: threshold)
                .raise(tx, in: account.workspaceID)
        }
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

    /// Each grant that is over goes, with a row of its own, as far as nothing is held of it; the rest goes when that is released.
    func expireGrants(
        _ tx: borrowing Transaction, _ account: inout Account, by actor: String, _ requestID: String
    ) throws {
        while let grant = try tx.first(Billing.listGrants, account.workspaceID, 1),
            grant.expiresAt <= account.now
        {
            let gone = min(grant.remaining, account.available)
            guard gone > 0 else {
                // Everything that is left is held. It is looked at again with the next change.
                return
            }
            account.expire(gone)
            tx.queue(Billing.updateGrant, grant.id, grant.remaining - gone, expecting: 1)
            post(
                tx, account, CreditTransaction.Entry(kind: .expiry, amount: gone, relatedID: grant.id),
                by: actor, requestID)
        }
        let next = try tx.first(Billing.listGrants, account.workspaceID, 1)
        account.useUp(expiring: 0, next: next?.expiresAt)
    }

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
        let entry = CreditTransaction.Entry(
            kind: type == "bonus" ? .bonus : .purchase, amount: amount, description: description,
            referenceID: referenceID)
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
