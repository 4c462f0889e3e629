import RPC
import Synchronization

/// Access tokens whose signature was found good, so that it is checked once and not on every call. Whether the session still
/// lives is asked of the database on every call all the same.
///
/// It holds digests: a token cannot be read from it.
final class VerifiedTokens: Sendable {
    private struct Entry {
        let caller: Caller
        let expiresAt: Int64
    }

    private let entries = Mutex<[[UInt8]: Entry]>([:])
    private let limit: Int

    /// - Parameter limit: how many are remembered; when there are more, all are forgotten and verified anew.
    init(limit: Int) {
        self.limit = limit
    }

    /// - Parameters:
    ///   - digest: SHA-256 of the token.
    ///   - now: seconds since 1970.
    func caller(of digest: [UInt8], now: Int64) -> Caller? {
        entries.withLock { entries in
            guard let entry = entries[digest], now < entry.expiresAt else { return nil }
            return entry.caller
        }
    }

    func remember(_ digest: [UInt8], _ caller: Caller, until expiresAt: Int64) {
        entries.withLock { entries in
            if entries.count >= limit { entries.removeAll(keepingCapacity: true) }
            entries[digest] = Entry(caller: caller, expiresAt: expiresAt)
        }
    }
}
