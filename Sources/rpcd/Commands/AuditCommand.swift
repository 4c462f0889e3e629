import ArgumentParser
import JSON

struct AuditCommand: AsyncParsableCommand {
    enum Action: String, ExpressibleByArgument, CaseIterable {
        case verify
    }

    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Compares the trail with its seals.",
        discussion: """
            verify: names every row that was changed, removed, moved or put in since it was sealed, and the end of the chain: keep that
            elsewhere and give it to --expect, and a chain that was cut off or made anew as a whole does not pass either. Exit status: 0 when all fits, 1 when something
            differs, 2 when the daemon cannot be reached.
            """)

    @Argument(help: "verify.")
    var action: Action

    @Option(help: "Only rows of this workspace.")
    var workspace: String?

    @Option(help: ArgumentHelp("What an earlier run printed as head.", valueName: "number:seal"))
    var expect: String?

    @Option(help: "The daemon's socket: RPCD_SOCKET, .rpcd/rpcd.sock or /run/rpcd/rpcd.sock when left out.")
    var socket: String?

    func run() async throws {
        try await reporting {
            try Verification(method: "admin.audit.verify", workspace: workspace, expected: expect).run(
                at: DaemonCall.socketPath(socket))
        }
    }
}

/// One of the operator's verifications, with its progress on standard error.
struct Verification {
    let method: String
    let workspace: String?
    var expected: String?

    /// Prints a line for each difference, then the sum. Ends the process with status 1 when there are any.
    func run(at path: String) throws {
        var progress = StatusLine()
        let request = DaemonCall.request(method, ["workspaceId": workspace, "expect": expected])
        let result = try DaemonCall.result(of: request, at: path) { message in
            progress.update(Verification.line(message["params"]?["value"]))
        }
        progress.leave()
        if let differences = result["differences"] {
            for difference in differences.elements { print(difference.source) }
        }
        let found = result["found"]?.int64 ?? 0
        print("\(result["checked"]?.int64 ?? 0) checked, \(found) differ")
        if let number = result["head"]?["number"]?.int64, let seal = result["head"]?["seal"]?.string {
            print("head \(number):\(seal)")
        }
        guard found == 0 else { throw ExitCode.failure }
    }

    private static func line(_ progress: JSON?) -> String {
        if let waiting = progress?["waiting"] { return "waiting for \(waiting.source) to arrive" }
        let total = progress?["total"].map { " of \($0.source)" } ?? ""
        return "checked \(progress?["checked"]?.source ?? "?")\(total)"
    }
}
