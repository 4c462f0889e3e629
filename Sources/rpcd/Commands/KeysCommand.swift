import ArgumentParser
import Glibc
import Postgres
import Resilience
import Services

struct KeysCommand: AsyncParsableCommand {
    enum Action: String, ExpressibleByArgument, CaseIterable {
        case list, rotate
    }

    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Shows the master keys of the vault, or takes a new one into use.",
        discussion: """
            list: each key, whether it seals, and how many credentials it still opens. One that opens none may be taken out of the file.
            rotate: adds a key to RPCD_MASTER_KEY_FILE, which a running daemon uses at once, and seals everything anew under it, while the
            daemon serves. Stopped in the middle it goes on where it was: run it again.
            """)

    @Argument(help: "list or rotate.")
    var action: Action

    @Option(help: "The folder of rpcd dev, whose database and keys are meant.")
    var dataDir: String?

    func run() async throws {
        try await reporting {
            var settings = try Settings.load()
            if let dataDir {
                settings.databaseURL = EmbeddedCluster.conninfo(
                    directory: dataDir, user: Tenancy.daemonRole)
                settings.masterKeyFile = dataDir + "/master-key"
            }
            guard let conninfo = settings.databaseURL else {
                throw SettingError("RPCD_DATABASE_URL", got: nil, takes: "a libpq connection string or URL")
            }
            let pool = Pool(PoolConfiguration(conninfo: conninfo, size: 1))
            defer { pool.close(within: 5) }
            switch action {
            case .list: try await list(settings, pool)
            case .rotate: try await rotate(settings, pool)
            }
        }
    }

    private func list(_ settings: Settings, _ pool: Pool) async throws {
        let keys = try KeyFiles.masterKeys(settings)
        let ring = try MasterKeyRing(keys)
        let usage = try await KeyRotation(pool: pool, masterKeys: ring).usage(Patience())
        let counts = Dictionary(uniqueKeysWithValues: usage.map { ($0.keyVersion, $0.credentials) })
        for number in Set(keys.numbers).union(counts.keys).sorted() {
            let state = number == keys.current ? "seals" : keys.numbers.contains(number) ? "opens" : "MISSING"
            print("\(number)\t\(state)\t\(counts[number, default: 0]) credentials")
        }
    }

    private func rotate(_ settings: Settings, _ pool: Pool) async throws {
        var ring = try KeyFiles.masterKeyRing(settings)
        let before = try await KeyRotation(pool: pool, masterKeys: ring).usage(Patience())
        // What an earlier run has begun is finished first: a new key each time would never end.
        if before.allSatisfy({ $0.keyVersion == ring.keys.current }) {
            print("added key \(try KeyFiles.addMasterKey(settings))")
            ring = try KeyFiles.masterKeyRing(settings)
        }
        let rotation = KeyRotation(pool: pool, masterKeys: ring)
        let total = before.reduce(0) { $0 + ($1.keyVersion < ring.keys.current ? $1.credentials : 0) }
        var done = 0
        while case let count = try await rotation.step(Patience()), count > 0 {
            done += count
            StandardError.write("\rsealed \(done) of \(total)")
        }
        if done > 0 { StandardError.write("\n") }
        print("\(done) credentials sealed anew under key \(ring.keys.current)")
    }
}
