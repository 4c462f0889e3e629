import Cryptography
import Identifiers
import Postgres

/// Seals anew, under the current master key, what older ones have sealed: a batch a transaction, so it can be stopped and goes on where it
/// was, while the daemon serves.
public struct KeyRotation: Sendable {
    private let pool: Pool
    private let vault: Vault

    private let batch: Int

    /// - Parameter batch: credentials a transaction: few enough that nobody waits long for a row.
    public init(pool: Pool, masterKeys: WatchedKeys, batch: Int = 500) {
        self.batch = batch
        self.pool = pool
        vault = Vault(ring: masterKeys)
    }

    /// What each master key seals.
    public struct Usage: Sendable, Equatable {
        public let keyVersion: Int64
        public let credentials: Int
        /// Those that wait to be sent.
        public let mails: Int
    }

    public func usage(_ bound: any Interruptible) async throws -> [Usage] {
        try await run(bound) { tx in try tx.all(Credentials.countByKey) }
    }

    /// How many were sealed anew; none when nothing is left to do.
    public func step(_ bound: any Interruptible) async throws -> Int {
        let (vault, batch) = (vault, batch)
        let current = vault.currentKeyVersion
        return try await run(bound) { tx in
            vault.register(current, in: tx)
            let stale = try tx.all(Credentials.lockStale, current, batch)
            guard !stale.isEmpty else { return 0 }
            var resealer = Resealer(vault: vault, current: current)
            let keyBoxes = try stale.map { try resealer.reseal($0.keyBox, .key, of: $0) }
            let secretBoxes = try stale.map { entry in
                try entry.secretBox.map { try resealer.reseal($0, .secret, of: entry) }
            }
            tx.queue(
                Credentials.resealBoxes, current, TextArray(stale.map(\.id)), TextArray(keyBoxes),
                TextArray(secretBoxes), expecting: stale.count)
            return stale.count
        }
    }

    /// Has the database take no more of what an old key seals, for good. - Returns: false when something still needs it.
    public func retire(_ number: Int64, _ bound: any Interruptible) async throws -> Bool {
        do {
            _ = try await run(bound) { try $0.execute(Credentials.retireKey, number) }
            return true
        } catch let error as PostgresError where error.kind == .server(.foreignKeyViolation) {
            return false
        }
    }

    private func run<Value: Sendable>(
        _ bound: any Interruptible, _ body: @escaping @Sendable (borrowing Transaction) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            pool.transaction(bound) { tx in
                tx.enterEveryWorkspace()
                return try body(tx)
            } completion: {
                continuation.resume(with: $0)
            }
        }
    }
}

/// Opens and seals for one batch: keys of a workspace are derived once.
private struct Resealer {
    let vault: Vault
    let current: Int64
    private var keys: [Place: SecretBytes] = [:]

    private struct Place: Hashable {
        let workspace: UUID
        let version: Int64
    }

    init(vault: Vault, current: Int64) {
        self.vault = vault
        self.current = current
    }

    mutating func reseal(
        _ box: [UInt8], _ field: Vault.Place.Field, of entry: Credentials.Stale
    ) throws -> [UInt8] {
        func place(_ version: Int64) -> Vault.Place {
            Vault.Place(
                workspace: entry.workspace, credential: entry.id, field: field, keyVersion: version)
        }
        let opened = try vault.open(box, at: place(entry.keyVersion), key: key(entry.keyVersion, entry))
        return try vault.seal(opened, at: place(current), key: key(current, entry))
    }

    private mutating func key(_ version: Int64, _ entry: Credentials.Stale) throws -> SecretBytes {
        let place = Place(workspace: entry.workspace, version: version)
        if let key = keys[place] { return key }
        let key = try vault.workspaceKey(version, entry.salt)
        keys[place] = key
        return key
    }
}
