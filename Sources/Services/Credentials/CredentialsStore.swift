import Identifiers
import Postgres

extension Credentials {
    struct Boxes: Sendable {
        let keyBox: [UInt8]
        let secretBox: [UInt8]?
        let keyVersion: Int64
        let version: Int64
    }

    static let getSalt = Statement("SELECT salt FROM workspace_salts WHERE workspace_id = $1") {
        try $0.get(0, as: [UInt8].self)
    }

    /// Of two that make the first secret at once, both use the salt that is there then. Nothing happens where there is no such workspace.
    static let insertSalt = Statement(
        """
        INSERT INTO workspace_salts (workspace_id, salt) SELECT id, $2 FROM workspaces WHERE id = $1
        ON CONFLICT DO NOTHING
        """)

    static let insertCredential = Statement(
        """
        INSERT INTO credentials (id, workspace_id, provider, label, key_box, secret_box, masked_key, key_version, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        RETURNING id, provider, label, masked_key, secret_box IS NOT NULL, key_version, version, created_by, created_at,
            last_used_at
        """, row: Credential.init)

    static let getCredential = Statement(
        """
        SELECT id, provider, label, masked_key, secret_box IS NOT NULL, key_version, version, created_by, created_at,
            last_used_at
        FROM credentials WHERE workspace_id = $1 AND id = $2
        """, row: Credential.init)

    static let listCredentials = Statement(
        """
        SELECT id, provider, label, masked_key, secret_box IS NOT NULL, key_version, version, created_by, created_at,
            last_used_at
        FROM credentials
        WHERE workspace_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
        ORDER BY created_at, id LIMIT $4
        """, row: Credential.init)

    static let lockBoxes = Statement(
        """
        SELECT key_box, secret_box, key_version, version FROM credentials WHERE workspace_id = $1 AND id = $2 FOR UPDATE
        """
    ) {
        Boxes(
            keyBox: try $0.get(0), secretBox: try $0.getOptional(1), keyVersion: try $0.get(2),
            version: try $0.get(3))
    }

    static let updateLabel = Statement(
        """
        UPDATE credentials SET label = coalesce($3, label), version = version + 1, updated_at = now()
        WHERE workspace_id = $1 AND id = $2
        RETURNING id, provider, label, masked_key, secret_box IS NOT NULL, key_version, version, created_by, created_at,
            last_used_at
        """, row: Credential.init)

    static let updateBoxes = Statement(
        """
        UPDATE credentials SET label = coalesce($3, label), key_box = $4, secret_box = $5,
            masked_key = coalesce($6, masked_key), key_version = $7, version = version + 1, updated_at = now()
        WHERE workspace_id = $1 AND id = $2
        RETURNING id, provider, label, masked_key, secret_box IS NOT NULL, key_version, version, created_by, created_at,
            last_used_at
        """, row: Credential.init)

    struct Stale: Sendable {
        let id: UUID
        let workspace: UUID
        let keyBox: [UInt8]
        let secretBox: [UInt8]?
        let keyVersion: Int64
        let salt: [UInt8]
    }

    static let registerKey = Statement("SELECT rpcd_register_key($1, $2)")

    static let listKeys = Statement(
        "SELECT number, fingerprint FROM master_keys ORDER BY number LIMIT 1000"
    ) { (number: try $0.get(0, as: Int64.self), fingerprint: try $0.getOptional(1, as: [UInt8].self)) }

    static let hasKey = Statement("SELECT FROM master_keys WHERE number = $1")

    static let retireKey = Statement("DELETE FROM master_keys WHERE number = $1")

    static let countByKey = Statement(
        """
        SELECT key_version, count(*) FILTER (WHERE kind = 'credential'), count(*) FILTER (WHERE kind = 'mail'),
            count(*) FILTER (WHERE kind = 'outcome'), count(*) FILTER (WHERE kind = 'webhook')
        FROM (SELECT key_version, 'credential' FROM credentials UNION ALL SELECT key_version, 'mail' FROM mails
            UNION ALL SELECT key_version, 'outcome' FROM idempotency_keys
            UNION ALL SELECT key_version, 'webhook' FROM webhooks) s (key_version, kind)
        GROUP BY key_version ORDER BY key_version LIMIT 1000
        """
    ) {
        KeyRotation.Usage(
            keyVersion: try $0.get(0), credentials: try $0.get(1), mails: try $0.get(2),
            outcomes: try $0.get(3), webhooks: try $0.get(4))
    }

    static let lockStale = Statement(
        """
        SELECT c.id, c.workspace_id, c.key_box, c.secret_box, c.key_version, s.salt
        FROM credentials c JOIN workspace_salts s ON s.workspace_id = c.workspace_id
        WHERE c.key_version < $1 AND (c.key_version, c.id) > ($3, $4::uuid) ORDER BY c.key_version, c.id LIMIT $2
        FOR UPDATE OF c
        """
    ) {
        Stale(
            id: try $0.get(0), workspace: try $0.get(1), keyBox: try $0.get(2),
            secretBox: try $0.getOptional(3),
            keyVersion: try $0.get(4), salt: try $0.get(5))
    }

    /// Ids are random: so are those that follow one of no account, and where the end is near those before it.
    static let sampleBoxes = Statement(
        """
        SELECT c.id, c.workspace_id, c.key_box, c.secret_box, c.key_version, s.salt
        FROM ((SELECT * FROM credentials WHERE id >= $1 ORDER BY id LIMIT $2)
            UNION ALL (SELECT * FROM credentials WHERE id < $1 ORDER BY id DESC LIMIT $2)) c
        JOIN workspace_salts s ON s.workspace_id = c.workspace_id LIMIT $2
        """
    ) {
        Stale(
            id: try $0.get(0), workspace: try $0.get(1), keyBox: try $0.get(2),
            secretBox: try $0.getOptional(3), keyVersion: try $0.get(4), salt: try $0.get(5))
    }

    /// Many at once, in lists of the same length.
    static let resealBoxes = Statement(
        """
        UPDATE credentials c SET key_box = n.key_box, secret_box = n.secret_box, key_version = $1
        FROM unnest($2::uuid[], $3::bytea[], $4::bytea[]) n (id, key_box, secret_box) WHERE c.id = n.id
        """)

    static let deleteCredential = Statement("DELETE FROM credentials WHERE workspace_id = $1 AND id = $2")
}
