import Glibc

/// The programs of PostgreSQL on this machine, and as whom they run: the server refuses root.
package struct PostgresPrograms: Sendable {
    private let folder: String
    private let mustDropRoot = geteuid() == 0

    private static let versions = 15...30
    private static let user = "postgres"

    /// Where they may be, the newest first.
    package static let folders =
        versions.reversed().map { "/usr/lib/postgresql/\($0)/bin" } + ["/usr/bin", "/usr/local/bin"]

    package init() throws(EmbeddedError) {
        guard let folder = PostgresPrograms.folders.first(where: { access($0 + "/initdb", X_OK) == 0 }) else {
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
        var child = ChildProcess(words)
        // Ctrl-C in the terminal is for the daemon, which then stops the server in order.
        child.hasOwnGroup = true
        guard let outcome = child.run() else { throw EmbeddedError("\(words[0]) cannot be run") }
        guard outcome.status == 0 else { throw EmbeddedError("\(name) failed with status \(outcome.status)") }
    }
}
