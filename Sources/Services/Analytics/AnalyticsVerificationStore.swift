import AnalyticsStores
import Identifiers
import Postgres

/// For `rpcd_maintenance`: the operator's comparison spans workspaces.
extension Analytics {
    static let getBacklogEnds = Statement(
        "SELECT (SELECT min(id) FROM analytics_outbox), (SELECT max(id) FROM analytics_outbox)"
    ) { (first: try $0.getOptional(0, as: Int64.self), last: try $0.getOptional(1, as: Int64.self)) }

    /// Those that have an account, for credits also when they have been deleted.
    static let listWorkspaces = Statement(
        """
        SELECT a.workspace_id FROM accounts a
        WHERE ($1::uuid IS NULL OR a.workspace_id > $1) AND ($2::uuid IS NULL OR a.workspace_id = $2)
            AND ($3 = 'credits' OR EXISTS (SELECT FROM workspaces w WHERE w.id = a.workspace_id))
        ORDER BY a.workspace_id LIMIT $4
        """
    ) { try $0.get(0, as: UUID.self) }

    static let listKnown = Statement(
        """
        SELECT a.workspace_id FROM accounts a
        WHERE a.workspace_id = ANY($1::uuid[]) AND ($2 = 'credits' OR EXISTS (SELECT FROM workspaces w WHERE w.id = a.workspace_id))
        """
    ) { try $0.get(0, as: UUID.self) }

    static let sumLedgerDays = Statement(
        """
        SELECT workspace_id, floor(extract(epoch FROM created_at) / 86400)::bigint, count(*), sum(amount)::bigint,
            coalesce(sum(amount) FILTER (WHERE type IN ('debit', 'capture')), 0)::bigint
        FROM ledger WHERE workspace_id = ANY($1::uuid[]) AND created_at >= $2 GROUP BY 1, 2
        """, row: DaySums.init)

    static let sumResultDays = Statement(
        """
        SELECT j.workspace_id, floor(extract(epoch FROM t.finished_at) / 86400)::bigint, count(*), sum(t.cost)::bigint,
            count(*) FILTER (WHERE t.status = 'found')
        FROM jobs j JOIN job_tasks t ON t.job_id = j.id
        WHERE j.workspace_id = ANY($1::uuid[]) AND t.state = 'done' AND t.finished_at >= $2 GROUP BY 1, 2
        """, row: DaySums.init)

    static let sumWaitingCredits = Statement(
        """
        SELECT l.workspace_id, floor(extract(epoch FROM l.created_at) / 86400)::bigint, count(*), sum(l.amount)::bigint,
            coalesce(sum(l.amount) FILTER (WHERE l.type IN ('debit', 'capture')), 0)::bigint
        FROM analytics_outbox o JOIN ledger l ON l.id = o.ledger_id WHERE o.workspace_id = ANY($1::uuid[]) GROUP BY 1, 2
        """, row: DaySums.init)

    static let sumWaitingResults = Statement(
        """
        SELECT o.workspace_id, floor(extract(epoch FROM t.finished_at) / 86400)::bigint, count(*), sum(t.cost)::bigint,
            count(*) FILTER (WHERE t.status = 'found')
        FROM (SELECT DISTINCT workspace_id, job_id, seq FROM analytics_outbox WHERE job_id IS NOT NULL) o
            JOIN job_tasks t ON t.job_id = o.job_id AND t.seq = o.seq
        WHERE o.workspace_id = ANY($1::uuid[]) AND t.state = 'done' GROUP BY 1, 2
        """, row: DaySums.init)
}
