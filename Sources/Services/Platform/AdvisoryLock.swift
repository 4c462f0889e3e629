import Cryptography
import Postgres

/// Locks of PostgreSQL on what is no row: one at a time of whatever has the same purpose and text, on every daemon.
enum AdvisoryLock {
    /// Until the end of the transaction; taken before the next statement sees anything.
    static func take(_ tx: borrowing Transaction, _ purpose: String, _ text: String) throws(CryptographyError)
    {
        let key: Int64 = try SHA256.digest(Array("\(purpose):\(text)".utf8)).prefix(8).reduce(0) {
            $0 << 8 | Int64($1)
        }
        tx.queue(lock, key)
    }

    private static let lock = Statement("SELECT pg_advisory_xact_lock($1::bigint)")
}
