import JSON
import Resilience
import Synchronization

/// Tells who holds a token.
public protocol Authenticator: Sendable {
    /// Checks a token's own proof (signature, times). Needs no database, and a few microseconds.
    /// - Throws: `AUTHENTICATION_ERROR`.
    func authenticate(_ token: String) throws(CallError) -> Caller

    /// Whether a caller is more than a claim. One that is not counts against the rate of his address.
    func isConfirmed(_ caller: Caller) -> Bool
}

extension Authenticator {
    public func isConfirmed(_ caller: Caller) -> Bool { true }
}

/// The rates of the contract. `nil` for a class that has none.
public struct Rates: Sendable, Equatable {
    public var auth: RateLimit
    public var general: RateLimit

    public init(auth: RateLimit, general: RateLimit) {
        self.auth = auth
        self.general = general
    }
}

/// The way of every call, whatever transport it came by: find the method, read the metadata, authenticate, count it against
/// its rate, then let the method check role and params and do its work.
public final class Dispatcher: Sendable {
    /// What can be exchanged while it serves.
    private struct Current {
        var registry: Registry
        var limits: Limits
        var rates: Rates
        var classLimiters: [RateClass: RateLimiter<String>]
        var peerLimiter: RateLimiter<String>
    }

    private let current: Mutex<Current>
    private let authenticator: any Authenticator
    private let gate: CallGate
    private let sampler: TraceSampler?
    private let shared: (any SharedRates)?
    private let now: @Sendable () -> UInt64
    private let observer: Observer

    /// Told of every call that has been answered, before its transport is: the place for logs and metrics.
    public typealias Observer = @Sendable (AnsweredCall) -> Void

    /// How many callers are counted at once.
    private static let limiterKeys = 100_000
    /// Of methods that tell of their progress, unless the caller says less: a day.
    private static let streamTimeoutMs: Int64 = 86_400_000
    /// Of the `general` rate: what one address or uid may send before anything is parsed.
    private static let peerFactor = 10

    /// - Parameter shared: counts the calls of other daemons, too; without it, or while it is away, each daemon counts its own.
    public init(
        registry: Registry, limits: Limits, rates: Rates, authenticator: any Authenticator,
        shared: (any SharedRates)? = nil, gate: CallGate = CallGate(),
        sampler: TraceSampler? = nil,
        now: @escaping @Sendable () -> UInt64 = { MonotonicClock.now },
        observer: @escaping Observer = { _ in }
    ) {
        self.authenticator = authenticator
        self.shared = shared
        self.gate = gate
        self.sampler = sampler
        self.now = now
        self.observer = observer
        current = Mutex(
            Current(
                registry: registry, limits: limits, rates: rates,
                classLimiters: Dispatcher.classLimiters(rates), peerLimiter: Dispatcher.peerLimiter(rates)))
    }

    private static func classLimiters(_ rates: Rates) -> [RateClass: RateLimiter<String>] {
        [
            .auth: RateLimiter(rates.auth, maximumKeys: Dispatcher.limiterKeys),
            .general: RateLimiter(rates.general, maximumKeys: Dispatcher.limiterKeys),
        ]
    }

    private static func peerLimiter(_ rates: Rates) -> RateLimiter<String> {
        let (count, tooMany) = rates.general.count.multipliedReportingOverflow(by: Dispatcher.peerFactor)
        let coarse =
            rates.general.isOff || tooMany
            ? .off : RateLimit(min(count, RateLimit.maximumCount), per: rates.general.seconds) ?? .off
        return RateLimiter(coarse, maximumKeys: Dispatcher.limiterKeys)
    }

    public var registry: Registry { current.withLock { $0.registry } }
    public var limits: Limits { current.withLock { $0.limits } }

    /// Takes other methods, limits and rates from the next call on. Who has used up a rate that stays as it is has used it up still.
    public func replace(registry: Registry, limits: Limits, rates: Rates) {
        current.withLock { current in
            current.registry = registry
            current.limits = limits
            guard rates != current.rates else { return }
            current.rates = rates
            current.classLimiters = Dispatcher.classLimiters(rates)
            current.peerLimiter = Dispatcher.peerLimiter(rates)
        }
    }

    /// The coarse limit of an address or uid, before anything of it is parsed.
    /// - Throws: `RATE_LIMIT_EXCEEDED`.
    public func admit(_ peer: Peer, cost: Int = 1) throws(CallError) {
        guard !peer.isOperator else { return }
        let limiter = current.withLock { $0.peerLimiter }
        try Dispatcher.check(limiter.admit(peer.network, cost: cost, now: now()))
    }

    /// Starts a call. `completion` runs exactly once, on any thread, and at once for what needs no waiting.
    /// - Parameters:
    ///   - progress: told how far the work is, as JSON, on any thread; nothing comes after the completion.
    ///   - outlet: takes the parts of a long answer; where there is none, there are none.
    /// - Returns: the call, or `nil` when it was refused before it began.
    @discardableResult
    public func start(
        _ name: String, _ arguments: Arguments, _ metadata: Metadata, from peer: Peer,
        progress: @escaping @Sendable ([UInt8]) -> Void = { _ in }, outlet: Outlet? = nil,
        completion: @escaping @Sendable (Call?, Reply) -> Void
    ) -> Call? {
        var metadata = metadata
        let started = now()
        let (registry, limits) = current.withLock { ($0.registry, $0.limits) }
        var caller = Caller.anonymous
        do throws(CallError) {
            guard let method = registry.method(named: name) else { throw unknown(name) }
            var errors: [FieldError] = []
            if case .named(let object) = arguments, let meta = object[Metadata.member] {
                metadata.read(meta, maximumTimeoutMs: limits.maximumTimeoutMs, errors: &errors)
            }
            caller = try self.caller(of: method, metadata.token, peer)
            let count = count(caller, peer, method, arguments)
            let shared = count.flatMap { _ in self.shared.flatMap { $0.isAtHand ? $0 : nil } }
            if shared == nil, let count { try Dispatcher.check(count.limiter.admit(count.key, now: now())) }
            // Whoever is over his rate is told that first.
            guard errors.isEmpty || shared != nil else { throw .fields(errors) }
            let standard = method.streams ? Dispatcher.streamTimeoutMs : limits.defaultTimeoutMs
            let timeout = UInt64(metadata.timeoutMs ?? standard) * 1_000_000
            let call = Call(
                method: method, arguments: arguments, metadata: metadata, caller: caller, peer: peer,
                started: started, deadline: started + timeout, progress: progress, outlet: outlet,
                trace: trace(metadata.traceparent)
            ) { [observer, now] call, reply, cause in
                observer(
                    AnsweredCall(
                        method: call.method.name, requestID: call.requestID, call: call,
                        caller: call.caller, peer: call.peer, error: reply.error, cause: cause,
                        nanoseconds: now() - started))
                completion(call, reply)
            }
            if let shared, let count {
                ask(shared, count, call, errors)
            } else {
                gate.pass(call)
            }
            return call
        } catch {
            observer(
                AnsweredCall(
                    method: registry.method(named: name)?.name ?? AnsweredCall.unknownMethod,
                    requestID: metadata.requestID, call: nil, caller: caller, peer: peer, error: error,
                    cause: nil,
                    nanoseconds: now() - started))
            completion(nil, Reply(.failure(error), requestID: metadata.requestID))
            return nil
        }
    }

    private func trace(_ header: String?) -> TraceContext? {
        if let sampler { return sampler.context(header) }
        return header.flatMap(TraceContext.parse).map { _ in TraceContext(below: header, ratio: 0) }
    }

    /// A public method has no use for a token and looks at none: a bad one must not keep anyone from logging in anew, and one that the
    /// database has not confirmed must not make him somebody, with a rate of his own.
    private func caller(of method: Method, _ token: String?, _ peer: Peer) throws(CallError) -> Caller {
        guard method.role != .public, let token else { return peer.isOperator ? .operator : .anonymous }
        return try authenticator.authenticate(token)
    }

    /// Whose rate a call counts against, where it counts.
    private struct Count {
        let limiter: RateLimiter<String>
        let rate: RateClass
        let key: String
    }

    private func count(
        _ caller: Caller, _ peer: Peer, _ method: Method, _ arguments: Arguments
    ) -> Count? {
        guard caller != .operator, !peer.isOperator,
            let limiter = current.withLock({ $0.classLimiters[method.rate] }),
            !limiter.limit.isOff
        else { return nil }
        return Count(
            limiter: limiter, rate: method.rate,
            key: method.rateKey?(arguments) ?? scope(of: caller, at: peer))
    }

    /// Has a call counted together with those of other daemons; it goes on when the answer is there. This daemon's own limiter takes the
    /// answer over, so that nobody gets a whole allowance anew when it has to decide by itself, and decides where there is no answer.
    private func ask(_ shared: any SharedRates, _ count: Count, _ call: Call, _ errors: [FieldError]) {
        let asked = now()
        let question = RateQuestion(
            key: count.key, rate: count.rate, limit: count.limiter.limit,
            busyNanoseconds: count.limiter.busyNanoseconds(count.key, now: asked))
        shared.ask(question) { [now, gate] answer in
            let decision =
                answer.map {
                    count.limiter.adopt(
                        count.key, allowed: $0.allowed, busyNanoseconds: $0.busyNanoseconds,
                        retryAfterNanoseconds: $0.retryAfterNanoseconds, now: asked)
                } ?? count.limiter.admit(count.key, now: now())
            do throws(CallError) {
                try Dispatcher.check(decision)
                guard errors.isEmpty else { throw .fields(errors) }
                gate.pass(call)
            } catch {
                call.fail(error)
            }
        }
    }

    private func scope(of caller: Caller, at peer: Peer) -> String {
        authenticator.isConfirmed(caller) ? caller.scope(at: peer) : peer.network
    }

    private static func check(_ decision: RateLimiter<String>.Decision) throws(CallError) {
        guard !decision.allowed else { return }
        throw .rateLimited(
            retryAfterMs: Int64(decision.retryAfterNanoseconds / 1_000_000) + 1, limit: decision.limit)
    }

    private func unknown(_ name: String) -> CallError {
        let hint = registry.nearest(to: name).map { ": did you mean \($0)?" } ?? ""
        return CallError(.methodNotFound, ErrorCode.methodNotFound.defaultMessage + hint)
    }
}

/// What is worth telling of a call that has been answered.
public struct AnsweredCall: Sendable {
    public let method: String
    public let requestID: String
    /// `nil` where it was refused before it began.
    public let call: Call?
    public let caller: Caller
    public let peer: Peer
    /// `nil` for a success.
    public let error: CallError?
    /// Of a failure: what callers are not told.
    public let cause: (any Error)?
    /// From its start to its answer.
    public let nanoseconds: UInt64

    /// Stands for every name that no method has: those are the callers' invention.
    static let unknownMethod = "unknown"
}
