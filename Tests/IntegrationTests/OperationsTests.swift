import Foundation
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

/// What an operator does with a daemon that serves.
@Suite("Operating a daemon that serves")
struct OperationsTests {
    private final class Load: Sendable {
        let done = Mutex(0)
        let isOver = Mutex(false)
        let failures = Mutex<[String]>([])
    }

    /// Waits for what a daemon does in its own time.
    private func until(_ what: String, _ isTrue: () async throws -> Bool) async throws {
        let deadline = Date(timeIntervalSinceNow: 30)
        while try await !isTrue() {
            guard Date() < deadline else {
                Issue.record("\(what) did not come about")
                return
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func write(_ lines: [String], to path: String) throws {
        try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    }

    @Test("SIGHUP reads the settings again: all of what can change, or nothing; what cannot is named")
    func reload() async throws {
        try await withTemporaryFolder { folder in
            let file = folder + "/rpcd.conf"
            try write(["RPCD_LOG_LEVEL=info", "RPCD_LIMIT_BATCH_ENTRIES=100"], to: file)
            let served = try await Served.start(
                in: folder, conninfo: try TestCluster.shared.get().freshDatabase(),
                environment: ["RPCD_CONFIG": file])
            let http = String(served.readyLine.split(separator: " ")[2].dropFirst("http=".count))
            let socket = try RawSocket(path: served.socket)
            func limit() async throws -> Int64? {
                try await socket.call("system.limits")["result"]?["batchEntries"]?.int64
            }
            func answersOrigin() async throws -> Bool {
                try await RawSocket.http(http, "GET", "/ping", headers: ["Origin: https://app.example.org"])
                    .head.contains("Access-Control-Allow-Origin")
            }
            #expect(try await limit() == 100)
            #expect(try await !answersOrigin())

            try write(
                [
                    "RPCD_LOG_LEVEL=debug", "RPCD_LIMIT_BATCH_ENTRIES=2",
                    "RPCD_CORS_ORIGINS=https://app.example.org", "RPCD_POOL_SIZE=3",
                ], to: file)
            served.process.send(SIGHUP)
            try await until("the reload") { served.process.errors.contains("settings were read again") }
            #expect(try await limit() == 2)
            #expect(try await answersOrigin())
            #expect(served.process.errors.contains("a restart is needed for RPCD_POOL_SIZE"))
            // A connection that was there before has the new limit, too.
            let ping = #"{"jsonrpc":"2.0","method":"system.ping","id":1}"#
            try await socket.send("[\(ping),\(ping),\(ping)]\n")
            let refused = try JSON.parse(try #require(try await socket.line()))
            #expect(refused["error"]?["message"]?.string?.contains("at most 2") == true)
            // Every call is told of now.
            _ = try await socket.call("system.ping", #"{"_meta":{"requestId":"after-the-reload"}}"#)
            try await until("the line") { served.process.errors.contains("after-the-reload") }

            try write(["RPCD_LIMIT_BATCH_ENTRIES=7", "RPCD_LOG_LEVEL=loud"], to: file)
            served.process.send(SIGHUP)
            try await until("the refusal") { served.process.errors.contains("settings stay as they were") }
            #expect(served.process.errors.contains("RPCD_LOG_LEVEL: got 'loud'"))
            #expect(try await limit() == 2)
            served.process.send(SIGTERM)
            #expect(await served.process.end() == 0)
        }
    }

    @Test(
        "rpcd pause holds calls and lets go of the database; none of them fails, and resume lets them go on")
    func pause() async throws {
        let cluster = try TestCluster()
        defer { cluster.remove() }
        try await withTemporaryFolder { folder in
            let served = try await Served.start(in: folder, conninfo: try cluster.freshDatabase())
            let path = served.socket
            let first = try RawSocket(path: path)
            _ = try await first.call(
                "auth.register",
                #"{"email":"ada@example.org","password":"correct horse battery","name":"Ada"}"#)
            let load = Load()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in 0..<4 {
                    group.addTask {
                        let socket = try RawSocket(path: path)
                        var number = 0
                        while !load.isOver.withLock({ $0 }) {
                            number += 1
                            let answer = try await socket.call(
                                "workspaces.create",
                                #"{"name":"w","slug":"w\#(client)-\#(number)","ownerEmail":"ada@example.org"}"#
                            )
                            if let code = answer.errorCode { load.failures.withLock { $0.append(code) } }
                            load.done.withLock { $0 += 1 }
                        }
                    }
                }
                try await until("calls") { load.done.withLock { $0 } > 20 }
                let paused = try await ServedProcess.run(
                    "rpcd", ["pause", "--seconds", "60", "--socket", path])
                #expect(paused.status == 0, "\(paused.errors)")
                let status = try await ServedProcess.run("rpcd", ["status", "--socket", path])
                #expect(status.status == 1)
                #expect(status.output.contains("paused"))
                // The database is switched over meanwhile: whatever was connected would see that.
                try cluster.stopImmediately()
                try cluster.start()
                let before = load.done.withLock { $0 }
                let resumed = try await ServedProcess.run("rpcd", ["resume", "--socket", path])
                #expect(resumed.output == "resumed\n")
                try await until("calls after it") { load.done.withLock { $0 } > before + 20 }
                load.isOver.withLock { $0 = true }
                try await group.waitForAll()
            }
            #expect(load.failures.withLock { $0 } == [])
            let status = try await ServedProcess.run("rpcd", ["status", "--json", "--socket", path])
            #expect(status.status == 0, "\(status.output)")
            let shown = try JSON.parse(status.output)
            #expect(shown["daemon"]?["state"]?.string == "ok")
            #expect(shown["sockets"]?["socket"]?.string == path)
            #expect(shown["calls"]?["internalErrors"]?.int64 == 0)
            served.process.send(SIGTERM)
            #expect(await served.process.end() == 0)
            let nobody = try await ServedProcess.run("rpcd", ["status", "--socket", path])
            #expect(nobody.status == 2)
        }
    }

    @Test("A pause ends by itself")
    func pauseEnds() async throws {
        try await withTemporaryFolder { folder in
            let served = try await Served.start(
                in: folder, conninfo: try TestCluster.shared.get().freshDatabase())
            let socket = try RawSocket(path: served.socket)
            let paused = try await socket.call("admin.pause", #"{"seconds":1}"#)
            #expect(paused["result"]?["quiet"]?.bool == true)
            // Held until then.
            #expect(try await socket.call("workspaces.list")["result"] != nil)
            #expect(served.process.errors.contains("Calls go on"))
            #expect(try await socket.call("admin.resume")["result"]?["wasPaused"]?.bool == false)
            served.process.send(SIGTERM)
            #expect(await served.process.end() == 0)
        }
    }

    @Test("Traces go to a collector, below the caller's; who asks is told where the time went")
    func traces() async throws {
        try await withTemporaryFolder { folder in
            let collector = try ServedProcess(
                "/usr/bin/env", ["python3", Project.root + "/Tests/IntegrationTests/clients/collector.py"])
            let port = try await collector.readyLine().dropFirst("ready ".count)
            let served = try await Served.start(
                in: folder, conninfo: try TestCluster.shared.get().freshDatabase(),
                environment: ["RPCD_OTLP_ENDPOINT": "http://127.0.0.1:\(port)", "RPCD_OTLP_RATIO": "0"])
            let http = String(served.readyLine.split(separator: " ")[2].dropFirst("http=".count))
            let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
            // Not sampled: neither by the caller nor by the ratio.
            _ = try await RawSocket.http(http, "GET", "/ping")
            let answer = try await RawSocket.http(
                http, "GET", "/readiness",
                headers: [
                    "traceparent: 00-\(trace)-\(parent)-01", "X-Request-Id: traced", "X-Server-Timing: 1",
                ])
            let timing = try #require(
                answer.head.split(separator: "\r\n").first { $0.hasPrefix("Server-Timing:") })
            for part in ["queue;dur=", "database;dur=", "total;dur="] { #expect(timing.contains(part)) }
            let span = try JSON.parse(try #require(try await collector.stream.line()))
            #expect(span["traceId"]?.string == trace)
            #expect(span["parentSpanId"]?.string == parent)
            #expect(span["name"]?.string == "system.ready")
            #expect(span["spanId"]?.string != parent)
            let attributes = try #require(span["attributes"]).elements.map { $0["key"]?.string }
            #expect(attributes.contains("rpcd.request_id"))
            collector.kill()
            // Nobody takes them: they are dropped, counted, and calls go on.
            _ = try await RawSocket.http(
                http, "GET", "/ping", headers: ["traceparent: 00-\(trace)-\(parent)-01"])
            let socket = try RawSocket(path: served.socket)
            try await until("the drop") {
                try await socket.call("system.metrics")["result"]?["text"]?.string?.contains(
                    "rpcd_spans_dropped_total 1") == true
            }
            served.process.send(SIGTERM)
            #expect(await served.process.end() == 0)
        }
    }

    @Test("Alerts, dashboard and runbook speak of metrics that there are; promtool takes all of it")
    func observability() async throws {
        try await withTemporaryFolder { folder in
            let daemon = try await ServedProcess.dev(in: folder)
            let socket = try RawSocket(path: daemon.socket)
            var text = ""
            try await until("what waits") {
                text = try await socket.call("system.metrics")["result"]?["text"]?.string ?? ""
                return text.contains("rpcd_audit_seal_lag_seconds")
                    && text.contains("rpcd_analytics_waiting_seconds")
            }
            let open = try await socket.call("system.metrics", #"{"format":"openmetrics"}"#)["result"]
            let read = try await ServedProcess.run(
                Clients.folder + "/python", [Project.root + "/Tests/IntegrationTests/clients/metrics.py"],
                input: open?["text"]?.string ?? "")
            #expect(read.status == 0, "\(read.errors)")
            #expect((Int(read.output.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0) > 20)
            #expect(
                open?["contentType"]?.string?.hasPrefix("application/openmetrics-text; version=1.0.0") == true
            )
            daemon.process.send(SIGTERM)
            #expect(await daemon.process.end() == 0)
            let pages = Project.root + "/docs/observability/"
            let alerts = try String(contentsOfFile: pages + "alerts.yml", encoding: .utf8)
            let dashboard = try String(contentsOfFile: pages + "dashboard.json", encoding: .utf8)
            // There with Redis or a replica, and histograms with their parts.
            let others = ["rpcd_redis_connected", "rpcd_replica_serves"]
            for name in Set((alerts + dashboard).matches(of: /rpcd_[a-z_]+/).map { String($0.output) }) {
                let base = name.replacing(/_bucket$/, with: "")
                #expect(others.contains(name) || text.contains("# TYPE \(base) "), "\(name)")
            }
            let runbook = try String(contentsOfFile: pages + "runbook.md", encoding: .utf8)
            for name in alerts.matches(of: /alert: (\w+)/).map({ String($0.output.1) }) {
                #expect(runbook.contains("\n## \(name)\n"), "\(name)")
                #expect(alerts.contains("runbook.md#\(name.lowercased())"), "\(name)")
            }
            let rules = try await ServedProcess.run(
                "/usr/bin/promtool", ["check", "rules", pages + "alerts.yml"])
            #expect(rules.status == 0, "\(rules.output)\(rules.errors)")
            let metrics = try await ServedProcess.run("/usr/bin/promtool", ["check", "metrics"], input: text)
            #expect(metrics.status == 0, "\(metrics.output)\(metrics.errors)")
            #expect(try JSON.parse(dashboard)["panels"]?.count ?? 0 > 10)
        }
    }
}
