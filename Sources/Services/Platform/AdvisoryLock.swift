import Cryptography
import Postgres

/// Locks of PostgreSQL on what is no row: one at a time of whatever has the same purpose and text, on every daemon.
package enum AdvisoryLock {
    /// What one daemon at a time does has a number here; migrating has 0x72706364 (``Migrator``).
    static let sealing = 0x7270_6361
    static let handingOutEvents = 0x7270_6377
    static let clearingOut = 0x7270_636f
    static let sendingToAnalytics = 0x7270_6372
    package static let migratingClickHouse = 0x7270_636d

    /// Until the end of the transaction; taken before the next statement sees anything.
    static func take(_ tx: borrowing Transaction, _ purpose: String, _ text: String) throws(CryptographyError)
    {
        tx.queue(lock, try key(purpose, text))
    }

    /// The same, for who has nothing to do where another is at it already. - Returns: whether it was free.
    static func tryToTake(_ tx: borrowing Transaction, _ purpose: String, _ text: String) throws -> Bool {
        try tx.one(AuditChain.tryLock, key(purpose, text))
    }

    private static func key(_ purpose: String, _ text: String) throws(CryptographyError) -> Int64 {
        try SHA256.digest(Array("\(purpose):\(text)".utf8)).prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    }

    private static let lock = Statement("SELECT pg_advisory_xact_lock($1::bigint)")
}
