import Cryptography
import Identifiers
import Postgres

/// Seals anew, under the current master key, what older ones have sealed: a batch a transaction, so it can be stopped and goes on where it
/// was, while the daemon serves.
public struct KeyRotation: Sendable {
    private let pool: Pool
    private let vault: Vault

    /// Few enough that nobody waits long for a row.
    private static let batch = 200

    public init(pool: Pool, masterKeys: WatchedKeys) {
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
        let vault = vault
        let current = vault.currentKeyVersion
        return try await run(bound) { tx in
            vault.register(current, in: tx)
            let stale = try tx.all(Credentials.lockStale, current, KeyRotation.batch)
            for entry in stale {
                func reseal(_ box: [UInt8], _ field: Vault.Place.Field) throws -> [UInt8] {
                    func place(_ version: Int64) -> Vault.Place {
                        Vault.Place(
                            workspace: entry.workspace, credential: entry.id, field: field,
                            keyVersion: version)
                    }
                    let opened = try vault.open(box, at: place(entry.keyVersion), salt: entry.salt)
                    return try vault.seal(opened, at: place(current), salt: entry.salt)
                }
                tx.queue(
                    Credentials.resealBoxes, entry.id, try reseal(entry.keyBox, .key),
                    try entry.secretBox.map { try reseal($0, .secret) }, current, expecting: 1)
            }
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
