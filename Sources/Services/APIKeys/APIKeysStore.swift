import Postgres
import RPC

extension APIKeys {
    /// No row: there is no such workspace.
    static let insertKey = Statement(
        """
        INSERT INTO api_keys (id, workspace_id, name, role, secret_hash, created_by, expires_at)
        SELECT $1, w.id, $3, $4, $5, $6, $7 FROM workspaces w WHERE w.id = $2
        RETURNING id, workspace_id, name, role, created_by, created_at, expires_at, last_used_at
        """, row: APIKey.init)

    static let listKeys = Statement(
        """
        SELECT id, workspace_id, name, role, created_by, created_at, expires_at, last_used_at FROM api_keys
        WHERE workspace_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
            AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
        ORDER BY created_at, id LIMIT $4
        """, row: APIKey.init)

    static let getKey = Statement(
        """
        SELECT id, workspace_id, name, role, created_by, created_at, expires_at, last_used_at FROM api_keys
        WHERE id = $1
        """, row: APIKey.init)

    static let lockKey = Statement(
        "SELECT role FROM api_keys WHERE workspace_id = $1 AND id = $2 AND revoked_at IS NULL FOR UPDATE"
    ) { try $0.get(0, as: Role.self) }

    static let revokeKey = Statement(
        "UPDATE api_keys SET revoked_at = now() WHERE workspace_id = $1 AND id = $2")

    /// Once a minute at most, by whoever comes first.
    static let touchKey = Statement(
        """
        UPDATE api_keys SET last_used_at = now()
        WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
        """)
}
