import Identifiers
import Postgres
import RPC

/// What a job pays out of what it has set aside, in the transaction of the results that it pays for.
struct JobBill: ~Copyable {
    struct Charge: Sendable {
        let amount: Int64
        /// Unique in the ledger: a task is paid once, whatever happens.
        let reference: String
        let description: String
        let provider: String?
    }

    static let actor = "rpcd"

    private let billing: Billing
    private var account: Account?
    private var hold: Hold?
    private let job: Job
    private var planned: Int64 = 0

    /// Locks the account where there is something to pay.
    init(_ tx: borrowing Transaction, _ job: Job, needed: Bool, by billing: Billing) throws {
        self.job = job
        self.billing = billing
        guard needed, let id = job.holdID else { return }
        account = try tx.first(Billing.lockAccount, job.workspaceID)
        hold = try tx.first(Billing.getHold, job.workspaceID, id)
    }

    /// What is set aside yet, where there was something to pay.
    var rest: Int64? { hold?.rest }

    /// - Returns: whether what is set aside, and not planned for already, is as much.
    mutating func plan(_ amount: Int64) -> Bool {
        guard let account, let hold, hold.expiresAt > account.now, hold.rest - planned >= amount else {
            return false
        }
        planned += amount
        return true
    }

    /// Writes a row of the ledger for each. All of them have been planned for.
    mutating func charge(_ tx: borrowing Transaction, _ charges: [Charge]) throws {
        guard !charges.isEmpty, var account, var hold else { return }
        let captures = charges.map { [hold] in
            CreditTransaction.Entry(
                kind: .capture, amount: $0.amount, relatedID: hold.id, description: $0.description,
                referenceID: $0.reference, provider: $0.provider)
        }
        hold = try billing.spend(
            tx, &account, of: hold, captures, by: JobBill.actor, job.id.description)
        billing.tell(tx, &account)
        billing.close(tx, account)
        self.hold = hold
    }
}
