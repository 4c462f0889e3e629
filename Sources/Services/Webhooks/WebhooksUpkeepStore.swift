import Identifiers
import Postgres

/// For `rpcd_maintenance`.
extension Webhooks {
    /// Hands the oldest events out, to the webhooks that want them and were there before. What is deleted meanwhile is passed over.
    /// - Returns: how many events.
    static let handOut = Statement(
        """
        WITH taken AS (
            UPDATE events SET is_handed_out = true WHERE id = ANY (ARRAY(
                SELECT id FROM events WHERE NOT is_handed_out ORDER BY created_at, id LIMIT $1 FOR UPDATE SKIP LOCKED))
            RETURNING id, workspace_id, type, data, created_at
        ), wanted AS (
            SELECT t.*, w.id AS webhook_id FROM taken t JOIN webhooks w ON w.workspace_id = t.workspace_id
            WHERE w.is_enabled AND w.created_at <= t.created_at AND w.events && ARRAY['*', t.type]
            FOR KEY SHARE OF w
        ), made AS (
            INSERT INTO webhook_deliveries (webhook_id, workspace_id, event_id, type, payload, due_at)
            SELECT webhook_id, workspace_id, id, type, concat('{"type":', to_json(type), ',"timestamp":"',
                to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), '","data":', data, '}'), created_at
            FROM wanted ON CONFLICT ON CONSTRAINT webhook_deliveries_event_key DO NOTHING
            RETURNING webhook_id
        ), woken AS (
            UPDATE webhooks SET due_at = greatest(least(due_at, now()), leased_until, rests_until)
            WHERE id IN (SELECT webhook_id FROM made) AND is_enabled
        )
        SELECT count(*) FROM taken
        """
    ) { try $0.get(0, as: Int.self) }

    struct Claim: Sendable {
        let target: WebhookTarget
        /// Until when it is his who claimed it; also what he shows for it.
        let leasedUntil: Timestamp
    }

    /// Those that have waited longest. If their daemon dies, they are due again when the lease is over.
    static let claimDue = Statement(
        """
        WITH due AS (
            SELECT id FROM webhooks WHERE due_at <= now() ORDER BY due_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE webhooks w SET leased_until = now() + interval '2 minutes', due_at = now() + interval '2 minutes'
        FROM due, workspace_salts s WHERE w.id = due.id AND s.workspace_id = w.workspace_id
        RETURNING w.id, w.workspace_id, w.url, w.secret_box,
            CASE WHEN w.previous_expires_at > now() THEN w.previous_secret_box END, w.key_version, s.salt, w.leased_until
        """
    ) { Claim(target: try WebhookTarget($0), leasedUntil: try $0.get(7)) }

    /// A few at a time.
    static let deleteOldDeliveries = Statement(
        """
        DELETE FROM webhook_deliveries WHERE id IN
            (SELECT id FROM webhook_deliveries WHERE created_at < now() - interval '30 days' ORDER BY created_at LIMIT $1
            FOR UPDATE SKIP LOCKED)
        """)

    /// As ``Credentials/lockStale``.
    static let lockStale = Statement(
        """
        SELECT w.id, w.workspace_id, w.secret_box, w.previous_secret_box, w.key_version, s.salt
        FROM webhooks w JOIN workspace_salts s ON s.workspace_id = w.workspace_id
        WHERE w.key_version < $1 AND (w.key_version, w.id) > ($3, $4::uuid) ORDER BY w.key_version, w.id LIMIT $2
        FOR NO KEY UPDATE OF w
        """
    ) {
        Credentials.Stale(
            id: try $0.get(0), workspace: try $0.get(1), keyBox: try $0.get(2),
            secretBox: try $0.getOptional(3), keyVersion: try $0.get(4), salt: try $0.get(5))
    }

    /// As ``Credentials/sampleBoxes``.
    static let sampleBoxes = Statement(
        """
        SELECT w.id, w.workspace_id, w.secret_box, w.previous_secret_box, w.key_version, s.salt
        FROM ((SELECT * FROM webhooks WHERE id >= $1 ORDER BY id LIMIT $2)
            UNION ALL (SELECT * FROM webhooks WHERE id < $1 ORDER BY id DESC LIMIT $2)) w
        JOIN workspace_salts s ON s.workspace_id = w.workspace_id LIMIT $2
        """
    ) {
        Credentials.Stale(
            id: try $0.get(0), workspace: try $0.get(1), keyBox: try $0.get(2),
            secretBox: try $0.getOptional(3), keyVersion: try $0.get(4), salt: try $0.get(5))
    }

    /// As ``Credentials/resealBoxes``.
    static let resealBoxes = Statement(
        """
        UPDATE webhooks w SET secret_box = n.secret_box, previous_secret_box = n.previous_secret_box, key_version = $1
        FROM unnest($2::uuid[], $3::bytea[], $4::bytea[]) n (id, secret_box, previous_secret_box) WHERE w.id = n.id
        """)
}
