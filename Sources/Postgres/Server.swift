import Resilience
import Synchronization

/// What is between this side and the server.
public enum Pooling: Sendable {
    /// Nothing, or a pooler that gives each connection a session of its own.
    case none
    /// A pooler that gives each transaction another session, as PgBouncer with `pool_mode=transaction`: nothing that outlives a
    /// transaction is relied on, neither prepared statements nor settings.
    case transaction
}

/// A PostgreSQL server, or several of which one takes changes, and how it is reached. Everything that shares one learns together
/// that it has been demoted.
public final class Server: Sendable {
    /// One host of the connection string.
    struct Place: Sendable {
        /// libpq's, with their values.
        var keywords: [(keyword: String, value: String)]
        /// Whether `dbname` is a whole connection string.
        var isUnread = false
    }

    let pooling: Pooling
    let places: [Place]
    private let demotions = Atomic<UInt64>(0)
    private let demotedAt = Atomic<UInt64>(0)

    /// While there is no other server, everybody connects anew only so often.
    private static let restNanoseconds: UInt64 = 1_000_000_000

    /// - Parameter conninfo: a libpq connection string or URL (libpq documentation, 34.1.1), of one host or several.
    public init(_ conninfo: String, pooling: Pooling = .none) {
        self.pooling = pooling
        places = Server.places(conninfo)
    }

    /// How often it was found to take no changes any more.
    var generation: UInt64 { demotions.load(ordering: .relaxed) }

    /// What was connected in this generation or before is connected to the wrong server.
    func demoted(in generation: UInt64) {
        let now = MonotonicClock.now
        let last = demotedAt.load(ordering: .relaxed)
        guard now - min(now, last) >= Server.restNanoseconds,
            demotedAt.compareExchange(expected: last, desired: now, ordering: .relaxed).exchanged
        else { return }
        _ = demotions.compareExchange(
            expected: generation, desired: generation + 1, ordering: .relaxed)
    }

    /// libpq goes on to the next host only when one refuses: its time limit is for a caller who waits inside of it. So each
    /// host is asked by itself, and one that is silent takes no more than its share of the time.
    private static func places(_ conninfo: String) -> [Place] {
        guard let keywords = ConnectionString.keywords(of: conninfo) else {
            // What is wrong with it libpq says when it connects.
            return [Place(keywords: [("dbname", conninfo)], isUnread: true)]
        }
        func list(_ keyword: String) -> [Substring] {
            let value = keywords.last { $0.keyword == keyword }?.value ?? ""
            return value.isEmpty ? [] : value.split(separator: ",", omittingEmptySubsequences: false)
        }
        let lists = ["host", "hostaddr", "port"].map { ($0, list($0)) }
        let count = max(lists[0].1.count, lists[1].1.count)
        // Any other host first is for libpq, which asks all of them twice.
        guard count > 1, list("target_session_attrs") != ["prefer-standby"] else {
            return [Place(keywords: keywords)]
        }
        return (0..<count).map { index in
            let own = lists.compactMap { keyword, values -> (keyword: String, value: String)? in
                guard let value = values.count == 1 ? values[0] : values.dropFirst(index).first else {
                    return nil
                }
                return (keyword, String(value))
            }
            return Place(
                keywords: keywords.filter { entry in !lists.contains { $0.0 == entry.keyword } } + own)
        }
    }
}
