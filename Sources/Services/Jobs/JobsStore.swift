import Identifiers
import JSON
import Postgres

extension Jobs {
    static let getJob = Statement(
        """
        SELECT id, workspace_id, status, fields, keys, is_refresh, total, remaining, found, cached, not_found, exhausted, skipped, failed,
            estimated_credits, spent_credits, max_credits, hold_id, created_at, started_at, finished_at, version, created_by
        FROM jobs WHERE workspace_id = $1 AND id = $2
        """, row: Job.init)

    static let lockJob = Statement(
        """
        SELECT id, workspace_id, status, fields, keys, is_refresh, total, remaining, found, cached, not_found, exhausted, skipped, failed,
            estimated_credits, spent_credits, max_credits, hold_id, created_at, started_at, finished_at, version, created_by
        FROM jobs WHERE workspace_id = $1 AND id = $2 FOR UPDATE
        """, row: Job.init)

    static let listJobs = Statement(
        """
        SELECT id, workspace_id, status, fields, keys, is_refresh, total, remaining, found, cached, not_found, exhausted, skipped, failed,
            estimated_credits, spent_credits, max_credits, hold_id, created_at, started_at, finished_at, version, created_by
        FROM jobs WHERE workspace_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
            AND ($4::text IS NULL OR status = $4)
        ORDER BY created_at DESC, id DESC LIMIT $5
        """, row: Job.init)

    static let insertJob = Statement(
        """
        INSERT INTO jobs (id, workspace_id, fields, keys, is_refresh, priority, total, remaining, estimated_credits, max_credits, created_by)
        VALUES ($1, $2, $3::jsonb, $4, $5, $6, 0, 0, 0, $7, $8)
        """)

    /// Of a job that is being made.
    static let setTotal = Statement(
        """
        UPDATE jobs SET total = $3, remaining = $3, estimated_credits = $4, hold_id = $5 WHERE workspace_id = $1 AND id = $2
        """)

    static let insertTurn = Statement(
        """
        INSERT INTO job_turns (job_id, workspace_id, priority) SELECT id, workspace_id, priority FROM jobs WHERE id = $1
        ON CONFLICT DO NOTHING
        """)

    static let deleteTurn = Statement("DELETE FROM job_turns WHERE job_id = $1")

    /// Those that are there; nobody deletes them before the tasks are written.
    static let lockRecords = Statement(
        """
        SELECT id FROM records WHERE workspace_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR KEY SHARE
        """
    ) { try $0.get(0, as: UUID.self) }

    static let countRecords = Statement("SELECT count(*) FROM records WHERE workspace_id = $1") {
        try $0.get(0, as: Int64.self)
    }

    struct RecordFields: Sendable {
        let id: UUID
        let createdAt: Timestamp
        let fields: JSONText

        init(_ row: borrowing RowReader) throws {
            (id, createdAt, fields) = (try row.get(0), try row.get(1), try row.get(2))
        }
    }

    static let listFields = Statement(
        "SELECT id, created_at, fields FROM records WHERE workspace_id = $1 AND id = ANY($2::uuid[])",
        row: RecordFields.init)

    static let listAllFields = Statement(
        """
        SELECT id, created_at, fields FROM records WHERE workspace_id = $1 AND (created_at, id) > ($2, $3::uuid)
        ORDER BY created_at, id LIMIT $4
        """, row: RecordFields.init)

    /// What providers have answered that is new enough.
    static let listAnswers = Statement(
        """
        SELECT l.provider, l.input_hash, l.answer FROM lookups l
        JOIN unnest($2::text[], $3::bytea[]) t (p, h) ON (l.workspace_id, l.provider, l.input_hash) = ($1, t.p, t.h)
        WHERE l.answer IS NOT NULL AND l.answered_at >= $4
        """
    ) {
        (
            provider: try $0.get(0, as: String.self), hash: try $0.get(1, as: [UInt8].self),
            answer: try $0.get(2, as: JSONText.self)
        )
    }

    /// A task for each record and field, all fields of a record one after the other.
    static let insertTasks = Statement(
        """
        INSERT INTO job_tasks (job_id, seq, workspace_id, record_id, field)
        SELECT $1::uuid, (place - 1) * $4::bigint + f, $2::uuid, record_id, f
        FROM unnest($3::uuid[]) WITH ORDINALITY r (record_id, place), generate_series(0, $4::bigint - 1) f
        """)

    /// Nobody deletes the records before the job is there; one that is being deleted is waited for and passed over.
    static let insertTasksOfAll = Statement(
        """
        WITH there AS MATERIALIZED (SELECT id, created_at FROM records WHERE workspace_id = $2 ORDER BY id FOR KEY SHARE),
        numbered AS (SELECT id, row_number() OVER (ORDER BY created_at, id) AS place FROM there)
        INSERT INTO job_tasks (job_id, seq, workspace_id, record_id, field)
        SELECT $1::uuid, (place - 1) * $3::bigint + f, $2::uuid, id, f FROM numbered, generate_series(0, $3::bigint - 1) f
        """)

    /// What is known of the records of a job, each once.
    static let listTaskFields = Statement(
        """
        SELECT t.seq, r.fields FROM job_tasks t JOIN records r ON r.id = t.record_id
        WHERE t.workspace_id = $1 AND t.job_id = $2 AND t.field = 0 AND t.seq > $3 ORDER BY t.seq LIMIT $4
        """
    ) { (seq: try $0.get(0, as: Int64.self), fields: try $0.get(1, as: JSONText.self)) }

    static let setStatus = Statement(
        """
        UPDATE jobs SET status = $3, version = version + 1, finished_at = CASE WHEN $4 THEN now() END
        WHERE workspace_id = $1 AND id = $2
        """)

    static let countRunning = Statement(
        "SELECT count(*) FROM job_tasks WHERE job_id = $1 AND workspace_id = $2 AND state = 'running'"
    ) { try $0.get(0, as: Int64.self) }

    /// Failed ones, to be asked again.
    static let resetFailed = Statement(
        """
        UPDATE job_tasks SET state = 'waiting', status = NULL, error = NULL, failures = 0, due_at = now(), waits_since = NULL, failed = NULL
        WHERE job_id = $1 AND workspace_id = $2 AND state = 'done' AND status = 'failed'
        """)

    static let countFailedByField = Statement(
        """
        SELECT field, count(*) FROM job_tasks WHERE job_id = $1 AND workspace_id = $2 AND state = 'done' AND status = 'failed'
        GROUP BY field
        """
    ) { (field: try $0.get(0, as: Int.self), count: try $0.get(1, as: Int64.self)) }

    static let reopen = Statement(
        """
        UPDATE jobs SET status = 'pending', remaining = remaining + $3, failed = failed - $3, hold_id = $4, started_at = NULL, finished_at = NULL,
            version = version + 1
        WHERE workspace_id = $1 AND id = $2
        """)

    static let endJob = Statement(
        """
        UPDATE jobs SET status = $3, finished_at = coalesce(finished_at, now()), hold_id = NULL, version = version + 1
        WHERE workspace_id = $1 AND id = $2
        """)

    /// By the names that a call gave.
    static let listIDs = Statement(
        """
        SELECT id FROM records WHERE workspace_id = $1 AND external_id = ANY(ARRAY(SELECT jsonb_object_keys($2::jsonb)))
        ORDER BY created_at, id
        """
    ) { try $0.get(0, as: UUID.self) }

    /// A cancelled job's tasks that nobody has taken up are skipped.
    static let listResults = Statement(
        """
        SELECT t.seq, t.record_id, r.external_id, j.fields -> t.field::int ->> 'name',
            CASE WHEN t.state = 'waiting' AND j.status = 'cancelled' THEN 'skipped' ELSE t.status END,
            t.value, t.provider, t.confidence, t.attempts, t.cost,
            CASE WHEN t.state = 'waiting' AND j.status = 'cancelled' THEN 'The job was cancelled' ELSE t.error END
        FROM job_tasks t JOIN jobs j ON j.id = t.job_id JOIN records r ON r.id = t.record_id
        WHERE t.workspace_id = $1 AND t.job_id = $2 AND t.seq > $3 ORDER BY t.seq LIMIT $4
        """, row: TaskResult.init)

    /// Each job that has not ended has a turn.
    static let countOpen = Statement(
        "SELECT count(*) FROM (SELECT FROM job_turns WHERE workspace_id = $1 LIMIT $2) t"
    ) { try $0.get(0, as: Int64.self) }

    static let notify = Statement("SELECT pg_notify('rpcd_jobs', $1)")
}
