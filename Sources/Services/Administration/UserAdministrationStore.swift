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

    static let disableUser = Statement(
        """
        UPDATE users SET disabled_at = coalesce(disabled_at, now()) WHERE id = $1
        RETURNING id, email, name, created_at, disabled_at
        """, row: AdministeredUser.init)

    static let enableUser = Statement(
        "UPDATE users SET disabled_at = NULL WHERE id = $1 RETURNING id, email, name, created_at, disabled_at",
        row: AdministeredUser.init)
}
