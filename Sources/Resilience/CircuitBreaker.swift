/// Stops calling a service that fails, and finds out with few calls when it is well again ("Release It!", Nygard). Knows no
/// clock and no thread; who shares it puts it behind a lock.
///
/// | state | lets through | goes to |
/// | --- | --- | --- |
/// | closed | everything | open: after so many failures in a row, or such a share of them in the window |
/// | open | nothing | half-open: at the first call after its time |
/// | half-open | as many calls as there are probes, in all | closed: every probe succeeded; open, for longer: one failed, or they did not come back in time |
///
/// An operator can force it open or closed over all this; afterwards it starts closed, having forgotten what was.
///
/// Instants are nanoseconds of one clock: Unix time where daemons share a breaker by its ``Snapshot``, else any. A clock that goes back makes
/// nothing wait longer than ``Settings/maximumOpenNanoseconds``.
public struct CircuitBreaker: Sendable {
    public struct Settings: Sendable, Equatable {
        /// Failures in a row that open it; at least 1.
        public var consecutiveFailures = 5
        /// Share of failures in the window that opens it, 1 to 100.
        public var failurePercent = 50
        /// Calls that have to be in the window before the share counts; at least 1.
        public var minimumCalls = 20
        public var windowNanoseconds: UInt64 = 30_000_000_000
        /// How long it is open the first time; twice as long each further time.
        public var openNanoseconds: UInt64 = 5_000_000_000
        public var maximumOpenNanoseconds: UInt64 = 300_000_000_000
        /// Calls that half-open lets through; at least 1.
        public var probes = 3
        /// How long half-open waits for its probes.
        public var probeNanoseconds: UInt64 = 60_000_000_000

        public init() {}
    }

    public enum State: Int, Sendable, Equatable {
        case closed = 0
        case open = 1
        case halfOpen = 2
    }

    /// Leave for one call; its outcome has to be recorded with it, once.
    public struct Permit: Sendable, Equatable {
        fileprivate let generation: UInt64
    }

    public enum Admission: Sendable, Equatable {
        case allowed(Permit)
        /// How long until it could be; nil when an operator keeps it open.
        case refused(retryAfterNanoseconds: UInt64?)
    }

    public enum Outcome: Sendable, Equatable {
        case success, failure
        /// It says nothing about the service: cancelled, or never sent.
        case ignored
    }

    public enum Forced: Int, Sendable, Equatable {
        case none = 0
        case open = 1
        case closed = 2
    }

    enum Phase: Sendable, Equatable {
        case closed(failuresInARow: Int)
        case open(until: UInt64)
        case halfOpen(since: UInt64, admitted: Int, succeeded: Int)
    }

    public let settings: Settings
    public private(set) var forced = Forced.none
    var phase = Phase.closed(failuresInARow: 0)
    /// Openings in a row; it is calm again after a window closed.
    var openings = 0
    var changedAt: UInt64 = 0
    private var forcedAt: UInt64 = 0
    private var counts: SlidingCounts
    /// Grows with every change, so that what comes late from before it is known.
    private var generation: UInt64 = 0

    public init(_ settings: Settings = Settings()) {
        var settings = settings
        settings.consecutiveFailures = max(1, settings.consecutiveFailures)
        settings.failurePercent = max(1, min(settings.failurePercent, 100))
        settings.minimumCalls = max(1, settings.minimumCalls)
        settings.maximumOpenNanoseconds = max(1, settings.maximumOpenNanoseconds)
        settings.openNanoseconds = max(1, min(settings.openNanoseconds, settings.maximumOpenNanoseconds))
        settings.probes = max(1, settings.probes)
        self.settings = settings
        counts = SlidingCounts(lengthNanoseconds: settings.windowNanoseconds)
    }

    /// What it would be without force.
    public var state: State {
        switch phase {
        case .closed: .closed
        case .open: .open
        case .halfOpen: .halfOpen
        }
    }

    /// Asks for one call.
    public mutating func admit(now: UInt64, using random: inout some RandomNumberGenerator) -> Admission {
        switch forced {
        case .open: return .refused(retryAfterNanoseconds: nil)
        case .closed: return .allowed(Permit(generation: generation))
        case .none: break
        }
        switch phase {
        case .closed: return .allowed(Permit(generation: generation))
        case .open(let until):
            guard now >= until else {
                let left = min(until - now, settings.maximumOpenNanoseconds)
                phase = .open(until: now + left)
                return .refused(retryAfterNanoseconds: left)
            }
            change(to: .halfOpen(since: now, admitted: 1, succeeded: 0), now: now)
            return .allowed(Permit(generation: generation))
        case .halfOpen(let since, let admitted, let succeeded):
            if admitted < settings.probes {
                phase = .halfOpen(since: since, admitted: admitted + 1, succeeded: succeeded)
                return .allowed(Permit(generation: generation))
            }
            let waited = now > since ? now - since : 0
            guard waited >= settings.probeNanoseconds else {
                return .refused(retryAfterNanoseconds: settings.probeNanoseconds - waited)
            }
            return .refused(retryAfterNanoseconds: open(now: now, using: &random))
        }
    }

    /// Tells how a call went. What comes from before the last change of state is too old to say anything.
    public mutating func record(
        _ outcome: Outcome, for permit: Permit, now: UInt64, using random: inout some RandomNumberGenerator
    ) {
        guard permit.generation == generation, forced == .none else { return }
        switch (phase, outcome) {
        case (.closed(let failures), .success), (.closed(let failures), .failure):
            counts.record(isSuccess: outcome == .success, now: now)
            phase = .closed(failuresInARow: outcome == .success ? 0 : failures + 1)
            if outcome == .failure, isTooMuch(failuresInARow: failures + 1, now: now) {
                _ = open(now: now, using: &random)
            }
        case (.halfOpen(let since, let admitted, let succeeded), .success):
            phase = .halfOpen(since: since, admitted: admitted, succeeded: succeeded + 1)
            if succeeded + 1 >= settings.probes { close(now: now) }
        case (.halfOpen, .failure): _ = open(now: now, using: &random)
        case (.halfOpen(let since, let admitted, let succeeded), .ignored):
            phase = .halfOpen(since: since, admitted: max(0, admitted - 1), succeeded: succeeded)
        case (.closed, .ignored), (.open, _): break
        }
    }

    /// An operator's word; `.none` takes it back.
    public mutating func force(_ forced: Forced, now: UInt64) {
        self.forced = forced
        forcedAt = max(forcedAt.saturatingAdd(1), now)
        openings = 0
        close(now: now)
    }

    private func isTooMuch(failuresInARow: Int, now: UInt64) -> Bool {
        guard failuresInARow < settings.consecutiveFailures else { return true }
        let (successes, failures) = counts.total(now: now)
        let calls = successes + failures
        return calls >= settings.minimumCalls && failures * 100 >= calls * settings.failurePercent
    }

    /// How long it will be open: half of the bound for sure, the other half by chance, so that daemons do not probe together.
    private mutating func open(now: UInt64, using random: inout some RandomNumberGenerator) -> UInt64 {
        if case .closed = phase, now > changedAt, now - changedAt > settings.windowNanoseconds {
            openings = 0
        }
        let doublings = UInt64(min(openings, 63))
        let bound =
            doublings <= settings.openNanoseconds.leadingZeroBitCount
            ? min(settings.openNanoseconds << doublings, settings.maximumOpenNanoseconds)
            : settings.maximumOpenNanoseconds
        openings = min(openings + 1, 1_000)
        let length = bound - UInt64.random(in: 0...bound / 2, using: &random)
        change(to: .open(until: now.saturatingAdd(length)), now: now)
        return length
    }

    private mutating func close(now: UInt64) {
        change(to: .closed(failuresInARow: 0), now: now)
        counts = SlidingCounts(lengthNanoseconds: settings.windowNanoseconds)
    }

    private mutating func change(to next: Phase, now: UInt64) {
        phase = next
        // Later than what was known before, whatever the clocks of those who told it.
        changedAt = max(changedAt.saturatingAdd(1), now)
        generation += 1
    }
}

// MARK: - Shared between daemons

extension CircuitBreaker {
    /// A breaker as a row of a database: integers alone. What is none of ours is taken as nothing said.
    public struct Snapshot: Sendable, Equatable {
        /// Of ``State``.
        public var state: Int
        /// Openings in a row.
        public var openings: Int
        /// In nanoseconds of Unix time; 0 unless it is open.
        public var openUntil: Int64
        /// When the state changed last, in nanoseconds of Unix time; after a daemon with a clock ahead, a little later each time.
        public var changedAt: Int64
        /// Of ``Forced``.
        public var forced: Int
        /// When an operator spoke last, in nanoseconds of Unix time.
        public var forcedAt: Int64

        public init(
            state: Int, openings: Int, openUntil: Int64, changedAt: Int64, forced: Int, forcedAt: Int64
        ) {
            self.state = state
            self.openings = openings
            self.openUntil = openUntil
            self.changedAt = changedAt
            self.forced = forced
            self.forcedAt = forcedAt
        }
    }

    public var snapshot: Snapshot {
        var openUntil: Int64 = 0
        if case .open(let until) = phase { openUntil = Int64(clamping: until) }
        return Snapshot(
            state: state.rawValue, openings: openings, openUntil: openUntil,
            changedAt: Int64(clamping: changedAt), forced: forced.rawValue,
            forcedAt: Int64(clamping: forcedAt))
    }

    /// Takes over what another daemon knows, where that is newer: that it opened, that it closed again, what an operator said. Half-open
    /// is each daemon's own: one that probes says nothing to the others.
    ///
    /// - Returns: whether anything changed here.
    @discardableResult
    public mutating func merge(_ other: Snapshot, now: UInt64) -> Bool {
        let before = snapshot
        if let word = Forced(rawValue: other.forced), other.forcedAt > Int64(clamping: forcedAt) {
            if word != forced { force(word, now: now) }
            forcedAt = UInt64(other.forcedAt)
        }
        if let state = State(rawValue: other.state), other.changedAt > Int64(clamping: changedAt) {
            switch state {
            case .open where other.openUntil > Int64(clamping: now): open(as: other, now: now)
            case .closed where self.state != .closed:
                close(now: now)
                changedAt = UInt64(other.changedAt)
            case .open, .closed, .halfOpen: break
            }
        }
        return snapshot != before
    }

    private mutating func open(as other: Snapshot, now: UInt64) {
        var until = UInt64(max(0, other.openUntil))
        if case .open(let own) = phase { until = max(until, own) }
        openings = max(0, min(other.openings, 1_000))
        change(to: .open(until: min(until, now.saturatingAdd(settings.maximumOpenNanoseconds))), now: now)
        changedAt = UInt64(max(0, other.changedAt))
    }
}
