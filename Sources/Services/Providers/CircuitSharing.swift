import Identifiers
import JSON
import Postgres
import Resilience
import Synchronization

/// Tells the other daemons of a database of circuits, and hears of theirs, about once a second.
final class CircuitSharing: Sendable {
    private let circuits: CircuitBreakers
    private let pool: Pool
    /// Up to when everything has been heard.
    private let heard = Mutex<Timestamp?>(nil)

    /// Longer than a transaction of this takes: what was written earlier can become visible later.
    private static let overlapSeconds: Int64 = 90
    private static let pageSize = 1000

    init(_ circuits: CircuitBreakers, on pool: Pool) {
        self.circuits = circuits
        self.pool = pool
    }

    func turn() async throws {
        for news in circuits.news().prefix(CircuitSharing.pageSize) {
            try await pool.upkeep { tx in
                tx.enterEveryWorkspace()
                try CircuitSharing.save(news, in: tx)
            }
            circuits.wasTold(news)
        }
        let since = heard.withLock { $0 } ?? Timestamp(microseconds: 0)
        let rows = try await pool.upkeep { tx in
            tx.enterEveryWorkspace()
            return try tx.all(CircuitBreakers.listChanged, since, CircuitSharing.pageSize)
        }
        for row in rows { circuits.merge(row.snapshot, row.key, of: row.workspace) }
        guard let last = rows.last?.updatedAt else { return }
        // A full page goes on where it ended; else the last seconds are heard again, which changes nothing.
        let overlap = rows.count < CircuitSharing.pageSize ? CircuitSharing.overlapSeconds * 1_000_000 : 0
        heard.withLock { $0 = max(since, Timestamp(microseconds: last.microseconds - overlap)) }
    }

    static func save(_ news: CircuitBreakers.News, in tx: borrowing Transaction) throws {
        let snapshot = news.snapshot
        let before = try tx.first(CircuitBreakers.lockCircuit, news.key.provider, news.key.credential)?
            .snapshot
        let credential = UUID(news.key.credential)
        let saved = try tx.execute(
            CircuitBreakers.saveCircuit, news.key.provider, news.key.credential, credential,
            credential == nil ? nil : news.workspace, CircuitBreakers.name(ofState: snapshot.state),
            snapshot.openings, snapshot.openUntil, snapshot.changedAt,
            CircuitBreakers.name(ofForce: snapshot.forced), snapshot.forcedAt)
        // Of daemons that find it out together, the first tells.
        guard saved == 1 else { return }
        let workspace = credential == nil ? nil : news.workspace
        switch Turn(before, snapshot) {
        case .opened:
            tx.queue(Replication.insertOpening, news.key.provider, workspace)
            guard let workspace else { return }
            Event.breakerOpened(
                provider: news.key.provider, credential: news.key.credential,
                openUntil: Timestamp(microseconds: snapshot.openUntil / 1000), openings: snapshot.openings
            ).raise(tx, in: workspace)
        case .closed:
            guard let workspace else { return }
            Event.breakerClosed(provider: news.key.provider, credential: news.key.credential).raise(
                tx, in: workspace)
        case nil: return
        }
    }

    /// What is news to the database in a snapshot.
    enum Turn: Equatable {
        case opened, closed

        init?(_ before: CircuitBreaker.Snapshot?, _ news: CircuitBreaker.Snapshot) {
            let open = CircuitBreaker.State.open.rawValue
            let isLater = news.changedAt > (before?.changedAt ?? .min)
            let wasOpen = before?.state == open
            if isLater, news.state == open, !wasOpen || (before?.openUntil ?? 0) < news.changedAt {
                self = .opened
                return
            }
            // What the operator keeps is closed when he lets it go.
            guard let before, CircuitSharing.isOpen(before.state, before.forced) else { return nil }
            let forced = news.forcedAt > before.forcedAt ? news.forced : before.forced
            guard !CircuitSharing.isOpen(isLater ? news.state : before.state, forced) else { return nil }
            self = .closed
        }
    }

    private static func isOpen(_ state: Int, _ forced: Int) -> Bool {
        switch CircuitBreaker.Forced(rawValue: forced) {
        case .open: true
        case .closed: false
        case .none?, nil: state == CircuitBreaker.State.open.rawValue
        }
    }
}

extension Event {
    /// A workspace's own credential is left alone for a while: the provider fails, or does not take it.
    static func breakerOpened(
        provider: String, credential: String, openUntil: Timestamp, openings: Int
    ) -> Event {
        Event(
            type: "breaker.opened",
            data: JSONWriter.object { writer in
                writer.key("provider")
                writer.string(provider)
                writer.key("credentialId")
                writer.string(credential)
                writer.key("openUntil")
                writer.string(openUntil.description)
                writer.key("openings")
                writer.int(openings)
            })
    }

    /// A workspace's own credential is asked with again.
    static func breakerClosed(provider: String, credential: String) -> Event {
        Event(
            type: "breaker.closed",
            data: JSONWriter.object { writer in
                writer.key("provider")
                writer.string(provider)
                writer.key("credentialId")
                writer.string(credential)
            })
    }
}
