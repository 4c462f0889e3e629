import ArgumentParser
import Transports

struct StdioCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stdio",
        abstract: "JSON-RPC on standard input and output; in order, one request at a time.")

    @Option(help: ArgumentHelp("Carry it to the daemon at this socket instead.", valueName: "socket"))
    var connect: String?

    @Option(help: "How many requests run at once.")
    var concurrency = 1

    func run() async throws {
        try await reporting {
            if let connect {
                try await Stdio.bridge(to: connect)
            } else {
                try Libraries.require()
                try await Daemon(Settings.load()).serveStdio(concurrency: concurrency)
            }
        }
    }
}
