import ArgumentParser
import JSON

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Holds calls while the database is switched over.",
        discussion: """
            What has begun ends, what comes waits within its own deadline, and no connection to the database stays open. Calls go on with rpcd resume,
            or after the seconds. Exit status: 0 when nothing of this daemon is on the database any more, 1 when something still is, 2 when
            the daemon cannot be reached.
            """)

    @Option(help: "How long at most, 1 to 60.")
    var seconds = 20

    @Option(help: AnalyticsCommand.socketHelp)
    var socket: String?

    func run() async throws {
        try await reporting {
            let request = JSONWriter.object { writer in
                writer.key("jsonrpc")
                writer.string("2.0")
                writer.key("id")
                writer.int(1)
                writer.key("method")
                writer.string("admin.pause")
                writer.key("params")
                writer.raw(
                    JSONWriter.object { writer in
                        writer.key("seconds")
                        writer.int(Int64(seconds))
                    })
            }
            let pause = try DaemonCall.result(of: request, at: DaemonCall.socketPath(socket)) { _ in }
            guard pause["quiet"]?.bool == true else {
                throw CommandFailure(
                    "Calls are held, but something that had begun before is on the database still; rpcd resume lets calls go on"
                )
            }
            print("paused for at most \(seconds) s; rpcd resume lets calls go on")
        }
    }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Lets calls go on that rpcd pause holds.")

    @Option(help: AnalyticsCommand.socketHelp)
    var socket: String?

    func run() async throws {
        try await reporting {
            let answer = try DaemonCall.result(
                of: DaemonCall.request("admin.resume", [:]), at: DaemonCall.socketPath(socket)
            ) { _ in }
            print(answer["wasPaused"]?.bool == true ? "resumed" : "it was not paused")
        }
    }
}
