import Cryptography
import Identifiers
import Postgres
import RPC

/// In base64url: the workspace (16 bytes) and 32 random bytes. So it opens that workspace's invitations to whoever has it, and no others.
struct InvitationToken: Sendable {
    let workspace: UUID
    let text: String
    /// What is stored.
    let hash: [UInt8]

    private static let randomBytes = 32

    private init(_ bytes: [UInt8], workspace: UUID) throws(CryptographyError) {
        self.workspace = workspace
        text = Base64URL.encode(bytes)
        hash = try SHA256.digest(bytes)
    }

    static func make(workspace: UUID) throws(CryptographyError) -> InvitationToken {
        try InvitationToken(workspace.bytes + SecureRandom.bytes(randomBytes), workspace: workspace)
    }

    /// `nil` for what was never given out.
    init?(_ text: String) throws(CryptographyError) {
        guard let bytes = Base64URL.decode(text), bytes.count == 16 + InvitationToken.randomBytes,
            let workspace = bytes.withUnsafeBytes({ UUID(bytes: UnsafeRawBufferPointer(rebasing: $0[..<16])) }
            )
        else { return nil }
        try self.init(bytes, workspace: workspace)
    }
}

extension Invitations {
    func create(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ email: Email, _ role: Role
    ) throws -> NewInvitation {
        try access.requireAtLeast(role)
        guard let name = try tx.first(Members.lockWorkspace, workspace) else { throw CallError(.notFound) }
        try Authorization.recheck(access, in: tx)
        guard
            try access.role == .operator
                || tx.one(Invitations.countRecent, workspace) < Invitations.mostPerHour
        else {
            throw CallError.rateLimited(
                retryAfterMs: 3_600_000, "A workspace invites \(Invitations.mostPerHour) an hour")
        }
        if let user = try tx.first(Members.findUserByEmail, email.text),
            try tx.first(Members.getMember, workspace, user) != nil
        {
            throw CallError(.conflict, "He is a member already; change his role instead")
        }
        let token = try InvitationToken.make(workspace: workspace)
        tx.queue(Invitations.endOpen, workspace, email.text)
        let invitation = try tx.one(
            Invitations.insertInvitation, workspace, email.text, role, token.hash, access.responsibleUserID)
        let isMailed = try mayMail(tx, to: email)
        if isMailed {
            try platform.outbox.put(
                tx, Mail(kind: .invitation, token: token.text, workspace: name, role: role.name), to: email)
        }
        return NewInvitation(invitation: invitation, token: token.text, isMailed: isMailed)
    }

    /// From all workspaces together: nobody fills another's mailbox. The invitation is good without its mail, and whoever has asked a
    /// mailbox full keeps nobody else from inviting.
    private func mayMail(_ tx: borrowing Transaction, to email: Email) throws -> Bool {
        guard platform.outbox.isOpen else { return false }
        let hashes = try platform.tokens.emailHashes(email)
        try AdvisoryLock.take(tx, "invitation", email.text)
        return try tx.execute(
            Invitations.insertMail, hashes.newest, TextArray(hashes.all), Invitations.mostMailsPerHour) == 1
    }

    /// Of one workspace.
    private static let mostPerHour = 100
    /// To one address.
    private static let mostMailsPerHour = 5

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
        let refusal = CallError(.notFound, "This invitation is not valid for your address")
        guard let token = try InvitationToken(token) else { throw refusal }
        tx.enter(token.workspace)
        // As every change of the members: what the inviter is cannot change in between.
        guard try tx.first(Invitations.lockWorkspaceByToken, token.hash) != nil else { throw refusal }
        guard let found = try tx.first(Invitations.lockOpenByToken, token.hash, user) else { throw refusal }
        guard try tx.execute(Members.insertMember, found.workspaceID, user, found.role) == 1 else {
            throw CallError(.conflict, "You are a member already")
        }
        tx.queue(Invitations.acceptInvitation, found.id, expecting: 1)
        return try tx.one(Invitations.getMembership, found.workspaceID, user)
    }
}
