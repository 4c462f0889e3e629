import Postgres

extension Sessions {
    static let listSessions = Statement(
        """
        SELECT id, device, address, created_at, last_used_at, id IS NOT DISTINCT FROM $5::uuid FROM sessions
        WHERE user_id = $1 AND revoked_at IS NULL AND rotated_at > now() - interval '7 days'
            AND created_at > now() - interval '30 days'
            AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
        ORDER BY created_at DESC, id DESC LIMIT $4
        """, row: Session.init)

    /// Once a minute at most. Rows that somebody else is changing wait for another time: nobody waits for nobody.
    static let touch = Statement(
        """
        UPDATE sessions SET last_used_at = now() WHERE id IN (SELECT id FROM sessions
            WHERE id = ANY($1::uuid[]) AND revoked_at IS NULL AND last_used_at < now() - interval '1 minute'
            FOR UPDATE SKIP LOCKED)
        """)

    /// Those that ended 30 days ago: seven days after its tokens were last renewed each has ended. A few at a time.
    static let deleteOld = Statement(
        """
        DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE rotated_at < now() - interval '37 days'
            LIMIT $1 FOR UPDATE SKIP LOCKED)
        """)

    static let revokeOwn = Statement(
        "UPDATE sessions SET revoked_at = now() WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL")
}
