import ArgumentParser
import Postgres

struct MigrateCommand: AsyncParsableCommand {
    enum Action: String, ExpressibleByArgument, CaseIterable {
        case status, up, down
    }

    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Shows, applies or takes back the migrations of the database.")

    @Argument(help: "status, up or down.")
    var action: Action

    @Option(help: "The version to end at: all for up, one less for down.")
    var to: Int?

    func run() async throws {
        try await reporting {
            let migrator = try Daemon.migrator(Settings.load())
            switch action {
            case .status:
                for status in try migrator.status() {
                    print(status.version, status.name, status.isApplied ? "applied" : "pending")
                }
            case .up: try migrator.up(to: to) { print($0) }
            case .down:
                let applied = try migrator.status().filter(\.isApplied).count
                try migrator.down(to: to ?? applied - 1) { print($0) }
            }
        }
    }
}
