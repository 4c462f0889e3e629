import Glibc
import JSON
import Resilience

/// How a provider behaves, as data: what `PUT /control/providers/{name}` takes and gives back.
struct Behaviour: Sendable, Equatable {
    var latency = Latency.none
    /// The share of inputs that it knows.
    var found = 1.0
    var notFound = NotFound.status
    var confidence = 0.5...1.0
    var faults = FaultOdds()
    /// Calls a second of each key, and as many at once.
    var rate = RateLimit.off
    var storm: Storm?
    var fields: [Field] = [.email, .phone, .companySize]
    /// Between the bytes of a dripping answer, in milliseconds.
    var dripIntervalMs = 100

    /// How it says that it does not know an input.
    enum NotFound: String, CaseIterable, Sendable {
        case status = "404"
        /// 200 and `{}`.
        case empty
        /// 200 and every field null.
        case null
        /// Each input by one of the three.
        case mixed
    }

    /// What an answer can tell.
    enum Field: String, CaseIterable, Sendable {
        case email, phone, companySize, companyName, industry, jobTitle, country
    }

    /// Of every `everyCalls` calls, `lengthCalls` in a row fail with 500.
    struct Storm: Sendable, Equatable {
        var everyCalls: Int
        var lengthCalls: Int
    }

    /// A log-normal distribution through two of its quantiles, in milliseconds.
    struct Latency: Sendable, Equatable {
        var p50: Double
        /// Never below `p50`.
        var p99: Double

        static let none = Latency(p50: 0, p99: 0)
        static let maximumMs = 600_000.0

        /// - Parameters: two draws, each 0 up to but not including 1.
        func milliseconds(_ first: Double, _ second: Double) -> Double {
            guard p50 > 0 else { return 0 }
            // Box and Muller (1958): two even draws make one of the normal distribution, whose 0.99 quantile is 2.326.
            let normal = sqrt(-2 * log(1 - first)) * cos(2 * .pi * second)
            return min(p50 * pow(p99 / p50, normal / 2.326), Self.maximumMs)
        }
    }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("latencyMs")
        writer.beginObject()
        writer.key("p50")
        writer.double(latency.p50)
        writer.key("p99")
        writer.double(latency.p99)
        writer.endObject()
        writer.key("found")
        writer.double(found)
        writer.key("notFound")
        writer.string(notFound.rawValue)
        writer.key("confidence")
        writer.beginArray()
        writer.double(confidence.lowerBound)
        writer.double(confidence.upperBound)
        writer.endArray()
        writer.key("faults")
        writer.beginObject()
        for fault in Fault.allCases where faults[fault] > 0 {
            writer.key(fault.name)
            writer.double(faults[fault])
        }
        writer.endObject()
        if !rate.isOff {
            writer.key("ratePerSecond")
            writer.int(rate.count)
        }
        if let storm {
            writer.key("storm")
            writer.beginObject()
            writer.key("everyCalls")
            writer.int(storm.everyCalls)
            writer.key("lengthCalls")
            writer.int(storm.lengthCalls)
            writer.endObject()
        }
        writer.key("fields")
        writer.beginArray()
        for field in fields { writer.string(field.rawValue) }
        writer.endArray()
        writer.key("dripIntervalMs")
        writer.int(dripIntervalMs)
        writer.endObject()
    }
}

/// The providers that are there without a configuration. Each shows one thing.
extension Behaviour {
    static let standard: [String: Behaviour] = [
        "steady": Behaviour(),
        "slow": Behaviour(latency: Latency(p50: 200, p99: 2_000)),
        "flaky": Behaviour(
            latency: Latency(p50: 5, p99: 50),
            faults: FaultOdds([.http500: 0.15, .http503: 0.1, .reset: 0.04, .hang: 0.01])),
        "throttled": Behaviour(rate: RateLimit(5, per: 1) ?? .off),
        "storm": Behaviour(storm: Storm(everyCalls: 200, lengthCalls: 50)),
        "sparse": Behaviour(found: 0.1, notFound: .mixed),
        "wrong-schema": always(.wrongSchema),
        "wrong-type": always(.wrongType),
        "truncated": always(.truncated),
        "endless": always(.endless),
        "drip": always(.drip),
        "redirect-loopback": always(.redirectLoopback),
        "redirect-loop": always(.redirectLoop),
        "error-inside": always(.errorInside),
        "duplicate-ids": always(.duplicateIds),
        "non-utf8": always(.nonUtf8),
        "bomb": always(.bomb),
        "hang": always(.hang),
        "reset": always(.reset),
        "dead": always(.http503),
        "mixed": Behaviour(
            latency: Latency(p50: 5, p99: 100), found: 0.7, notFound: .mixed,
            faults: FaultOdds(Dictionary(uniqueKeysWithValues: Fault.allCases.map { ($0, 0.02) }))),
    ]

    private static func always(_ fault: Fault) -> Behaviour { Behaviour(faults: FaultOdds([fault: 1])) }
}
