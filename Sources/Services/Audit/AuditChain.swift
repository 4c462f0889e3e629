import Cryptography
import Identifiers
import Postgres

/// A chain of SHA-256 over the trail. Each seal is the hash of its row, as PostgreSQL sends it, and the seal before: who changes, removes
/// or moves a row would have to make every later seal anew.
enum AuditChain {
    /// What the first row is sealed to.
    static let origin = [UInt8](repeating: 0, count: 32)

    static func seal(row: [UInt8], after previous: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try SHA256.digest(row + previous)
    }

    /// A row of the trail in its canonical form: each column as four bytes of length and PostgreSQL's binary format.
    struct Row: Sendable {
        let seq: Int64
        let canonical: [UInt8]

        /// From ``columns`` columns, the first of which is `seq`.
        init(_ row: borrowing RowReader, from first: Int) throws {
            seq = try row.get(first)
            var bytes: [UInt8] = []
            bytes.reserveCapacity(320)
            try row.appendBinary(first..<first + AuditChain.columns, to: &bytes)
            canonical = bytes
        }
    }

    /// `seq, id, at, actor, action, workspace_id, object, address, request_id, outcome`
    static let columns = 10

    struct Head: Sendable {
        let number: Int64
        let seal: [UInt8]
        /// Up to this seq every row that will ever be there is sealed.
        let settled: Int64
    }
}
