import Foundation
import Glibc
import Postgres

/// PgBouncer before a test's server, in transaction mode: of two clients neither has a session to himself.
public final class TestPooler: Sendable {
    /// The folder of its socket, for a connection string.
    public let directory: String

    /// - Parameters:
    ///   - conninfo: of any database of the server.
    ///   - poolSize: connections to the server, for each user of each database.
    ///   - settings: of its own (pgbouncer(5)), beside or instead of those of every test.
    public init(to conninfo: String, poolSize: Int, settings: [String: String] = [:]) throws {
        var template = Array("/tmp/rpcd-pool-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw TestCluster.Failure(description: "no temporary directory")
        }
        directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        let programs = try PostgresPrograms()
        try programs.own(directory)
        let host = conninfo.split(separator: " ").first { $0.hasPrefix("host=") } ?? ""
        let all = [
            "pool_mode": "transaction", "default_pool_size": "\(poolSize)", "unix_socket_dir": directory,
            "listen_port": "5432", "listen_addr": "", "auth_type": "trust", "auth_file": directory + "/users",
            "max_client_conn": "1000", "logfile": directory + "/log", "pidfile": directory + "/pid",
            "server_login_retry": "1",
        ].merging(settings) { $1 }
        let text =
            "[databases]\n* = \(host)\n[pgbouncer]\n"
            + all.map { "\($0) = \($1)\n" }.joined()
        try text.write(toFile: directory + "/ini", atomically: true, encoding: .utf8)
        try "\"rpcd\" \"\"\n\"rpcd_daemon\" \"\"\n".write(
            toFile: directory + "/users", atomically: true, encoding: .utf8)
        try programs.run("pgbouncer", in: "/usr/sbin", ["-q", "-d", directory + "/ini"])
        let deadline = ContinuousClock.now + .seconds(60)
        while (try? SQLConsole(self.conninfo(conninfo))) == nil {
            guard ContinuousClock.now < deadline else {
                throw TestCluster.Failure(description: "PgBouncer does not start: \(log)")
            }
        }
    }

    /// Its process, as it wrote it down.
    private var pid: pid_t? {
        let text = try? String(contentsOfFile: directory + "/pid", encoding: .utf8)
        return text.flatMap { pid_t($0.filter(\.isNumber)) }
    }

    public func remove() {
        if let pid { kill(pid, SIGTERM) }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// The same database through it.
    public func conninfo(_ conninfo: String) -> String { TestCluster.through(directory, conninfo) }

    /// What it has logged.
    public var log: String { (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? "" }
}
