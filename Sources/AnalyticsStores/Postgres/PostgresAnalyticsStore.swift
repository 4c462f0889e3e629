import Identifiers
import JSON
import Postgres

/// On the database of analytics, which is not that of everything else.
extension PostgresAnalytics {
    static let getSystemIdentifier = Statement(
        "SELECT system_identifier::text FROM pg_control_system()"
    ) { try $0.get(0, as: String.self) }

    /// Ends the session where the instance is that one, and with it the transaction: before anything else of it is done.
    static let leave = Statement(
        """
        SELECT CASE WHEN system_identifier::text = $1 THEN pg_terminate_backend(pg_backend_pid()) END FROM pg_control_system()
        """)

    // MARK: writing

    /// A row that is there stays as it is, but where it is taken back, or kept for another time from now on.
    static let insertEnrichment = Statement(
        """
        INSERT INTO enrichment AS e (workspace_id, at, job_id, seq, record_id, field, is_first_field, status, provider, cost, confidence,
            attempts, calls, is_void, keep_until)
        SELECT t.w, t.at, t.j, t.s, t.r, t.f, t.first, t.status, t.provider, t.cost, t.confidence, t.attempts, t.calls, t.void,
            t.at + make_interval(secs => $15::bigint)
        FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::bigint[], $5::uuid[], $6::text[], $7::boolean[], $8::text[], $9::text[],
            $10::bigint[], $11::float8[], $12::bigint[], $13::jsonb[], $14::boolean[])
            t (w, at, j, s, r, f, first, status, provider, cost, confidence, attempts, calls, void)
        ON CONFLICT (workspace_id, at, job_id, seq) DO UPDATE SET is_void = e.is_void OR excluded.is_void, keep_until = excluded.keep_until
        WHERE (excluded.is_void AND NOT e.is_void) OR e.keep_until <> excluded.keep_until
        """)

    static let insertCredits = Statement(
        """
        INSERT INTO credits AS c (workspace_id, at, id, type, amount, source, provider, keep_until)
        SELECT t.w, t.at, t.id, t.type, t.amount, t.source, t.provider, t.at + make_interval(secs => $8::bigint)
        FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::text[])
            t (w, at, id, type, amount, source, provider)
        ON CONFLICT (workspace_id, at, id) DO UPDATE SET keep_until = excluded.keep_until WHERE c.keep_until <> excluded.keep_until
        """)

    static let eraseRecords = Statement(
        """
        DELETE FROM enrichment e USING unnest($1::uuid[], $2::uuid[]) t (w, r)
        WHERE e.workspace_id = t.w AND e.record_id = t.r
        """)

    static let eraseWorkspaces = Statement("DELETE FROM enrichment WHERE workspace_id = ANY($1::uuid[])")

    /// A few at a time.
    static let deleteOldEnrichment = Statement(
        """
        DELETE FROM enrichment WHERE ctid = ANY(ARRAY(SELECT ctid FROM enrichment WHERE keep_until < now() LIMIT $1))
        """)

    static let deleteOldCredits = Statement(
        "DELETE FROM credits WHERE ctid = ANY(ARRAY(SELECT ctid FROM credits WHERE keep_until < now() LIMIT $1))"
    )

    // MARK: reading

    /// What a question may take: reading a whole range in its order is what it does.
    static let allowReading = Statement("SET LOCAL enable_seqscan = on")
    static let boundMemory = Statement("SET LOCAL work_mem = '64MB'")

    static let sumEnrichment = Statement(
        """
        SELECT CASE $4 WHEN 'provider' THEN provider WHEN 'field' THEN field ELSE '' END,
            CASE WHEN $5::bigint[] = '{}' THEN 0 ELSE ($5::bigint[])[width_bucket(floor(extract(epoch FROM at))::bigint, $5::bigint[])] END,
            count(*) FILTER (WHERE is_first_field), count(*) FILTER (WHERE status = 'found'), count(*) FILTER (WHERE status = 'cached'),
            count(*) FILTER (WHERE status = 'not_found'), count(*) FILTER (WHERE status = 'exhausted'),
            count(*) FILTER (WHERE status = 'skipped'), count(*) FILTER (WHERE status = 'failed'), sum(cost)::bigint
        FROM enrichment
        WHERE workspace_id = $1 AND at >= $2 AND at < $3 AND NOT is_void AND ($6::text IS NULL OR provider = $6)
            AND ($7::text IS NULL OR field = $7) AND ($8::uuid IS NULL OR job_id = $8)
        GROUP BY 1, 2 LIMIT $9
        """
    ) {
        EnrichmentSums(
            key: SumKey(name: try $0.get(0), start: try $0.get(1)), records: try $0.get(2),
            found: try $0.get(3), cached: try $0.get(4), notFound: try $0.get(5), exhausted: try $0.get(6),
            skipped: try $0.get(7), failed: try $0.get(8), cost: try $0.get(9))
    }

    static let sumCredits = Statement(
        """
        SELECT CASE $4 WHEN 'provider' THEN provider WHEN 'source' THEN source ELSE '' END,
            CASE WHEN $5::bigint[] = '{}' THEN 0 ELSE ($5::bigint[])[width_bucket(floor(extract(epoch FROM at))::bigint, $5::bigint[])] END,
            count(*), coalesce(sum(amount) FILTER (WHERE type IN ('purchase', 'bonus')), 0)::bigint,
            coalesce(sum(amount) FILTER (WHERE type IN ('debit', 'capture')), 0)::bigint,
            coalesce(sum(amount) FILTER (WHERE type = 'refund'), 0)::bigint,
            coalesce(sum(amount) FILTER (WHERE type = 'expiry'), 0)::bigint
        FROM credits
        WHERE workspace_id = $1 AND at >= $2 AND at < $3 AND ($6::text IS NULL OR provider = $6) AND ($7::text IS NULL OR source = $7)
        GROUP BY 1, 2 LIMIT $8
        """
    ) {
        CreditSums(
            key: SumKey(name: try $0.get(0), start: try $0.get(1)), transactions: try $0.get(2),
            added: try $0.get(3), spent: try $0.get(4), refunded: try $0.get(5), expired: try $0.get(6))
    }

    static let countCalls = Statement(
        """
        SELECT c ->> 0, c ->> 1, (c ->> 2)::bigint, count(*) FROM enrichment, jsonb_array_elements(calls) c
        WHERE workspace_id = $1 AND at >= $2 AND at < $3 AND NOT is_void AND ($4::text IS NULL OR c ->> 0 = $4)
            AND ($5::text IS NULL OR field = $5) AND ($6::uuid IS NULL OR job_id = $6)
        GROUP BY 1, 2, 3 LIMIT $7
        """
    ) { row -> CallCount? in
        guard let outcome = ProviderCall.Outcome(rawValue: try row.get(1)) else { return nil }
        return CallCount(
            call: ProviderCall(provider: try row.get(0), outcome: outcome, milliseconds: try row.get(2)),
            count: try row.get(3))
    }

    static let listEnrichment = Statement(
        """
        SELECT workspace_id, at, job_id, seq, record_id, field, is_first_field, status, provider, cost, confidence, attempts, calls
        FROM enrichment
        WHERE workspace_id = $1 AND at >= $2 AND at < $3 AND NOT is_void AND ($4::text IS NULL OR provider = $4)
            AND ($5::text IS NULL OR field = $5) AND ($6::uuid IS NULL OR job_id = $6) AND (at, job_id, seq) > ($7, $8::uuid, $9)
        ORDER BY at, job_id, seq LIMIT $10
        """
    ) { row in
        EnrichmentRow(
            key: EnrichmentRow.Key(
                workspaceID: try row.get(0), at: try row.get(1), jobID: try row.get(2), seq: try row.get(3)),
            recordID: try row.get(4), field: try row.get(5), isFirstField: try row.get(6),
            status: try row.get(7), provider: try row.get(8), cost: try row.get(9),
            confidence: try row.getOptional(10), attempts: try row.get(11),
            calls: ProviderCall.list(try row.get(12, as: JSONText.self).text))
    }

    static let listCredits = Statement(
        """
        SELECT workspace_id, at, id, type, amount, provider FROM credits
        WHERE workspace_id = $1 AND at >= $2 AND at < $3 AND ($4::text IS NULL OR provider = $4) AND ($5::text IS NULL OR source = $5)
            AND (at, id) > ($6, $7::uuid)
        ORDER BY at, id LIMIT $8
        """
    ) { row in
        let provider = try row.get(5, as: String.self)
        return CreditRow(
            key: CreditRow.Key(workspaceID: try row.get(0), at: try row.get(1), id: try row.get(2)),
            type: try row.get(3), amount: try row.get(4), provider: provider.isEmpty ? nil : provider)
    }

    // MARK: comparing

    static let sumEnrichmentDays = Statement(
        """
        SELECT workspace_id, floor(extract(epoch FROM at) / 86400)::bigint, count(*), sum(cost)::bigint, count(*) FILTER (WHERE status = 'found')
        FROM enrichment WHERE workspace_id = ANY($1::uuid[]) AND at >= $2 AND NOT is_void GROUP BY 1, 2 LIMIT $3
        """, row: DaySums.init)

    static let sumCreditDays = Statement(
        """
        SELECT workspace_id, floor(extract(epoch FROM at) / 86400)::bigint, count(*), sum(amount)::bigint,
            coalesce(sum(amount) FILTER (WHERE type IN ('debit', 'capture')), 0)::bigint
        FROM credits WHERE workspace_id = ANY($1::uuid[]) AND at >= $2 GROUP BY 1, 2 LIMIT $3
        """, row: DaySums.init)

    /// From one workspace to the next, without reading all of its rows.
    static let listEnrichmentWorkspaces = Statement(
        """
        WITH RECURSIVE w AS (
            (SELECT workspace_id FROM enrichment WHERE $1::uuid IS NULL OR workspace_id > $1 ORDER BY workspace_id LIMIT 1)
            UNION ALL SELECT (SELECT e.workspace_id FROM enrichment e WHERE e.workspace_id > w.workspace_id ORDER BY e.workspace_id LIMIT 1)
            FROM w WHERE w.workspace_id IS NOT NULL
        )
        SELECT workspace_id FROM w WHERE workspace_id IS NOT NULL LIMIT $2
        """
    ) { try $0.get(0, as: UUID.self) }

    static let listCreditWorkspaces = Statement(
        """
        WITH RECURSIVE w AS (
            (SELECT workspace_id FROM credits WHERE $1::uuid IS NULL OR workspace_id > $1 ORDER BY workspace_id LIMIT 1)
            UNION ALL SELECT (SELECT e.workspace_id FROM credits e WHERE e.workspace_id > w.workspace_id ORDER BY e.workspace_id LIMIT 1)
            FROM w WHERE w.workspace_id IS NOT NULL
        )
        SELECT workspace_id FROM w WHERE workspace_id IS NOT NULL LIMIT $2
        """
    ) { try $0.get(0, as: UUID.self) }
}

extension DaySums {
    /// Workspace, day, rows, credits, what was found or spent.
    public init(_ row: borrowing RowReader) throws {
        self.init(
            key: Key(workspaceID: try row.get(0), day: try row.get(1)), rows: try row.get(2),
            credits: try row.get(3), outcome: try row.get(4))
    }
}

extension ProviderCall {
    /// From `[[provider, outcome, milliseconds], …]`; what is no call is left out.
    public static func list(_ text: String) -> [ProviderCall] {
        guard let json = try? JSON.parse(text) else { return [] }
        return json.elements.compactMap { entry in
            let parts = Array(entry.elements)
            guard parts.count == 3, let provider = parts[0].string,
                let outcome = parts[1].string.flatMap(Outcome.init(rawValue:)), let time = parts[2].int64
            else { return nil }
            return ProviderCall(provider: provider, outcome: outcome, milliseconds: time)
        }
    }

    public static func text(_ calls: [ProviderCall]) -> String {
        var writer = JSONWriter()
        writer.beginArray()
        for call in calls {
            writer.beginArray()
            writer.string(call.provider)
            writer.string(call.outcome.rawValue)
            writer.int(call.milliseconds)
            writer.endArray()
        }
        writer.endArray()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
