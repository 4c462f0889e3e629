import Postgres

extension UserAdministration {
    static let listUsers = Statement(
        """
        SELECT id, email, name, created_at, disabled_at FROM users
        WHERE ($1::timestamptz IS NULL OR (created_at, id) > ($1, $2::uuid)) ORDER BY created_at, id LIMIT $3
        """, row: AdministeredUser.init)

    static let getUser = Statement(
        "SELECT id, email, name, created_at, disabled_at FROM users WHERE id = $1", row: AdministeredUser.init
    )

    /// No row where the address has an account.
    static let insertUser = Statement(
        """
        INSERT INTO users (email, name, password_hash) VALUES ($1, $2, $3) ON CONFLICT ON CONSTRAINT users_email_key DO NOTHING
        RETURNING id, email, name, created_at, email_verified_at IS NOT NULL
        """, row: User.init)

    static let findEnabledUser = Statement(
        """
        SELECT id, email, name, created_at, email_verified_at IS NOT NULL FROM users WHERE email = $1 AND disabled_at IS NULL
        """, row: User.init)

    static let insertPasswordToken = Statement(
        """
        INSERT INTO email_tokens (token_hash, user_id, purpose, expires_at)
        VALUES ($1, $2, 'resetPassword', now() + interval '1 day')
        """)

    static let disableUser = Statement(
        """
        UPDATE users SET disabled_at = coalesce(disabled_at, now()) WHERE id = $1
        RETURNING id, email, name, created_at, disabled_at
        """, row: AdministeredUser.init)

    static let enableUser = Statement(
        "UPDATE users SET disabled_at = NULL WHERE id = $1 RETURNING id, email, name, created_at, disabled_at",
        row: AdministeredUser.init)
}
