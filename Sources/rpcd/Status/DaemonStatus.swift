import JSON

/// What a daemon says of itself, gathered from its methods: `system.version`, `system.ready` and `system.metrics`.
struct DaemonStatus {
    /// One line of it: what it is about, and its figures in order.
    struct Row {
        let name: String
        let figures: [(name: String, value: Figure)]
    }

    enum Figure {
        case text(String)
        case count(Int64)
        case seconds(Double)
        case rate(Double)
    }

    let rows: [Row]
    /// Whether everything is as it should be, as `system.ready` sees it.
    let isWell: Bool
    /// Calls answered since the start.
    let answered: Double

    /// - Parameters:
    ///   - readiness: nil where the database is away, or the daemon is paused.
    ///   - before: an earlier one, and the seconds since: for rates.
    init(
        version: JSON, readiness: JSON?, metrics: PrometheusReading,
        since before: (status: DaemonStatus, seconds: Double)? = nil
    ) {
        let calls = metrics.all("rpcd_calls_total")
        answered = calls.reduce(0) { $0 + $1.value }
        let paused = metrics.integer("rpcd_paused_calls") ?? -1
        isWell = readiness?["status"]?.string == "ok" && paused < 0
        let state = paused >= 0 ? "paused" : readiness?["status"]?.string ?? "the database is away"
        var rows = [
            Row(
                name: "daemon",
                figures: [
                    ("state", .text(state)), ("version", .text(version["version"]?.string ?? "")),
                    ("commit", .text(version["commit"]?.string ?? "")),
                    ("up", .seconds(metrics.value("rpcd_uptime_seconds") ?? 0)),
                ] + (paused >= 0 ? [("held", .count(paused))] : [])),
            Row(
                name: "sockets",
                figures: DaemonStatus.sockets(metrics) + [
                    ("connections", .count(metrics.integer("rpcd_connections") ?? 0))
                ]),
        ]
        let errors = calls.filter { $0.labels["code"] == "INTERNAL_ERROR" }.reduce(0) { $0 + $1.value }
        var figures: [(name: String, value: Figure)] = [
            ("answered", .count(Int64(answered))), ("internalErrors", .count(Int64(errors))),
        ]
        if let before {
            figures.append(("perSecond", .rate((answered - before.status.answered) / before.seconds)))
        }
        figures.append(("loopLag", .seconds(metrics.value("rpcd_event_loop_lag_seconds") ?? 0)))
        rows.append(Row(name: "calls", figures: figures))
        func row(_ name: String, _ figures: (name: String, metric: String)...) {
            let known = figures.compactMap { figure in
                metrics.integer(figure.metric).map { (name: figure.name, value: Figure.count($0)) }
            }
            if !known.isEmpty { rows.append(Row(name: name, figures: known)) }
        }
        row(
            "database", ("connections", "rpcd_pool_connections"), ("limit", "rpcd_pool_connections_limit"),
            ("busy", "rpcd_pool_busy"), ("waiting", "rpcd_pool_waiting"))
        row(
            "jobs", ("open", "rpcd_jobs_open"), ("tasksRemaining", "rpcd_job_tasks_remaining"),
            ("tasksRunning", "rpcd_job_tasks_running"), ("unwritten", "rpcd_job_tasks_unwritten"))
        row(
            "outbox", ("mails", "rpcd_mails_waiting"), ("deliveries", "rpcd_webhook_deliveries_waiting"),
            ("analytics", "rpcd_analytics_waiting"), ("deadLetters", "rpcd_dead_letters"))
        let open = metrics.all("rpcd_provider_circuits_open").filter { $0.value > 0 }
        rows.append(
            Row(
                name: "circuits",
                figures: open.isEmpty
                    ? [("open", .count(0))]
                    : open.map { ($0.labels["provider"] ?? "", .text("open")) }))
        rows.append(
            Row(
                name: "stores",
                figures: (readiness?["checks"]?.members.map { $0 } ?? []).map { key, value in
                    (key.string ?? "", .text(value.string ?? ""))
                }))
        rows.append(
            Row(
                name: "verified",
                figures: [
                    ("sealLag", .seconds(metrics.value("rpcd_audit_seal_lag_seconds") ?? 0))
                ]
                    + metrics.all("rpcd_verification_age_seconds").map {
                        ($0.labels["kind"] ?? "", .seconds($0.value))
                    }))
        self.rows = rows.filter { !$0.figures.isEmpty }
    }

    /// Each transport once, with every address of it.
    private static func sockets(_ metrics: PrometheusReading) -> [(name: String, value: Figure)] {
        let places = metrics.all("rpcd_listening").map {
            (transport: $0.labels["transport"] ?? "", address: $0.labels["address"] ?? "")
        }
        return Set(places.map(\.transport)).sorted().reversed().map { transport in
            let addresses = places.filter { $0.transport == transport }.map(\.address)
            return (transport, .text(addresses.joined(separator: ", ")))
        }
    }

    /// As lines for people.
    var text: String {
        rows.map { row in
            row.name.padded(to: 10)
                + row.figures.map { "\($0.name) \($0.value)" }.joined(separator: " · ")
        }.joined(separator: "\n")
    }

    /// As one object of objects.
    var json: [UInt8] {
        JSONWriter.object { writer in
            for row in rows {
                writer.key(row.name)
                writer.beginObject()
                for (name, value) in row.figures {
                    writer.key(name)
                    switch value {
                    case .text(let text): writer.string(text)
                    case .count(let count): writer.int(count)
                    case .seconds(let value), .rate(let value): writer.double(value)
                    }
                }
                writer.endObject()
            }
        }
    }
}

extension DaemonStatus.Figure: CustomStringConvertible {
    var description: String {
        switch self {
        case .text(let text): text
        case .count(let count): "\(count)"
        case .rate(let rate): "\(Double(Int64(rate * 10)) / 10)"
        case .seconds(let seconds) where seconds < 1: "\(Double(Int64(seconds * 10_000)) / 10) ms"
        case .seconds(let seconds) where seconds < 120: "\(Int64(seconds)) s"
        case .seconds(let seconds) where seconds < 7200: "\(Int64(seconds) / 60) min"
        case .seconds(let seconds) where seconds < 172_800: "\(Int64(seconds) / 3600) h"
        case .seconds(let seconds): "\(Int64(seconds) / 86_400) d"
        }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(1, width - count))
    }
}
