import Cryptography
import Glibc
import Identifiers
import JSON

/// What a backup holds, and what it was when it was taken: all of one snapshot.
struct BackupManifest: Equatable {
    static let fileName = "manifest.json"
    /// Of the folder's layout.
    static let format: Int64 = 1

    struct Migration: Equatable, Sendable {
        let version: Int64
        let name: String
        let checksum: String
    }

    struct File: Equatable, Sendable {
        let path: String
        let bytes: Int64
        let sha256: String
    }

    /// What the database says of itself; after a restore it has to say the same.
    struct Totals: Equatable, Sendable {
        /// Rows of each table.
        let tables: [String: Int64]
        let accounts: Int64
        /// Sums over all accounts, of any size.
        let balance: String
        let held: String
        /// The last seal of the trail as `NUMBER:SEAL`; nil when nothing is sealed.
        let auditHead: String?
        /// A hash over roles' rights, policies and functions.
        let access: String
        let migrations: [Migration]
    }

    let release: String
    let commit: String
    let takenAt: String
    /// Of the server, as 150010, and of pg_dump, as 15.
    let serverVersion: Int64
    let toolVersion: Int64
    let totals: Totals
    let files: [File]

    var json: [UInt8] {
        JSONWriter.object { writer in
            func text(_ key: String, _ value: String) {
                writer.key(key)
                writer.string(value)
            }
            func number(_ key: String, _ value: Int64) {
                writer.key(key)
                writer.int(value)
            }
            number("format", BackupManifest.format)
            text("release", release)
            text("commit", commit)
            text("takenAt", takenAt)
            number("serverVersion", serverVersion)
            number("toolVersion", toolVersion)
            writer.key("tables")
            writer.beginObject()
            for (table, rows) in totals.tables.sorted(by: { $0.key < $1.key }) { number(table, rows) }
            writer.endObject()
            number("accounts", totals.accounts)
            text("balance", totals.balance)
            text("held", totals.held)
            if let head = totals.auditHead { text("auditHead", head) }
            text("access", totals.access)
            writer.key("migrations")
            writer.beginArray()
            for migration in totals.migrations {
                writer.beginObject()
                number("version", migration.version)
                text("name", migration.name)
                text("checksum", migration.checksum)
                writer.endObject()
            }
            writer.endArray()
            writer.key("files")
            writer.beginArray()
            for file in files {
                writer.beginObject()
                text("path", file.path)
                number("bytes", file.bytes)
                text("sha256", file.sha256)
                writer.endObject()
            }
            writer.endArray()
        }
    }

    /// - Throws: ``CommandFailure`` for anything else.
    init(file bytes: [UInt8]) throws {
        let json = try JSON.parse(bytes)
        guard json["format"]?.int64 == BackupManifest.format else {
            throw CommandFailure("This is a backup of another release's form; restore it with that release")
        }
        func text(_ json: JSON?, _ key: String) throws -> String {
            guard let value = json?[key]?.string else { throw BackupManifest.damaged }
            return value
        }
        func number(_ json: JSON?, _ key: String) throws -> Int64 {
            guard let value = json?[key]?.int64 else { throw BackupManifest.damaged }
            return value
        }
        release = try text(json, "release")
        commit = try text(json, "commit")
        takenAt = try text(json, "takenAt")
        serverVersion = try number(json, "serverVersion")
        toolVersion = try number(json, "toolVersion")
        var tables: [String: Int64] = [:]
        guard let counts = json["tables"], let applied = json["migrations"], let listed = json["files"] else {
            throw BackupManifest.damaged
        }
        for (name, rows) in counts.members {
            guard let name = name.string, let rows = rows.int64 else { throw BackupManifest.damaged }
            tables[name] = rows
        }
        totals = Totals(
            tables: tables, accounts: try number(json, "accounts"), balance: try text(json, "balance"),
            held: try text(json, "held"), auditHead: json["auditHead"]?.string,
            access: try text(json, "access"),
            migrations: try applied.elements.map {
                Migration(
                    version: try number($0, "version"), name: try text($0, "name"),
                    checksum: try text($0, "checksum"))
            })
        files = try listed.elements.map {
            File(
                path: try text($0, "path"), bytes: try number($0, "bytes"), sha256: try text($0, "sha256"))
        }
        // A path leads nowhere but into the folder.
        guard files.allSatisfy({ !$0.path.hasPrefix("/") && !$0.path.split(separator: "/").contains("..") })
        else { throw BackupManifest.damaged }
    }

    init(
        release: String, commit: String, takenAt: String, serverVersion: Int64, toolVersion: Int64,
        totals: Totals, files: [File]
    ) {
        (self.release, self.commit, self.takenAt) = (release, commit, takenAt)
        (self.serverVersion, self.toolVersion) = (serverVersion, toolVersion)
        (self.totals, self.files) = (totals, files)
    }

    private static let damaged = CommandFailure("\(fileName) is damaged")
}

extension BackupManifest.File {
    /// Of a file as it is now; read page by page, whatever its size.
    /// - Throws: ``CommandFailure`` when it cannot be read.
    init(path: String, in folder: String) throws {
        let descriptor = open(folder + "/" + path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            throw CommandFailure("\(path) of the backup is not there")
        }
        defer { close(descriptor) }
        let size = Int(status.st_size)
        self.path = path
        bytes = Int64(size)
        guard size > 0 else {
            sha256 = try SHA256.digest([]).hex
            return
        }
        guard let pages = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), pages != MAP_FAILED else {
            throw CommandFailure("\(path) of the backup cannot be read")
        }
        defer { munmap(pages, size) }
        sha256 = try SHA256.digest(UnsafeRawBufferPointer(start: pages, count: size)).hex
    }
}
