import Glibc
import Postgres

/// `pg_dump` and `pg_restore` of this host, and how they are told whom to connect to.
struct PostgresTools {
    /// Of the program that was found, as 15.
    let major: Int64
    private let path: String

    /// - Parameters:
    ///   - name: `pg_dump` or `pg_restore`.
    ///   - major: the least version that will do.
    /// - Throws: ``CommandFailure`` that says what to install.
    init(_ name: String, atLeast major: Int64, in folders: [String] = PostgresTools.folders) throws {
        let found = folders.compactMap { folder -> (major: Int64, path: String)? in
            let path = folder + "/" + name
            guard access(path, X_OK) == 0 else { return nil }
            return PostgresTools.version(of: path).map { ($0, path) }
        }
        // The one that is nearest: what a newer one writes an older one cannot read.
        guard let best = found.filter({ $0.major >= major }).min(by: { $0.major < $1.major }) else {
            let there = found.map { "\($0.path) is \($0.major)" }.joined(separator: ", ")
            throw CommandFailure(
                "\(name) of version \(major) or newer is needed and not here\(there.isEmpty ? "" : " (\(there))"): apt-get install postgresql-client-\(major)"
            )
        }
        (self.major, path) = best
    }

    private static var folders: [String] {
        PostgresPrograms.folders
            + (environmentVariables()["PATH"] ?? "").split(separator: ":").map(String.init)
    }

    /// As `pg_dump (PostgreSQL) 15.10 (Debian 15.10-0+deb12u1)`.
    private static func version(of path: String) -> Int64? {
        var child = ChildProcess([path, "--version"])
        child.environment = environmentForOthers()
        child.keptBytes = 1024
        child.timeoutNanoseconds = 10_000_000_000
        guard let outcome = child.run(), outcome.status == 0 else { return nil }
        let text = String(decoding: outcome.output, as: UTF8.self)
        guard let end = text.firstIndex(of: ")") else { return nil }
        return Int64(text[text.index(after: end)...].drop { $0 == " " }.prefix { $0.isNumber })
    }

    /// Runs it to its end. Blocks.
    /// - Parameter service: a file that says whom to connect to; nil where it connects to nobody.
    /// - Returns: what it wrote to standard output.
    @discardableResult
    func run(_ arguments: [String], service: ServiceFile?) throws -> [UInt8] {
        var child = ChildProcess([path] + arguments)
        child.keptBytes = 16 * 1024 * 1024
        child.endsWithParent = true
        var environment = environmentForOthers()
        environment["PGSERVICEFILE"] = service?.path
        child.environment = environment
        let name = path.split(separator: "/").last ?? ""
        guard let outcome = child.run() else { throw CommandFailure("\(path) cannot be run") }
        guard outcome.status == 0 else {
            let lines = String(decoding: outcome.errors, as: UTF8.self).split(separator: "\n")
            let end = outcome.status < 0 ? ["was killed by signal \(-outcome.status)"] : ["failed"]
            throw CommandFailure(
                "\(name) " + (end + lines.prefix(5).map(String.init)).joined(separator: "; ").prefix(1000))
        }
        return outcome.output
    }
}

/// A connection string where neither arguments nor environment show it (libpq documentation, 34.17).
struct ServiceFile {
    static let argument = "--dbname=service=rpcd"
    let path: String

    /// - Throws: ``CommandFailure`` for what such a file cannot say.
    init(_ conninfo: String, in folder: PrivateFolder) throws {
        guard let keywords = ConnectionString.keywords(of: conninfo) else {
            throw SettingError("RPCD_DATABASE_URL", got: "***", takes: "a libpq connection string or URL")
        }
        var text = "[rpcd]\n"
        for (keyword, value) in keywords {
            // A line ends at its end, and blanks around a value are not of it.
            guard !value.contains("\n"), value == String(value.trimmingBlanks), !value.isEmpty else {
                throw CommandFailure(
                    "\(keyword) of RPCD_DATABASE_URL has characters that cannot be handed to PostgreSQL's own programs"
                )
            }
            text += "\(keyword)=\(value)\n"
        }
        path = folder.path + "/service.conf"
        try PrivateFile.create(path, Array(text.utf8))
    }
}
