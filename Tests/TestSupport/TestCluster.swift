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

    private static let toStop = Mutex<[TestCluster]>([])

    private let directory: String
    private let databases = Atomic(0)

    /// A server of the test's own, which it may stop and start; it has to ``remove()`` it.
    public init() throws {
        var template = Array("/tmp/rpcd-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(description: "no temporary directory") }
        directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        if geteuid() == 0 { _ = try? TestCluster.run("/bin/chown", ["postgres", directory]) }
        try program(
            "initdb",
            [
                "-D", directory + "/data", "-U", "rpcd", "-A", "trust", "-E", "UTF8", "--no-sync",
                "--locale=C.UTF-8",
            ])
        try start()
    }

    public func start() throws {
        let options = [
            "listen_addresses=", "unix_socket_directories=\(directory)", "fsync=off",
            "full_page_writes=off", "max_connections=200",
        ]
        try program(
            "pg_ctl",
            [
                "-D", directory + "/data", "-w", "-l", directory + "/log", "-o",
                options.map { "-c '\($0)'" }.joined(separator: " "), "start",
            ])
    }

    /// As a crash would.
    public func stopImmediately() throws {
        try program("pg_ctl", ["-D", directory + "/data", "-w", "-m", "immediate", "stop"])
    }

    public func remove() {
        try? stopImmediately()
        try? FileManager.default.removeItem(atPath: directory)
    }

    public func conninfo(database: String = "postgres") -> String {
        "host=\(directory) user=rpcd dbname=\(database)"
    }

    /// The connection string of a new, empty database.
    public func freshDatabase() throws -> String {
        let name = "test\(databases.add(1, ordering: .relaxed).newValue)"
        try program("createdb", ["-h", directory, "-U", "rpcd", name])
        return conninfo(database: name)
    }

    /// Runs a program of PostgreSQL; as `postgres` when the tests run as root, which the server refuses.
    private func program(_ name: String, _ arguments: [String]) throws {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        guard let version = versions.compactMap(Int.init).max() else {
            throw Failure(description: "PostgreSQL is not installed: apt-get install postgresql-15")
        }
        let path = "/usr/lib/postgresql/\(version)/bin/\(name)"
        if geteuid() == 0 {
            let asPostgres = [
                "--reuid=postgres", "--regid=postgres", "--init-groups", "--reset-env", "--", path,
            ]
            try TestCluster.run("/usr/bin/setpriv", asPostgres + arguments)
        } else {
            try TestCluster.run(path, arguments)
        }
    }

    /// By posix_spawn: Foundation's `Process` waits for everything that the program leaves running, too.
    private static func run(_ path: String, _ arguments: [String]) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        var words = ([path] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var child = pid_t()
        guard posix_spawn(&child, path, &actions, nil, words, environ) == 0 else {
            throw Failure(description: "\(path) cannot be run")
        }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else {
            throw Failure(description: "\(path) \(arguments.first ?? "") ended with status \(status)")
        }
    }
}
