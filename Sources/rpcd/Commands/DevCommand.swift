import ArgumentParser
import Glibc
import Postgres
import Services

struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract:
            "Brings up a PostgreSQL of its own, another for analytics, and serves on them; needs no configuration."
    )

    @Option(help: "Where everything is kept.")
    var dataDir = ".rpcd"

    @Option(help: "Where HTTP listens, as 127.0.0.1:8080, or off.")
    var http: String?

    @Option(help: "The Unix socket; below the data directory when left out.")
    var socket: String?

    @Flag(help: "Runs the simulator of providers beside it, with a key for each of them.")
    var demo = false

    func run() async throws {
        try await reporting {
            let folder = try DevCommand.absolute(dataDir)
            let cluster = try EmbeddedCluster(directory: folder)
            try Libraries.require()
            var settings = try Settings.load()
            settings.databaseURL = try cluster.start { StandardError.write("rpcd: \($0)\n") }
            // There is nothing but this server.
            (settings.directURL, settings.fleet) = (nil, Settings.Fleet())
            try Daemon.migrator(settings).up { StandardError.write("rpcd: migrating, \($0)\n") }
            settings.databaseURL = EmbeddedCluster.conninfo(directory: folder, user: Tenancy.daemonRole)
            let analytics = try await DevCommand.startAnalytics(&settings, in: folder)
            settings.socket = socket ?? folder + "/rpcd.sock"
            if let http {
                guard http == "off" || Settings.hostAndPort(http) != nil else {
                    throw SettingError("--http", got: http, takes: "HOST:PORT, or off")
                }
                settings.httpListen = http
            }
            settings.jwtKeyFile = try DevCommand.file(at: folder + "/jwt-key") {
                try NumberedKeys.makeLine(number: 1)
            }
            settings.masterKeyFile = try DevCommand.file(at: folder + "/master-key") {
                try NumberedKeys.makeLine(number: 1)
            }
            settings.maildir = folder + "/mail"
            if demo { try DemoProviders.prepare(&settings, in: folder) }
            let providers = demo ? try DemoProviders.start() : nil
            defer { providers?.stop() }
            for cluster in [cluster, analytics].compactMap(\.self) {
                cluster.keepRunning { StandardError.write("rpcd: \($0)\n") }
            }
            try await Daemon(settings).serve()
            try analytics?.stop()
            try cluster.stop()
        }
    }

    /// A second instance, where no store of analytics is set.
    private static func startAnalytics(_ settings: inout Settings, in folder: String) async throws
        -> EmbeddedCluster?
    {
        guard !settings.hasAnalytics else {
            try await Daemon.clickHouseMigrator(settings)?.up {
                StandardError.write("rpcd: migrating ClickHouse, \($0)\n")
            }
            return nil
        }
        let cluster = try EmbeddedCluster(directory: folder + "/analytics")
        settings.analytics.databaseURL = try cluster.start { StandardError.write("rpcd: \($0)\n") }
        try Daemon.analyticsMigrator(settings)?.up {
            StandardError.write("rpcd: migrating analytics, \($0)\n")
        }
        return cluster
    }

    static func absolute(_ path: String) throws -> String {
        guard !path.isEmpty else { throw CommandFailure("A path is empty") }
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        guard !path.hasPrefix("/") else { return path }
        guard let current = getcwd(nil, 0) else { throw CommandFailure("The current folder is gone") }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }

    /// The key of the last time, or a new one. Written beside and renamed, so that a kill leaves all of it or nothing.
    private static func file(at path: String, _ make: () throws -> [UInt8]) throws -> String {
        guard access(path, F_OK) != 0 else { return path }
        try KeyFiles.replace(path, with: try make())
        return path
    }
}
