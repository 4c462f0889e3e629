import Identifiers
import Postgres
import RPC

extension Billing {
    /// Locked until the end of the transaction. No row: there is no such workspace (any more).
    static let lockAccount = Statement(
        """
        SELECT workspace_id, balance, held, expiring, next_expiry, seq, plan, recharge_enabled, recharge_threshold,
            recharge_amount, recharge_rests_until, low_balance_thresholds,
            held > 0 AND EXISTS (SELECT FROM credit_holds h WHERE h.workspace_id = $1 AND h.status = 'active' AND h.expires_at <= now()),
            now()
        FROM accounts WHERE workspace_id = $1 AND EXISTS (SELECT FROM workspaces WHERE id = $1) FOR UPDATE
        """, row: Account.init)

    static let getAccount = Statement(
        """
        SELECT workspace_id, balance, held, expiring, next_expiry, seq, plan, recharge_enabled, recharge_threshold,
            recharge_amount, recharge_rests_until, low_balance_thresholds,
            held > 0 AND EXISTS (SELECT FROM credit_holds h WHERE h.workspace_id = $1 AND h.status = 'active' AND h.expires_at <= now()),
            now()
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
            reference_id, actor, request_id, expires_at, provider)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        """)

    static let insertCaptures = Statement(
        """
        INSERT INTO ledger (id, workspace_id, seq, type, amount, balance_after, held_after, related_id, description, reference_id, actor,
            request_id, provider)
        SELECT t.id, $1, t.seq, 'capture', t.amount, t.balance, t.held, $2, t.description, t.reference, $3, $4, t.provider
        FROM unnest($5::uuid[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::text[])
            t (id, seq, amount, balance, held, description, reference, provider)
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

    static let isReferenceTaken = Statement(
        "SELECT EXISTS (SELECT FROM ledger WHERE workspace_id = $1 AND type = $2 AND reference_id = $3)"
    ) { try $0.get(0, as: Bool.self) }

    static let isHoldReferenceTaken = Statement(
        "SELECT EXISTS (SELECT FROM credit_holds WHERE workspace_id = $1 AND reference_id = $2)"
    ) { try $0.get(0, as: Bool.self) }

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

    /// What jobs have set aside, when the workspace goes: no more than there can be jobs under way.
    static let listJobHolds = Statement(
        """
        SELECT id, amount, captured, status, reference_id, expires_at, created_at, purpose FROM credit_holds
        WHERE workspace_id = $1 AND status = 'active' AND purpose = 'job' LIMIT 100000
        """, row: Hold.init)

    static let updateHold = Statement("UPDATE credit_holds SET captured = $2, status = $3 WHERE id = $1")

    static let listHolds = Statement(
        """
        SELECT id, amount, captured, status, reference_id, expires_at, created_at, purpose FROM credit_holds
        WHERE workspace_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
        ORDER BY created_at, id LIMIT $4
        """, row: Hold.init)

    // MARK: upkeep

    /// Accounts with something that is over, by their ids.
    static let listDue = Statement(
        """
        SELECT workspace_id FROM (
            SELECT workspace_id FROM credit_holds WHERE status = 'active' AND expires_at <= now()
            UNION SELECT g.workspace_id FROM credit_grants g JOIN accounts a USING (workspace_id)
                WHERE g.remaining > 0 AND g.expires_at <= now() GROUP BY g.workspace_id, a.held HAVING sum(g.remaining) > a.held) due
        WHERE $1::uuid IS NULL OR workspace_id > $1 ORDER BY workspace_id LIMIT $2
        """
    ) { try $0.get(0, as: UUID.self) }

    /// Accounts below the threshold of the rule that buys, for which nobody buys: that the rule was set, a purchase has failed or a call was
    /// refused has changed no credits.
    static let listRecharges = Statement(
        """
        SELECT a.workspace_id FROM accounts a JOIN workspaces w ON w.id = a.workspace_id
        WHERE a.recharge_enabled AND a.balance - a.held < a.recharge_threshold
            AND (a.recharge_rests_until IS NULL OR a.recharge_rests_until <= now())
            AND NOT EXISTS (SELECT FROM credit_purchases p
                WHERE p.workspace_id = a.workspace_id AND p.status = 'pending' AND p.origin = 'auto')
            AND ($1::uuid IS NULL OR a.workspace_id > $1)
        ORDER BY a.workspace_id LIMIT $2
        """
    ) { try $0.get(0, as: UUID.self) }

    /// Upkeep waits for nobody for long: what is busy now has its turn a second later.
    static let waitBriefly = Statement("SET LOCAL lock_timeout = '2s'")

    /// Like `lockAccount`, whether or not the workspace is still there.
    static let lockExistingAccount = Statement(
        """
        SELECT workspace_id, balance, held, expiring, next_expiry, seq, plan, recharge_enabled, recharge_threshold,
            recharge_amount, recharge_rests_until, low_balance_thresholds,
            held > 0 AND EXISTS (SELECT FROM credit_holds h WHERE h.workspace_id = $1 AND h.status = 'active' AND h.expires_at <= now()),
            now()
        FROM accounts WHERE workspace_id = $1 FOR UPDATE
        """, row: Account.init)

    static let listOverdueHolds = Statement(
        """
        SELECT id, amount, captured, status, reference_id, expires_at, created_at, purpose FROM credit_holds
        WHERE workspace_id = $1 AND status = 'active' AND expires_at <= now() ORDER BY expires_at, id LIMIT $2
        """, row: Hold.init)
}
