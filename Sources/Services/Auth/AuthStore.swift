import Identifiers
import Postgres

extension Auth {
    struct FoundPassword: Sendable {
        let id: UUID
        let passwordHash: String
        let isDisabled: Bool

        init(_ row: borrowing RowReader) throws {
            id = try row.get(0)
            passwordHash = try row.get(1)
            isDisabled = try row.get(2)
        }
    }

    struct Failures: Sendable {
        let ofPair: Int
        let ofEmail: Int
        let knownAddress: Bool
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

    static let findPassword = Statement(
        "SELECT id, password_hash, disabled_at IS NOT NULL FROM users WHERE email = $1",
        row: FoundPassword.init)

    static let findPasswordByID = Statement(
        "SELECT id, password_hash, disabled_at IS NOT NULL FROM users WHERE id = $1", row: FoundPassword.init)

    static let updatePassword = Statement(
        "UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3")

    /// The last 15 minutes, counted no further than what matters.
    static let countFailures = Statement(
        """
        SELECT count(*) FILTER (WHERE address = $2), count(*),
            EXISTS (SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = $3 AND s.address = $2)
        FROM (SELECT address FROM login_failures WHERE email_hash = $1 AND failed_at > now() - interval '15 minutes'
            LIMIT 1000) recent
        """
    ) { Failures(ofPair: try $0.get(0), ofEmail: try $0.get(1), knownAddress: try $0.get(2)) }

    static let insertFailure = Statement("INSERT INTO login_failures (email_hash, address) VALUES ($1, $2)")

    static let deleteFailures = Statement("DELETE FROM login_failures WHERE email_hash = $1 AND address = $2")

    /// A few at a time, whenever one is added: the table does not grow.
    static let deleteOldFailures = Statement(
        """
        DELETE FROM login_failures WHERE id IN
            (SELECT id FROM login_failures WHERE failed_at < now() - interval '15 minutes' LIMIT 10 FOR UPDATE SKIP LOCKED)
        """)

    static let insertSession = Statement(
        "INSERT INTO sessions (id, user_id, device, address, refresh_hash) VALUES ($1, $2, $3, $4, $5)")

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
        "UPDATE sessions SET generation = $2, refresh_hash = $3, rotated_at = now() WHERE id = $1")

    static let revokeSession = Statement(
        "UPDATE sessions SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL")

    static let revokeSessions = Statement(
        "UPDATE sessions SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL")

    static let listMemberships = Statement(
        """
        SELECT w.id, w.name, m.role FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
        WHERE m.user_id = $1 ORDER BY w.name, w.id LIMIT 100
        """, row: Membership.init)
}
