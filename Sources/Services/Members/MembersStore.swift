import Identifiers
import Postgres

extension Members {
    /// Its name.
    static let lockWorkspace = Statement("SELECT name FROM workspaces WHERE id = $1 FOR UPDATE") {
        try $0.get(0, as: String.self)
    }

    static let findUserByEmail = Statement("SELECT id FROM users WHERE email = $1 AND disabled_at IS NULL") {
        try $0.get(0, as: UUID.self)
    }

    static let findAccount = Statement(
        "SELECT id, email_verified_at IS NOT NULL FROM users WHERE email = $1 AND disabled_at IS NULL"
    ) { (id: try $0.get(0, as: UUID.self), isVerified: try $0.get(1, as: Bool.self)) }

    static let listMembers = Statement(
        """
        SELECT u.id, u.email, u.name, m.role, m.created_at, m.version FROM memberships m JOIN users u ON u.id = m.user_id
        WHERE m.workspace_id = $1 AND ($2::timestamptz IS NULL OR (m.created_at, u.id) > ($2, $3::uuid))
        ORDER BY m.created_at, u.id LIMIT $4
        """, row: Member.init)

    static let getMember = Statement(
        """
        SELECT u.id, u.email, u.name, m.role, m.created_at, m.version FROM memberships m JOIN users u ON u.id = m.user_id
        WHERE m.workspace_id = $1 AND m.user_id = $2
        """, row: Member.init)

    /// No row: he is a member already.
    static let insertMember = Statement(
        "INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")

    static let updateRole = Statement(
        "UPDATE memberships SET role = $3, version = version + 1 WHERE workspace_id = $1 AND user_id = $2")

    static let deleteMember = Statement("DELETE FROM memberships WHERE workspace_id = $1 AND user_id = $2")

    static let countOwners = Statement(
        "SELECT count(*) FROM memberships WHERE workspace_id = $1 AND role = 'owner'"
    ) { try $0.get(0, as: Int.self) }
}
