import Identifiers
import Postgres

/// For `rpcd_maintenance`.
extension Billing {
    static let countAccounts = Statement(
        "SELECT count(*) FROM accounts WHERE $1::uuid IS NULL OR workspace_id = $1"
    ) { try $0.get(0, as: Int64.self) }

    static let listWithoutAccount = Statement(
        """
        SELECT w.id FROM workspaces w WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.workspace_id = w.id)
            AND ($1::uuid IS NULL OR w.id = $1) LIMIT $2
        """
    ) { try $0.get(0, as: UUID.self) }

    /// The deadline of the call bounds it; the safety net of other statements would be too short for an account of many years.
    static let liftStatementTimeout = Statement("SET LOCAL statement_timeout = 0")

    /// One statement, so one snapshot: what is changed meanwhile is seen as before or as after. What was altered may be any number, so sums
    /// are without bound, and are cut to 64 bits at the end.
    static let sumAccounts = Statement(
        """
        SELECT a.workspace_id, a.balance, a.held, a.expiring, a.seq,
            l.rows, greatest(least(l.balance, 9223372036854775807), -9223372036854775808)::bigint,
            greatest(least(l.held, 9223372036854775807), -9223372036854775808)::bigint, l.last, l.breaks,
            greatest(least(h.rest, 9223372036854775807), -9223372036854775808)::bigint, h.off,
            greatest(least(g.rest, 9223372036854775807), -9223372036854775808)::bigint, g.off, l.expirable,
            r.over, p.off, (a.next_expiry IS DISTINCT FROM g.next)::int::bigint
        FROM (SELECT * FROM accounts WHERE ($1::uuid IS NULL OR workspace_id > $1) AND ($2::uuid IS NULL OR workspace_id = $2)
            ORDER BY workspace_id LIMIT $3) a,
        LATERAL (SELECT count(*) AS rows, coalesce(sum(change), 0) AS balance, coalesce(sum(held_change), 0) AS held,
                coalesce(max(seq), 0) AS last, count(*) FILTER (WHERE expires_at IS NOT NULL) AS expirable,
                count(*) FILTER (WHERE seq <> previous_seq::numeric + 1 OR balance_after <> previous_balance::numeric + change
                    OR held_after <> previous_held::numeric + held_change) AS breaks
            FROM (SELECT seq, balance_after, held_after, expires_at, ledger_balance_change(type, amount) AS change,
                    ledger_held_change(type, amount) AS held_change,
                    lag(seq, 1, 0::bigint) OVER w AS previous_seq,
                    lag(balance_after, 1, 0::bigint) OVER w AS previous_balance,
                    lag(held_after, 1, 0::bigint) OVER w AS previous_held
                FROM ledger WHERE workspace_id = a.workspace_id WINDOW w AS (ORDER BY seq)) rows) l,
        LATERAL (SELECT coalesce(sum(h.amount::numeric - h.captured) FILTER (WHERE h.status = 'active'), 0) AS rest,
                count(*) FILTER (WHERE h.id IS NULL OR s.related_id IS NULL OR h.amount <> s.held OR h.captured <> s.captured
                    OR s.released <> CASE WHEN h.status IN ('released', 'expired') THEN h.amount::numeric - h.captured ELSE 0 END
                    OR (h.status = 'captured') <> (h.captured = h.amount)) AS off
            FROM (SELECT * FROM credit_holds WHERE workspace_id = a.workspace_id) h
            FULL JOIN (SELECT related_id, coalesce(sum(amount) FILTER (WHERE type = 'hold'), 0) AS held,
                    coalesce(sum(amount) FILTER (WHERE type = 'capture'), 0) AS captured,
                    coalesce(sum(amount) FILTER (WHERE type = 'release'), 0) AS released
                FROM ledger WHERE workspace_id = a.workspace_id AND type IN ('hold', 'capture', 'release')
                GROUP BY related_id) s ON s.related_id = h.id) h,
        LATERAL (SELECT coalesce(sum(g.remaining), 0) AS rest, min(g.expires_at) FILTER (WHERE g.remaining > 0) AS next,
                count(*) FILTER (WHERE g.expires_at IS DISTINCT FROM given.expires_at)
                + (SELECT count(*) FROM ledger e WHERE e.workspace_id = a.workspace_id AND e.type = 'expiry' AND NOT EXISTS
                    (SELECT FROM ledger i WHERE i.id = e.related_id AND i.workspace_id = e.workspace_id AND i.expires_at IS NOT NULL)) AS off
            FROM (SELECT * FROM credit_grants WHERE workspace_id = a.workspace_id) g
            FULL JOIN (SELECT id, expires_at FROM ledger
                WHERE workspace_id = a.workspace_id AND type IN ('purchase', 'bonus') AND expires_at IS NOT NULL) given
                ON given.id = g.transaction_id) g,
        LATERAL (SELECT count(*) AS over FROM (SELECT related_id, sum(amount) AS refunded FROM ledger
                WHERE workspace_id = a.workspace_id AND type = 'refund' GROUP BY related_id) refunds
            LEFT JOIN ledger taken ON taken.id = refunds.related_id AND taken.type IN ('debit', 'capture')
                AND taken.workspace_id = a.workspace_id
            WHERE taken.amount IS NULL OR refunded > taken.amount) r,
        LATERAL (SELECT count(*) AS off
            FROM (SELECT * FROM credit_purchases WHERE workspace_id = a.workspace_id AND status = 'settled') p
            FULL JOIN (SELECT related_id, sum(amount) AS amount, min(reference_id) AS reference_id FROM ledger
                WHERE workspace_id = a.workspace_id AND type = 'purchase' AND related_id IS NOT NULL GROUP BY related_id) s
                ON s.related_id = p.id
            WHERE (p.amount, p.reference_id) IS DISTINCT FROM (s.amount, s.reference_id)) p
        ORDER BY a.workspace_id
        """, row: LedgerVerification.Sums.init)

    // MARK: grants

    static let getSeq = Statement("SELECT seq FROM accounts WHERE workspace_id = $1") {
        try $0.get(0, as: Int64.self)
    }

    static let listRemaining = Statement(
        "SELECT transaction_id, remaining FROM credit_grants WHERE workspace_id = $1"
    ) { (id: try $0.get(0, as: UUID.self), remaining: try $0.get(1, as: Int64.self)) }

    static let listSpending = Statement(
        """
        SELECT seq, id, type, amount, related_id, expires_at FROM ledger
        WHERE workspace_id = $1 AND seq > $2 AND seq <= $3
            AND (expires_at IS NOT NULL OR type IN ('debit', 'capture', 'expiry'))
        ORDER BY seq LIMIT $4
        """, row: GrantReplay.Entry.init)

    // MARK: outcomes

    struct StoredOutcome: Sendable {
        let scope: [UInt8]
        let bytes: [UInt8]
    }

    /// Those that can be read without a key, by their scope.
    static let listOutcomes = Statement(
        """
        SELECT scope, outcome FROM idempotency_keys WHERE NOT is_sealed AND ($1::bytea IS NULL OR scope > $1) ORDER BY scope LIMIT $2
        """
    ) { StoredOutcome(scope: try $0.get(0), bytes: try $0.get(1)) }

    static let findEffects = Statement(
        """
        SELECT id, amount, balance_after FROM ledger WHERE id = ANY($1::uuid[])
        UNION ALL SELECT id, amount, 0 FROM credit_holds WHERE id = ANY($2::uuid[])
        UNION ALL SELECT id, amount, 0 FROM credit_purchases WHERE id = ANY($3::uuid[])
        """
    ) {
        (
            id: try $0.get(0, as: UUID.self), amount: try $0.get(1, as: Int64.self),
            balance: try $0.get(2, as: Int64.self)
        )
    }
}
