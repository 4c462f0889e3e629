import Synchronization

/// Counts calls by method and outcome, and how long they took.
public final class CallMetrics: Sendable {
    private struct Series {
        var outcomes: [String: UInt64] = [:]
        /// As many as ``CallMetrics/bounds``, each with what took no longer than its bound and longer than the one before.
        var buckets = [UInt64](repeating: 0, count: CallMetrics.bounds.count)
        var count: UInt64 = 0
        var nanoseconds: UInt64 = 0
    }

    /// Upper bounds of the histogram, in microseconds.
    private static let bounds: [UInt64] = [
        100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 10_000_000,
    ]

    private let series = Mutex<[String: Series]>([:])

    public init() {}

    public func record(_ call: AnsweredCall) {
        let microseconds = call.nanoseconds / 1000
        let bucket = CallMetrics.bounds.firstIndex { microseconds <= $0 }
        let outcome = call.error?.code.name ?? "OK"
        series.withLock { series in
            series[call.method, default: Series()].outcomes[outcome, default: 0] += 1
            series[call.method]?.count += 1
            series[call.method]?.nanoseconds &+= call.nanoseconds
            if let bucket { series[call.method]?.buckets[bucket] += 1 }
        }
    }

    public func write(to text: inout PrometheusText) {
        let series = self.series.withLock { $0 }.sorted { $0.key < $1.key }
        text.begin("rpcd_calls_total", .counter, "Calls that were answered.")
        for (method, values) in series {
            for (code, count) in values.outcomes.sorted(by: { $0.key < $1.key }) {
                text.sample("rpcd_calls_total", [("method", method), ("code", code)], "\(count)")
            }
        }
        let name = "rpcd_call_duration_seconds"
        text.begin(name, .histogram, "From a call's start to its answer.")
        for (method, values) in series {
            var sum: UInt64 = 0
            for (bound, count) in zip(CallMetrics.bounds, values.buckets) {
                sum += count
                text.sample(
                    name + "_bucket", [("method", method), ("le", "\(Double(bound) / 1e6)")], "\(sum)")
            }
            text.sample(name + "_bucket", [("method", method), ("le", "+Inf")], "\(values.count)")
            text.sample(name + "_sum", [("method", method)], "\(Double(values.nanoseconds) / 1e9)")
            text.sample(name + "_count", [("method", method)], "\(values.count)")
        }
    }
}
