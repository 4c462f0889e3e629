import Identifiers
import JSON
import Postgres

/// For `rpcd_maintenance`: a daemon works for every workspace.
extension TaskQueue {
    /// Tasks of jobs whose turn it is, one job a workspace, whoever was served longest ago first.
    ///
    /// That a job has work is asked as a value and not by EXISTS, which PostgreSQL would make a join of over all tasks that wait.
    static let claim = Statement(
        """
        WITH turns AS (
            SELECT t.job_id FROM job_turns t
            WHERE t.job_id IN (SELECT DISTINCT ON (w.workspace_id) w.job_id FROM job_turns w
                    WHERE (SELECT true FROM job_tasks k WHERE k.job_id = w.job_id AND k.state = 'waiting' AND k.due_at <= now() LIMIT 1)
                    ORDER BY w.workspace_id, w.priority DESC, w.served_at)
            ORDER BY (SELECT max(served_at) FROM job_turns w WHERE w.workspace_id = t.workspace_id) LIMIT $2
            FOR UPDATE SKIP LOCKED
        ), picked AS (
            SELECT k.job_id, k.seq FROM turns, LATERAL (SELECT k.job_id, k.seq FROM job_tasks k
                WHERE k.job_id = turns.job_id AND k.state = 'waiting' AND k.due_at <= now()
                ORDER BY k.due_at, k.seq LIMIT (SELECT greatest($3, ceil($4::float8 / count(*))::bigint) FROM turns) FOR UPDATE SKIP LOCKED) k
            LIMIT $4
        ), jobs_picked AS (
            SELECT DISTINCT job_id FROM picked
        ), served AS (
            UPDATE job_turns t SET served_at = clock_timestamp() FROM jobs_picked p WHERE t.job_id = p.job_id
        ), started AS (
            UPDATE jobs j SET status = 'running', started_at = coalesce(j.started_at, now()), version = version + 1
            FROM jobs_picked p WHERE j.id = p.job_id AND j.status = 'pending'
        )
        UPDATE job_tasks k SET state = 'running', takes = k.takes + 1, attempts = k.attempts + 1, leased_by = $1, lease_until = now() + interval '15 seconds'
        FROM picked WHERE k.job_id = picked.job_id AND k.seq = picked.seq
        RETURNING k.job_id, k.seq, k.workspace_id, k.record_id, k.field, k.takes, k.failures, k.waits_since, k.failed
        """
    ) {
        ClaimedTask(
            jobID: try $0.get(0), seq: try $0.get(1), workspaceID: try $0.get(2), recordID: try $0.get(3),
            field: try $0.get(4), take: try $0.get(5), failures: try $0.get(6),
            waitsSince: try $0.getOptional(7),
            failed: try $0.getOptional(8, as: JSONText.self).map(ClaimedTask.failed(in:)) ?? [:])
    }

    static let getJob = Statement(
        """
        SELECT id, workspace_id, status, fields, keys, is_refresh, total, remaining, found, cached, not_found, exhausted, skipped, failed,
            estimated_credits, spent_credits, max_credits, hold_id, created_at, started_at, finished_at, version, created_by
        FROM jobs WHERE id = ANY($1::uuid[])
        """, row: Job.init)

    /// What jobs may spend yet.
    static let listBudgets = Statement(
        """
        SELECT j.id, h.amount - h.captured FROM jobs j JOIN credit_holds h ON h.id = j.hold_id
        WHERE j.id = ANY($1::uuid[]) AND h.status = 'active' AND h.expires_at > now()
        """
    ) { (job: try $0.get(0, as: UUID.self), rest: try $0.get(1, as: Int64.self)) }

    static let getRecords = Statement("SELECT id, fields FROM records WHERE id = ANY($1::uuid[])") {
        (id: try $0.get(0, as: UUID.self), fields: try $0.get(1, as: JSONText.self))
    }

    static let countOpen = Statement(
        "SELECT count(*), coalesce(sum(j.remaining), 0)::bigint FROM job_turns t JOIN jobs j ON j.id = t.job_id"
    ) { (jobs: try $0.get(0, as: Int64.self), tasks: try $0.get(1, as: Int64.self)) }

    static let heartbeat = Statement(
        """
        UPDATE job_tasks k SET lease_until = now() + interval '15 seconds'
        FROM unnest($2::uuid[], $3::bigint[]) t (job_id, seq), LATERAL (SELECT ctid AS place FROM job_tasks WHERE job_id = t.job_id AND seq = t.seq
            AND state = 'running' AND leased_by = $1 LIMIT 1 FOR UPDATE SKIP LOCKED) found
        WHERE k.ctid = found.place
        """)

    static let heartbeatLookups = Statement(
        """
        UPDATE lookups l SET asked_until = now() + interval '15 seconds' FROM unnest($2::uuid[], $3::text[], $4::bytea[]) t (w, p, h)
        WHERE (l.workspace_id, l.provider, l.input_hash) = (t.w, t.p, t.h) AND l.asked_by = $1
        """)

    /// What a daemon had taken up that gives no sign any more.
    static let rescue = Statement(
        """
        UPDATE job_tasks SET state = 'waiting', leased_by = NULL, lease_until = NULL, due_at = now()
        WHERE (job_id, seq) IN (SELECT job_id, seq FROM job_tasks WHERE state = 'running' AND lease_until < now()
            LIMIT $1 FOR UPDATE SKIP LOCKED)
        """)

    // MARK: lookups

    /// Takes it upon this daemon to ask. No row: the answer is known, or somebody else is asking.
    static let reserve = Statement(
        """
        INSERT INTO lookups AS l (workspace_id, provider, input_hash, asked_by, asked_until, fresh_after, record_id)
        SELECT w, p, h, $1, now() + interval '15 seconds', f, r
        FROM unnest($2::uuid[], $3::text[], $4::bytea[], $5::timestamptz[], $6::uuid[]) t (w, p, h, f, r)
        ORDER BY w, p, h
        ON CONFLICT (workspace_id, provider, input_hash) DO UPDATE
        SET asked_by = excluded.asked_by, asked_until = excluded.asked_until, fresh_after = excluded.fresh_after
        WHERE (l.asked_until IS NULL OR l.asked_until < now()) AND (l.answer IS NULL OR l.answered_at < excluded.fresh_after)
        RETURNING workspace_id, provider, input_hash
        """
    ) { LookupKey(workspaceID: try $0.get(0), provider: try $0.get(1), hash: try $0.get(2)) }

    static let findAnswers = Statement(
        """
        SELECT l.workspace_id, l.provider, l.input_hash, l.answer, l.answered_at FROM lookups l
        JOIN unnest($1::uuid[], $2::text[], $3::bytea[], $4::timestamptz[]) t (w, p, h, f)
            ON (l.workspace_id, l.provider, l.input_hash) = (t.w, t.p, t.h)
        WHERE l.answer IS NOT NULL AND l.answered_at >= t.f
        """
    ) {
        (
            key: LookupKey(workspaceID: try $0.get(0), provider: try $0.get(1), hash: try $0.get(2)),
            answer: try $0.get(3, as: JSONText.self), answeredAt: try $0.get(4, as: Timestamp.self)
        )
    }

    // MARK: ends

    static let listEnding = Statement(
        """
        (SELECT id, workspace_id FROM jobs WHERE remaining = 0 AND status IN ('pending', 'running', 'paused') LIMIT $1)
        UNION ALL (SELECT id, workspace_id FROM jobs WHERE status = 'cancelled' AND hold_id IS NOT NULL LIMIT $1)
        """
    ) { (id: try $0.get(0, as: UUID.self), workspaceID: try $0.get(1, as: UUID.self)) }

    /// Answers that are too old, and questions that nobody asks any more and that were never answered.
    static let deleteOldLookups = Statement(
        """
        DELETE FROM lookups WHERE (workspace_id, provider, input_hash) IN (
            SELECT * FROM (SELECT workspace_id, provider, input_hash FROM lookups
                WHERE answered_at < now() - make_interval(secs => $1) ORDER BY answered_at LIMIT $2 FOR UPDATE SKIP LOCKED) old
            UNION ALL SELECT * FROM (SELECT workspace_id, provider, input_hash FROM lookups
                WHERE answered_at IS NULL AND coalesce(asked_until < now() - interval '1 hour', true) LIMIT $2 FOR UPDATE SKIP LOCKED) unanswered
            LIMIT $2)
        """)
}
