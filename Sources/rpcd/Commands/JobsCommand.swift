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
            var progress: ProgressLine?
            func line(_ job: JSON) -> (ProgressLine, done: Int)? {
                guard let total = job["total"]?.int64, let remaining = job["remaining"]?.int64 else {
                    return nil
                }
                let line = progress ?? ProgressLine(unit: "tasks", total: Int(total))
                progress = line
                return (line, Int(total - remaining))
            }
            let request = DaemonCall.request(
                "jobs.watch", ["workspaceId": workspace, "jobId": job], token: token)
            let result = try DaemonCall.result(of: request, at: DaemonCall.socketPath(socket)) { message in
                guard let job = message["params"]?["value"], let (line, done) = line(job) else { return }
                line.update(done: done, count: done, note: JobsCommand.counts(job))
            }
            if let (line, done) = line(result) {
                line.finish(done: done, count: done, note: JobsCommand.counts(result))
            }
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
