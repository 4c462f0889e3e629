import Identifiers
import Postgres
import RPC

extension Members {
    func list(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ limit: Int64, _ cursor: Cursor?
    ) throws -> Page<Member> {
        let rows = try tx.all(Members.listMembers, workspace, cursor?.moment, cursor?.id, limit + 1)
        return Page(rows, limit: limit) { Cursor($0.createdAt, $0.userID) }
    }

    /// Whoever has not shown that an address is his may have made an account with another's, and wait to be taken for him. Where no mail is
    /// sent nobody can show it, and the operator knows whom he means.
    func add(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ email: Email, _ role: Role
    ) throws -> Member {
        try access.requireAtLeast(role)
        guard try tx.first(Members.lockWorkspace, workspace) != nil else { throw CallError(.notFound) }
        try Authorization.recheck(access, in: tx)
        guard let user = try tx.first(Members.findAccount, email.text),
            user.isVerified || access.role == .operator || !platform.outbox.isOpen
        else {
            throw CallError(.notFound, "No account has confirmed this email; invite it instead")
        }
        guard try tx.execute(Members.insertMember, workspace, user.id, role) == 1 else {
            throw CallError(.conflict, "He is a member already; change his role instead")
        }
        return try tx.one(Members.getMember, workspace, user.id)
    }

    func setRole(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ user: UUID, _ role: Role,
        _ ifVersion: Int64?
    ) throws -> Member {
        try access.requireAtLeast(role)
        let member = try lockMember(tx, access, workspace, user)
        try Platform.require(ifVersion, toBe: member.version)
        if role < .owner { try keepOneOwner(tx, workspace, without: member) }
        tx.queue(Members.updateRole, workspace, user, role, expecting: 1)
        return try tx.one(Members.getMember, workspace, user)
    }

    func remove(_ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ user: UUID) throws -> Done
    {
        let member = try lockMember(tx, access, workspace, user)
        try keepOneOwner(tx, workspace, without: member)
        tx.queue(Members.deleteMember, workspace, user, expecting: 1)
        return Done()
    }

    /// Changes of one workspace's members go one after the other: else two owners could remove each other.
    private func lockMember(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ user: UUID
    ) throws -> Member {
        guard try tx.first(Members.lockWorkspace, workspace) != nil,
            let member = try tx.first(Members.getMember, workspace, user)
        else { throw CallError(.notFound, "No such member") }
        try Authorization.recheck(access, in: tx)
        try access.requireAtLeast(member.role)
        return member
    }

    private func keepOneOwner(_ tx: borrowing Transaction, _ workspace: UUID, without member: Member) throws {
        guard member.role == .owner, try tx.one(Members.countOwners, workspace) == 1 else { return }
        throw CallError(.conflict, "He is the last owner; make somebody else an owner first")
    }
}
