import Cryptography
import Identifiers
import Postgres
import RPC

extension Credentials {
    /// - Parameter salt: the workspace's, when it has one.
    func create(
        _ tx: borrowing Transaction, _ access: Access, _ salt: [UInt8]?, _ workspace: UUID,
        _ provider: String, _ label: String?, _ key: Secret, _ secret: Secret?
    ) throws -> (id: UUID, answer: Answer<Credential>) {
        let salt = try salt ?? self.salt(tx, of: workspace)
        let id = UUID.random()
        let version = platform.vault.currentKeyVersion
        try platform.vault.register(version, in: tx)
        func box(_ secret: Secret, _ field: Vault.Place.Field) throws -> [UInt8] {
            try platform.vault.seal(
                secret,
                at: Vault.Place(workspace: workspace, credential: id, field: field, keyVersion: version),
                salt: salt)
        }
        return (
            id,
            .row(
                Query(
                    Credentials.insertCredential, id, workspace, provider, label ?? "", try box(key, .key),
                    try secret.map { try box($0, .secret) }, key.masked, version, access.responsibleUserID))
        )
    }

    func list(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ limit: Int64, _ cursor: Cursor?
    ) throws -> Page<Credential> {
        let rows = try tx.all(Credentials.listCredentials, workspace, cursor?.moment, cursor?.id, limit + 1)
        return Page(rows, limit: limit) { Cursor($0.createdAt, $0.id) }
    }

    /// What is not given stays sealed as it is, under the master key that it has: so both parts are sealed anew when one is.
    func update(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ id: UUID, _ label: String?,
        _ key: Secret?, _ secret: Secret?, _ ifVersion: Int64?
    ) throws -> Credential {
        guard let current = try tx.first(Credentials.lockBoxes, workspace, id) else {
            throw CallError(.notFound, "No such credential")
        }
        try Platform.require(ifVersion, toBe: current.version)
        guard key != nil || secret != nil else {
            return try tx.one(Credentials.updateLabel, workspace, id, label)
        }
        let salt = try salt(tx, of: workspace)
        let version = platform.vault.currentKeyVersion
        try platform.vault.register(version, in: tx)
        func place(_ field: Vault.Place.Field, _ version: Int64) -> Vault.Place {
            Vault.Place(workspace: workspace, credential: id, field: field, keyVersion: version)
        }
        func box(_ given: Secret?, _ kept: [UInt8], _ field: Vault.Place.Field) throws -> [UInt8] {
            if let given { return try platform.vault.seal(given, at: place(field, version), salt: salt) }
            guard current.keyVersion != version else { return kept }
            let opened = try platform.vault.open(kept, at: place(field, current.keyVersion), salt: salt)
            return try platform.vault.seal(opened, at: place(field, version), salt: salt)
        }
        let secretBox: [UInt8]?
        if let kept = current.secretBox {
            secretBox = try box(secret, kept, .secret)
        } else {
            secretBox = try secret.map { try box($0, [], .secret) }
        }
        return try tx.one(
            Credentials.updateBoxes, workspace, id, label, try box(key, current.keyBox, .key), secretBox,
            key?.masked, version)
    }

    func delete(_ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ id: UUID) throws -> Done {
        guard try tx.execute(Credentials.deleteCredential, workspace, id) == 1 else {
            throw CallError(.notFound, "No such credential")
        }
        return Done()
    }

    /// Made with the first secret of a workspace.
    func salt(_ tx: borrowing Transaction, of workspace: UUID) throws -> [UInt8] {
        if let salt = try tx.first(Credentials.getSalt, workspace) { return salt }
        try tx.execute(Credentials.insertSalt, workspace, try SecureRandom.bytes(Vault.saltBytes))
        guard let salt = try tx.first(Credentials.getSalt, workspace) else { throw CallError(.notFound) }
        return salt
    }
}
