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

    /// Of the last hour.
    static let countRecent = Statement(
        """
        SELECT count(*) FROM invitations WHERE workspace_id = $1 AND created_at > now() - interval '1 hour'
        """
    ) { try $0.get(0, as: Int.self) }

    /// One more mail to an address, unless it had its share of the hour from whomever.
    static let insertMail = Statement(
        """
        INSERT INTO invitation_mails (recipient_hash) SELECT $1 WHERE (SELECT count(*) FROM invitation_mails
            WHERE recipient_hash = ANY($2::bytea[]) AND created_at > now() - interval '1 hour') < $3
        """)

    /// A few at a time.
    static let deleteOldMails = Statement(
        """
        DELETE FROM invitation_mails WHERE id IN
            (SELECT id FROM invitation_mails WHERE created_at < now() - interval '1 hour' LIMIT $1)
        """)

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

    /// The workspace of an invitation whose token somebody has: its members change one after the other.
    static let lockWorkspaceByToken = Statement(
        """
        SELECT w.id FROM workspaces w JOIN invitations i ON i.workspace_id = w.id WHERE i.token_hash = $1
        FOR UPDATE OF w
        """
    ) { try $0.get(0, as: UUID.self) }

    /// Only for the address of the user who accepts. Whoever invited may not be disabled by now, and still has to be what he made others.
    static let lockOpenByToken = Statement(
        """
        SELECT i.id, i.workspace_id, i.role FROM invitations i JOIN users u ON u.email = i.email AND u.id = $2
        LEFT JOIN users by ON by.id = i.invited_by
        LEFT JOIN memberships his ON his.workspace_id = i.workspace_id AND his.user_id = i.invited_by
        WHERE i.token_hash = $1 AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
            AND by.disabled_at IS NULL AND (i.invited_by IS NULL OR rpcd_rank(his.role) >= rpcd_rank(i.role))
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
