import ArgumentParser

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serves until SIGTERM or SIGINT.",
        discussion: "A socket that the service manager hands over (LISTEN_FDS) goes before RPCD_SOCKET.")

    func run() async throws {
        try await reporting {
            let daemon = try Daemon(Settings.load())
            try await daemon.checkDatabase()
            try await daemon.serve()
        }
    }
}
