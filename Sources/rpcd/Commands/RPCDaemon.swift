import ArgumentParser
import CRelease
import Glibc

@main
struct RPCDaemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpcd", abstract: "The backend of a data-enrichment platform, as one JSON-RPC daemon.",
        discussion: """
            rpcd help config   every setting
            rpcd help METHOD   what a method takes, as rpcd help workspaces.create
            """,
        version: "\(Release.version) (\(Release.commit))",
        subcommands: [
            DevCommand.self, ServeCommand.self, StdioCommand.self, CallCommand.self, MigrateCommand.self,
            ImportCommand.self, ExportCommand.self, KeysCommand.self, AuditCommand.self, LedgerCommand.self,
            ProvidersCommand.self, JobsCommand.self, AnalyticsCommand.self,
            StatusCommand.self, PauseCommand.self, ResumeCommand.self, ConfigCommand.self, DoctorCommand.self,
            BugReportCommand.self, BackupCommand.self,
            RestoreCommand.self,
            OperatorCommand.self,
            OpenRPCCommand.self, OpenAPICommand.self,
            ReferenceCommand.self,
        ])

    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            if let topic = try HelpTopic(arguments) { return print(topic.text) }
        } catch {
            exit(withError: error)
        }
        await main(arguments)
    }
}

/// Which release this is.
enum Release {
    static let version = "0.1.0"
    static let commit = String(cString: rpcd_commit())
}

/// Ends the process with a line on standard error; 78 where a setting is at fault.
func reporting(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let error as SettingError {
        StandardError.write("rpcd: \(error)\n")
        throw ExitCode(78)
    } catch let error as ExitCode {
        throw error
    } catch {
        StandardError.write("rpcd: \(error)\n")
        throw ExitCode.failure
    }
}

/// Standard error, unbuffered.
enum StandardError {
    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}

/// Why a command ends, and what to do.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
