import ArgumentParser
import Cryptography
import Glibc
import Postgres

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Takes a backup of the database, and of the keys, while everything serves.",
        discussion: """
            A folder with the database as pg_dump writes it, of one moment; the rings of signing and master keys, sealed under a passphrase; and a
            manifest with checksums and totals. RPCD_DATABASE_URL names a role that sees every row, as for rpcd migrate. Analytics is not in it: it is
            made anew from the rest. Prints the head of the trail: keep that, and the passphrase, somewhere else. Root's, on a host with the package,
            runs in the place of rpcd-backup.service: as rpcd-migrate, who owns the tables, with the keys and the passphrase of its credentials.
            """)

    @Argument(help: "Where to; it must not be there.", completion: .directory)
    var folder: String

    @OptionGroup var options: BackupOptions

    @Flag(help: "Leaves the keys out: without them what is sealed cannot be opened.")
    var withoutKeys = false

    func run() async throws {
        try await reporting {
            if options.dataDir == nil {
                try InPlaceOfUnit(unit: InPlaceOfUnit.backup).take(paths: [folder] + options.paths)
            }
            let leftovers = Leftovers()
            defer { extendLifetime(leftovers) }
            umask(0o077)
            try Libraries.require()
            var settings = try Settings.load()
            if let dataDir = options.dataDir {
                try settings.useDevelopment(folder: dataDir, as: EmbeddedCluster.database)
            }
            let passphrase =
                withoutKeys ? nil : try Passphrase.read(file: options.passphraseFile, isNew: true)
            let backup = Backup(
                settings: settings, folder: try DevCommand.absolute(folder), jobs: options.jobs,
                passphrase: passphrase, keysFile: try options.keys.map(DevCommand.absolute))
            let manifest = try await onOwnThread { try backup.take() }
            let rows = manifest.totals.tables.values.reduce(0, +)
            let bytes = manifest.files.reduce(0) { $0 + $1.bytes }
            print("\(manifest.totals.tables.count) tables, \(rows) rows, \(bytes) bytes in \(folder)")
            if !withoutKeys, let keys = options.keys { print("keys in \(keys)") }
            print(
                manifest.totals.auditHead.map { "head " + $0 }
                    ?? "no head: nothing of the trail is sealed yet")
        }
    }
}

/// What taking and bringing back have in common.
struct BackupOptions: ParsableArguments {
    @Option(help: "The folder of rpcd dev, whose database and keys are meant.")
    var dataDir: String?

    @Option(
        help: "A file with the passphrase of the keys, mode 0600; asked for on the terminal when left out.")
    var passphraseFile: String?

    @Option(
        help:
            "The file of the sealed keys, apart from the folder; in the folder, as keys.sealed, when left out.",
        completion: .file())
    var keys: String?

    @Option(help: "Connections that work at once.")
    var jobs = 4

    var paths: [String] { [passphraseFile, keys].compactMap { $0 } }

    func validate() throws {
        guard (1...64).contains(jobs) else { throw ValidationError("--jobs takes 1 to 64") }
    }
}
