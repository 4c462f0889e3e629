import Identifiers
import Postgres
import RPC

extension Billing {
    /// Locked until the end of the transaction. No row: there is no such workspace (any more).
    static let lockAccount = Statement(
        """
        SELECT workspace_id, balance, held, expiring, next_expiry, seq, plan, recharge_enabled, recharge_threshold,
            recharge_amount, recharge_rests_until, low_balance_thresholds, now()
        FROM accounts WHERE workspace_id = $1 AND EXISTS (SELECT FROM workspaces WHERE id = $1) FOR UPDATE
        """, row: Account.init)

    static let getAccount = Statement(
        """
        SELECT workspace_id, balance, held, expiring, next_expiry, seq, plan, recharge_enabled, recharge_threshold,
            recharge_amount, recharge_rests_until, low_balance_thresholds, now()
        FROM accounts WHERE workspace_id = $1
        """, row: Account.init)

    static let insertAccount = Statement("INSERT INTO accounts (workspace_id) VALUES ($1)")

    static let saveAccount = Statement(
        """
        UPDATE accounts SET balance = $2, held = $3, expiring = $4, next_expiry = $5, seq = $6 WHERE workspace_id = $1
        """)

    static let insertEntry = Statement(
        """
        INSERT INTO ledger (id, workspace_id, seq, type, amount, balance_after, held_after, related_id, description,
            reference_id, actor, request_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """)

    static let listEntries = Statement(
        """
        SELECT id, workspace_id, seq, type, amount, balance_after, related_id, description, reference_id, created_at
        FROM ledger WHERE workspace_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3
        """, row: CreditTransaction.init)

    static let listEntriesOfType = Statement(
        """
        SELECT id, workspace_id, seq, type, amount, balance_after, related_id, description, reference_id, created_at
        FROM ledger WHERE workspace_id = $1 AND seq < $2 AND type = $3 ORDER BY seq DESC LIMIT $4
        """, row: CreditTransaction.init)

    /// What was taken by a transaction, and what of it was given back.
    static let findRefundable = Statement(
        """
        SELECT amount, (SELECT coalesce(sum(r.amount), 0)::bigint FROM ledger r
            WHERE r.related_id = l.id AND r.type = 'refund')
        FROM ledger l WHERE workspace_id = $1 AND id = $2 AND type IN ('debit', 'capture')
        """
    ) { (amount: try $0.get(0, as: Int64.self), refunded: try $0.get(1, as: Int64.self)) }

    // MARK: grants

    struct Grant: Sendable {
        let id: UUID
        let remaining: Int64
        let expiresAt: Timestamp
    }

    static let insertGrant = Statement(
        "INSERT INTO credit_grants (transaction_id, workspace_id, remaining, expires_at) VALUES ($1, $2, $3, $4)"
    )

    /// Those that expire first, of the account that is locked.
    static let listGrants = Statement(
        """
        SELECT transaction_id, remaining, expires_at FROM credit_grants WHERE workspace_id = $1 AND remaining > 0
        ORDER BY expires_at, transaction_id LIMIT $2
        """
    ) { Grant(id: try $0.get(0), remaining: try $0.get(1), expiresAt: try $0.get(2)) }

    static let updateGrant = Statement("UPDATE credit_grants SET remaining = $2 WHERE transaction_id = $1")

    // MARK: holds

    static let insertHold = Statement(
        """
        INSERT INTO credit_holds (id, workspace_id, amount, reference_id, expires_at, purpose) VALUES ($1, $2, $3, $4, $5, $6)
        """)

    /// Of the account that is locked, so nobody else changes it.
    static let getHold = Statement(
        """
        SELECT id, amount, captured, status, reference_id, expires_at, created_at, purpose FROM credit_holds
        WHERE workspace_id = $1 AND id = $2
        """, row: Hold.init)

    static let updateHold = Statement("UPDATE credit_holds SET captured = $2, status = $3 WHERE id = $1")

    static let listHolds = Statement(
        """
        SELECT id, amount, captured, status, reference_id, expires_at, created_at, purpose FROM credit_holds
        WHERE workspace_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
        ORDER BY created_at, id LIMIT $4
        """, row: Hold.init)

    // MARK: upkeep

    /// Accounts with something that is over.
    static let listDue = Statement(
        """
        (SELECT workspace_id FROM credit_holds WHERE status = 'active' AND expires_at <= now() LIMIT $1)
        UNION (SELECT g.workspace_id FROM credit_grants g JOIN accounts a USING (workspace_id)
            WHERE g.remaining > 0 AND g.expires_at <= now() AND a.balance > a.held LIMIT $1)
        """
    ) { try $0.get(0, as: UUID.self) }

    /// Like `lockAccount`, whether or not the workspace is still there; skipped while somebody else has it.
    static let lockAnyAccount = Statement(
        """
        SELECT workspace_id, balance, held, expiring, next_expiry, seq, plan, recharge_enabled, recharge_threshold,
            recharge_amount, recharge_rests_until, low_balance_thresholds, now()
        FROM accounts WHERE workspace_id = $1 FOR UPDATE SKIP LOCKED
        """, row: Account.init)

    /// Like `lockAccount`, whether or not the workspace is still there.
    static let lockExistingAccount = Statement(
        """
        SELECT workspace_id, balance, held, expiring, next_expiry, seq, plan, recharge_enabled, recharge_threshold,
            recharge_amount, recharge_rests_until, low_balance_thresholds, now()
        FROM accounts WHERE workspace_id = $1 FOR UPDATE
        """, row: Account.init)

    static let listOverdueHolds = Statement(
        """
        SELECT id, amount, captured, status, reference_id, expires_at, created_at, purpose FROM credit_holds
        WHERE workspace_id = $1 AND status = 'active' AND expires_at <= now() ORDER BY expires_at, id LIMIT 100
        """, row: Hold.init)
}
