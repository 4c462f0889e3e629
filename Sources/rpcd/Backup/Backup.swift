import Cryptography
import Glibc
import Identifiers
import Postgres
import Services

/// Takes a backup of the database of the transactions, of one moment, while everything serves.
struct Backup {
    static let databaseFolder = "database"

    let settings: Settings
    let folder: String
    /// Connections that read at once.
    let jobs: Int
    /// What the keys are sealed under; nil leaves them out.
    let passphrase: SecretBytes?
    /// Where the sealed keys go; nil puts them into the folder.
    var keysFile: String?

    private static let connectNanoseconds: UInt64 = 10_000_000_000
    /// Nothing of this is in a hurry.
    private static let unhurriedSeconds: UInt64 = 30 * 86_400

    /// Blocks. - Returns: what it holds.
    func take() throws -> BackupManifest {
        guard let conninfo = settings.directURL ?? settings.databaseURL else {
            throw SettingError("RPCD_DATABASE_URL", got: nil, takes: "a libpq connection string or URL")
        }
        for path in [folder, keysFile].compactMap({ $0 }) {
            guard !path.split(separator: "/").contains(where: { $0.hasSuffix(UnfinishedFolder.suffix) })
            else {
                throw CommandFailure(
                    "\(path): \(UnfinishedFolder.suffix) is how what is unfinished is called, and taken away; choose another name"
                )
            }
        }
        guard access(folder, F_OK) != 0 else { throw CommandFailure("\(folder) is there already") }
        if let keysFile, access(keysFile, F_OK) == 0 { throw CommandFailure("\(keysFile) is there already") }
        // Before the work: a ring that cannot be read is told at once.
        let keys = try passphrase.map { try SealedKeys(files: KeyFiles.contents(settings)).sealed(under: $0) }
        let partial = try UnfinishedFolder(for: folder)
        let manifest = try fill(partial.path, conninfo, keysFile == nil ? keys : nil)
        try FileTree.sync(partial.path)
        if let keysFile, let keys {
            try PrivateFile.create(keysFile, keys)
            do {
                try FileTree.sync(Doctor.folder(of: keysFile))
                try partial.finish()
            } catch {
                unlink(keysFile)
                throw error
            }
        } else {
            try partial.finish()
        }
        return manifest
    }

    private func fill(_ partial: String, _ conninfo: String, _ keys: [UInt8]?) throws -> BackupManifest {
        let taken = Timestamp.now
        let (facts, totals, tool) = try dump(conninfo, into: partial + "/" + Backup.databaseFolder)
        if let keys { try PrivateFile.create(partial + "/" + SealedKeys.fileName, keys) }
        let manifest = BackupManifest(
            release: Release.version, commit: Release.commit, takenAt: taken.description,
            serverVersion: facts.versionNumber, toolVersion: tool, totals: totals,
            files: try FileTree.files(of: partial).map { try BackupManifest.File(path: $0, in: partial) })
        try PrivateFile.create(partial + "/" + BackupManifest.fileName, manifest.json + [UInt8(ascii: "\n")])
        return manifest
    }

    /// Keys that open nothing of what is dumped are not to be sealed beside it.
    private func requireRing(_ tx: borrowing Transaction) throws {
        guard passphrase != nil else { return }
        let others = try KeyRotation.mismatched(KeyFiles.masterKeys(settings), in: tx)
        guard others.isEmpty else {
            throw CommandFailure(
                "Master key \(others.map(String.init).joined(separator: ", ")) of the ring is another one than the database knows, and would not open this backup: put the right one in its place, or use --without-keys"
            )
        }
    }

    /// What is told of the database and what is dumped is the same snapshot: the transaction that has it stays open meanwhile.
    private func dump(
        _ conninfo: String, into path: String
    ) throws -> (DatabaseFacts, BackupManifest.Totals, Int64) {
        let session = try Session(Server(conninfo), timeoutNanoseconds: Backup.connectNanoseconds)
        return try session.transaction(.snapshot, within: Backup.unhurriedSeconds) { tx in
            let snapshot = try tx.one(BackupManifest.Totals.beginSnapshot)
            guard try tx.one(BackupManifest.Totals.seesAll) else {
                throw CommandFailure(
                    "A backup needs a role that sees every row, a superuser or one with BYPASSRLS: give RPCD_DATABASE_URL another user for this command, as for rpcd migrate"
                )
            }
            try requireRing(tx)
            let facts = try tx.one(DatabaseFacts.get)
            let tool = try PostgresTools("pg_dump", atLeast: facts.versionNumber / 10_000)
            let totals = try BackupManifest.Totals(tx)
            let scratch = try PrivateFolder()
            defer { extendLifetime(scratch) }
            try tool.run(
                [
                    "--format=directory", "--jobs=\(jobs)", "--file=\(path)", "--snapshot=\(snapshot)",
                    "--no-password", "--lock-wait-timeout=60s", ServiceFile.argument,
                ], service: ServiceFile(conninfo, in: scratch))
            return (facts, totals, tool.major)
        }
    }
}

extension KeyFiles {
    /// The text of each ring, by the name of its credential.
    static func contents(_ settings: Settings) throws -> [(name: String, content: [UInt8])] {
        [
            ("jwt-key", try content(settings.jwtKeyFile, "RPCD_JWT_KEY_FILE", credential: "jwt-key")),
            (
                "master-key",
                try content(settings.masterKeyFile, "RPCD_MASTER_KEY_FILE", credential: "master-key")
            ),
        ]
    }
}
