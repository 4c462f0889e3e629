import Identifiers
import Postgres
import RPC

/// Spending in two phases: set aside, then spend up to that, in parts, or give it back.
extension Billing {
    func createHold(
        _ tx: borrowing Transaction, _ access: Access, _ account: inout Account, _ workspace: UUID,
        _ amount: Int64,
        _ expiresIn: Int64, _ referenceID: String?
    ) throws -> (id: UUID, value: Hold) {
        let hold = try setAside(
            tx, &account, amount, seconds: expiresIn, referenceID: referenceID, for: .caller,
            by: access.actor,
            access.call.requestID)
        return (hold.id, hold)
    }

    func capture(
        _ tx: borrowing Transaction, _ access: Access, _ account: inout Account, _ workspace: UUID,
        _ id: UUID,
        _ amount: Int64
    ) throws -> (id: UUID, value: Hold) {
        let hold = try activeHold(tx, account, id)
        guard amount <= hold.rest else {
            throw CallError(.conflict, "The hold has \(hold.rest) credits left")
        }
        let next = try spend(
            tx, &account, of: hold, [CreditTransaction.Entry(kind: .capture, amount: amount, relatedID: id)],
            by: access.actor,
            access.call.requestID)
        return (id, next)
    }

    func release(
        _ tx: borrowing Transaction, _ access: Access, _ account: inout Account, _ workspace: UUID, _ id: UUID
    ) throws -> (id: UUID, value: Hold) {
        let hold = try activeHold(tx, account, id)
        let next = end(tx, &account, hold, status: "released", by: access.actor, access.call.requestID)
        if account.isDue { try expireGrants(tx, &account, by: access.actor, access.call.requestID) }
        return (id, next)
    }

    func listHolds(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ limit: Int64, _ cursor: Cursor?
    ) throws -> Page<Hold> {
        let rows = try tx.all(Billing.listHolds, workspace, cursor?.moment, cursor?.id, limit + 1)
        return Page(rows, limit: limit) { Cursor($0.createdAt, $0.id) }
    }

    /// A hold whose time is over is one no more, whether or not it has been released yet.
    private func activeHold(
        _ tx: borrowing Transaction, _ account: Account, _ id: UUID
    ) throws -> Hold {
        guard let hold = try tx.first(Billing.getHold, account.workspaceID, id) else {
            throw CallError(.notFound, "No such hold")
        }
        guard hold.purpose == .caller else {
            throw CallError(.conflict, "A job has set this aside; cancel the job instead")
        }
        guard hold.status == Hold.active, hold.expiresAt > account.now else {
            let status = hold.status == Hold.active ? "expired" : hold.status
            throw CallError(.conflict, "The hold is \(status)")
        }
        return hold
    }

    /// - Throws: `INSUFFICIENT_CREDITS`.
    func setAside(
        _ tx: borrowing Transaction, _ account: inout Account, _ amount: Int64, seconds: Int64,
        referenceID: String?,
        for purpose: Hold.Purpose, by actor: String, _ requestID: String
    ) throws -> Hold {
        try account.hold(amount)
        try requireUnused(tx, account, referenceID, of: .hold)
        let hold = Hold(
            id: UUID.random(), amount: amount, captured: 0, status: Hold.active, referenceID: referenceID,
            expiresAt: Timestamp(microseconds: account.now.microseconds + seconds * 1_000_000),
            createdAt: account.now, purpose: purpose)
        tx.queue(
            Billing.insertHold, hold.id, account.workspaceID, amount, referenceID, hold.expiresAt,
            purpose.rawValue, expecting: 1)
        post(
            tx, account, CreditTransaction.Entry(kind: .hold, amount: amount, relatedID: hold.id), by: actor,
            requestID)
        return hold
    }

    /// Of an active hold that has as much left as all of them together.
    func spend(
        _ tx: borrowing Transaction, _ account: inout Account, of hold: Hold,
        _ captures: [CreditTransaction.Entry],
        by actor: String, _ requestID: String
    ) throws -> Hold {
        var postings: [Posting] = []
        for entry in captures {
            account.capture(entry.amount)
            postings.append(Posting(entry, after: account))
        }
        let sum = captures.reduce(0) { $0 + $1.amount }
        try useUp(tx, &account, sum)
        let captured = hold.captured + sum
        let next = hold.with(captured: captured, status: captured == hold.amount ? "captured" : Hold.active)
        tx.queue(Billing.updateHold, hold.id, next.captured, next.status, expecting: 1)
        post(tx, account.workspaceID, captures: postings, of: hold, by: actor, requestID)
        return next
    }

    /// Gives back what jobs have set aside, when their workspace goes.
    func releaseJobHolds(
        _ tx: borrowing Transaction, _ account: inout Account, _ workspace: UUID, by actor: String,
        _ requestID: String
    ) throws {
        let holds = try tx.all(Billing.listJobHolds, workspace)
        guard !holds.isEmpty else { return }
        for hold in holds { _ = end(tx, &account, hold, status: "released", by: actor, requestID) }
        close(tx, account)
    }

    func end(
        _ tx: borrowing Transaction, _ account: inout Account, _ hold: Hold,
        status: String, by actor: String,
        _ requestID: String
    ) -> Hold {
        account.release(hold.rest)
        tx.queue(Billing.updateHold, hold.id, hold.captured, status, expecting: 1)
        post(
            tx, account,
            CreditTransaction.Entry(
                kind: .release, amount: hold.rest, relatedID: hold.id,
                description: status == "expired" ? "The hold has expired" : nil), by: actor, requestID)
        return hold.with(captured: hold.captured, status: status)
    }

    // MARK: upkeep

    /// Releases holds and takes grants whose time is over, and buys where the rule asks for it. Of several daemons one does it: the others
    /// do not wait for the account.
    func lookAfter(_ workspace: UUID, _ tx: borrowing Transaction) throws {
        tx.enter(workspace)
        guard try AdvisoryLock.tryToTake(tx, "upkeep", "\(workspace)") else { return }
        tx.queue(Billing.waitBriefly)
        guard var account = try tx.first(Billing.lockExistingAccount, workspace) else { return }
        try expireIfDue(tx, &account, by: Billing.upkeepActor, "upkeep")
        tell(tx, &account)
        if account.isChanged { close(tx, account) }
    }

    private static let upkeepActor = "rpcd"
}
