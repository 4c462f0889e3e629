import Identifiers
import Postgres

extension Outbox {
    /// A mail that somebody has taken to send it.
    struct Taken: Sendable {
        let id: UUID
        let kind: String
        let recipient: String
        let box: [UInt8]
        let keyVersion: Int64
        let createdAt: Timestamp
        let attempts: Int
    }

    static let insertMail = Statement(
        "INSERT INTO mails (id, kind, recipient, box, key_version) VALUES ($1, $2, $3, $4, $5)")

    static let insertMailIfKept = Statement(
        """
        INSERT INTO mails (id, kind, recipient, box, key_version)
        SELECT $1, $2, $3, $4, $5 WHERE EXISTS (SELECT FROM email_tokens WHERE token_hash = $6)
        """)

    /// For five minutes they are the caller's alone; if he dies with them, they are due again.
    static let takeDue = Statement(
        """
        UPDATE mails SET due_at = now() + interval '5 minutes', attempts = attempts + 1 WHERE id IN
            (SELECT id FROM mails WHERE due_at <= now() ORDER BY due_at, id LIMIT $1 FOR UPDATE SKIP LOCKED)
        RETURNING id, kind, recipient, box, key_version, created_at, attempts
        """
    ) {
        Taken(
            id: try $0.get(0), kind: try $0.get(1), recipient: try $0.get(2), box: try $0.get(3),
            keyVersion: try $0.get(4), createdAt: try $0.get(5), attempts: try $0.get(6))
    }

    static let deleteMail = Statement("DELETE FROM mails WHERE id = $1")

    /// - Parameter $2: seconds.
    static let postpone = Statement(
        "UPDATE mails SET due_at = now() + make_interval(secs => $2::bigint) WHERE id = $1")
}

extension Auth {
    /// Only so many an hour for one account: nobody fills another's mailbox.
    static let insertResetToken = Statement(
        """
        INSERT INTO email_tokens (token_hash, user_id, purpose, expires_at)
        SELECT $1, u.id, 'resetPassword', now() + interval '1 hour' FROM users u
        WHERE u.email = $2 AND u.disabled_at IS NULL AND (SELECT count(*) FROM email_tokens t
            WHERE t.user_id = u.id AND t.purpose = 'resetPassword' AND t.created_at > now() - interval '1 hour') < 3
        """)

    static let insertVerificationToken = Statement(
        """
        INSERT INTO email_tokens (token_hash, user_id, purpose, expires_at)
        VALUES ($1, $2, 'verifyEmail', now() + interval '3 days')
        """)

    /// Whom a token is good for.
    static let findResetToken = Statement(
        """
        SELECT t.user_id FROM email_tokens t JOIN users u ON u.id = t.user_id
        WHERE t.token_hash = $1 AND t.purpose = 'resetPassword' AND t.expires_at > now() AND u.disabled_at IS NULL
        """
    ) { try $0.get(0, as: UUID.self) }

    /// Good for one use.
    static let useToken = Statement(
        "DELETE FROM email_tokens WHERE token_hash = $1 AND purpose = $2 AND expires_at > now() RETURNING user_id"
    ) { try $0.get(0, as: UUID.self) }

    static let deleteResetTokens = Statement(
        "DELETE FROM email_tokens WHERE user_id = $1 AND purpose = 'resetPassword'")

    static let verifyUser = Statement(
        """
        UPDATE users SET email_verified_at = coalesce(email_verified_at, now()) WHERE id = $1 AND disabled_at IS NULL
        """)

    /// Who gets a link has shown that the address is his.
    static let resetPassword = Statement(
        """
        UPDATE users SET password_hash = $2, email_verified_at = coalesce(email_verified_at, now())
        WHERE id = $1 AND disabled_at IS NULL RETURNING email
        """
    ) { try $0.get(0, as: String.self) }

    /// A few at a time.
    static let deleteExpiredTokens = Statement(
        """
        DELETE FROM email_tokens WHERE token_hash IN
            (SELECT token_hash FROM email_tokens WHERE expires_at < now() LIMIT 1000)
        """)
}
