import Foundation
import Glibc
import Postgres
import Synchronization

/// A private PostgreSQL server for tests, below a temporary directory, reached by a Unix socket. It survives a crash of its processes, not of
/// the machine.
public final class TestCluster: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// One for all tests of a process; stopped at its end.
    public static let shared: Result<TestCluster, any Error> = Result {
        let cluster = try TestCluster()
        toStop.withLock { $0.append(cluster) }
        atexit { for cluster in TestCluster.toStop.withLock({ $0 }) { cluster.remove() } }
        return cluster
    }

    /// Another instance, for analytics.
    public static let analytics: Result<TestCluster, any Error> = Result {
        let cluster = try TestCluster()
        toStop.withLock { $0.append(cluster) }
        return cluster
    }

    private static let toStop = Mutex<[TestCluster]>([])

    private let directory: String
    private let programs: PostgresPrograms
    private let databases = Atomic(0)

    /// On 127.0.0.1; by its socket alone when there is none.
    private let port: Int?

    /// A server of the test's own, which it may stop and start; it has to ``remove()`` it.
    public convenience init(port: Int? = nil) throws {
        try self.init(port: port) { programs, data in
            try programs.run(
                "initdb",
                [
                    "-D", data, "-U", "rpcd", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8",
                ])
        }
    }

    /// A standby, which follows `primary` from here on.
    public convenience init(standbyOf primary: TestCluster) throws {
        try self.init(port: nil) { programs, data in
            try programs.run(
                "pg_basebackup",
                [
                    "-D", data, "-h", primary.directory, "-U", "rpcd", "-R", "-X", "stream", "-c", "fast",
                    "--no-sync",
                ])
        }
    }

    private init(port: Int?, _ make: (PostgresPrograms, _ data: String) throws -> Void) throws {
        self.port = port
        var template = Array("/tmp/rpcd-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(description: "no temporary directory") }
        directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        programs = try PostgresPrograms()
        try programs.own(directory)
        try make(programs, directory + "/data")
        try start()
    }

    public func start() throws {
        let options = [
            "listen_addresses=\(port == nil ? "" : "127.0.0.1")", "port=\(port ?? 5432)",
            "unix_socket_directories=\(directory)", "fsync=off", "full_page_writes=off",
            "max_connections=800",
        ]
        try programs.run(
            "pg_ctl",
            [
                "-D", directory + "/data", "-w", "-l", directory + "/log", "-o",
                options.map { "-c '\($0)'" }.joined(separator: " "), "start",
            ])
    }

    /// A standby takes changes from here on.
    public func promote() throws { try programs.run("pg_ctl", ["-D", directory + "/data", "-w", "promote"]) }

    /// As a crash would.
    public func stopImmediately() throws {
        try programs.run("pg_ctl", ["-D", directory + "/data", "-w", "-m", "immediate", "stop"])
    }

    public func remove() {
        try? stopImmediately()
        try? FileManager.default.removeItem(atPath: directory)
    }

    public func conninfo(database: String = "postgres") -> String {
        "host=\(port == nil ? directory : "127.0.0.1") port=\(port ?? 5432) user=rpcd dbname=\(database)"
    }

    /// Its socket.
    public var socketPath: String { directory + "/.s.PGSQL.5432" }

    /// The same database by another socket.
    public static func through(_ directory: String, _ conninfo: String) -> String {
        let rest = conninfo.split(separator: " ").filter { !$0.hasPrefix("host=") }
        return (["host=\(directory)"] + rest).joined(separator: " ")
    }

    /// The same database name on several servers.
    public static func conninfo(of clusters: [TestCluster], database: String = "postgres") -> String {
        "host=\(clusters.map(\.directory).joined(separator: ",")) user=rpcd dbname=\(database)"
    }

    /// The same database on this server.
    public func sameDatabase(_ conninfo: String) -> String { TestCluster.through(directory, conninfo) }

    /// The same database, for the daemon: bound by row level security.
    public static func daemon(_ conninfo: String) -> String {
        conninfo.replacingOccurrences(of: "user=rpcd", with: "user=rpcd_daemon")
    }

    /// The connection string of a new, empty database.
    public func freshDatabase() throws -> String {
        let name = "test\(databases.add(1, ordering: .relaxed).newValue)"
        try programs.run("createdb", ["-h", directory, "-p", "\(port ?? 5432)", "-U", "rpcd", name])
        return conninfo(database: name)
    }
}
