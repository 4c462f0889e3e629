import CPostgres
import Glibc

/// The programs of PostgreSQL on this machine, and as whom they run: the server refuses root.
package struct PostgresPrograms: Sendable {
    private let folder: String
    private let mustDropRoot = geteuid() == 0

    private static let versions = 15...30
    private static let user = "postgres"

    package init() throws(EmbeddedError) {
        let folders =
            PostgresPrograms.versions.reversed().map { "/usr/lib/postgresql/\($0)/bin" } + [
                "/usr/bin", "/usr/local/bin",
            ]
        guard let folder = folders.first(where: { access($0 + "/initdb", X_OK) == 0 }) else {
            throw EmbeddedError("PostgreSQL 15 or newer is not installed: apt-get install postgresql-15")
        }
        self.folder = folder
    }

    /// Gives a folder to the user who runs the server.
    package func own(_ path: String) throws(EmbeddedError) {
        guard mustDropRoot else { return }
        guard let entry = getpwnam(PostgresPrograms.user) else {
            throw EmbeddedError(
                "There is no user \(PostgresPrograms.user) to run PostgreSQL as; run rpcd as another user than root"
            )
        }
        guard chown(path, entry.pointee.pw_uid, entry.pointee.pw_gid) == 0 else {
            throw EmbeddedError("\(path) cannot be given to \(PostgresPrograms.user)")
        }
        do {
            try run("test", in: "/usr/bin", ["-x", path])
        } catch {
            throw EmbeddedError(
                "\(PostgresPrograms.user) cannot reach \(path): a folder above it is closed to others; choose another --data-dir"
            )
        }
    }

    /// Runs one to its end, without input, its output thrown away: the server keeps a log of its own.
    package func run(_ name: String, in folder: String? = nil, _ arguments: [String]) throws(EmbeddedError) {
        var words = [(folder ?? self.folder) + "/" + name] + arguments
        if mustDropRoot {
            words =
                [
                    "/usr/bin/setpriv", "--reuid=\(PostgresPrograms.user)",
                    "--regid=\(PostgresPrograms.user)",
                    "--init-groups", "--reset-env", "--",
                ] + words
        }
        guard let status = PostgresPrograms.spawn(words) else {
            throw EmbeddedError("\(words[0]) cannot be run")
        }
        guard status == 0 else { throw EmbeddedError("\(name) failed with status \(status >> 8)") }
    }

    /// The wait status (waitpid(2)), `nil` when it did not start.
    private static func spawn(_ words: [String]) -> Int32? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        // The server outlives a crash of the daemon: with a client's socket inherited it would keep that open.
        rpcd_spawn_close_from(&actions, STDERR_FILENO + 1)
        // A process group of its own: Ctrl-C in the terminal is for the daemon, which then stops the server in order.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // And every signal reaches it, though this thread may take none.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        var arguments = words.map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        arguments.append(nil)
        var child = pid_t()
        guard posix_spawn(&child, words[0], &actions, &attributes, arguments, environ) == 0 else {
            return nil
        }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { return nil }
        }
        return status
    }
}
