import Identifiers
import JSON
import Postgres
import RPC

extension Workspaces {
    func create(
        _ tx: borrowing Transaction, _ access: Access, _ name: String, _ slug: String?, _ ownerEmail: Email?
    ) throws -> Workspace {
        let owner = try owner(tx, access, ownerEmail)
        let id = UUID.random()
        tx.enter(id)
        let workspace = try insert(tx, id, name, slug)
        tx.queue(Workspaces.insertOwner, workspace.id, owner, expecting: 1)
        tx.queue(Billing.insertAccount, workspace.id, expecting: 1)
        return workspace
    }

    private func owner(_ tx: borrowing Transaction, _ access: Access, _ email: Email?) throws -> UUID {
        guard access.role == .operator else {
            let userID = try access.requireUser()
            guard email == nil else {
                throw CallError.fields([
                    FieldError("ownerEmail", .unknown, "is for the operator; you become the owner")
                ])
            }
            return userID
        }
        guard let email else {
            throw CallError.fields([FieldError("ownerEmail", .required, "is required of the operator")])
        }
        guard let user = try tx.first(Members.findUserByEmail, email.text) else {
            throw CallError(.notFound, "No account has this email")
        }
        return user
    }

    /// A slug that was asked for is taken or refused; one that is made from the name gives way to those that are there.
    private func insert(
        _ tx: borrowing Transaction, _ id: UUID, _ name: String, _ slug: String?
    ) throws -> Workspace {
        let candidates = slug.map { [$0] } ?? Slug.candidates(for: name)
        for candidate in candidates {
            if let workspace = try tx.first(Workspaces.insertWorkspace, id, name, candidate) {
                return workspace
            }
        }
        throw CallError(.conflict, "This slug is taken")
    }

    func list(
        _ tx: borrowing Transaction, _ access: Access, _ limit: Int64, _ cursor: Cursor?
    ) throws -> Page<Workspace> {
        // Null is everybody's: the operator's, and nobody else's.
        let user = access.role == .operator ? nil : try access.requireUser()
        let rows = try tx.all(
            Workspaces.listWorkspaces, user, cursor?.moment, cursor?.id, limit + 1)
        return Page(rows, limit: limit) { Cursor($0.createdAt, $0.id) }
    }

    func update(
        _ tx: borrowing Transaction, _ access: Access, _ id: UUID, _ name: String?, _ slug: String?,
        _ settings: JSON?, _ ifVersion: Int64?
    ) throws -> Workspace {
        guard let current = try tx.first(Workspaces.lockWorkspace, id) else { throw CallError(.notFound) }
        try Platform.require(ifVersion, toBe: current.version)
        do {
            return try tx.savepoint { tx in
                try tx.one(Workspaces.updateWorkspace, id, name, slug, settings.map { JSONText($0.source) })
            }
        } catch let error as PostgresError where error.violates("workspaces_slug_key") {
            throw CallError(.conflict, "This slug is taken")
        }
    }

    func delete(_ tx: borrowing Transaction, _ access: Access, _ id: UUID) throws -> Done {
        // The account first, as everywhere: a purchase is settled before, or not at all.
        if var account = try tx.first(Billing.lockExistingAccount, id) {
            try Billing(platform: platform).releaseJobHolds(
                tx, &account, id, by: access.actor, access.call.requestID)
        }
        tx.queue(Billing.failPending, id)
        guard try tx.execute(Workspaces.deleteWorkspace, id) == 1 else { throw CallError(.notFound) }
        tx.noteErasure(in: id)
        return Done()
    }
}

/// Names for URLs.
enum Slug {
    static func isValid(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count) && text.first != "-" && text.last != "-"
            && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    /// From a name: its ASCII letters and digits, hyphens between; then the same with a random end.
    static func candidates(for name: String) -> [String] {
        let words = name.lowercased().utf8.split { !isAlphanumeric($0) }.map {
            String(decoding: $0, as: UTF8.self)
        }
        let base = String(words.joined(separator: "-").prefix(50)).split(separator: "-").joined(
            separator: "-")
        let stem = base.isEmpty ? "workspace" : base
        return [stem] + (0..<5).map { _ in stem + "-" + UUID.random().description.prefix(8) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
