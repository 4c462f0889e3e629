import Glibc
import Postgres

/// On a host with the package, root's commands that need the keys or the database run as a unit would: as its user, with its settings and its
/// credentials. Root itself is nobody to PostgreSQL's peer authentication, and has no credentials.
struct InPlaceOfUnit {
    /// The daemon.
    static let daemon = "rpcd.service"
    /// Whoever owns the tables, with the keys and the passphrase of backups.
    static let backup = "rpcd-backup.service"

    private static let packaged = Daemon.executableFolder + "/../lib/rpcd/in-place-of"

    /// Whether this is the package's program, on a host with a service manager.
    static var isInstalled: Bool {
        access(packaged, X_OK) == 0 && access("/run/systemd/system", F_OK) == 0
    }

    let unit: String
    var helper = InPlaceOfUnit.packaged
    var user = geteuid()
    var environment = environmentVariables()

    /// The program and its first arguments; nil where this process is to do it itself: for anybody else, without the package, and where the
    /// environment says what is meant.
    var words: [String]? {
        let isGiven = environment.keys.contains { $0.hasPrefix("RPCD_") && $0 != AccessToken.variable }
        guard user == 0, !isGiven, access(helper, X_OK) == 0, access("/run/systemd/system", F_OK) == 0 else {
            return nil
        }
        return [helper, unit]
    }

    /// Does this process's command there. Where that is, it does not come back.
    /// - Parameter paths: among its arguments. The unit's user need not get into the current folder, so they go along from the root on.
    func take(paths: [String] = []) throws {
        guard let words else { return }
        var arguments = try (words + InPlaceOfUnit.absolute(Array(CommandLine.arguments.dropFirst()), paths))
            .map {
                strdup($0)
            }
        arguments.append(nil)
        execv(helper, arguments)
        throw CommandFailure("\(helper) cannot be run: \(String(cString: strerror(errno)))")
    }

    /// Both `PATH` and `--option=PATH`.
    static func absolute(_ arguments: [String], _ paths: [String]) throws -> [String] {
        try arguments.map { argument in
            for path in paths where !path.isEmpty && (argument == path || argument.hasSuffix("=" + path)) {
                return try String(argument.dropLast(path.count)) + DevCommand.absolute(path)
            }
            return argument
        }
    }
}
