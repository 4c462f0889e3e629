import ArgumentParser

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serves until SIGTERM or SIGINT.",
        discussion:
            "Sockets that the service manager hands over (LISTEN_FDS) go before RPCD_SOCKET and RPCD_HTTP_LISTEN. Those named http, and those of TCP, are for HTTP."
    )

    func run() async throws {
        try await reporting {
            try Libraries.require()
            let reading = Settings.read()
            let daemon = try Daemon(reading.valid(), reading: reading)
            try await daemon.checkDatabase()
            try await daemon.serve()
        }
    }
}
