import Egress
import RPC
import Synchronization

/// Hands spans to a collector (OTLP over HTTP, JSON), a second's worth at a time. It is never in the way: what the collector does not take in
/// time is dropped, and counted.
final class TraceExporter: Sendable {
    /// Where traces go, and how many of them.
    struct Settings: Sendable {
        var endpoint: Endpoint?
        /// Of traces that begin here.
        var ratio = 0.1

        init() {}
    }

    /// As `http://127.0.0.1:4318`: `/v1/traces` is put behind it.
    struct Endpoint: Sendable {
        let url: String
        let policy: EgressPolicy

        init?(_ text: String) {
            let base = text.hasSuffix("/") ? String(text.dropLast()) : text
            guard let parsed = try? HTTPURL(base + "/v1/traces"),
                let policy = try? EgressPolicy(parsing: "\(parsed.host):\(parsed.port)")
            else { return nil }
            url = base + "/v1/traces"
            self.policy = policy
        }
    }

    private struct State {
        var spans: [Span] = []
        var sent: UInt64 = 0
        var dropped: UInt64 = 0
    }

    private let endpoint: Endpoint
    private let client: HTTPClient
    private let version: String
    private let state = Mutex(State())

    /// Spans that may wait.
    private static let most = 4096
    /// Spans of one request.
    private static let batch = 512
    private static let timeoutMs = 3000

    /// - Throws: ``HTTPFailure`` when libcurl does not start.
    init(_ endpoint: Endpoint, version: String) throws(HTTPFailure) {
        self.endpoint = endpoint
        self.version = version
        client = try HTTPClient(HTTPClient.Configuration(policy: endpoint.policy))
    }

    func add(_ span: Span) {
        state.withLock { state in
            if state.spans.count < TraceExporter.most { state.spans.append(span) } else { state.dropped += 1 }
        }
    }

    /// Until the task is cancelled; then once more.
    func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            await send()
        }
        await send()
        client.close()
    }

    private func send() async {
        while true {
            let spans = state.withLock { state -> [Span] in
                defer { state.spans.removeFirst(min(TraceExporter.batch, state.spans.count)) }
                return Array(state.spans.prefix(TraceExporter.batch))
            }
            guard !spans.isEmpty else { return }
            let isTaken = await post(OTLP.request(spans, version: version))
            state.withLock { state in
                if isTaken { state.sent += UInt64(spans.count) } else { state.dropped += UInt64(spans.count) }
            }
            guard isTaken, spans.count == TraceExporter.batch else { return }
        }
    }

    private func post(_ body: [UInt8]) async -> Bool {
        do throws(HTTPFailure) {
            var request = try HTTPRequest(
                .post, endpoint.url, headers: [("Content-Type", "application/json")], body: body)
            request.timeoutMs = TraceExporter.timeoutMs
            request.connectTimeoutMs = TraceExporter.timeoutMs
            request.maximumRedirects = 0
            // Told twice, a span is the same span.
            request.isRepeatable = true
            let response = try await client.send(request)
            return (200..<300).contains(response.status)
        } catch {
            return false
        }
    }

    func writeMetrics(to text: inout PrometheusText) {
        let (sent, dropped) = state.withLock { ($0.sent, $0.dropped) }
        text.counter("rpcd_spans_sent_total", "Spans that the collector took.", sent)
        text.counter("rpcd_spans_dropped_total", "Spans that it did not take in time.", dropped)
    }
}

extension Settings {
    /// Traces.
    static let tracing: [Declaration] = [
        Declaration(
            key: "RPCD_OTLP_ENDPOINT", takes: "a URL as http://127.0.0.1:4318", standard: nil,
            summary:
                "a collector of OpenTelemetry that takes traces by OTLP over HTTP; without one there are none"
        ) {
            guard let endpoint = TraceExporter.Endpoint($1) else { return false }
            $0.traces.endpoint = endpoint
            return true
        },
        Declaration(
            key: "RPCD_OTLP_RATIO", takes: "a number from 0 to 1", standard: "0.1",
            summary:
                "the part of traces that is recorded, of those that begin here; a caller's own decision stands"
        ) {
            guard let ratio = Double($1), (0...1).contains(ratio) else { return false }
            $0.traces.ratio = ratio
            return true
        },
    ]
}
