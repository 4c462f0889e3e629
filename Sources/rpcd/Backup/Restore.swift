import Cryptography
import Glibc
import Postgres
import Services

/// Brings a backup back: into an empty database, with keys where there are none.
struct Restore {
    /// Whose role fills the database; the tables are then whose the database is.
    let conninfo: String
    let settings: Settings
    let folder: String
    let jobs: Int
    let progress: @Sendable (String) -> Void

    private static let connectNanoseconds: UInt64 = 10_000_000_000
    private static let unhurriedSeconds: UInt64 = 30 * 86_400

    /// Whether the folder is what was written: each file by its checksum, and none beside them.
    /// - Throws: ``CommandFailure`` that names what differs.
    static func verify(_ folder: String) throws -> BackupManifest {
        guard let bytes = readFile(folder + "/" + BackupManifest.fileName, limit: 16_777_216) else {
            throw CommandFailure("\(folder) is no backup: it has no \(BackupManifest.fileName)")
        }
        let manifest = try BackupManifest(file: bytes)
        for file in manifest.files where try BackupManifest.File(path: file.path, in: folder) != file {
            throw CommandFailure("\(file.path) of the backup is damaged: its checksum is another one")
        }
        let known = Set(manifest.files.map(\.path) + [BackupManifest.fileName])
        if let other = FileTree.files(of: folder).first(where: { !known.contains($0) }) {
            throw CommandFailure("\(other) is not of this backup; remove it")
        }
        return manifest
    }

    /// Blocks. What fails in the middle leaves a database to be thrown away.
    func run(_ manifest: BackupManifest) throws {
        let files = try MigrationFile.read(folder: Daemon.migrationsFolder(settings))
        guard manifest.totals.migrations.count <= files.count else {
            throw CommandFailure("The backup is of a newer release (\(manifest.release)); install that")
        }
        let facts = try prepare(connect(), manifest)
        do {
            try bring(manifest, facts, files)
        } catch {
            progress(
                "what is restored so far is no whole: drop the database and make a new one before the next try"
            )
            throw error
        }
    }

    private func bring(
        _ manifest: BackupManifest, _ facts: DatabaseFacts, _ files: [MigrationFile]
    ) throws {
        progress("restoring what was taken at \(manifest.takenAt)")
        try fill(manifest, facts)
        // Another one: by now nobody may remember the first.
        let session = try connect()
        try finish(session)
        progress("comparing with the manifest")
        let totals = try session.transaction(.snapshot, within: Restore.unhurriedSeconds) { tx in
            _ = try tx.one(BackupManifest.Totals.beginSnapshot)
            return try BackupManifest.Totals(tx)
        }
        let differences = Restore.differences(
            totals, manifest.totals,
            sameServer: facts.versionNumber / 10_000 == manifest.serverVersion / 10_000)
        guard differences.isEmpty else {
            throw CommandFailure(
                "The database is not what was backed up: " + differences.joined(separator: "; "))
        }
        try Migrator(conninfo: conninfo, files: files).up { progress("migrating, \($0)") }
    }

    private func connect() throws -> Session {
        try Session(Server(conninfo), timeoutNanoseconds: Restore.connectNanoseconds)
    }

    private func prepare(_ session: Session, _ manifest: BackupManifest) throws -> DatabaseFacts {
        try session.transaction(.readCommitted, within: 60) { tx in
            let facts = try tx.one(DatabaseFacts.get)
            guard try tx.one(RestoreStatements.countObjects) == 0 else {
                throw CommandFailure(
                    "The database \(facts.database) is not empty: a restore wants a new one, createdb --encoding=UTF8 NAME"
                )
            }
            guard facts.encoding == "UTF8" else {
                throw CommandFailure(
                    "The encoding of \(facts.database) is \(facts.encoding): createdb --encoding=UTF8 NAME")
            }
            guard facts.versionNumber / 10_000 >= manifest.serverVersion / 10_000 else {
                throw CommandFailure(
                    "The backup is of PostgreSQL \(manifest.serverVersion / 10_000), and this is \(facts.version): an older one cannot take it"
                )
            }
            guard try tx.one(RestoreStatements.mayHandOver) else {
                throw CommandFailure(
                    "\(facts.user) cannot give the tables to whom the database belongs: restore as that role, or make a database of your own"
                )
            }
            guard try tx.one(BackupManifest.Totals.seesAll) else {
                throw CommandFailure(
                    "A restore needs a role that sees every row, a superuser or one with BYPASSRLS: else nobody can tell whether rows fit each other"
                )
            }
            _ = try tx.execute(RestoreStatements.createRoles)
            _ = try tx.execute(RestoreStatements.joinMaintenance)
            guard try tx.one(DatabaseFacts.mayMaintain) else {
                throw CommandFailure(
                    "\(facts.user) has to be a member of rpcd_maintenance to look over what is restored: GRANT rpcd_maintenance TO \(facts.user)"
                )
            }
            return facts
        }
    }

    private func fill(_ manifest: BackupManifest, _ facts: DatabaseFacts) throws {
        let tool = try PostgresTools(
            "pg_restore", atLeast: max(manifest.toolVersion, facts.versionNumber / 10_000))
        let scratch = try PrivateFolder()
        defer { extendLifetime(scratch) }
        let dump = folder + "/" + Backup.databaseFolder
        let list = try tool.run(["--list", dump], service: nil)
        let kept = String(decoding: list, as: UTF8.self).split(separator: "\n").filter {
            !$0.contains(RestoreStatements.ownersPolicy)
        }
        let listFile = scratch.path + "/list"
        try PrivateFile.create(listFile, Array((kept.joined(separator: "\n") + "\n").utf8))
        try tool.run(
            [
                "--format=directory", "--jobs=\(jobs)", "--no-owner", "--exit-on-error", "--no-password",
                "--use-list=\(listFile)", ServiceFile.argument, dump,
            ], service: ServiceFile(conninfo, in: scratch))
    }

    private func finish(_ session: Session) throws {
        try session.transaction(.readCommitted, within: Restore.unhurriedSeconds) { tx in
            _ = try tx.execute(BackupManifest.Totals.liftTimeouts)
            _ = try tx.execute(RestoreStatements.handOver)
            _ = try tx.execute(RestoreStatements.createOwnersPolicy)
            _ = try tx.execute(RestoreStatements.analyze)
        }
    }

    /// - Parameter sameServer: whether both servers are of one major version: another one may write conditions in other words.
    static func differences(
        _ now: BackupManifest.Totals, _ then: BackupManifest.Totals, sameServer: Bool
    ) -> [String] {
        var differences = Set(now.tables.keys).union(then.tables.keys).sorted().compactMap {
            table -> String? in
            let (actual, expected) = (now.tables[table], then.tables[table])
            guard actual != expected else { return nil }
            return
                "\(table) has \(actual.map { "\($0)" } ?? "no") rows instead of \(expected.map { "\($0)" } ?? "none")"
        }
        func compare(_ what: String, _ actual: some Equatable, _ expected: some Equatable, _ isSame: Bool) {
            if !isSame { differences.append("\(what): \(actual) instead of \(expected)") }
        }
        compare("accounts", now.accounts, then.accounts, now.accounts == then.accounts)
        compare("credits", now.balance, then.balance, now.balance == then.balance)
        compare("credits held", now.held, then.held, now.held == then.held)
        compare(
            "the head of the trail", now.auditHead ?? "none", then.auditHead ?? "none",
            now.auditHead == then.auditHead)
        if now.migrations != then.migrations { differences.append("the migrations are other ones") }
        if sameServer, now.access != then.access {
            differences.append("policies, rights or functions are other ones")
        }
        return differences
    }
}
