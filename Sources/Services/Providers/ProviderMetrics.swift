import RPC
import Synchronization

/// Counts what providers were asked and how it went.
final class ProviderMetrics: Sendable {
    private struct Series {
        var outcomes: [String: UInt64] = [:]
        var calls: UInt64 = 0
        var retries: UInt64 = 0
        var count: UInt64 = 0
        var nanoseconds: UInt64 = 0
    }

    private let series = Mutex<[String: Series]>([:])

    func record(_ provider: String, _ outcome: LookupOutcome, calls: Int, nanoseconds: UInt64) {
        let name =
            switch outcome {
            case .found: "found"
            case .notFound: "notFound"
            case .failed(let failure): failure.code.rawValue
            }
        series.withLock { series in
            // Slugs come from the operator's files: there are as many as he has had.
            var entry = series[provider] ?? Series()
            entry.outcomes[name, default: 0] += 1
            entry.calls += UInt64(calls)
            entry.retries += UInt64(max(0, calls - 1))
            entry.count += 1
            entry.nanoseconds &+= nanoseconds
            series[provider] = entry
        }
    }

    /// Calls and retries of a provider so far.
    func counts(_ provider: String) -> (lookups: UInt64, calls: UInt64, retries: UInt64) {
        series.withLock { series in
            let entry = series[provider] ?? Series()
            return (entry.count, entry.calls, entry.retries)
        }
    }

    func write(to text: inout PrometheusText) {
        let series = self.series.withLock { $0 }.sorted { $0.key < $1.key }
        text.begin("rpcd_provider_lookups_total", .counter, "Questions to providers, by what came of them.")
        for (provider, values) in series {
            for (outcome, count) in values.outcomes.sorted(by: { $0.key < $1.key }) {
                text.sample(
                    "rpcd_provider_lookups_total", [("provider", provider), ("outcome", outcome)], "\(count)")
            }
        }
        text.begin("rpcd_provider_calls_total", .counter, "Calls to providers, retries included.")
        for (provider, values) in series {
            text.sample("rpcd_provider_calls_total", [("provider", provider)], "\(values.calls)")
        }
        text.begin(
            "rpcd_provider_retries_total", .counter, "Calls to providers after the first of a question.")
        for (provider, values) in series {
            text.sample("rpcd_provider_retries_total", [("provider", provider)], "\(values.retries)")
        }
        text.begin("rpcd_provider_lookup_seconds_total", .counter, "Time that questions to providers took.")
        for (provider, values) in series {
            text.sample(
                "rpcd_provider_lookup_seconds_total", [("provider", provider)],
                "\(Double(values.nanoseconds) / 1e9)")
        }
    }
}

extension ProviderCalls {
    /// Of these providers, whether or not they were ever asked.
    func writeMetrics(_ slugs: [String], to text: inout PrometheusText) {
        metrics.write(to: &text)
        let (load, open) = (load(), circuits.openCounts())
        func gauge(_ name: String, _ help: String, _ value: (String) -> Int) {
            text.begin(name, .gauge, help)
            for slug in slugs { text.sample(name, [("provider", slug)], "\(value(slug))") }
        }
        gauge("rpcd_provider_calls_in_flight", "Calls that run.") { load[$0]?.inFlight ?? 0 }
        gauge("rpcd_provider_calls_waiting", "Calls that wait for their turn.") { load[$0]?.waiting ?? 0 }
        gauge("rpcd_provider_circuits_open", "Keys with which a provider is left alone.") { open[$0] ?? 0 }
        gauge(
            "rpcd_provider_circuit_state", "Of the platform's key: 0 closed, 1 open, 2 being tried."
        ) { slug in
            switch circuits.circuit(CircuitKey(slug, CircuitKey.platform)).state {
            case .closed: 0
            case .open: 1
            case .halfOpen: 2
            }
        }
    }
}
