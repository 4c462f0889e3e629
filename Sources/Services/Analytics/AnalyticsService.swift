import AnalyticsStores
import Postgres
import RPC
import Resilience
import Synchronization

/// Where analytics is kept, and what is known of it.
public final class AnalyticsService: Sendable {
    /// What `system.ready` tells.
    public enum Standing: String, Sendable {
        case ok, away
        /// It is there, and more waits for it than in a minute.
        case behind
        /// It is the instance that the transactions are in.
        case refused
    }

    private struct State {
        var isApproved = false
        var isRefused = false
        /// What the database of the transactions calls itself.
        var own: String?
        var asked: (standing: Standing, until: UInt64)?
        var isAsking = false
    }

    public let store: (any AnalyticsStore)?
    public let settings: Replicator.Settings
    /// Of the server itself, for the lock of the one who sends; nil where nobody here sends.
    private let directURL: String?
    private let state = Mutex(State())
    private let knownZones = Mutex<Set<String>?>(nil)
    let replicator = Mutex<Replicator?>(nil)

    private static let patienceMicroseconds: Int64 = 60_000_000
    private static let standingNanoseconds: UInt64 = 1_000_000_000
    /// Of whoever asks how the store is: a load balancer takes a daemon for dead that does not say it is ready.
    private static let patience = Duration.milliseconds(500)

    /// - Parameters:
    ///   - store: nil where nobody keeps analytics.
    ///   - directURL: a libpq connection string of the database of the transactions, with no transaction pooler between; nil where this process
    ///     sends nothing.
    public init(
        store: (any AnalyticsStore)? = nil, directURL: String? = nil,
        _ settings: Replicator.Settings = Replicator.Settings()
    ) {
        self.store = store
        self.directURL = directURL
        self.settings = settings
    }

    var keptSeconds: Int64 { settings.keptSeconds }

    /// Whether the store is another instance than the database of the transactions.
    /// - Throws: what the store or the database throws when one cannot be asked.
    public func isApart(_ store: any AnalyticsStore, from pool: Pool) async throws -> Bool {
        let own = try await pool.upkeep { try $0.one(AnalyticsService.getSystemIdentifier) }
        state.withLock { $0.own = own }
        store.avoid(instance: own)
        let other = try await store.systemIdentifier()
        return own != other
    }

    /// Names of time zones, once they have been asked of the database, which takes it a moment.
    var zones: Set<String>? {
        get { knownZones.withLock { $0 } }
        set { knownZones.withLock { $0 = newValue } }
    }

    /// As long as it has not been seen that the store is another instance, it is not used: neither written to nor asked.
    func approve(_ store: any AnalyticsStore, on pool: Pool) async throws {
        guard !state.withLock(\.isApproved) else { return }
        let isApart = try await isApart(store, from: pool)
        state.withLock { ($0.isApproved, $0.isRefused) = (isApart, !isApart) }
        guard isApart else {
            throw AnalyticsFailure(
                .unavailable,
                "RPCD_DATABASE_URL and \(store.setting) are the same instance: analytics needs one of its own"
            )
        }
    }

    /// Begins to send, when it is this daemon's turn.
    func startReplicator(on pool: Pool, log: @escaping @Sendable (Notice) -> Void) -> Replicator? {
        guard let directURL else { return nil }
        let lock = SessionLock(conninfo: directURL, key: AdvisoryLock.sendingToAnalytics)
        let new = Replicator(pool: pool, store: store, lock: lock, settings) { [self] store in
            try await approve(store, on: pool)
        } log: {
            log($0)
        }
        replicator.withLock { $0 = new }
        return new
    }

    /// - Parameter backlog: of the database.
    /// - Returns: nil where nobody keeps analytics.
    func standing(_ backlog: Replication.Backlog) async -> (name: String, standing: Standing)? {
        guard let store else { return nil }
        let now = MonotonicClock.now
        if state.withLock(\.isRefused) { return (store.name, .refused) }
        if let known = state.withLock(\.asked), now < known.until {
            return (store.name, weighed(known.standing, backlog))
        }
        return (store.name, weighed(await ask(store), backlog))
    }

    /// Asks the store, one at a time: nobody waits for long for one that hangs.
    private func ask(_ store: any AnalyticsStore) async -> Standing {
        let known = state.withLock { state -> Standing? in
            if state.isAsking, let asked = state.asked { return asked.standing }
            state.isAsking = true
            return nil
        }
        if let known { return known }
        let (answers, answer) = AsyncStream.makeStream(of: Standing.self)
        Task { [self] in
            let identifier = try? await store.systemIdentifier()
            let own = state.withLock(\.own)
            let standing: Standing = identifier == nil ? .away : identifier == own ? .refused : .ok
            note(standing)
            state.withLock { $0.isAsking = false }
            answer.yield(standing)
        }
        let clock = Task {
            try? await Task.sleep(for: AnalyticsService.patience)
            answer.yield(.away)
        }
        defer { clock.cancel() }
        for await standing in answers {
            note(standing)
            return standing
        }
        return .away
    }

    private func note(_ standing: Standing) {
        state.withLock { $0.asked = (standing, MonotonicClock.now + AnalyticsService.standingNanoseconds) }
    }

    private func weighed(_ standing: Standing, _ backlog: Replication.Backlog) -> Standing {
        let isBehind =
            backlog.hasGap || backlog.ageMicroseconds > AnalyticsService.patienceMicroseconds
            || backlog.notes > settings.mostNotes / 2
        return standing == .ok && isBehind ? .behind : standing
    }

    func writeMetrics(to text: inout PrometheusText) {
        replicator.withLock { $0 }?.metrics.write(to: &text)
    }

    public func close() {
        replicator.withLock { $0 }?.close()
        store?.close()
    }
}
