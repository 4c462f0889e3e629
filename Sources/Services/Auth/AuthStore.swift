import Identifiers
import Postgres

extension Auth {
    struct FoundPassword: Sendable {
        let id: UUID
        let email: String
        let passwordHash: String

        /// From the columns `id, email, password_hash`.
        init(_ row: borrowing RowReader) throws {
            id = try row.get(0)
            email = try row.get(1)
            passwordHash = try row.get(2)
        }
    }

    struct LockedSession: Sendable {
        let userID: UUID
        let generation: Int64
        let refreshHash: [UInt8]
        let isAlive: Bool
        let isFreshlyRotated: Bool
    }

    static let insertUser = Statement(
        """
        INSERT INTO users (email, name, password_hash) VALUES ($1, $2, $3)
        RETURNING id, email, name, created_at, email_verified_at IS NOT NULL
        """, row: User.init)

    static let findUser = Statement(
        "SELECT id, email, name, created_at, email_verified_at IS NOT NULL FROM users WHERE id = $1",
        row: User.init)

    static let findEnabledUser = Statement(
        """
        SELECT id, email, name, created_at, email_verified_at IS NOT NULL FROM users
        WHERE id = $1 AND disabled_at IS NULL
        """, row: User.init)

    static let findPassword = Statement(
        "SELECT id, email, password_hash FROM users WHERE email = $1", row: FoundPassword.init)

    static let findPasswordByID = Statement(
        "SELECT id, email, password_hash FROM users WHERE id = $1", row: FoundPassword.init)

    static let updatePassword = Statement(
        "UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3")

    /// No row: he has another password by now, or is disabled. A change that is under way is waited for; one that comes later finds the
    /// session and ends it.
    static let insertSession = Statement(
        """
        INSERT INTO sessions (id, user_id, device, address, network, refresh_hash)
        SELECT $1, id, $3, $4, $5, $6 FROM users
        WHERE id = $2 AND password_hash = $7 AND disabled_at IS NULL FOR SHARE
        """)

    static let lockSession = Statement(
        """
        SELECT s.user_id, s.generation, s.refresh_hash,
            s.revoked_at IS NULL AND u.disabled_at IS NULL AND s.rotated_at > now() - interval '7 days'
                AND s.created_at > now() - interval '30 days',
            s.rotated_at > now() - interval '10 seconds'
        FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1 FOR UPDATE OF s
        """
    ) {
        LockedSession(
            userID: try $0.get(0), generation: try $0.get(1), refreshHash: try $0.get(2),
            isAlive: try $0.get(3),
            isFreshlyRotated: try $0.get(4))
    }

    static let rotateSession = Statement(
        "UPDATE sessions SET generation = $2, refresh_hash = $3, rotated_at = now(), last_used_at = now() WHERE id = $1"
    )

    /// Whose it was.
    static let revokeSession = Statement(
        "UPDATE sessions SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING user_id"
    ) { try $0.get(0, as: UUID.self) }

    static let revokeSessions = Statement(
        "UPDATE sessions SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL")

    static let listMemberships = Statement(
        """
        SELECT w.id, w.name, m.role FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
        WHERE m.user_id = $1 ORDER BY w.name, w.id LIMIT 100
        """, row: Membership.init)
}
