import Cryptography
import Identifiers
import Postgres
import Synchronization

/// Seals secrets of workspaces: AES-256-GCM under a key that HKDF-SHA256 (RFC 5869) derives from a master key and the workspace's salt.
struct Vault: Sendable {
    let ring: WatchedKeys
    private let confirmed = ConfirmedKey()

    init(ring: WatchedKeys) {
        self.ring = ring
    }

    /// Of the master key that seals.
    var currentKeyVersion: Int64 { ring.keys.current }

    /// Where a box belongs. It opens nowhere else: all of this is authenticated with it.
    struct Place: Sendable {
        enum Field: String, Sendable {
            case key, secret
            /// Of a webhook, whose id stands in the place of the credential's.
            case signing, previousSigning
        }

        let workspace: UUID
        let credential: UUID
        let field: Field
        /// Of the master key.
        let keyVersion: Int64

        fileprivate var associatedData: [UInt8] {
            Array("rpcd credential v1 \(field.rawValue) \(keyVersion) ".utf8) + workspace.bytes
                + credential.bytes
        }
    }

    /// Why a secret cannot be read.
    enum Fault: Error, Sendable, Equatable {
        /// The master key of that number is not in the ring.
        case noMasterKey(Int64)
        /// What was opened makes no sense.
        case unreadable
    }

    static let saltBytes = 32

    func seal(_ secret: Secret, at place: Place, salt: [UInt8]) throws -> [UInt8] {
        try AES256GCM.seal(
            secret.bytes, key: workspaceKey(place.keyVersion, salt), associatedData: place.associatedData)
    }

    func seal(_ secret: SecretBytes, at place: Place, salt: [UInt8]) throws -> [UInt8] {
        try seal(secret, at: place, key: workspaceKey(place.keyVersion, salt))
    }

    /// - Parameter key: of the workspace and the master key that the place names.
    func seal(_ secret: SecretBytes, at place: Place, key: SecretBytes) throws -> [UInt8] {
        try AES256GCM.seal(secret, key: key, associatedData: place.associatedData)
    }

    /// - Throws: when the box was sealed for another place, or has been changed.
    func open(_ box: [UInt8], at place: Place, salt: [UInt8]) throws -> SecretBytes {
        try open(box, at: place, key: workspaceKey(place.keyVersion, salt))
    }

    /// - Parameter key: of the workspace and the master key that the place names.
    func open(_ box: [UInt8], at place: Place, key: SecretBytes) throws -> SecretBytes {
        try AES256GCM.open(box, key: key, associatedData: place.associatedData)
    }

    /// The words of a mail, which hold tokens.
    func seal(_ words: [UInt8], mail id: UUID, keyVersion: Int64) throws -> [UInt8] {
        try AES256GCM.seal(
            words, key: mailKey(keyVersion, id), associatedData: Vault.associatedData(ofMail: id, keyVersion))
    }

    func open(_ box: [UInt8], mail id: UUID, keyVersion: Int64) throws -> SecretBytes {
        try AES256GCM.open(
            box, key: mailKey(keyVersion, id), associatedData: Vault.associatedData(ofMail: id, keyVersion))
    }

    /// The outcome of a call that is kept for its repetition.
    func seal(_ outcome: [UInt8], outcome scope: [UInt8], keyVersion: Int64) throws -> [UInt8] {
        try AES256GCM.seal(
            outcome, key: outcomeKey(keyVersion, scope),
            associatedData: Array("rpcd outcome v1 \(keyVersion) ".utf8) + scope)
    }

    func open(_ box: [UInt8], outcome scope: [UInt8], keyVersion: Int64) throws -> SecretBytes {
        try AES256GCM.open(
            box, key: outcomeKey(keyVersion, scope),
            associatedData: Array("rpcd outcome v1 \(keyVersion) ".utf8) + scope)
    }

    private func outcomeKey(_ version: Int64, _ scope: [UInt8]) throws -> SecretBytes {
        guard let master = ring.keys[version] else { throw Fault.noMasterKey(version) }
        return try HKDFSHA256.derive(
            key: master, salt: scope, info: Array("rpcd outcomes v1 \(version)".utf8),
            count: AES256GCM.keyLength)
    }

    private static func associatedData(ofMail id: UUID, _ keyVersion: Int64) -> [UInt8] {
        Array("rpcd mail v1 \(keyVersion) ".utf8) + id.bytes
    }

    private func mailKey(_ version: Int64, _ id: UUID) throws -> SecretBytes {
        guard let master = ring.keys[version] else { throw Fault.noMasterKey(version) }
        return try HKDFSHA256.derive(
            key: master, salt: id.bytes, info: Array("rpcd mails v1 \(version)".utf8),
            count: AES256GCM.keyLength)
    }

    /// Has the database know that a key is in use, before anything that names it. Never one that was taken away: a newer one is there then.
    func register(_ version: Int64, in tx: borrowing Transaction) throws {
        let (keys, revision) = ring.current
        guard confirmed.value.withLock({ $0 }) != ConfirmedKey.Value(number: version, revision: revision)
        else {
            return
        }
        tx.queue(Credentials.registerKey, version, try Vault.fingerprint(of: version, in: keys))
    }

    /// Tells a key from another one with the same number, and nothing of the key.
    static func fingerprint(of version: Int64, in keys: NumberedKeys) throws -> [UInt8] {
        guard let key = keys[version] else { throw Fault.noMasterKey(version) }
        return try HMACSHA256.authenticate(key: key, message: Array("rpcd master key fingerprint v1".utf8))
    }

    /// Looks whether the database knows the current key, so that nobody has to tell it any more.
    func confirm(on pool: Pool) async throws {
        let (keys, revision) = ring.current
        let current = ConfirmedKey.Value(number: keys.current, revision: revision)
        guard confirmed.value.withLock({ $0 }) != current else { return }
        let fingerprint = try Vault.fingerprint(of: keys.current, in: keys)
        let isKnown = try await pool.upkeep { tx in
            tx.queue(Credentials.registerKey, current.number, fingerprint)
            return try tx.first(Credentials.hasKey, current.number) != nil
        }
        // By now it is committed.
        if isKnown { confirmed.value.withLock { $0 = current } }
    }

    /// The key of a workspace's secrets under one master key.
    func workspaceKey(_ version: Int64, _ salt: [UInt8]) throws -> SecretBytes {
        guard let master = ring.keys[version] else { throw Fault.noMasterKey(version) }
        return try HKDFSHA256.derive(
            key: master, salt: salt, info: Array("rpcd workspace secrets v1 \(version)".utf8),
            count: AES256GCM.keyLength)
    }
}

/// The master key that the database is known to know.
private final class ConfirmedKey: Sendable {
    struct Value: Equatable {
        let number: Int64
        /// Of the ring: the key of that number may be another one later.
        let revision: Int
    }

    let value = Mutex<Value?>(nil)
}

/// A secret on its way into the vault. Prints as three stars.
struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let bytes: [UInt8]

    var description: String { "***" }
    var debugDescription: String { "***" }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// What may be shown of it: the last four characters, and nothing of what is shorter than twelve.
    var masked: String {
        let text = String(decoding: bytes, as: UTF8.self)
        return "…"
            + (text.unicodeScalars.count >= 12
                ? String(String.UnicodeScalarView(text.unicodeScalars.suffix(4))) : "")
    }
}
