import Postgres

extension Records {
    struct Outcome: Sendable {
        let isInWorkspace: Bool
        let inserted: Int64
        let updated: Int64
        /// The names of records that hold too much now: a list; `nil` when none does.
        let overfull: JSONText?
    }

    /// A plan may be made while the table is small, and kept while it grows.
    static let useIndexes = Statement("SET LOCAL enable_seqscan = off")

    /// Records of a workspace, by name: those that are not there are added, those that differ are changed.
    ///
    /// The workspace is held first, so that one that is being deleted is not there. New rows go in without ON CONFLICT, which costs a
    /// third more; rows that are changed meet their conflict always. What `added` counts keeps changing from beginning before adding has ended.
    static let upsert = Statement(
        """
        WITH home AS MATERIALIZED (SELECT id FROM workspaces WHERE id = $1 FOR KEY SHARE),
        given AS MATERIALIZED (
            SELECT g.external_id, g.fields, g.id
            FROM home, ROWS FROM (jsonb_each($2), unnest($5::uuid[])) AS g (external_id, fields, id)),
        kept AS MATERIALIZED (
            SELECT r.external_id, r.fields AS before, r.sources,
                CASE WHEN $3 AND $4 THEN jsonb_strip_nulls($2 -> r.external_id) WHEN $3 THEN $2 -> r.external_id
                    WHEN $4 THEN jsonb_strip_nulls(r.fields || ($2 -> r.external_id)) ELSE r.fields || ($2 -> r.external_id) END AS fields
            FROM records r WHERE r.workspace_id = $1 AND r.external_id = ANY (ARRAY(SELECT external_id FROM given))
            ORDER BY r.external_id COLLATE "C" FOR NO KEY UPDATE),
        added AS (
            INSERT INTO records (id, workspace_id, external_id, fields)
            SELECT id, $1, external_id, CASE WHEN $4 THEN jsonb_strip_nulls(fields) ELSE fields END
            FROM given WHERE external_id NOT IN (SELECT external_id FROM kept) ORDER BY external_id COLLATE "C"
            RETURNING CASE WHEN pg_column_size(fields) > $6 THEN external_id END AS overfull),
        changed AS (
            INSERT INTO records AS r (workspace_id, external_id, fields, sources)
            SELECT $1, k.external_id, k.fields,
                CASE WHEN k.sources = '{}' THEN k.sources ELSE coalesce(
                    (SELECT jsonb_object_agg(s.key, s.value) FROM jsonb_each(k.sources) s
                    WHERE k.before -> s.key = k.fields -> s.key), '{}') END
            FROM kept k, (SELECT count(*) FROM added) a WHERE k.before <> k.fields ORDER BY k.external_id COLLATE "C"
            ON CONFLICT ON CONSTRAINT records_external_id_key DO UPDATE SET fields = excluded.fields, sources = excluded.sources,
                version = r.version + 1, updated_at = now()
            RETURNING CASE WHEN pg_column_size(fields) > $6 OR (SELECT count(*) FROM jsonb_object_keys(fields)) > $7
                THEN external_id END AS overfull)
        SELECT EXISTS (SELECT FROM home), (SELECT count(*) FROM added), (SELECT count(*) FROM changed),
            (SELECT jsonb_agg(overfull) FROM (SELECT overfull FROM added UNION ALL SELECT overfull FROM changed) o
            WHERE overfull IS NOT NULL)
        """
    ) {
        Outcome(
            isInWorkspace: try $0.get(0), inserted: try $0.get(1), updated: try $0.get(2),
            overfull: try $0.getOptional(3))
    }

    static let getRecord = Statement(
        """
        SELECT id, external_id, fields, sources, version, created_at, updated_at FROM records
        WHERE workspace_id = $1 AND id = $2
        """, row: Record.init)

    static let listRecords = Statement(
        """
        SELECT id, external_id, fields, sources, version, created_at, updated_at FROM records
        WHERE workspace_id = $1 AND (created_at, id) > ($2, $3::uuid) ORDER BY created_at, id LIMIT $4
        """, row: Record.init)

    static let listByExternalID = Statement(
        """
        SELECT id, external_id, fields, sources, version, created_at, updated_at FROM records
        WHERE workspace_id = $1 AND (created_at, id) > ($2, $3::uuid) AND external_id = $5 AND fields @> coalesce($6::jsonb, '{}')
        ORDER BY created_at, id LIMIT $4
        """, row: Record.init)

    /// Whether walking the list or looking the values up is less work is for their frequency to say.
    static let planByValues = Statement("SET LOCAL plan_cache_mode = force_custom_plan")

    /// By the view, where an index may be used for fields.
    static let listByFields = Statement(
        """
        SELECT id, external_id, fields, sources, version, created_at, updated_at FROM records_of_workspace
        WHERE workspace_id = $1 AND (created_at, id) > ($2, $3::uuid) AND fields @> $5::jsonb
        ORDER BY created_at, id LIMIT $4
        """, row: Record.init)

    static let deleteRecord = Statement("DELETE FROM records WHERE workspace_id = $1 AND id = $2")
}
