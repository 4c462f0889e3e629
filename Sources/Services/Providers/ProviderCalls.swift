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
    /// - Parameter maximumAttempts: fewer or more than those of the settings.
    public func report(
        _ provider: Provider, _ input: LookupInput, key: ProviderKey, workspace: UUID,
        deadlineNanoseconds deadline: UInt64, idempotencyKey: String? = nil, maximumAttempts: Int? = nil
    ) async -> Report {
        let start = MonotonicClock.now
        let lookup = OneLookup(
            provider: provider, input: input, key: key, workspace: key.kind == .own ? workspace : nil,
            deadline: deadline, idempotencyKey: idempotencyKey ?? UUID.random().description,
            maximumAttempts: maximumAttempts ?? settings.maximumAttempts)
        let (outcome, calls) = await run(lookup)
        let nanoseconds = MonotonicClock.now - start
        metrics.record(provider.slug, outcome, calls: calls, nanoseconds: nanoseconds)
        return Report(outcome: outcome, calls: calls, nanoseconds: nanoseconds)
    }

    private func run(_ lookup: OneLookup) async -> (LookupOutcome, calls: Int) {
        let lane = lane(lookup.provider, lookup.circuit)
        let policy = RetryPolicy(
            maximumAttempts: lookup.maximumAttempts, backoff: settings.backoff,
            maximumRetryAfterSeconds: settings.maximumRetryAfterSeconds)
        var random = SystemRandomNumberGenerator()
        lane.budget.recordCall()
        var calls = 0
        while true {
            let attempt = await self.attempt(lookup, lane, &calls)
            guard case .failed = attempt.outcome, attempt.isRetryable, !Task.isCancelled else {
                return (attempt.outcome, calls)
            }
            let now = MonotonicClock.now
            let decision = policy.decide(
                attempt: calls, isSafe: attempt.isSafe, retryAfterSeconds: attempt.retryAfterSeconds,
                now: now,
                deadline: lookup.deadline, using: &random)
            guard case .retry(let pause) = decision, lane.budget.takeRetry(now: now) else {
                return (attempt.outcome, calls)
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
        if let refused = circuits.refusal(lookup.circuit) { return .circuitOpen(refused) }
        let permit: AdaptiveLimit.Permit
        switch await lane.queue.enter(deadline: lookup.deadline) {
        case .allowed(let given): permit = given
        case .tooLate(let retryAfter): return .tooLate(retryAfter)
        case .full:
            return Attempt(LookupFailure(.busy, "More wait for this provider than may", isTransient: true))
        case .cancelled: return Attempt(.cancelled)
        }
        let breakerPermit: CircuitBreaker.Permit
        switch circuits.admit(lookup.circuit, of: lookup.workspace) {
        case .allowed(let given): breakerPermit = given
        case .refused(let retryAfter):
            lane.queue.leave(permit, .ignored)
            return .circuitOpen(retryAfter)
        }
        let attempt = await call(lookup, &calls)
        lane.queue.leave(permit, attempt.limit)
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
                budget: LaneBudget(percent: settings.retryPercent))
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

/// The retry budget of a key, behind a lock.
private final class LaneBudget: Sendable {
    private let budget: Mutex<RetryBudget>

    init(percent: Int) {
        budget = Mutex(RetryBudget(percent: percent))
    }

    func recordCall() { budget.withLock { $0.recordCall() } }
    func takeRetry(now: UInt64) -> Bool { budget.withLock { $0.takeRetry(now: now) } }
}
