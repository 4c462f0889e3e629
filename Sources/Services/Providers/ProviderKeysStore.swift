import Identifiers
import Postgres

extension ProviderKeys {
    struct Sealed: Sendable {
        let id: UUID
        let keyBox: [UInt8]
        let secretBox: [UInt8]?
        let keyVersion: Int64
        let salt: [UInt8]
    }

    static let newestCredential = Statement(
        """
        SELECT c.id, c.key_box, c.secret_box, c.key_version, s.salt
        FROM credentials c JOIN workspace_salts s ON s.workspace_id = c.workspace_id
        WHERE c.workspace_id = $1 AND c.provider = $2 ORDER BY c.created_at DESC, c.id DESC LIMIT 1
        """
    ) {
        Sealed(
            id: try $0.get(0), keyBox: try $0.get(1), secretBox: try $0.getOptional(2),
            keyVersion: try $0.get(3),
            salt: try $0.get(4))
    }

    /// Of each provider the one that ``newestCredential`` gives.
    static let listNewestIDs = Statement(
        """
        SELECT DISTINCT ON (provider) provider, id FROM credentials WHERE workspace_id = $1
        ORDER BY provider, created_at DESC, id DESC
        """
    ) { (provider: try $0.get(0, as: String.self), id: try $0.get(1, as: UUID.self)) }

    static let touchCredential = Statement(
        """
        UPDATE credentials SET last_used_at = date_trunc('minute', now())
        WHERE workspace_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < date_trunc('minute', now()))
        """)
}
