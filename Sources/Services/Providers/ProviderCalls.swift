import Cryptography
import Egress
import Identifiers
import Resilience
import Synchronization

/// Asks providers: no more than they take, no longer than there is time, again only where that does no harm, and not at all while a provider
/// fails. What comes back is checked whole before anything of it is told.
public final class ProviderCalls: Sendable {
    public struct Settings: Sendable {
        /// Calls that one lookup makes at most.
        public var maximumAttempts = 3
        public var backoff = Backoff(baseNanoseconds: 200_000_000, capNanoseconds: 5_000_000_000)
        /// The longest `Retry-After` that a lookup waits for.
        public var maximumRetryAfterSeconds = 30
        /// Retries per hundred lookups with one key.
        public var retryPercent = 20
        public var circuit = {
            var settings = CircuitBreaker.Settings()
            // Hundreds of calls may be under way: of a provider that fails in three of ten, five in a row are a matter of time.
            settings.consecutiveFailures = 10
            return settings
        }()
        /// What circuits go by: Unix time in nanoseconds, which the daemons of a database have in common.
        public var clock: @Sendable () -> UInt64 = { UInt64(max(0, Timestamp.now.microseconds)) * 1000 }

        public init() {}
    }

    /// What came of a lookup, and what it took.
    public struct Report: Sendable {
        public let outcome: LookupOutcome
        /// How often the provider was called, retries included.
        public let calls: Int
        /// From the question to the outcome, with every wait.
        public let nanoseconds: UInt64
    }

    /// What is kept of a provider with one key.
    private struct Lane: Sendable {
        let queue: CallQueue
        let concurrency: Int
        let rate: RateLimit
        let budget: LaneBudget
    }

    private let client: HTTPClient?
    private let settings: Settings
    private let lanes = Mutex<[CircuitKey: Lane]>([:])
    let circuits: CircuitBreakers
    let metrics = ProviderMetrics()

    private static let maximumLanes = 20_000
    /// The longest `Retry-After` that is waited for by who would rather come back.
    private static let guestRetryAfterSeconds = 2

    /// - Parameter client: without one every lookup fails, as `unavailable`.
    public init(client: HTTPClient?, _ settings: Settings = Settings()) {
        self.client = client
        self.settings = settings
        circuits = CircuitBreakers(settings.circuit, clock: settings.clock)
    }

    /// Asks `provider`. It ends before its deadline, whatever the provider does, and at once when the task is cancelled.
    ///
    /// - Parameters:
    ///   - workspace: whose question it is; its own credential's circuit is told to it.
    ///   - deadlineNanoseconds: on `MonotonicClock`.
    ///   - idempotencyKey: the same for what must be one call however often it is asked; where none is given, one is made.
    public func ask(
        _ provider: Provider, _ input: LookupInput, key: ProviderKey, workspace: UUID,
        deadlineNanoseconds: UInt64, idempotencyKey: String? = nil
    ) async -> LookupOutcome {
        await report(
            provider, input, key: key, workspace: workspace, deadlineNanoseconds: deadlineNanoseconds,
            idempotencyKey: idempotencyKey
        ).outcome
    }

    /// As ``ask(_:_:key:workspace:deadlineNanoseconds:idempotencyKey:)``, with what it took.
    /// - Parameters:
    ///   - maximumAttempts: fewer or more than those of the settings.
    ///   - isRepeat: whether the same has been asked before and has failed: then it is a retry already, and there may be none to be had.
    ///   - places: of those who would rather come back than wait long, how many may wait and be under way; nil for who waits.
    func report(
        _ provider: Provider, _ input: LookupInput, key: ProviderKey, workspace: UUID,
        deadlineNanoseconds deadline: UInt64, idempotencyKey: String? = nil, maximumAttempts: Int? = nil,
        isRepeat: Bool = false, places: Int? = nil
    ) async -> Report {
        let start = MonotonicClock.now
        let lookup = OneLookup(
            provider: provider, input: input, key: key, workspace: key.kind == .own ? workspace : nil,
            deadline: deadline, idempotencyKey: idempotencyKey ?? UUID.random().description,
            maximumAttempts: maximumAttempts ?? settings.maximumAttempts, isRepeat: isRepeat,
            guest: places.map { CallQueue.Guest(owner: workspace, places: $0) })
        let (outcome, calls) = await run(lookup)
        let nanoseconds = MonotonicClock.now - start
        // Who comes back is counted then.
        if calls > 0 || places == nil || !outcome.isPutOff {
            metrics.record(provider.slug, outcome, calls: calls, nanoseconds: nanoseconds)
        }
        return Report(outcome: outcome, calls: calls, nanoseconds: nanoseconds)
    }

    private func run(_ lookup: OneLookup) async -> (LookupOutcome, calls: Int) {
        let lane = lane(lookup.provider, lookup.circuit)
        guard lookup.isRepeat, circuits.refusal(lookup.circuit) == nil else {
            return await run(lookup, lane)
        }
        let repeated = lane.budget.takeRepeat(now: MonotonicClock.now)
        if case .none(let pause) = repeated { return (Attempt.putOff(pause).told, 0) }
        let (outcome, calls) = await run(lookup, lane)
        if calls == 0 { lane.budget.giveBack(repeated) }
        return (outcome, calls)
    }

    private func run(_ lookup: OneLookup, _ lane: Lane) async -> (LookupOutcome, calls: Int) {
        let policy = RetryPolicy(
            maximumAttempts: lookup.maximumAttempts, backoff: settings.backoff,
            maximumRetryAfterSeconds: lookup.guest == nil
                ? settings.maximumRetryAfterSeconds
                : min(settings.maximumRetryAfterSeconds, ProviderCalls.guestRetryAfterSeconds))
        var random = SystemRandomNumberGenerator()
        var calls = 0
        var isCounted = lookup.isRepeat
        while true {
            let attempt = await self.attempt(lookup, lane, &calls)
            if calls > 0, !isCounted {
                lane.budget.recordCall()
                isCounted = true
            }
            guard case .failed = attempt.outcome, attempt.isRetryable, !Task.isCancelled else {
                return (attempt.told, calls)
            }
            let now = MonotonicClock.now
            let decision = policy.decide(
                attempt: calls, isSafe: attempt.isSafe, retryAfterSeconds: attempt.retryAfterSeconds,
                now: now,
                deadline: lookup.deadline, using: &random)
            guard case .retry(let pause) = decision, lane.budget.takeRetry(now: now) else {
                return (attempt.told, calls)
            }
            do {
                try await Task.sleep(nanoseconds: pause)
            } catch {
                return (.failed(.cancelled), calls)
            }
        }
    }

    /// One call, from its turn to its outcome.
    private func attempt(_ lookup: OneLookup, _ lane: Lane, _ calls: inout Int) async -> Attempt {
        if let refused = circuits.refusal(lookup.circuit) {
            return .circuitOpen(refused, for: circuits.awayNanoseconds(lookup.circuit))
        }
        let permit: AdaptiveLimit.Permit
        switch await lane.queue.enter(deadline: lookup.deadline, guest: lookup.guest) {
        case .allowed(let given): permit = given
        case .tooLate(let retryAfter): return .tooLate(retryAfter)
        case .full:
            return Attempt(
                LookupFailure(.busy, "More wait for this provider than may", isTransient: true, wait: .turn))
        case .putOff(let retryAfter): return .putOff(retryAfter)
        case .resting(let retryAfter): return .resting(retryAfter)
        case .cancelled: return Attempt(.cancelled)
        }
        let breakerPermit: CircuitBreaker.Permit
        switch circuits.admit(lookup.circuit, of: lookup.workspace) {
        case .allowed(let given): breakerPermit = given
        case .refused(let retryAfter):
            lane.queue.leave(permit, .ignored)
            return .circuitOpen(retryAfter, for: circuits.awayNanoseconds(lookup.circuit))
        }
        let (before, start) = (calls, MonotonicClock.now)
        let attempt = await call(lookup, &calls)
        lane.queue.leave(permit, attempt.limit, took: calls > before ? MonotonicClock.now - start : nil)
        circuits.record(attempt.circuit, for: breakerPermit, lookup.circuit)
        return attempt
    }

    private func call(_ lookup: OneLookup, _ calls: inout Int) async -> Attempt {
        let manifest = lookup.provider.manifest
        let now = MonotonicClock.now
        let remaining = lookup.deadline > now ? (lookup.deadline - now) / 1_000_000 : 0
        guard remaining > 0 else { return .tooLate(nil) }
        guard let client else {
            return Attempt(LookupFailure(.unavailable, "This daemon calls nobody", isTransient: false))
        }
        let request: HTTPRequest
        do throws(RequestTemplate.Misfit) {
            request = try manifest.request.request(
                try lookup.filling(), timeoutMs: min(manifest.timeoutMs, Int(clamping: remaining)),
                idempotencyKey: lookup.idempotencyKey)
        } catch {
            return Attempt(LookupFailure(error))
        }
        calls += 1
        do throws(HTTPFailure) {
            return Attempt(try await client.send(request), manifest)
        } catch {
            return Attempt(error, manifest)
        }
    }

    /// - Returns: that of the key; a manifest that allows another rate or concurrency makes a new one.
    private func lane(_ provider: Provider, _ key: CircuitKey) -> Lane {
        let manifest = provider.manifest
        return lanes.withLock { lanes in
            if let lane = lanes[key], lane.concurrency == manifest.concurrency, lane.rate == manifest.rate {
                return lane
            }
            if lanes.count >= ProviderCalls.maximumLanes {
                lanes = lanes.filter { !$0.value.queue.isIdle }
            }
            let lane = Lane(
                queue: CallQueue(
                    AdaptiveLimit(maximumConcurrency: manifest.concurrency, rate: manifest.rate)),
                concurrency: manifest.concurrency, rate: manifest.rate,
                budget: LaneBudget(
                    percent: settings.retryPercent, rate: manifest.rate, concurrency: manifest.concurrency))
            lanes[key] = lane
            return lane
        }
    }

    /// How many calls of each provider run and wait.
    func load() -> [String: (inFlight: Int, waiting: Int)] {
        lanes.withLock { $0 }.reduce(into: [:]) { load, lane in
            let counts = lane.value.queue.counts
            load[lane.key.provider, default: (0, 0)].inFlight += counts.inFlight
            load[lane.key.provider, default: (0, 0)].waiting += counts.waiting
        }
    }
}

/// One question on its way.
private struct OneLookup: Sendable {
    let provider: Provider
    let input: LookupInput
    let key: ProviderKey
    /// Whose credential it is; nil for the platform's.
    let workspace: UUID?
    let deadline: UInt64
    let idempotencyKey: String
    let maximumAttempts: Int
    let isRepeat: Bool
    let guest: CallQueue.Guest?

    var circuit: CircuitKey { CircuitKey(provider.slug, key.label) }

    func filling() throws(RequestTemplate.Misfit) -> Filling {
        func text(_ secret: SecretBytes) throws(RequestTemplate.Misfit) -> String {
            guard let text = secret.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else {
                throw .credential
            }
            return text
        }
        return Filling(
            inputs: input.values, key: try text(key.key),
            secret: try key.secret.map { secret throws(RequestTemplate.Misfit) in try text(secret) })
    }
}

extension LookupOutcome {
    /// Others are before it, and nothing else.
    fileprivate var isPutOff: Bool {
        guard case .failed(let failure) = self else { return false }
        return failure.wait == .turn
    }
}
