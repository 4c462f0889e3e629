import ArgumentParser

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serves until SIGTERM or SIGINT.",
        discussion: "A socket that the service manager hands over (LISTEN_FDS) goes before RPCD_SOCKET.")

    func run() async throws {
        try await reporting {
            let settings = try Settings.load()
            let daemon = try Daemon(settings)
            try Daemon.checkSchema(settings)
            try await daemon.serve()
        }
    }
}
