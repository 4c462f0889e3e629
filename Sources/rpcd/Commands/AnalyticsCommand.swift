import ArgumentParser
import Glibc
import JSON

struct AnalyticsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "analytics", abstract: "Shows and exports reports; verifies and rebuilds their store.",
        subcommands: [Show.self, Export.self, Verify.self, Rebuild.self])

    static let socketHelp: ArgumentHelp =
        "The daemon's socket: RPCD_SOCKET, .rpcd/rpcd.sock or /run/rpcd/rpcd.sock when left out."

    /// Whom to ask, and as whom.
    struct Target: ParsableArguments {
        @Option(help: "Whose reports.")
        var workspace: String

        @Option(help: "24h, 7d, 30d or 90d up to now.")
        var range = "30d"

        @Option(help: AnalyticsCommand.socketHelp)
        var socket: String?

        @Option(help: "An access token or API key; RPCD_TOKEN when left out.")
        var token: String?

        func ask(
            _ method: String, _ params: KeyValuePairs<String, String?>,
            onProgress: (JSON) throws -> Void = { _ in }
        ) throws -> JSON {
            AccessToken.hide()
            var failure: (any Error)?
            let result = try DaemonCall.result(
                of: DaemonCall.request(method, params, token: AccessToken.given(token)),
                at: DaemonCall.socketPath(socket)
            ) { message in
                do { try onProgress(message) } catch { failure = failure ?? error }
            }
            if let failure { throw failure }
            return result
        }
    }

    struct Show: AsyncParsableCommand {
        enum Dataset: String, ExpressibleByArgument, CaseIterable {
            case enrichment, credits
        }

        static let configuration = CommandConfiguration(
            abstract: "Draws results and credits as bars, by day and by provider.")

        @OptionGroup var target: Target

        @Option(help: "enrichment or credits.")
        var dataset = Dataset.enrichment

        @Option(help: "hour, day, week, provider, and field or source; day and provider when left out.")
        var groupBy: [String] = []

        @Option(help: "In which days and weeks begin, as Europe/Berlin.")
        var timeZone = "UTC"

        func run() async throws {
            try await reporting {
                for (index, group) in (groupBy.isEmpty ? ["day", "provider"] : groupBy).enumerated() {
                    let report = try target.ask(
                        "analytics." + dataset.rawValue,
                        [
                            "workspaceId": target.workspace, "range": target.range, "groupBy": group,
                            "timeZone": timeZone,
                        ])
                    if index > 0 { print() }
                    for line in BarChart(report, dataset: dataset).lines { print(line) }
                }
            }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes the rows that reports are made of as CSV to standard output.")

        @OptionGroup var target: Target

        @Option(help: "enrichment or credits.")
        var dataset = Show.Dataset.enrichment

        func run() async throws {
            try await reporting {
                let output = OutputFile()
                let result = try target.ask(
                    "analytics.export",
                    [
                        "workspaceId": target.workspace, "range": target.range,
                        "dataset": dataset.rawValue,
                    ]
                ) { message in
                    guard let chunk = message["params"]?["value"]?["chunk"]?.string else { return }
                    try output.write(Array(chunk.utf8))
                }
                StandardError.write("rpcd: \(result["rows"]?.source ?? "0") rows\n")
            }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compares the store of analytics with the database.",
            discussion: """
                Rows, credits and what was found of each workspace and day, while everything serves. Exit status: 0 when all fits, 1 when something
                differs, 2 when the daemon cannot be reached.
                """)

        @Option(help: "Only this workspace.")
        var workspace: String?

        @Option(help: AnalyticsCommand.socketHelp)
        var socket: String?

        func run() async throws {
            try await reporting {
                try Verification(method: "admin.analytics.verify", workspace: workspace).run(
                    at: DaemonCall.socketPath(socket))
            }
        }
    }

    struct Rebuild: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Reads everything anew and sends it to the store of analytics, while everything serves.",
            discussion: """
                For a store that is new or has lost something: what it has already counts once all the same. The daemon that sends does it; this shows
                how far it is, and may be stopped.
                """)

        @Option(help: AnalyticsCommand.socketHelp)
        var socket: String?

        func run() async throws {
            try await reporting {
                var line: ProgressLine?
                let result = try DaemonCall.result(
                    of: DaemonCall.request("admin.analytics.rebuild", [:]), at: DaemonCall.socketPath(socket)
                ) { message in
                    guard let value = message["params"]?["value"], let done = value["checked"]?.int64,
                        let total = value["total"]?.int64, total > 0
                    else { return }
                    let current = line ?? ProgressLine(unit: "rows", total: Int(total))
                    current.update(done: Int(done), count: Int(done))
                    line = current
                }
                line?.clear()
                print("\(result["sent"]?.source ?? "0") rows sent")
            }
        }
    }
}
