import JSON
import Postgres
import RPC
import Resilience

/// What a daemon tells of itself.
public struct System: Sendable {
    public let version: String
    public let commit: String
    public private(set) var limits: Limits
    let gate: CallGate
    private let more: @Sendable (inout PrometheusText) -> Void
    let notice: @Sendable (Notice) -> Void
    let pool: Pool
    private let metrics: CallMetrics
    private(set) var platform: Platform?
    private let started = MonotonicClock.now

    public init(
        version: String, commit: String, limits: Limits, pool: Pool, metrics: CallMetrics,
        platform: Platform? = nil, gate: CallGate = CallGate(),
        more: @escaping @Sendable (inout PrometheusText) -> Void = { _ in },
        notice: @escaping @Sendable (Notice) -> Void = { _ in }
    ) {
        self.gate = gate
        self.more = more
        self.notice = notice
        self.platform = platform
        self.pool = pool
        self.metrics = metrics
        self.version = version
        self.commit = commit
        self.limits = limits
    }

    /// The same with other limits.
    public func with(limits: Limits, _ platform: Platform) -> System {
        var other = self
        other.limits = limits
        other.platform = platform
        return other
    }

    public var methods: [Method] {
        pauseMethods + [
            Method(
                "system.ping", "Answers at once with what it was given.", role: .public, servesPaused: true,
                route: .get("/ping"),
                params: Params(.optional(.any("payload", "Comes back unchanged."))),
                result: .object(
                    "Pong", Field("payload", Shape.any.nullable, "What was given, else null.") { $0 }),
                example: Example(#"{"payload":"hello"}"#, gives: #"{"payload":"hello"}"#),
                run: .immediate { _, payload in payload }),
            Method(
                "system.health", "Tells that the daemon is alive; asks nothing of the database.",
                role: .public, servesPaused: true, route: .get("/health"), params: Params(),
                result: .object("Health", Field("status", .string, "Always `ok`.") { $0 }),
                example: Example("{}", gives: #"{"status":"ok"}"#), run: .immediate { _ in "ok" }),
            Method(
                "system.ready", "Tells whether calls can be served: it asks the database.", role: .public,
                route: .get("/readiness"), params: Params(),
                result: Readiness.shape,
                example: Example("{}", gives: #"{"status":"ok","checks":{"postgres":"ok"}}"#), run: ready),
            Method(
                "system.version", "Tells which daemon this is.", role: .public, servesPaused: true,
                route: .get("/version"),
                params: Params(),
                result: .object(
                    "Version",
                    Field("version", .string, "Of the release.") { (system: System) in system.version },
                    Field("commit", .string, "Of the source.") { $0.commit },
                    Field("api", .string, "Of the methods.") { _ in "v1" }),
                example: Example("{}", gives: #"{"version":"0.1.0","commit":"unknown","api":"v1"}"#),
                run: .immediate { _ in self }),
            Method(
                "system.limits", "Lists every limit in force.", role: .public, servesPaused: true,
                route: .get("/limits"),
                params: Params(), result: System.limitsShape,
                example: Example("{}", gives: #"{"messageBytes":8388608}"#),
                run: .immediate { _ in self.limits }),
            Method(
                "system.metrics", "Counts, durations and states, as Prometheus reads them.", role: .operator,
                servesPaused: true, route: .get("/metrics"), params: Params(.format), result: .textDocument,
                example: Example("{}", gives: #"{"contentType":"text/plain; version=0.0.4; charset=utf-8"}"#),
                run: .immediate { _, format in
                    TextDocument(exposition(format), contentType: format.contentType)
                }),
        ]
    }

    private func exposition(_ format: PrometheusText.Format) -> String {
        var text = PrometheusText(format)
        text.begin("rpcd_build_info", .gauge, "Which daemon this is.")
        text.sample("rpcd_build_info", [("version", version), ("commit", commit)], "1")
        text.gauge(
            "rpcd_uptime_seconds", "Since the start.", (MonotonicClock.now - started) / 1_000_000_000)
        let pool = pool.metrics
        text.gauge("rpcd_pool_connections_limit", "Connections the pool may have.", pool.size)
        text.gauge("rpcd_pool_connections", "Connections the pool has.", pool.connected)
        text.gauge("rpcd_pool_busy", "Connections at work.", pool.busy)
        text.gauge("rpcd_pool_waiting", "Calls that wait for a connection.", pool.waiting)
        metrics.write(to: &text)
        platform?.providers.writeMetrics(to: &text)
        platform?.jobMetrics.write(to: &text)
        platform?.analytics.writeMetrics(to: &text)
        platform?.shared?.writeMetrics(to: &text)
        platform?.replica?.writeMetrics(to: &text)
        platform?.backlogs.writeMetrics(to: &text)
        text.gauge(
            "rpcd_paused_calls", "Calls that wait because the daemon is paused; -1 while it is not.",
            gate.waiting ?? -1)
        more(&text)
        return text.text
    }

    private var ready: Handler<Readiness> {
        Handler { call, _, shape in
            pool.transaction(call, .readOnly) { tx in
                tx.enterEveryWorkspace()
                return try tx.one(Replication.getBacklog)
            } completion: { result in
                switch result {
                case .success(let backlog):
                    Task {
                        var readiness = Readiness()
                        if let (name, standing) = await platform?.analytics.standing(backlog) {
                            readiness.add(name, standing.rawValue)
                        }
                        if let shared = platform?.shared {
                            readiness.add("redis", shared.redis.standing.rawValue)
                        }
                        if let replica = platform?.replica {
                            readiness.add("replica", replica.standing.rawValue)
                        }
                        call.succeed(shape.body(of: readiness))
                    }
                case .failure(let error): call.fail(CallError(mapping: error, in: call), cause: error)
                }
            }
        }
    }

    private static let limitsShape = Shape<Limits>(
        .object(
            name: "Limits", Limits.all.map { Schema.Member($0.name, .integer($0.range), $0.summary) },
            open: false)
    ) { limits, writer in
        writer.beginObject()
        for entry in Limits.all {
            writer.key(entry.name)
            writer.int(entry.get(limits))
        }
        writer.endObject()
    }
}

extension Param where Value == PrometheusText.Format {
    fileprivate static let format = Param(
        "format", .choice(PrometheusText.Format.allCases.map(\.rawValue)),
        "How they are written: as Prometheus has always read them, or by OpenMetrics 1.0."
    ) { json -> Result<PrometheusText.Format, Misfit> in
        guard let format = json.string.flatMap(PrometheusText.Format.init(rawValue:)) else {
            return .failure(Misfit(.choice, "has to be prometheus or openmetrics"))
        }
        return .success(format)
    }.defaulting(to: .prometheus)
}
