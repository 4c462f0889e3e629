import Identifiers
import Postgres

/// In the workspace of one job.
extension TaskQueue {
    /// Nothing came of asking: whoever wants may ask.
    static let letGo = Statement(
        """
        UPDATE lookups l SET asked_by = NULL, asked_until = NULL FROM unnest($2::uuid[], $3::text[], $4::bytea[]) t (w, p, h)
        WHERE (l.workspace_id, l.provider, l.input_hash) = (t.w, t.p, t.h) AND l.asked_by = $1
        """)

    static let storeAnswers = Statement(
        """
        UPDATE lookups l SET answer = t.a, answered_at = now(), asked_by = NULL, asked_until = NULL
        FROM unnest($2::uuid[], $3::text[], $4::bytea[], $5::jsonb[]) t (w, p, h, a)
        WHERE (l.workspace_id, l.provider, l.input_hash) = (t.w, t.p, t.h) AND l.asked_by = $1
        """)

    /// Before the tasks: whoever deletes a record has them in this order.
    static let lockRecords = Statement(
        "SELECT id FROM records WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
    ) { try $0.get(0, as: UUID.self) }

    /// Those that are this daemon's still; nobody changes them from here on, or moves them to another place.
    static let lockTasks = Statement(
        """
        SELECT t.seq FROM unnest($3::bigint[], $4::integer[]) t (seq, take), LATERAL (SELECT FROM job_tasks WHERE job_id = $2 AND seq = t.seq
            AND takes = t.take AND state = 'running' AND leased_by = $1 FOR UPDATE) k
        ORDER BY t.seq
        """
    ) { try $0.get(0, as: Int64.self) }

    /// Each task is found by its key, one after the other: PostgreSQL, which thinks that few run, would join all that run with all that are done.
    static let finish = Statement(
        """
        UPDATE job_tasks k SET state = 'done', status = t.status, value = t.value, provider = t.provider, confidence = t.confidence,
            cost = t.cost, error = t.error, attempts = k.attempts + t.calls, leased_by = NULL, lease_until = NULL, finished_at = now(),
            calls = coalesce(k.calls || t.asked, k.calls, t.asked)
        FROM unnest($3::bigint[], $4::integer[], $5::text[], $6::jsonb[], $7::text[], $8::float8[], $9::bigint[], $10::text[], $11::integer[],
            $12::jsonb[]) t (seq, take, status, value, provider, confidence, cost, error, calls, asked), LATERAL (SELECT ctid AS place FROM job_tasks WHERE job_id = $2 AND seq = t.seq AND takes = t.take AND state = 'running'
                AND leased_by = $1 LIMIT 1) found
        WHERE k.ctid = found.place
        """)

    /// They are taken up again when they are due.
    static let postpone = Statement(
        """
        UPDATE job_tasks k SET state = 'waiting', leased_by = NULL, lease_until = NULL,
            due_at = now() + make_interval(secs => t.seconds), attempts = k.attempts + t.calls, failures = k.failures + CASE t.reason WHEN 'failure' THEN 1 ELSE 0 END,
            waits_since = CASE t.reason WHEN 'rest' THEN coalesce(k.waits_since, now()) WHEN 'place' THEN NULL ELSE k.waits_since END,
            failed = coalesce(k.failed || t.failed, k.failed, t.failed),
            calls = coalesce(k.calls || t.asked, k.calls, t.asked)
        FROM unnest($3::bigint[], $4::integer[], $5::float8[], $6::text[], $7::jsonb[], $8::integer[], $9::jsonb[])
            t (seq, take, seconds, reason, failed, calls, asked), LATERAL (SELECT ctid AS place FROM job_tasks WHERE job_id = $2 AND seq = t.seq AND takes = t.take AND state = 'running'
                AND leased_by = $1 LIMIT 1) found
        WHERE k.ctid = found.place
        """)

    static let getSources = Statement(
        "SELECT id, fields, sources FROM records WHERE id = ANY($1::uuid[])", row: Enrichment.Row.init)

    /// What was found goes into the records, with where it came from.
    static let enrich = Statement(
        """
        UPDATE records r SET fields = r.fields || t.fields, sources = r.sources || t.sources, version = r.version + 1, updated_at = now()
        FROM unnest($1::uuid[], $2::jsonb[], $3::jsonb[]) t (id, fields, sources) WHERE r.id = t.id
        """)

    static let advance = Statement(
        """
        UPDATE jobs SET remaining = remaining - $2, found = found + $3, cached = cached + $4, not_found = not_found + $5,
            exhausted = exhausted + $6, skipped = skipped + $7, failed = failed + $8, spent_credits = spent_credits + $9
        WHERE id = $1
        """)
}
