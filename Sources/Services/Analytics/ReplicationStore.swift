import AnalyticsStores
import Identifiers
import Postgres

/// For `rpcd_maintenance`: one daemon sends what every workspace has noted.
extension Replication {
    static let listNotes = Statement(
        """
        SELECT id, workspace_id, ledger_id, job_id, seq, void_at, created_at FROM analytics_outbox WHERE id > $1 ORDER BY id LIMIT $2
        """
    ) {
        Note(
            id: try $0.get(0), workspaceID: try $0.get(1), ledgerID: try $0.getOptional(2),
            jobID: try $0.getOptional(3), seq: try $0.getOptional(4), voidAt: try $0.getOptional(5),
            createdAt: try $0.get(6))
    }

    static let deleteNotes = Statement("DELETE FROM analytics_outbox WHERE id = ANY($1::bigint[])")

    static let listTransactions = Statement(
        "SELECT workspace_id, created_at, id, type, amount, provider FROM ledger WHERE id = ANY($1::uuid[])",
        row: CreditRow.init)

    /// What has no result any more, or none yet again, has no row.
    static let listResults = Statement(
        """
        SELECT t.workspace_id, t.finished_at, t.job_id, t.seq, t.record_id, t.field, t.status, t.provider, t.cost, t.confidence,
            t.attempts, t.calls
        FROM unnest($1::uuid[], $2::bigint[]) n (j, s), LATERAL (SELECT * FROM job_tasks WHERE job_id = n.j AND seq = n.s
            AND state = 'done' LIMIT 1) t
        """, row: Result.init)

    static let listFields = Statement("SELECT id, fields FROM jobs WHERE id = ANY($1::uuid[])") {
        (jobID: try $0.get(0, as: UUID.self), fields: try Job.fields(of: $0.get(1)))
    }

    // MARK: erasures

    static let listErasures = Statement(
        """
        SELECT id, workspace_id, record_id, is_repetition FROM analytics_erasures WHERE due_at <= now() ORDER BY due_at, id LIMIT $1
        """
    ) {
        DueErasure(
            id: try $0.get(0), erasure: Erasure(workspaceID: try $0.get(1), recordID: try $0.getOptional(2)),
            isRepetition: try $0.get(3))
    }

    /// Longer than a daemon that has lost its turn can still be sending.
    static let repeatErasures = Statement(
        """
        UPDATE analytics_erasures SET is_repetition = true, due_at = now() + interval '2 minutes' WHERE id = ANY($1::bigint[])
        """)

    static let deleteErasures = Statement("DELETE FROM analytics_erasures WHERE id = ANY($1::bigint[])")

    // MARK: what waits

    /// From the numbers of the first and the last note that could be dropped, and when the first was made. Numbers that were never used are
    /// counted along: it is an estimate.
    static let getBacklog = Statement(
        """
        SELECT coalesce((SELECT max(id) FROM analytics_outbox)
                - (SELECT id FROM analytics_outbox WHERE void_at IS NULL ORDER BY id LIMIT 1) + 1, 0),
            (SELECT created_at FROM analytics_outbox ORDER BY id LIMIT 1), now(),
            (SELECT since IS NOT NULL FROM analytics_gap)
        """
    ) {
        let (since, now) = (try $0.getOptional(1, as: Timestamp.self), try $0.get(2, as: Timestamp.self))
        return Backlog(
            notes: try $0.get(0),
            ageMicroseconds: since.map { max(0, now.microseconds - $0.microseconds) } ?? 0,
            hasGap: try $0.get(3))
    }

    /// How many could be dropped, where there are no more than $1.
    static let countNotes = Statement(
        "SELECT count(*) FROM (SELECT FROM analytics_outbox WHERE void_at IS NULL LIMIT $1) n"
    ) { try $0.get(0, as: Int64.self) }

    /// The oldest notes go; that they were there is kept. What takes something back stays, for it cannot be read anew.
    static let dropNotes = Statement(
        """
        WITH gone AS (
            DELETE FROM analytics_outbox WHERE id = ANY(ARRAY(SELECT id FROM analytics_outbox WHERE void_at IS NULL ORDER BY id LIMIT $1))
            RETURNING created_at
        ), noted AS (
            UPDATE analytics_gap SET since = least(since, (SELECT min(created_at) FROM gone)), changed_at = clock_timestamp()
            WHERE EXISTS (SELECT FROM gone)
        )
        SELECT count(*) FROM gone
        """
    ) { try $0.get(0, as: Int.self) }

    static let noteUse = Statement("UPDATE analytics_gap SET is_used = true WHERE NOT is_used")

    /// Where there has never been a store there is nothing to erase and nothing to take back.
    static let dropErasures = Statement(
        """
        DELETE FROM analytics_erasures WHERE id = ANY(ARRAY(SELECT id FROM analytics_erasures
            WHERE NOT (SELECT is_used FROM analytics_gap) ORDER BY id LIMIT $1))
        """)
    static let dropVoids = Statement(
        """
        DELETE FROM analytics_outbox WHERE id = ANY(ARRAY(SELECT id FROM analytics_outbox
            WHERE void_at IS NOT NULL AND NOT (SELECT is_used FROM analytics_gap) ORDER BY id LIMIT $1))
        """)

    // MARK: dead letters

    static let insertDeadLetter = Statement(
        """
        INSERT INTO analytics_dead_letters (workspace_id, ledger_id, job_id, seq, void_at, reason) SELECT $1, $2, $3, $4, $5, left($6, 500)
        WHERE NOT EXISTS (SELECT FROM analytics_dead_letters d
            WHERE d.workspace_id = $1 AND (d.ledger_id, d.job_id, d.seq, d.void_at) IS NOT DISTINCT FROM ($2, $3, $4, $5))
        """)

    static let listDeadLetters = Statement(
        """
        SELECT id, workspace_id, ledger_id, job_id, seq, reason, created_at FROM analytics_dead_letters
        WHERE (created_at, id) > ($1, $2::uuid) ORDER BY created_at, id LIMIT $3
        """, row: DeadLetter.init)

    /// Those of the list, or the oldest when none is given.
    static let replayDeadLetters = Statement(
        """
        WITH taken AS (
            DELETE FROM analytics_dead_letters WHERE id = ANY(CASE WHEN $1::uuid[] IS NOT NULL THEN $1::uuid[]
                ELSE ARRAY(SELECT id FROM analytics_dead_letters ORDER BY created_at, id LIMIT $2) END)
            RETURNING workspace_id, ledger_id, job_id, seq, void_at, created_at
        ), noted AS (
            -- As old as what they tell of: where they are dropped, that is read anew.
            INSERT INTO analytics_outbox (workspace_id, ledger_id, job_id, seq, void_at, created_at)
            SELECT t.workspace_id, t.ledger_id, t.job_id, t.seq, t.void_at, coalesce(l.created_at, k.finished_at, t.created_at)
            FROM taken t LEFT JOIN ledger l ON l.id = t.ledger_id LEFT JOIN job_tasks k ON k.job_id = t.job_id AND k.seq = t.seq
        )
        SELECT count(*) FROM taken
        """
    ) { try $0.get(0, as: Int64.self) }

    static let countDeadLetters = Statement("SELECT count(*) FROM analytics_dead_letters") {
        try $0.get(0, as: Int64.self)
    }

    // MARK: reading anew

    static let getGap = Statement("SELECT since, changed_at, done, total FROM analytics_gap") {
        Gap(
            since: try $0.getOptional(0), changedAt: try $0.get(1), done: try $0.get(2), total: try $0.get(3))
    }

    static let openGap = Statement(
        "UPDATE analytics_gap SET since = 'epoch', changed_at = clock_timestamp(), done = 0, total = 0")

    /// About how much there is, as the database keeps it for its plans.
    static let estimateAll = Statement(
        "SELECT sum(greatest(reltuples, 0))::bigint FROM pg_class WHERE oid IN ('ledger'::regclass, 'job_tasks'::regclass)"
    ) { try $0.get(0, as: Int64.self) }

    static let noteProgress = Statement(
        "UPDATE analytics_gap SET done = $1, total = $2 WHERE changed_at = $3")

    /// Nothing, when more has gone missing meanwhile.
    static let closeGap = Statement(
        "UPDATE analytics_gap SET since = NULL, done = $2, total = $2 WHERE changed_at = $1")

    /// A page, whatever in it is to be sent: reading on until a page is full of that could take for ever.
    static let listLedger = Statement(
        """
        SELECT workspace_id, created_at, id, type, amount, provider, seq FROM ledger
        WHERE (workspace_id, seq) > ($1::uuid, $2) ORDER BY workspace_id, seq LIMIT $3
        """
    ) { (row: try CreditRow($0), seq: try $0.get(6, as: Int64.self)) }

    /// Where a page of tasks ends; nothing where it is the last.
    static let getPageEnd = Statement(
        """
        SELECT job_id, seq FROM job_tasks WHERE (job_id, seq) > ($1::uuid, $2) ORDER BY job_id, seq OFFSET $3 - 1 LIMIT 1
        """
    ) { (try $0.get(0, as: UUID.self), try $0.get(1, as: Int64.self)) }

    /// What of a page is to be sent.
    static let listResultsSince = Statement(
        """
        SELECT workspace_id, finished_at, job_id, seq, record_id, field, status, provider, cost, confidence, attempts, calls
        FROM job_tasks WHERE (job_id, seq) > ($1::uuid, $2) AND ($3::uuid IS NULL OR (job_id, seq) <= ($3, $4))
            AND state = 'done' AND finished_at >= $5 ORDER BY job_id, seq LIMIT $6
        """, row: Result.init)

    // MARK: openings

    static let insertOpening = Statement(
        "INSERT INTO provider_openings (provider, workspace_id) SELECT $1, $2 WHERE $2::uuid IS NULL OR EXISTS (SELECT FROM workspaces WHERE id = $2)"
    )

    /// A few at a time.
    static let deleteOldOpenings = Statement(
        """
        DELETE FROM provider_openings WHERE id = ANY(ARRAY(SELECT id FROM provider_openings
            WHERE opened_at < now() - interval '400 days' ORDER BY opened_at LIMIT $1 FOR UPDATE SKIP LOCKED))
        """)
}

extension CreditRow {
    /// From workspace, time, id, type, amount, provider.
    init(_ row: borrowing RowReader) throws {
        self.init(
            key: Key(workspaceID: try row.get(0), at: try row.get(1), id: try row.get(2)),
            type: try row.get(3), amount: try row.get(4), provider: try row.getOptional(5))
    }
}
