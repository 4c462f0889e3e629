import Postgres

/// For `rpcd_maintenance`.
extension Billing {
    static let countAccounts = Statement("SELECT count(*) FROM accounts") { try $0.get(0, as: Int64.self) }

    /// One statement, so one snapshot: what is changed meanwhile is seen as before or as after.
    static let sumAccounts = Statement(
        """
        SELECT a.workspace_id, a.balance, a.held, a.expiring, a.seq,
            l.rows, l.balance::bigint, l.held::bigint, l.last, l.breaks,
            h.rest::bigint, h.off, g.rest::bigint, g.off, r.over, p.off
        FROM (SELECT * FROM accounts WHERE ($1::uuid IS NULL OR workspace_id > $1) AND ($2::uuid IS NULL OR workspace_id = $2)
            ORDER BY workspace_id LIMIT $3) a,
        LATERAL (SELECT count(*) AS rows, coalesce(sum(change), 0) AS balance, coalesce(sum(held_change), 0) AS held,
                coalesce(max(seq), 0) AS last,
                count(*) FILTER (WHERE seq <> previous_seq + 1 OR balance_after <> previous_balance + change
                    OR held_after <> previous_held + held_change) AS breaks
            FROM (SELECT seq, balance_after, held_after, ledger_balance_change(type, amount) AS change,
                    ledger_held_change(type, amount) AS held_change,
                    lag(seq, 1, 0::bigint) OVER w AS previous_seq,
                    lag(balance_after, 1, 0::bigint) OVER w AS previous_balance,
                    lag(held_after, 1, 0::bigint) OVER w AS previous_held
                FROM ledger WHERE workspace_id = a.workspace_id WINDOW w AS (ORDER BY seq)) rows) l,
        LATERAL (SELECT coalesce(sum(h.amount - h.captured) FILTER (WHERE h.status = 'active'), 0) AS rest,
                count(*) FILTER (WHERE h.id IS NULL OR s.related_id IS NULL OR h.amount <> s.held OR h.captured <> s.captured
                    OR s.released <> CASE WHEN h.status = 'active' THEN 0 ELSE h.amount - h.captured END) AS off
            FROM (SELECT * FROM credit_holds WHERE workspace_id = a.workspace_id) h
            FULL JOIN (SELECT related_id, coalesce(sum(amount) FILTER (WHERE type = 'hold'), 0) AS held,
                    coalesce(sum(amount) FILTER (WHERE type = 'capture'), 0) AS captured,
                    coalesce(sum(amount) FILTER (WHERE type = 'release'), 0) AS released
                FROM ledger WHERE workspace_id = a.workspace_id AND type IN ('hold', 'capture', 'release')
                GROUP BY related_id) s ON s.related_id = h.id) h,
        LATERAL (SELECT coalesce(sum(g.remaining), 0) AS rest,
                count(*) FILTER (WHERE given.amount IS NULL OR g.remaining > given.amount - (SELECT coalesce(sum(e.amount), 0)
                    FROM ledger e WHERE e.related_id = g.transaction_id AND e.type = 'expiry')) AS off
            FROM credit_grants g LEFT JOIN ledger given
                ON given.id = g.transaction_id AND given.workspace_id = g.workspace_id AND given.type IN ('purchase', 'bonus')
            WHERE g.workspace_id = a.workspace_id) g,
        LATERAL (SELECT count(*) AS over FROM (SELECT related_id, sum(amount) AS refunded FROM ledger
                WHERE workspace_id = a.workspace_id AND type = 'refund' GROUP BY related_id) refunds
            LEFT JOIN ledger taken ON taken.id = refunds.related_id AND taken.type IN ('debit', 'capture')
            WHERE taken.amount IS NULL OR refunded > taken.amount) r,
        LATERAL (SELECT count(*) AS off
            FROM (SELECT * FROM credit_purchases WHERE workspace_id = a.workspace_id AND status = 'settled') p
            FULL JOIN (SELECT related_id, sum(amount) AS amount FROM ledger
                WHERE workspace_id = a.workspace_id AND type = 'purchase' AND related_id IS NOT NULL GROUP BY related_id) s
                ON s.related_id = p.id
            WHERE p.amount IS DISTINCT FROM s.amount) p
        ORDER BY a.workspace_id
        """, row: LedgerVerification.Sums.init)

    /// The deadline of the call bounds it; the safety net of other statements would be too short for an account of many years.
    static let liftStatementTimeout = Statement("SET LOCAL statement_timeout = 0")

    /// Part of the outcomes by their scope: the last of it, and how many made something which is not there: a transaction, a hold, a purchase.
    static let countOrphans = Statement(
        """
        SELECT max(k.scope::text)::bytea, count(*) FILTER (WHERE
            CASE WHEN result ? 'balanceAfter' THEN NOT EXISTS (SELECT FROM ledger WHERE id = (result ->> 'id')::uuid)
            WHEN result ? 'captured' THEN NOT EXISTS (SELECT FROM credit_holds WHERE id = (result ->> 'id')::uuid)
            WHEN result ? 'settledAt' THEN NOT EXISTS (SELECT FROM credit_purchases WHERE id = (result ->> 'id')::uuid)
            ELSE false END)
        FROM (SELECT scope, CASE WHEN NOT is_sealed THEN convert_from(outcome, 'UTF8')::jsonb -> 'result' END AS result
            FROM idempotency_keys WHERE $1::bytea IS NULL OR scope > $1 ORDER BY scope LIMIT $2) k
        """
    ) { (last: try $0.getOptional(0, as: [UInt8].self), orphans: try $0.get(1, as: Int64.self)) }
}
