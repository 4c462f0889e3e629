import Postgres

extension Records {
    struct Outcome: Sendable {
        let isInWorkspace: Bool
        let inserted: Int64
        let updated: Int64
        /// The names of records that hold too much now: a list; `nil` when none does.
        let overfull: JSONText?

        init(_ row: borrowing RowReader) throws {
            isInWorkspace = try row.get(0)
            inserted = try row.get(1)
            updated = try row.get(2)
            overfull = try row.getOptional(3)
        }
    }

    /// Of records none of which is there: how many were added. Null, and nothing done, when one is.
    static let insert = Statement("SELECT rpcd_insert_records($1, $2, $3, $4)") {
        try $0.getOptional(0, as: Int64.self)
    }

    /// Records of a workspace, by name: those that are not there are added, those that differ are changed.
    ///
    /// Rows are added and locked in the order of their names, whatever call they come from, so calls wait for each other in one direction
    /// only. The workspace is held first: one that is being deleted is not there, or waits.
    static let upsert = Statement(
        """
        WITH home AS MATERIALIZED (SELECT id FROM workspaces WHERE id = $1 FOR KEY SHARE),
        done AS (
            INSERT INTO records AS r (id, workspace_id, external_id, fields)
            SELECT g.id, home.id, g.external_id, CASE WHEN $4 THEN jsonb_strip_nulls(g.fields) ELSE g.fields END
            FROM home, ROWS FROM (jsonb_each($2), unnest($5::uuid[])) AS g (external_id, fields, id)
            ORDER BY g.external_id COLLATE "C"
            ON CONFLICT ON CONSTRAINT records_external_id_key DO UPDATE SET
                fields = CASE WHEN $3 THEN excluded.fields WHEN $4 THEN jsonb_strip_nulls(r.fields || ($2 -> r.external_id))
                    ELSE r.fields || excluded.fields END,
                sources = CASE WHEN r.sources = '{}' THEN r.sources ELSE coalesce(
                    (SELECT jsonb_object_agg(s.key, s.value) FROM jsonb_each(r.sources) s WHERE r.fields -> s.key
                        = CASE WHEN $3 THEN excluded.fields ELSE r.fields || ($2 -> r.external_id) END -> s.key), '{}') END,
                version = r.version + 1, updated_at = now()
            WHERE r.fields <> CASE WHEN $3 THEN excluded.fields
                WHEN $4 THEN jsonb_strip_nulls(r.fields || ($2 -> r.external_id)) ELSE r.fields || excluded.fields END
            RETURNING version, CASE WHEN pg_column_size(fields) > $6
                OR version > 1 AND (SELECT count(*) FROM jsonb_object_keys(fields)) > $7 THEN external_id END AS overfull)
        SELECT EXISTS (SELECT FROM home), count(*) FILTER (WHERE version = 1), count(*) FILTER (WHERE version > 1),
            jsonb_agg(overfull) FILTER (WHERE overfull IS NOT NULL)
        FROM done
        """, row: Outcome.init)

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
