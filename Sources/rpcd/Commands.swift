import ArgumentParser
import Cryptography
import Glibc
import Postgres
import Systemd
import Transports

@main
struct RPCDaemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpcd", abstract: "The backend of a data-enrichment platform, as one JSON-RPC daemon.",
        discussion: "Settings are environment variables; `rpcd config` lists them.",
        version: Release.version,
        subcommands: [
            DevCommand.self, ServeCommand.self, StdioCommand.self, MigrateCommand.self, ConfigCommand.self,
        ])
}

/// Which release this is.
enum Release {
    static let version = "0.1.0"
    static let commit = "unknown"
}

/// Ends the process with a line on standard error; 78 where a setting is at fault.
private func reporting(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let error as SettingError {
        FileDescriptorOutput.error.write("rpcd: \(error)\n")
        throw ExitCode(78)
    } catch let error as ExitCode {
        throw error
    } catch {
        FileDescriptorOutput.error.write("rpcd: \(error)\n")
        throw ExitCode.failure
    }
}

/// Text to a descriptor, unbuffered.
private struct FileDescriptorOutput {
    let descriptor: Int32

    static let error = FileDescriptorOutput(descriptor: STDERR_FILENO)

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}

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

struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Brings up a PostgreSQL of its own and serves on it; needs no configuration.")

    @Option(help: "Where everything is kept.")
    var dataDir = ".rpcd"

    @Option(help: "Where HTTP listens, as 127.0.0.1:8080, or off.")
    var http: String?

    @Option(help: "The Unix socket; below the data directory when left out.")
    var socket: String?

    func run() async throws {
        try await reporting {
            let folder = try absolute(dataDir)
            let cluster = try EmbeddedCluster(directory: folder)
            var settings = try Settings.load()
            settings.databaseURL = try cluster.start { FileDescriptorOutput.error.write("rpcd: \($0)\n") }
            settings.socket = socket ?? folder + "/rpcd.sock"
            if let http {
                guard http == "off" || Settings.hostAndPort(http) != nil else {
                    throw SettingError("--http", got: http, takes: "HOST:PORT, or off")
                }
                settings.httpListen = http
            }
            settings.jwtKeyFile = try DevCommand.key(at: folder + "/jwt-key")
            try Daemon.migrator(settings).up { FileDescriptorOutput.error.write("rpcd: migrating, \($0)\n") }
            try await Daemon(settings).serve()
            try cluster.stop()
        }
    }

    private func absolute(_ path: String) throws -> String {
        guard !path.hasPrefix("/") else { return path }
        guard let current = getcwd(nil, 0) else { throw EmbeddedRefusal("The current folder is gone") }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }

    /// The key of the last time, or a new one. Written beside and renamed, so that a kill leaves all of it or nothing.
    private static func key(at path: String) throws -> String {
        guard access(path, F_OK) != 0 else { return path }
        let bytes = try SecureRandom.bytes(32)
        let descriptor = open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0, write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0,
            close(descriptor) == 0, rename(path + ".new", path) == 0
        else { throw EmbeddedRefusal("\(path) cannot be written") }
        return path
    }
}

private struct EmbeddedRefusal: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

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
                try await Daemon(Settings.load()).serveStdio(concurrency: concurrency)
            }
        }
    }
}

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

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "config", abstract: "Lists every setting.")

    func run() {
        for setting in Settings.declarations {
            print("\(setting.key)\n    \(setting.summary)\n    takes \(setting.takes)")
            if let standard = setting.standard { print("    default \(standard)") }
        }
    }
}
