import Postgres

extension Audit {
    static let insertEntry = Statement(
        """
        INSERT INTO audit_log (actor, action, workspace_id, object, address, request_id, outcome)
        VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7)
        """)

    static let listEntries = Statement(
        """
        SELECT id, at, actor, action, object, address, request_id, outcome FROM audit_log
        WHERE workspace_id = $1 AND ($2::timestamptz IS NULL OR (at, id) < ($2, $3::uuid))
            AND ($4::text IS NULL OR action = $4)
        ORDER BY at DESC, id DESC LIMIT $5
        """, row: AuditEntry.init)

    /// Not by an index of its own: it is asked seldom, and goes through the trail of one workspace.
    static let searchEntries = Statement(
        """
        SELECT id, at, actor, action, object, address, request_id, outcome FROM audit_log
        WHERE workspace_id = $1 AND ($2::timestamptz IS NULL OR (at, id) < ($2, $3::uuid))
            AND (actor = $5 OR EXISTS (SELECT FROM jsonb_each_text(object) o WHERE o.value = ANY($4::text[])))
        ORDER BY at DESC, id DESC LIMIT $6
        """, row: AuditEntry.init)
}
