import ArgumentParser

struct LedgerCommand: AsyncParsableCommand {
    enum Action: String, ExpressibleByArgument, CaseIterable {
        case verify
    }

    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Recomputes every account from its transactions.",
        discussion: """
            verify: adds up each account's transactions, checks that each follows from the one before, and compares holds, refunds, grants
            and idempotency keys with them, while the daemon serves. Exit status: 0 when all fits, 1 when something differs, 2 when the
            daemon cannot be reached.
            """)

    @Argument(help: "verify.")
    var action: Action

    @Option(help: "Only this workspace.")
    var workspace: String?

    @Option(help: "The daemon's socket: RPCD_SOCKET, .rpcd/rpcd.sock or /run/rpcd/rpcd.sock when left out.")
    var socket: String?

    func run() async throws {
        try await reporting {
            try Verification(method: "admin.ledger.verify", workspace: workspace).run(
                at: DaemonCall.socketPath(socket))
        }
    }
}
