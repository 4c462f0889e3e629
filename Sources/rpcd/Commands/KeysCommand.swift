import ArgumentParser
import Glibc
import Postgres
import Resilience
import Services

struct KeysCommand: AsyncParsableCommand {
    enum Action: String, ExpressibleByArgument, CaseIterable {
        case list, rotate, retire, unseal
    }

    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Shows the master keys of the vault, takes a new one into use, takes an old one away.",
        discussion: """
            list: each key, whether it seals, and how many credentials, webhooks and waiting mails it still opens.
            rotate: adds a key to RPCD_MASTER_KEY_FILE, which a running daemon uses at once, and seals everything anew under it, while the
            daemon serves. Stopped in the middle it goes on where it was: run it again.
            retire N: takes key N out of the file. Refused as long as it seals, or anything is sealed under it. Then copies of the key may be
            destroyed, too; old backups of the database need them.
            unseal: puts the rings of a backup's file (--from) to where the daemon's unit finds them (--into), before a restore. A ring that is
            there and has other keys is not lost: it is called FILE.before-unseal then.
            """)

    @Argument(help: "list, rotate, retire or unseal.")
    var action: Action

    @Argument(help: ArgumentHelp("Of the key that is to go.", valueName: "N"))
    var number: Int64?

    @Option(help: "The folder of rpcd dev, whose database and keys are meant.")
    var dataDir: String?

    @Option(help: "For unseal: the file of sealed keys that rpcd backup has written.", completion: .file())
    var from: String?

    @Option(
        help: "For unseal: the folder that gets rpcd.jwt-key and rpcd.master-key.", completion: .directory)
    var into = "/etc/credstore"

    @Option(
        help: "For unseal: a file with the passphrase, mode 0600; asked for on the terminal when left out.")
    var passphraseFile: String?

    func run() async throws {
        try await reporting {
            guard action != .unseal else { return try unseal() }
            if dataDir == nil { try InPlaceOfUnit(unit: InPlaceOfUnit.daemon).take() }
            try Libraries.require()
            var settings = try Settings.load()
            if let dataDir { try settings.useDevelopment(folder: dataDir) }
            let pool = Pool(PoolConfiguration(server: try settings.server(), size: 1))
            defer { pool.close(within: 5) }
            switch action {
            case .list: try await list(settings, pool)
            case .rotate: try await KeyFiles.changingRing(settings) { try await rotate(settings, pool) }
            case .retire: try await KeyFiles.changingRing(settings) { try await retire(settings, pool) }
            case .unseal: break
            }
        }
    }

    private func unseal() throws {
        guard let from, let file = readFile(from, limit: 1_048_576) else {
            throw CommandFailure("Of which backup? rpcd keys unseal --from FILE, one that can be read")
        }
        let passphrase = try Passphrase.read(file: passphraseFile, isNew: false)
        umask(0o077)
        let keys = try SealedKeys(opening: file, with: passphrase)
        try Restore.write(
            keys.files.map { Restore.Place(name: $0, path: "\(into)/rpcd.\($0)", content: $1) }
        ) { print($0) }
    }

    private func list(_ settings: Settings, _ pool: Pool) async throws {
        let keys = try KeyFiles.masterKeys(settings)
        let ring = try WatchedKeys(keys)
        let usage = try await KeyRotation(pool: pool, masterKeys: ring).usage(Patience())
        let used = Dictionary(uniqueKeysWithValues: usage.map { ($0.keyVersion, $0) })
        for number in Set(keys.numbers).union(used.keys).sorted() {
            let state = number == keys.current ? "seals" : keys.numbers.contains(number) ? "opens" : "MISSING"
            let (mails, outcomes) = (used[number]?.mails ?? 0, used[number]?.outcomes ?? 0)
            let webhooks = used[number]?.webhooks ?? 0
            print(
                "\(number)\t\(state)\t\(used[number]?.credentials ?? 0) credentials"
                    + (webhooks > 0 ? ", \(webhooks) webhooks" : "")
                    + (mails > 0 ? ", \(mails) mails" : "")
                    + (outcomes > 0 ? ", \(outcomes) idempotency keys, for a day" : ""))
        }
    }

    /// The database lets go of the key first: from then on nobody can seal under it. Killed in between, the command is run again.
    private func retire(_ settings: Settings, _ pool: Pool) async throws {
        let keys = try KeyFiles.masterKeys(settings)
        guard let number, keys.numbers.contains(number) else {
            throw CommandFailure("Which key? rpcd keys list shows them: rpcd keys retire N")
        }
        guard number != keys.current else {
            throw CommandFailure("Key \(number) is the one that seals; first run rpcd keys rotate")
        }
        let rotation = KeyRotation(pool: pool, masterKeys: try WatchedKeys(keys))
        guard try await rotation.retire(number, Patience()) else {
            throw CommandFailure(
                "Key \(number) is still needed, rpcd keys list tells for what; rpcd keys rotate seals credentials and webhooks anew, mails and idempotency keys go by themselves"
            )
        }
        try KeyFiles.removeMasterKey(number, settings)
        print("removed key \(number)")
    }

    private static let mostNamed = 1000

    private func rotate(_ settings: Settings, _ pool: Pool) async throws {
        var ring = try KeyFiles.watchedMasterKeys(settings)
        let before = try await KeyRotation(pool: pool, masterKeys: ring).usage(Patience())
        // What an earlier run has begun is finished first: a new key each time would never end.
        let current = ring.keys.current
        if !before.contains(where: { $0.sealed > 0 && $0.keyVersion < current }) {
            print("added key \(try KeyFiles.addMasterKey(settings))")
            ring = try KeyFiles.watchedMasterKeys(settings)
        }
        let rotation = KeyRotation(pool: pool, masterKeys: ring)
        let total = before.reduce(0) { $0 + ($1.keyVersion < ring.keys.current ? $1.sealed : 0) }
        var done = 0
        var progress: KeyRotation.Progress
        // Until nothing is left that an older key opens: a daemon that was slow to see the new one may have added some.
        repeat {
            progress = KeyRotation.Progress()
            let before = done
            while !progress.isComplete {
                progress = try await rotation.step(after: progress, Patience())
                done = before + progress.sealed
                if done > 0 { StandardError.write("\rsealed \(done) of \(total)") }
            }
        } while progress.sealed > 0
        if done > 0 { StandardError.write("\n") }
        print("\(done) credentials and webhooks sealed anew under key \(ring.keys.current)")
        guard !progress.unreadable.isEmpty else { return }
        for id in progress.unreadable.prefix(KeysCommand.mostNamed) { print("unreadable\t\(id)") }
        throw CommandFailure(
            "\(progress.unreadable.count) credentials or webhooks open with no key of the ring: their rows were changed, or a key is missing"
        )
    }
}
