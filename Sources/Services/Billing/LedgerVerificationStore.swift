import Postgres

/// For `rpcd_maintenance`.
extension Billing {
    static let countAccounts = Statement("SELECT count(*) FROM accounts") { try $0.get(0, as: Int64.self) }

    /// One statement, so one snapshot: what is changed meanwhile is seen as before or as after.
    static let sumAccounts = Statement(
        """
        SELECT a.workspace_id, a.balance, a.held, a.expiring, a.seq,
            l.rows, l.balance::bigint, l.held::bigint, l.last, l.breaks,
            h.rest::bigint, g.rest::bigint, h.captured::bigint, l.captured::bigint, r.over
        FROM (SELECT * FROM accounts WHERE ($1::uuid IS NULL OR workspace_id > $1) AND ($2::uuid IS NULL OR workspace_id = $2)
            ORDER BY workspace_id LIMIT $3) a,
        LATERAL (SELECT count(*) AS rows, coalesce(sum(change), 0) AS balance, coalesce(sum(held_change), 0) AS held,
                coalesce(max(seq), 0) AS last, coalesce(sum(amount) FILTER (WHERE type = 'capture'), 0) AS captured,
                count(*) FILTER (WHERE seq <> previous_seq + 1 OR balance_after <> previous_balance + change
                    OR held_after <> previous_held + held_change) AS breaks
            FROM (SELECT seq, type, amount, balance_after, held_after, ledger_balance_change(type, amount) AS change,
                    ledger_held_change(type, amount) AS held_change,
                    lag(seq, 1, 0::bigint) OVER w AS previous_seq,
                    lag(balance_after, 1, 0::bigint) OVER w AS previous_balance,
                    lag(held_after, 1, 0::bigint) OVER w AS previous_held
                FROM ledger WHERE workspace_id = a.workspace_id WINDOW w AS (ORDER BY seq)) rows) l,
        LATERAL (SELECT coalesce(sum(amount - captured) FILTER (WHERE status = 'active'), 0) AS rest,
                coalesce(sum(captured), 0) AS captured
            FROM credit_holds WHERE workspace_id = a.workspace_id) h,
        LATERAL (SELECT coalesce(sum(remaining), 0) AS rest FROM credit_grants WHERE workspace_id = a.workspace_id) g,
        LATERAL (SELECT count(*) AS over FROM (SELECT related_id, sum(amount) AS refunded FROM ledger
                WHERE workspace_id = a.workspace_id AND type = 'refund' GROUP BY related_id) refunds
            LEFT JOIN ledger taken ON taken.id = refunds.related_id AND taken.type IN ('debit', 'capture')
            WHERE taken.amount IS NULL OR refunded > taken.amount) r
        ORDER BY a.workspace_id
        """, row: LedgerVerification.Sums.init)

    /// Outcomes that are a transaction, which is not in the ledger.
    static let countOrphans = Statement(
        """
        SELECT count(*) FROM idempotency_keys k, LATERAL (SELECT
            CASE WHEN NOT k.is_sealed THEN convert_from(k.outcome, 'UTF8')::jsonb -> 'result' END AS result) o
        WHERE o.result ? 'balanceAfter'
            AND NOT EXISTS (SELECT FROM ledger l WHERE l.id = (o.result ->> 'id')::uuid)
        """
    ) { try $0.get(0, as: Int64.self) }
}
