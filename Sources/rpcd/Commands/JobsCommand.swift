import ArgumentParser
import JSON
import Resilience
import Tabular

struct JobsCommand: AsyncParsableCommand {
    enum Action: String, ExpressibleByArgument, CaseIterable {
        case watch
    }

    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Watches a job until it ends.",
        discussion: """
            watch: tells on standard error how far the job is, and prints the job as JSON when it has ended. Exit status: 0 when it was completed, 1
            when something of it has failed or it was cancelled, 2 when the daemon cannot be reached.
            """)

    @Argument(help: "watch.")
    var action: Action

    @Argument(help: "The job.")
    var job: String

    @Option(help: "Whose it is.")
    var workspace: String

    @Option(help: "The daemon's socket: RPCD_SOCKET, .rpcd/rpcd.sock or /run/rpcd/rpcd.sock when left out.")
    var socket: String?

    @Option(help: "An access token or API key; RPCD_TOKEN when left out.")
    var token: String?

    func run() async throws {
        try await reporting {
            AccessToken.hide()
            let token = AccessToken.given(token)
            var meter: ProgressMeter?
            let request = DaemonCall.request(
                "jobs.watch", ["workspaceId": workspace, "jobId": job], token: token)
            let result = try DaemonCall.result(of: request, at: DaemonCall.socketPath(socket)) { message in
                guard let value = message["params"]?["value"], let total = value["total"]?.int64,
                    let remaining = value["remaining"]?.int64
                else { return }
                let now = MonotonicClock.now
                var current = meter ?? ProgressMeter(unit: "tasks", total: Int(total), now: now)
                current.update(Int(total - remaining), now: now)
                meter = current
                StandardError.write(
                    "\r" + (current.bar() ?? "") + current.line + "  " + JobsCommand.counts(value))
            }
            if meter != nil { StandardError.write("\n") }
            print(result.source)
            guard result["status"]?.string == "completed" else { throw ExitCode.failure }
        }
    }

    private static func counts(_ job: JSON) -> String {
        ["found", "cached", "notFound", "failed"].compactMap { name in
            guard let count = job["counts"]?[name]?.int64, count > 0 else { return nil }
            return "\(count) \(name == "notFound" ? "not found" : name)"
        }.joined(separator: ", ")
    }
}
