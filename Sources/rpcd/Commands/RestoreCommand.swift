import ArgumentParser
import Cryptography
import Glibc
import Postgres

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Brings a backup back into an empty database, and looks it over.",
        discussion: """
            Checksums first; then the database, as RPCD_DATABASE_URL names it, which has to be empty, with its roles and policies; the keys to where
            RPCD_JWT_KEY_FILE and RPCD_MASTER_KEY_FILE say, unless they are there. Credentials cannot be written: rpcd keys unseal puts them into
            place before. Root's, on a host with the package, runs in the place of rpcd-backup.service, as who owns the tables. What is restored is compared with the manifest, migrated where this
            release is newer, and verified: every account, the whole trail, a sample of what is sealed. Exit status: 0 when all fits, 1 when not,
            78 for a setting.
            """)

    @Argument(help: "What rpcd backup has written.", completion: .directory)
    var folder: String

    @OptionGroup var options: BackupOptions

    @Flag(help: "Leaves the keys alone; what is sealed is opened with those that are there.")
    var withoutKeys = false

    func run() async throws {
        try await reporting {
            if options.dataDir == nil {
                try InPlaceOfUnit(unit: InPlaceOfUnit.backup).take(paths: [folder] + options.paths)
            }
            let leftovers = Leftovers()
            defer { extendLifetime(leftovers) }
            try Libraries.require()
            var settings = try Settings.load()
            let folder = try DevCommand.absolute(folder)
            let manifest = try await onOwnThread { try Restore.verify(folder) }
            let keys = try openKeys(of: manifest, in: folder)
            let cluster = try startCluster(&settings)
            do {
                try await restore(manifest, keys, settings, from: folder)
            } catch {
                try? cluster?.stop()
                throw error
            }
            try cluster?.stop()
            print(
                "restored \(manifest.totals.tables.values.reduce(0, +)) rows of \(manifest.takenAt); start the daemon, then run rpcd analytics rebuild"
            )
        }
    }

    private func restore(
        _ manifest: BackupManifest, _ keys: SealedKeys?, _ settings: Settings, from folder: String
    ) async throws {
        guard let conninfo = settings.directURL ?? settings.databaseURL else {
            throw SettingError("RPCD_DATABASE_URL", got: nil, takes: "a libpq connection string or URL")
        }
        let places = try keys.map { try Restore.places(of: $0, settings) } ?? []
        let restore = Restore(
            conninfo: conninfo, settings: settings, folder: folder, jobs: options.jobs,
            progress: RestoreCommand.tell)
        try await onOwnThread { try restore.run(manifest) }
        try Restore.write(places, progress: RestoreCommand.tell)
        let check = RestoreCheck(conninfo: conninfo, settings: settings, manifest: manifest)
        try await check.run(progress: RestoreCommand.tell)
    }

    /// Of `rpcd dev`, where that is meant.
    private func startCluster(_ settings: inout Settings) throws -> EmbeddedCluster? {
        guard let dataDir = options.dataDir else { return nil }
        let cluster = try EmbeddedCluster(directory: try DevCommand.absolute(dataDir))
        _ = try cluster.start(progress: RestoreCommand.tell)
        try settings.useDevelopment(folder: dataDir, as: EmbeddedCluster.database)
        return cluster
    }

    private func openKeys(of manifest: BackupManifest, in folder: String) throws -> SealedKeys? {
        let isInside = manifest.files.contains { $0.path == SealedKeys.fileName }
        guard !withoutKeys, isInside || options.keys != nil else { return nil }
        let file = try options.keys.map(DevCommand.absolute) ?? folder + "/" + SealedKeys.fileName
        guard let sealed = readFile(file, limit: 1_048_576) else {
            throw CommandFailure("\(file) cannot be read")
        }
        let passphrase = try Passphrase.read(file: options.passphraseFile, isNew: false)
        return try SealedKeys(opening: sealed, with: passphrase)
    }

    @Sendable private static func tell(_ text: String) { StandardError.write("rpcd: \(text)\n") }
}
