import Cryptography
import Identifiers
import Postgres
import RPC

extension Invitations {
    private static let tokenBytes = 32

    func create(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ email: Email, _ role: Role
    ) throws -> NewInvitation {
        try access.requireAtLeast(role)
        guard try tx.first(Members.lockWorkspace, workspace) != nil else { throw CallError(.notFound) }
        if let user = try tx.first(Members.findUserByEmail, email.text),
            try tx.first(Members.getMember, workspace, user) != nil
        {
            throw CallError(.conflict, "He is a member already; change his role instead")
        }
        let bytes = try SecureRandom.bytes(Invitations.tokenBytes)
        tx.queue(Invitations.endOpen, workspace, email.text)
        let invitation = try tx.one(
            Invitations.insertInvitation, workspace, email.text, role, try SHA256.digest(bytes),
            access.responsibleUserID)
        return NewInvitation(invitation: invitation, token: Base64URL.encode(bytes))
    }

    func list(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ limit: Int64, _ cursor: Cursor?
    ) throws -> Page<Invitation> {
        let rows = try tx.all(Invitations.listInvitations, workspace, cursor?.moment, cursor?.id, limit + 1)
        return Page(rows, limit: limit) { Cursor($0.createdAt, $0.id) }
    }

    func revoke(_ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ id: UUID) throws -> Done {
        guard let role = try tx.first(Invitations.lockInvitation, workspace, id) else {
            throw CallError(.notFound, "No such invitation")
        }
        try access.requireAtLeast(role)
        tx.queue(Invitations.revokeInvitation, workspace, id, expecting: 1)
        return Done()
    }

    /// The same answer for a token that is none, was used, has expired, or is for another address.
    func accept(_ tx: borrowing Transaction, _ access: Access, _ token: String) throws -> Membership {
        let user = try access.requireUser()
        guard let bytes = Base64URL.decode(token), bytes.count == Invitations.tokenBytes,
            let found = try tx.first(Invitations.lockOpenByToken, try SHA256.digest(bytes), user)
        else { throw CallError(.notFound, "This invitation is not valid for your address") }
        guard try tx.execute(Members.insertMember, found.workspaceID, user, found.role) == 1 else {
            throw CallError(.conflict, "You are a member already")
        }
        tx.queue(Invitations.acceptInvitation, found.id, expecting: 1)
        return try tx.one(Invitations.getMembership, found.workspaceID, user)
    }
}
