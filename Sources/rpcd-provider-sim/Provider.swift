import NIOCore
import NIOHTTP1
import Resilience

/// One provider: how it behaves, and what it was asked. Confined to the event loop.
final class Provider {
    let name: String
    private(set) var behaviour: Behaviour
    private(set) var ledger = CallLedger()
    private let oracle: Oracle
    /// By a hash of the key: what it holds is no secret.
    private var limiter: RateLimiter<UInt64>
    private let stormStart: Int

    private static let maximumKeys = 10_000

    init(_ name: String, _ behaviour: Behaviour, seed: UInt64) {
        self.name = name
        self.behaviour = behaviour
        oracle = Oracle(seed: seed, name: name)
        limiter = RateLimiter(behaviour.rate, maximumKeys: Provider.maximumKeys)
        stormStart = Int(Oracle.bits(oracle.identity(of: ""), .storm) >> 32)
    }

    /// From now on; what was counted stays.
    func behave(_ behaviour: Behaviour) {
        self.behaviour = behaviour
        limiter = RateLimiter(behaviour.rate, maximumKeys: Provider.maximumKeys)
    }

    func forgetCalls() { ledger = CallLedger() }

    /// One call of a client who has given a key.
    struct Call {
        let input: Input
        /// Of the request, without its query.
        let path: Substring
        let key: UInt64
        let idempotencyKey: String?
        /// Monotonic, in nanoseconds.
        let now: UInt64
        let trap: String
        /// Whether there is room for one more input.
        let mayTrack: Bool
        /// Whether there is room for one more idempotency key.
        let mayTrackKey: Bool
    }

    /// Counts the call, and says what happens to it.
    func react(to call: Call) -> Reaction {
        let identity = oracle.identity(of: call.input.text)
        let slot = ledger.slot(of: call.input.text, identity, mayAdd: call.mayTrack)
        if let key = call.idempotencyKey, call.mayTrackKey {
            ledger.count(key: Oracle.hash(key.utf8, from: identity), slot)
        }
        let admission = limiter.admit(call.key, now: call.now)
        guard admission.allowed else {
            ledger.count(.throttled, slot)
            return .answer(Provider.throttled(retryAfterNanoseconds: admission.retryAfterNanoseconds))
        }
        let attempt = ledger.attempts(slot)
        let answer = Answer(identity: identity, input: call.input, behaviour: behaviour)
        let fault = isInStorm ? .http500 : Provider.fault(identity, behaviour, attempt: attempt)
        ledger.count(fault.map { .fault($0) } ?? (answer.isFound ? .found : .notFound), slot)
        let plain = Provider.plain(answer, isDoubled: fault == .duplicateIds)
        let act = fault.map {
            Reaction.Act(
                $0, plain: plain, bits: Oracle.bits(identity, .shape, attempt: attempt),
                here: call.path + "?" + call.input.text, trap: call.trap,
                dripIntervalMs: behaviour.dripIntervalMs)
        }
        return Reaction(
            act: act ?? .answer(plain), delayMs: Provider.delayMs(identity, behaviour, attempt: attempt))
    }

    /// What becomes of attempts at an input, the rate and storms apart.
    struct Expectation {
        let answer: Answer
        /// Of the first attempts.
        let faults: [Fault?]
        /// The first attempt without a fault, from 0; nil when there is none among the first 64.
        let succeedsAt: Int?
    }

    func expect(_ input: Input) -> Expectation {
        let identity = oracle.identity(of: input.text)
        func fault(_ attempt: Int) -> Fault? { Provider.fault(identity, behaviour, attempt: attempt) }
        return Expectation(
            answer: Answer(identity: identity, input: input, behaviour: behaviour),
            faults: (0..<8).map(fault), succeedsAt: (0..<64).first { fault($0) == nil })
    }

    /// The counts of one input; nil when it never came.
    func counts(of input: Input) -> CallLedger.Counts? {
        ledger.slot(of: input.text, oracle.identity(of: input.text)).map { ledger.entries[$0].counts }
    }

    /// A burst is a matter of the sequence of calls, whoever they ask for.
    private var isInStorm: Bool {
        guard let storm = behaviour.storm else { return false }
        return (stormStart + ledger.total.attempts) % storm.everyCalls < storm.lengthCalls
    }

    private static func fault(_ identity: UInt64, _ behaviour: Behaviour, attempt: Int) -> Fault? {
        behaviour.faults.fault(at: Oracle.draw(identity, .fault, attempt: attempt))
    }

    private static func delayMs(_ identity: UInt64, _ behaviour: Behaviour, attempt: Int) -> Double {
        behaviour.latency.milliseconds(
            Oracle.draw(identity, .latency, attempt: attempt),
            Oracle.draw(identity, .latencyToo, attempt: attempt))
    }

    /// The answer without a fault.
    private static func plain(_ answer: Answer, isDoubled: Bool) -> HTTPAnswer {
        guard answer.isFound else {
            switch answer.notFound {
            case .status, .mixed: return HTTPAnswer(.notFound, "not_found", "Nobody is known by this")
            case .empty: return HTTPAnswer(.ok, Array("{}".utf8))
            case .null: return HTTPAnswer(.ok) { answer.writeNulls(to: &$0) }
            }
        }
        guard isDoubled else { return HTTPAnswer(.ok) { answer.write(id: answer.id, to: &$0) } }
        return HTTPAnswer(.ok) { writer in
            answer.write(id: "r-1", to: &writer) { writer in
                writer.key("results")
                writer.beginArray()
                answer.write(id: "r-1", to: &writer)
                answer.write(id: "r-1", to: &writer)
                writer.endArray()
            }
        }
    }

    private static func throttled(retryAfterNanoseconds: UInt64) -> HTTPAnswer {
        let seconds = max(1, (retryAfterNanoseconds + 999_999_999) / 1_000_000_000)
        return HTTPAnswer(.tooManyRequests, "rate_limited", "Come back in \(seconds) s")
            .with("Retry-After", "\(seconds)")
    }
}
