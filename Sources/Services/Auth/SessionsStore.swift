import Postgres

extension Sessions {
    static let listSessions = Statement(
        """
        SELECT id, device, address, created_at, rotated_at, id IS NOT DISTINCT FROM $5::uuid FROM sessions
        WHERE user_id = $1 AND revoked_at IS NULL AND rotated_at > now() - interval '7 days'
            AND created_at > now() - interval '30 days'
            AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
        ORDER BY created_at DESC, id DESC LIMIT $4
        """, row: Session.init)

    static let revokeOwn = Statement(
        "UPDATE sessions SET revoked_at = now() WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL")
}
