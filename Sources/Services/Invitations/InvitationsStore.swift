import Identifiers
import Postgres
import RPC

extension Invitations {
    struct Open: Sendable {
        let id: UUID
        let workspaceID: UUID
        let role: Role
    }

    static let endOpen = Statement(
        """
        UPDATE invitations SET revoked_at = now()
        WHERE workspace_id = $1 AND email = $2 AND accepted_at IS NULL AND revoked_at IS NULL
        """)

    static let insertInvitation = Statement(
        """
        INSERT INTO invitations (workspace_id, email, role, token_hash, invited_by) VALUES ($1, $2, $3, $4, $5)
        RETURNING id, workspace_id, email, role, invited_by, created_at, expires_at
        """, row: Invitation.init)

    static let listInvitations = Statement(
        """
        SELECT id, workspace_id, email, role, invited_by, created_at, expires_at FROM invitations
        WHERE workspace_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > now()
            AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
        ORDER BY created_at, id LIMIT $4
        """, row: Invitation.init)

    static let lockInvitation = Statement(
        """
        SELECT role FROM invitations
        WHERE workspace_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL FOR UPDATE
        """
    ) { try $0.get(0, as: Role.self) }

    static let revokeInvitation = Statement(
        "UPDATE invitations SET revoked_at = now() WHERE workspace_id = $1 AND id = $2")

    /// Only for the address of the user who accepts. Nor may whoever invited be disabled by now.
    static let lockOpenByToken = Statement(
        """
        SELECT i.id, i.workspace_id, i.role FROM invitations i JOIN users u ON u.email = i.email AND u.id = $2
        LEFT JOIN users by ON by.id = i.invited_by
        WHERE i.token_hash = $1 AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
            AND by.disabled_at IS NULL
        FOR UPDATE OF i
        """
    ) { Open(id: try $0.get(0), workspaceID: try $0.get(1), role: try $0.get(2)) }

    static let acceptInvitation = Statement("UPDATE invitations SET accepted_at = now() WHERE id = $1")

    static let getMembership = Statement(
        """
        SELECT w.id, w.name, m.role FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
        WHERE m.workspace_id = $1 AND m.user_id = $2
        """, row: Membership.init)
}
