import Identifiers
import Postgres

extension Webhooks {
    /// One webhook after the other: how many there are holds until the end. No row: there is no such workspace.
    static let lockWorkspace = Statement("SELECT id FROM workspaces WHERE id = $1 FOR NO KEY UPDATE")

    static let countWebhooks = Statement("SELECT count(*) FROM webhooks WHERE workspace_id = $1") {
        try $0.get(0, as: Int.self)
    }

    static let insertWebhook = Statement(
        """
        INSERT INTO webhooks (id, workspace_id, url, events, secret_box, key_version)
        VALUES ($1, $2, $3, $4::text[], $5, $6)
        RETURNING id, url, array_to_string(events, ','), is_enabled, disabled_reason, failing_since, previous_expires_at,
            version, created_at, updated_at
        """, row: Webhook.init)

    static let listWebhooks = Statement(
        """
        SELECT id, url, array_to_string(events, ','), is_enabled, disabled_reason, failing_since,
            CASE WHEN previous_expires_at > now() THEN previous_expires_at END, version, created_at, updated_at
        FROM webhooks
        WHERE workspace_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
        ORDER BY created_at, id LIMIT $4
        """, row: Webhook.init)

    struct Locked: Sendable {
        let version: Int64
        let isEnabled: Bool
        let secretBox: [UInt8]
        let keyVersion: Int64
    }

    /// Nobody else touches it, or when it is due, until the end of the transaction.
    static let lockWebhook = Statement(
        """
        SELECT version, is_enabled, secret_box, key_version FROM webhooks WHERE workspace_id = $1 AND id = $2
        FOR NO KEY UPDATE
        """
    ) {
        Locked(
            version: try $0.get(0), isEnabled: try $0.get(1), secretBox: try $0.get(2),
            keyVersion: try $0.get(3))
    }

    /// Another URL, and enabling it, is a fresh start. The lease stays: whoever has it sends what he took.
    static let updateWebhook = Statement(
        """
        UPDATE webhooks w SET url = coalesce($3, url), events = coalesce($4::text[], events),
            is_enabled = coalesce($5::boolean, is_enabled),
            disabled_reason = CASE WHEN $5 THEN NULL WHEN NOT $5 AND is_enabled THEN 'manual' ELSE disabled_reason END,
            failing_since = CASE WHEN $5 OR $3 <> url THEN NULL ELSE failing_since END,
            rests_until = CASE WHEN $5 OR $3 <> url THEN NULL ELSE rests_until END,
            due_at = CASE WHEN coalesce($5, is_enabled) THEN rpcd_webhook_due(w.id, greatest(leased_until,
                CASE WHEN $5 OR $3 <> url THEN NULL ELSE rests_until END)) END,
            version = version + 1, updated_at = now()
        WHERE workspace_id = $1 AND id = $2
        RETURNING id, url, array_to_string(events, ','), is_enabled, disabled_reason, failing_since,
            CASE WHEN previous_expires_at > now() THEN previous_expires_at END, version, created_at, updated_at
        """, row: Webhook.init)

    static let updateSecret = Statement(
        """
        UPDATE webhooks SET secret_box = $3, previous_secret_box = $4, previous_expires_at = now() + interval '24 hours',
            key_version = $5, version = version + 1, updated_at = now()
        WHERE workspace_id = $1 AND id = $2
        RETURNING id, url, array_to_string(events, ','), is_enabled, disabled_reason, failing_since, previous_expires_at,
            version, created_at, updated_at
        """, row: Webhook.init)

    static let deleteWebhook = Statement("DELETE FROM webhooks WHERE workspace_id = $1 AND id = $2")

    static let hasWebhook = Statement("SELECT id FROM webhooks WHERE workspace_id = $1 AND id = $2")

    static let getTarget = Statement(
        """
        SELECT w.id, w.workspace_id, w.url, w.secret_box,
            CASE WHEN w.previous_expires_at > now() THEN w.previous_secret_box END, w.key_version, s.salt
        FROM webhooks w JOIN workspace_salts s ON s.workspace_id = w.workspace_id
        WHERE w.workspace_id = $1 AND w.id = $2
        """, row: WebhookTarget.init)

    // MARK: deliveries

    static let listDeliveries = Statement(
        """
        SELECT id, webhook_id, event_id, type, status, attempts, due_at, last_status, last_error, created_at, delivered_at
        FROM webhook_deliveries
        WHERE workspace_id = $1 AND webhook_id = $2 AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4::uuid))
        ORDER BY created_at DESC, id DESC LIMIT $5
        """, row: WebhookDelivery.init)

    static let listDeliveriesOfStatus = Statement(
        """
        SELECT id, webhook_id, event_id, type, status, attempts, due_at, last_status, last_error, created_at, delivered_at
        FROM webhook_deliveries
        WHERE workspace_id = $1 AND webhook_id = $2 AND status = $6
            AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4::uuid))
        ORDER BY created_at DESC, id DESC LIMIT $5
        """, row: WebhookDelivery.init)

    static let findWebhookOfDelivery = Statement(
        "SELECT webhook_id FROM webhook_deliveries WHERE workspace_id = $1 AND id = $2"
    ) { try $0.get(0, as: UUID.self) }

    static let resetDelivery = Statement(
        """
        UPDATE webhook_deliveries SET status = 'pending', attempts = 0, due_at = now(), delivered_at = NULL
        WHERE workspace_id = $1 AND id = $2
        RETURNING id, webhook_id, event_id, type, status, attempts, due_at, last_status, last_error, created_at, delivered_at
        """, row: WebhookDelivery.init)

    /// For what waits by now. Of one that is disabled nothing does.
    static let setDue = Statement(
        """
        UPDATE webhooks SET due_at = rpcd_webhook_due(id, greatest(leased_until, rests_until))
        WHERE workspace_id = $1 AND id = $2 AND is_enabled
        """)

    /// What a test came to; nothing, when the webhook is gone by then.
    static let insertTest = Statement(
        """
        INSERT INTO webhook_deliveries
            (id, webhook_id, workspace_id, event_id, type, payload, status, attempts, due_at, last_status, last_error,
            delivered_at)
        SELECT $3, id, workspace_id, $4, $5, $6, CASE WHEN $7::boolean THEN 'delivered' ELSE 'failed' END, 1, now(),
            $8::integer, $9::text, CASE WHEN $7 THEN now() END
        FROM webhooks WHERE workspace_id = $1 AND id = $2
        """)

    // MARK: sending, by who has the lease

    struct Due: Sendable {
        let id: UUID
        let event: UUID
        let payload: String
        /// Before this one.
        let attempts: Int
    }

    static let listDue = Statement(
        """
        SELECT id, event_id, payload, attempts FROM webhook_deliveries
        WHERE workspace_id = $1 AND webhook_id = $2 AND status = 'pending' AND due_at <= now()
        ORDER BY due_at, id LIMIT $3
        """
    ) {
        Due(id: try $0.get(0), event: try $0.get(1), payload: try $0.get(2), attempts: try $0.get(3))
    }

    static let settleDelivered = Statement(
        """
        UPDATE webhook_deliveries SET status = 'delivered', attempts = attempts + 1, last_status = $3::integer,
            last_error = NULL, delivered_at = now()
        WHERE workspace_id = $1 AND id = $2 AND status <> 'delivered'
        """)

    /// - Parameter $4: until the next attempt, in seconds; null for never.
    static let settleFailed = Statement(
        """
        UPDATE webhook_deliveries SET status = CASE WHEN $4::bigint IS NULL THEN 'failed' ELSE 'pending' END,
            attempts = attempts + 1, due_at = now() + make_interval(secs => coalesce($4::bigint, 0)),
            last_status = $3::integer, last_error = $5::text
        WHERE workspace_id = $1 AND id = $2 AND status = 'pending'
        """)

    struct Leased: Sendable {
        let isEnabled: Bool
        /// For how many seconds nothing has come through.
        let failingSeconds: Int64
    }

    /// No row: the lease is over, and another one may have it.
    static let lockLeased = Statement(
        """
        SELECT is_enabled, coalesce(extract(epoch FROM now() - failing_since)::bigint, 0) FROM webhooks
        WHERE workspace_id = $1 AND id = $2 AND leased_until = $3 FOR NO KEY UPDATE
        """
    ) { Leased(isEnabled: try $0.get(0), failingSeconds: try $0.get(1)) }

    /// - Parameters:
    ///   - $3: whether it is failing; null when nothing was tried.
    ///   - $4: for how long it is left alone, in seconds.
    static let releaseWebhook = Statement(
        """
        UPDATE webhooks SET leased_until = NULL,
            failing_since = CASE WHEN $3::boolean IS NULL THEN failing_since WHEN $3 THEN coalesce(failing_since, now()) END,
            rests_until = now() + make_interval(secs => $4::bigint),
            due_at = CASE WHEN is_enabled THEN rpcd_webhook_due(id, now() + make_interval(secs => $4::bigint)) END
        WHERE workspace_id = $1 AND id = $2
        """)

    static let disableWebhook = Statement(
        """
        UPDATE webhooks SET is_enabled = false, disabled_reason = $3, failing_since = coalesce(failing_since, now()),
            due_at = NULL, leased_until = NULL, version = version + 1, updated_at = now()
        WHERE workspace_id = $1 AND id = $2
        """)
}

extension WebhookTarget {
    init(_ row: borrowing RowReader) throws {
        id = try row.get(0)
        workspace = try row.get(1)
        url = try row.get(2)
        secretBox = try row.get(3)
        previousBox = try row.getOptional(4)
        keyVersion = try row.get(5)
        salt = try row.get(6)
    }
}
