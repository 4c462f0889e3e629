import CPostgres
import Glibc
import Synchronization

/// Why the embedded PostgreSQL does not run, and what to do.
public struct EmbeddedError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A private PostgreSQL cluster below a folder: made when it is not there, found again when it is, reached by a Unix socket only.
///
/// Everything below the folder belongs to the user who runs the server, mode 0700; who can reach the socket is that user, and
/// root. Local connections are therefore trusted: the folder is the lock.
public final class EmbeddedCluster: Sendable {
    private let folder: String
    private var directory: String { folder + "/postgres" }
    private let programs: PostgresPrograms
    /// Held for as long as this process uses the folder; the kernel lets go of it however the process ends.
    private let lock: Int32
    /// Whether it was stopped; held while the server is started or stopped.
    private let isStopped = Mutex(false)

    private var data: String { directory + "/data" }
    /// An unfinished cluster, as a kill in the middle leaves it.
    private var partial: String { directory + "/data.partial" }
    private var socketFolder: String { directory + "/socket" }

    /// The longest path of a socket (unix(7)), less the name of PostgreSQL's own.
    private static let longestFolder = 107 - "/.s.PGSQL.5432".utf8.count
    public static let database = "rpcd"

    /// Takes hold of `directory/postgres`, which is made when it is not there.
    public init(directory: String) throws(EmbeddedError) {
        folder = directory
        programs = try PostgresPrograms()
        try EmbeddedCluster.makeFolder(directory, mode: 0o711)
        guard (directory + "/postgres").utf8.count + "/socket".utf8.count <= EmbeddedCluster.longestFolder
        else {
            throw EmbeddedError(
                "The path \(directory) is too long for a Unix socket; choose a shorter --data-dir")
        }
        lock = open(directory + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            if lock >= 0 { close(lock) }
            throw EmbeddedError("Another rpcd uses \(directory); stop it, or choose another --data-dir")
        }
        try EmbeddedCluster.makeFolder(self.directory, mode: 0o700)
        try programs.own(self.directory)
    }

    deinit { close(lock) }

    /// For whom the folder below which a cluster is kept is open. The owner, who may do everything, when no user is given.
    public static func conninfo(directory: String, user: String = database) -> String {
        "host='\(directory)/postgres/socket' user=\(user) dbname=\(database)"
    }

    /// Starts the server, or takes over one that a crashed daemon left running. Returns the connection string of its owner.
    public func start(progress: (String) -> Void) throws(EmbeddedError) -> String {
        if access(data + "/PG_VERSION", F_OK) != 0 {
            progress("making a PostgreSQL cluster in \(directory)")
            try programs.run("rm", in: "/bin", ["-rf", partial])
            try programs.run(
                "initdb",
                [
                    "-D", partial, "-U", EmbeddedCluster.database, "-A", "trust", "-E", "UTF8",
                    "--locale=C.UTF-8", "-k",
                ])
            guard rename(partial, data) == 0 else { throw EmbeddedError("\(partial) cannot be renamed") }
        }
        try programs.run("mkdir", in: "/bin", ["-p", "-m", "0700", socketFolder])
        if !isRunning {
            progress("starting PostgreSQL")
            let settings = [
                "listen_addresses=", "unix_socket_directories=\(socketFolder)",
                "unix_socket_permissions=0700",
                "max_connections=100",
            ]
            try programs.run(
                "pg_ctl",
                [
                    "-D", data, "-w", "-t", "60", "-l", directory + "/log", "-s", "-o",
                    settings.map { "-c '\($0)'" }.joined(separator: " "), "start",
                ])
        }
        // An answer other than zero is that of a database that is there already; connecting tells.
        try? programs.run(
            "createdb", ["-h", socketFolder, "-U", EmbeddedCluster.database, EmbeddedCluster.database])
        return EmbeddedCluster.conninfo(directory: folder)
    }

    /// Starts the server again whenever it has ended, until ``stop()``.
    public func keepRunning(progress: @escaping @Sendable (String) -> Void) {
        WorkerThread.start { [self] in
            let conninfo = EmbeddedCluster.conninfo(directory: folder)
            while !isStopped.withLock({ $0 }) {
                WorkerThread.pause(nanoseconds: EmbeddedCluster.lookNanoseconds)
                guard PQping(conninfo) == PQPING_NO_RESPONSE else { continue }
                let failure = isStopped.withLock { isStopped -> EmbeddedError? in
                    guard !isStopped else { return nil }
                    progress("PostgreSQL has ended")
                    do throws(EmbeddedError) {
                        _ = try start(progress: progress)
                        return nil
                    } catch {
                        return error
                    }
                }
                if let failure { progress("\(failure)") }
            }
        }
    }

    /// Ends the server; what is running there is rolled back.
    public func stop() throws(EmbeddedError) {
        try isStopped.withLock { isStopped throws(EmbeddedError) in
            isStopped = true
            try programs.run("pg_ctl", ["-D", data, "-w", "-s", "-m", "fast", "stop"])
        }
    }

    private static let lookNanoseconds: UInt64 = 1_000_000_000

    private var isRunning: Bool {
        do {
            try programs.run("pg_ctl", ["-D", data, "status"])
            return true
        } catch {
            return false
        }
    }

    private static func makeFolder(_ path: String, mode: mode_t) throws(EmbeddedError) {
        guard mkdir(path, mode) == 0 || errno == EEXIST else {
            let reason = strerror(errno).map { String(cString: $0) } ?? ""
            throw EmbeddedError("The folder \(path) cannot be made: \(reason)")
        }
    }
}
