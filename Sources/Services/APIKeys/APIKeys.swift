import Identifiers
import Postgres
import RPC

extension APIKeys {
    func create(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ name: String, _ role: Role,
        _ expiresAt: Timestamp?
    ) throws -> NewAPIKey {
        try access.requireAtLeast(role)
        if let expiresAt, expiresAt <= .now {
            throw CallError.fields([FieldError("expiresAt", .range, "has to be in the future")])
        }
        let id = UUID.random()
        let (secret, text) = try APIKeySecret.make(id: id)
        guard
            let key = try tx.first(
                APIKeys.insertKey, id, workspace, name, role, secret.hash, access.responsibleUserID, expiresAt
            )
        else { throw CallError(.notFound) }
        return NewAPIKey(key: key, secret: text)
    }

    func list(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ limit: Int64, _ cursor: Cursor?
    ) throws -> Page<APIKey> {
        let rows = try tx.all(APIKeys.listKeys, workspace, cursor?.moment, cursor?.id, limit + 1)
        return Page(rows, limit: limit) { Cursor($0.createdAt, $0.id) }
    }

    func revoke(_ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ id: UUID) throws -> Done {
        guard let role = try tx.first(APIKeys.lockKey, workspace, id) else {
            throw CallError(.notFound, "No such key")
        }
        try access.requireAtLeast(role)
        tx.queue(APIKeys.revokeKey, workspace, id, expecting: 1)
        return Done()
    }
}
