import Identifiers
import RPC
import Resilience
import Synchronization

/// Which circuit: of a provider with one key.
struct CircuitKey: Hashable, Sendable {
    let provider: String
    /// `platform`, or the id of a credential.
    let credential: String

    static let platform = "platform"

    init(_ provider: String, _ credential: String) {
        self.provider = provider
        self.credential = credential
    }
}

/// What is to be seen of a circuit.
struct Circuit: Sendable, Equatable {
    enum State: String, Sendable, CaseIterable {
        case closed, open, halfOpen
    }

    enum Force: String, Sendable, CaseIterable {
        /// It goes by what happens.
        case auto
        case open, closed
    }

    var state = State.closed
    /// Until when it is open; nil where it is not, or the operator keeps it so.
    var openUntil: Timestamp?
    /// In a row.
    var openings = 0
    var forced = Force.auto
}

/// The circuits of all providers and keys, shared with the other daemons of the database by ``CircuitSharing``.
final class CircuitBreakers: Sendable {
    private struct Entry {
        var breaker: CircuitBreaker
        /// Whose credential it is.
        var workspace: UUID?
        /// Since when it has not been closed.
        var awaySince: UInt64?
        /// Whether the database has yet to be told.
        var isNews = false

        mutating func noteAway(now: UInt64) {
            let isAway = breaker.forced == .none ? breaker.state != .closed : breaker.forced == .open
            awaySince = isAway ? awaySince ?? now : nil
        }
    }

    private struct State {
        var entries: [CircuitKey: Entry] = [:]
        var notices: [Notice] = []
        var random = SystemRandomNumberGenerator()
        /// Told at once of what the database has yet to be told.
        var listener: (@Sendable (News) -> Void)?
    }

    private let settings: CircuitBreaker.Settings
    /// Unix time in nanoseconds: the clock that daemons have in common.
    let clock: @Sendable () -> UInt64
    private let state = Mutex(State())

    /// Beyond these, circuits that are closed are forgotten.
    static let maximumEntries = 20_000
    private static let maximumNotices = 100

    init(_ settings: CircuitBreaker.Settings, clock: @escaping @Sendable () -> UInt64) {
        self.settings = settings
        self.clock = clock
    }

    /// How long until a call could be let through; nil where one could be now. Asks for none.
    func refusal(_ key: CircuitKey) -> UInt64?? {
        let now = clock()
        return state.withLock { state -> UInt64?? in
            guard let breaker = state.entries[key]?.breaker else { return nil }
            switch breaker.forced {
            case .open: return .some(nil)
            case .closed: return nil
            case .none:
                let openUntil = UInt64(max(0, breaker.snapshot.openUntil))
                return breaker.state == .open && openUntil > now ? .some(openUntil - now) : nil
            }
        }
    }

    /// For how long it has not been closed: an outage goes on while it is found out whether it is over.
    func awayNanoseconds(_ key: CircuitKey) -> UInt64 {
        let now = clock()
        return state.withLock { state in
            guard let since = state.entries[key]?.awaySince, since < now else { return 0 }
            return now - since
        }
    }

    /// Asks for one call.
    func admit(_ key: CircuitKey, of workspace: UUID?) -> CircuitBreaker.Admission {
        change(key, workspace) { $0.admit(now: $1, using: &$2) }
    }

    func record(_ outcome: CircuitBreaker.Outcome, for permit: CircuitBreaker.Permit, _ key: CircuitKey) {
        change(key, nil) { $0.record(outcome, for: permit, now: $1, using: &$2) }
    }

    func force(_ force: CircuitBreaker.Forced, _ key: CircuitKey, of workspace: UUID?) {
        change(key, workspace) { breaker, now, _ in breaker.force(force, now: now) }
    }

    /// Takes over what the database says.
    func merge(_ snapshot: CircuitBreaker.Snapshot, _ key: CircuitKey, of workspace: UUID?) {
        let now = clock()
        state.withLock { state in
            make(room: key, &state)
            var entry = state.entries[key] ?? Entry(breaker: CircuitBreaker(settings), workspace: workspace)
            entry.workspace = entry.workspace ?? workspace
            // Whoever found it has told it.
            entry.breaker.merge(snapshot, now: now)
            entry.noteAway(now: now)
            state.entries[key] = entry
        }
    }

    private func change<Value>(
        _ key: CircuitKey, _ workspace: UUID?,
        _ body: (inout CircuitBreaker, UInt64, inout SystemRandomNumberGenerator) -> Value
    ) -> Value {
        let now = clock()
        let (value, tell) = state.withLock { state -> (Value, (@Sendable () -> Void)?) in
            make(room: key, &state)
            var entry = state.entries[key] ?? Entry(breaker: CircuitBreaker(settings), workspace: workspace)
            entry.workspace = entry.workspace ?? workspace
            var tell: (@Sendable () -> Void)?
            let before = entry.breaker.snapshot
            let value = body(&entry.breaker, now, &state.random)
            entry.noteAway(now: now)
            let after = entry.breaker.snapshot
            if (before.state, before.openings, before.forcedAt) != (
                after.state, after.openings, after.forcedAt
            ) {
                // Half-open is each daemon's own.
                if entry.breaker.state != .halfOpen {
                    entry.isNews = true
                    let news = News(key: key, workspace: entry.workspace, snapshot: after)
                    if let listener = state.listener { tell = { listener(news) } }
                }
                note(key, entry.breaker, in: &state)
            }
            state.entries[key] = entry
            return (value, tell)
        }
        tell?()
        return value
    }

    /// Has somebody told of every change as soon as it is there, on whichever thread it happens.
    func tell(_ listener: @escaping @Sendable (News) -> Void) {
        state.withLock { $0.listener = listener }
    }

    private func note(_ key: CircuitKey, _ breaker: CircuitBreaker, in state: inout State) {
        guard state.notices.count < CircuitBreakers.maximumNotices else { return }
        let name = "The circuit of \(key.provider) (\(key.credential))"
        switch (breaker.forced, breaker.state) {
        case (.none, .open):
            let until = Timestamp(microseconds: breaker.snapshot.openUntil / 1000)
            state.notices.append(
                Notice(.circuitOpened, "\(name) is open until \(until): it failed too often"))
        case (.none, .closed): state.notices.append(Notice(.circuitClosed, "\(name) is closed"))
        case (.none, .halfOpen): break
        case (.open, _):
            state.notices.append(Notice(.circuitForced, "\(name) is kept open by the operator"))
        case (.closed, _):
            state.notices.append(Notice(.circuitForced, "\(name) is kept closed by the operator"))
        }
    }

    private func make(room key: CircuitKey, _ state: inout State) {
        guard state.entries.count >= CircuitBreakers.maximumEntries, state.entries[key] == nil else { return }
        state.entries = state.entries.filter {
            $0.value.isNews || $0.value.breaker.state != .closed || $0.value.breaker.forced != .none
        }
        // All of them open: those that anybody asks for again are opened anew.
        if state.entries.count >= CircuitBreakers.maximumEntries { state.entries = [:] }
    }
}

// MARK: - What is seen of them

extension CircuitBreakers {
    func circuit(_ key: CircuitKey) -> Circuit {
        state.withLock { $0.entries[key]?.breaker.snapshot }.map { Circuit($0, now: clock()) } ?? Circuit()
    }

    /// How many circuits of each provider are open.
    func openCounts() -> [String: Int] {
        let now = clock()
        return state.withLock { state in
            state.entries.reduce(into: [:]) { counts, entry in
                if Circuit(entry.value.breaker.snapshot, now: now).state == .open {
                    counts[entry.key.provider, default: 0] += 1
                }
            }
        }
    }

    /// What there is to tell since the last time.
    func takeNotices() -> [Notice] {
        state.withLock { state in
            defer { state.notices = [] }
            return state.notices
        }
    }

    struct News: Sendable {
        let key: CircuitKey
        let workspace: UUID?
        let snapshot: CircuitBreaker.Snapshot
    }

    /// What the database has yet to be told.
    func news() -> [News] {
        state.withLock { state in
            state.entries.compactMap { key, entry in
                entry.isNews && entry.breaker.state != .halfOpen
                    ? News(key: key, workspace: entry.workspace, snapshot: entry.breaker.snapshot) : nil
            }
        }
    }

    /// It has been told; what changed since then is news still.
    func wasTold(_ news: News) {
        state.withLock { state in
            let now = state.entries[news.key]?.breaker.snapshot
            guard now?.changedAt == news.snapshot.changedAt, now?.forcedAt == news.snapshot.forcedAt else {
                return
            }
            state.entries[news.key]?.isNews = false
        }
    }
}

extension Circuit {
    init(_ snapshot: CircuitBreaker.Snapshot, now: UInt64) {
        openings = snapshot.openings
        switch CircuitBreaker.Forced(rawValue: snapshot.forced) {
        case .open: (state, forced) = (.open, .open)
        case .closed: (state, forced) = (.closed, .closed)
        case .none?, nil:
            switch CircuitBreaker.State(rawValue: snapshot.state) {
            case .closed, nil: state = .closed
            case .halfOpen: state = .halfOpen
            // When its time is over the next call finds out.
            case .open where UInt64(max(0, snapshot.openUntil)) <= now: state = .halfOpen
            case .open:
                state = .open
                openUntil = Timestamp(microseconds: snapshot.openUntil / 1000)
            }
        }
    }
}
