import Cryptography
import Identifiers
import Postgres
import Resilience
import Synchronization

/// Where the operator's own keys come from: of each provider a line with its key, and where it has two parts a second line.
public struct PlatformKeySource: Sendable {
    /// Differs whenever what ``read`` gives may differ; nil when there is no key for that slug.
    let stamp: @Sendable (_ slug: String) -> String?
    let read: @Sendable (_ slug: String) throws -> [UInt8]?

    public init(
        stamp: @escaping @Sendable (String) -> String?, read: @escaping @Sendable (String) throws -> [UInt8]?
    ) {
        self.stamp = stamp
        self.read = read
    }

    /// No keys.
    public static let none = PlatformKeySource(stamp: { _ in nil }, read: { _ in nil })
}

/// There is a key, and it cannot be read: which is for people to mend.
struct UnreadableKey: Error, CustomStringConvertible {
    /// For the log.
    let description: String
    /// For whoever asked.
    let failure: LookupFailure

    init(ofWorkspace workspace: UUID, _ slug: String, _ cause: any Error) {
        description =
            "The credential of workspace \(workspace) for \(slug) cannot be opened with the master keys that are here: \(cause)"
        failure = LookupFailure(
            .keyUnreadable, "The stored credential cannot be opened; store it again, or ask the operator",
            isTransient: false)
    }

    init(ofPlatform slug: String, _ cause: any Error) {
        description = "The operator's key for \(slug) cannot be read: \(cause)"
        failure = LookupFailure(
            .keyUnreadable, "The platform's key cannot be read; the operator finds why in the journal",
            isTransient: false)
    }
}

/// Finds the key that a provider is asked with.
final class ProviderKeys: Sendable {
    private struct Kept: Sendable {
        let stamp: String
        let key: ProviderKey?
    }

    private let vault: Vault
    private let source: PlatformKeySource
    private let kept = Mutex<[String: Kept]>([:])
    private let noted = Mutex<[UUID: UInt64]>([:])

    private static let pauseNanoseconds: UInt64 = 60_000_000_000
    /// When more credentials than this are in use at once, all are noted anew.
    private static let maximumNoted = 10_000

    init(vault: Vault, source: PlatformKeySource) {
        self.vault = vault
        self.source = source
    }

    /// - Parameter tx: has entered the workspace. That the credential was used is written in it, to the minute.
    /// - Returns: nil where there is none.
    /// - Throws: ``UnreadableKey`` when a stored credential cannot be opened, or a file of the operator's cannot be read.
    func key(
        for provider: Provider, workspace: UUID, choice: KeyChoice, in tx: borrowing Transaction
    ) throws -> ProviderKey? {
        if choice != .platform, let key = try ownKey(provider.slug, workspace, tx) { return key }
        guard choice != .own else { return nil }
        do {
            return try platformKey(provider.slug)
        } catch {
            throw UnreadableKey(ofPlatform: provider.slug, error)
        }
    }

    private func ownKey(
        _ slug: String, _ workspace: UUID, _ tx: borrowing Transaction
    ) throws -> ProviderKey? {
        guard let sealed = try tx.first(ProviderKeys.newestCredential, workspace, slug) else { return nil }
        func open(_ box: [UInt8], _ field: Vault.Place.Field) throws -> SecretBytes {
            try vault.open(
                box,
                at: Vault.Place(
                    workspace: workspace, credential: sealed.id, field: field, keyVersion: sealed.keyVersion),
                salt: sealed.salt)
        }
        let key: ProviderKey
        do {
            key = ProviderKey(
                kind: .own, credentialID: sealed.id, key: try open(sealed.keyBox, .key),
                secret: try sealed.secretBox.map { try open($0, .secret) })
        } catch {
            throw UnreadableKey(ofWorkspace: workspace, slug, error)
        }
        if isDue(sealed.id) { tx.queue(ProviderKeys.touchCredential, workspace, sealed.id) }
        return key
    }

    private func isDue(_ credential: UUID) -> Bool {
        let now = MonotonicClock.now
        return noted.withLock { noted in
            if let last = noted[credential], now - last < ProviderKeys.pauseNanoseconds { return false }
            if noted.count >= ProviderKeys.maximumNoted { noted.removeAll() }
            noted[credential] = now
            return true
        }
    }

    /// The operator's; read again when its file has changed.
    func platformKey(_ slug: String) throws -> ProviderKey? {
        guard let stamp = source.stamp(slug) else { return nil }
        if let kept = kept.withLock({ $0[slug] }), kept.stamp == stamp { return kept.key }
        guard var bytes = try source.read(slug) else { return nil }
        var lines = try SecretBytes(moving: &bytes).withUnsafeBytes { file in
            file.split(separator: UInt8(ascii: "\n"), maxSplits: 2).map { line in
                Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
            }
        }
        guard !lines.isEmpty, !lines[0].isEmpty else { return nil }
        let key = ProviderKey(
            kind: .platform, credentialID: nil, key: try SecretBytes(moving: &lines[0]),
            secret: lines.count > 1 && !lines[1].isEmpty ? try SecretBytes(moving: &lines[1]) : nil)
        kept.withLock { $0[slug] = Kept(stamp: stamp, key: key) }
        return key
    }
}
