import ArgumentParser
import Glibc
import JSON
import Resilience

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows what a running daemon does.",
        discussion: """
            Versions, sockets, calls, connections to the database, jobs, what waits, open circuits, the stores beside the database, and how old the last
            verifications are. Exit status: 0 when all is well, 1 when something is degraded, 2 when the daemon cannot be reached.
            """)

    @Flag(help: "One JSON object, for programs.")
    var json = false

    @Flag(help: "Again every second, with calls a second, until it is interrupted.")
    var watch = false

    @Option(help: AnalyticsCommand.socketHelp)
    var socket: String?

    func run() async throws {
        try await reporting {
            let path = try DaemonCall.socketPath(socket)
            var before: (status: DaemonStatus, at: UInt64)?
            repeat {
                let now = MonotonicClock.now
                let status = try read(path, before.map { ($0.status, Double(now - $0.at) / 1e9) })
                before = (status, now)
                if json {
                    print(String(decoding: status.json, as: UTF8.self))
                } else {
                    // Home, and what was there below is gone.
                    print((watch ? "\u{1B}[H\u{1B}[2J" : "") + status.text)
                }
                // Who reads it may be a program: it waits for no more lines.
                fflush(nil)
                guard watch else {
                    if !status.isWell { throw ExitCode.failure }
                    return
                }
                try await Task.sleep(for: .seconds(1))
            } while true
        }
    }

    /// A daemon that does not say how it is in this time is told of as one that does not answer.
    private static let patienceSeconds = 10

    private func read(_ path: String, _ before: (DaemonStatus, Double)?) throws -> DaemonStatus {
        func ask(_ method: String) throws -> JSON {
            try DaemonCall.result(
                of: DaemonCall.request(method, [:]), at: path, within: StatusCommand.patienceSeconds
            ) { _ in }
        }
        let metrics = PrometheusReading(try ask("system.metrics")["text"]?.string ?? "")
        let isPaused = (metrics.integer("rpcd_paused_calls") ?? -1) >= 0
        return DaemonStatus(
            version: try ask("system.version"),
            readiness: isPaused
                ? nil
                : try DaemonCall.answer(
                    to: DaemonCall.request("system.ready", [:]), at: path,
                    within: StatusCommand.patienceSeconds),
            metrics: metrics, since: before)
    }
}
