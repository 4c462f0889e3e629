import AnalyticsStores
import ArgumentParser
import Postgres
import Services

struct MigrateCommand: AsyncParsableCommand {
    enum Action: String, ExpressibleByArgument, CaseIterable {
        case status, up, down, check
    }

    enum Store: String, ExpressibleByArgument, CaseIterable {
        case database, analytics
    }

    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Shows, applies or takes back the migrations of the database and of the store of analytics."
    )

    @Argument(
        help: "status, up, down, or check: exit status 0 when this release can serve what is there, else 1.")
    var action: Action

    @Option(help: "The version to end at: all for up, one less for down.")
    var to: Int?

    @Option(
        help: "Only these: database or analytics. Both when left out; for down, and with --to, the database.")
    var store: Store?

    func run() async throws {
        try await reporting {
            if action == .check || action == .status { try InPlaceOfUnit(unit: InPlaceOfUnit.daemon).take() }
            try Libraries.require()
            let settings = try Settings.load()
            let isOne = action == .down || to != nil
            if store != .analytics { try migrate(Daemon.migrator(settings), "") }
            guard store == .analytics || (store == nil && !isOne) else { return }
            do {
                try await migrateAnalytics(settings)
            } catch let error
                where action == .check && !(error is CommandFailure) && !(error is SettingError)
            {
                // No more than rpcd serve asks: it serves without.
                StandardError.write("rpcd: analytics is away and was not looked at: \(error)\n")
            }
        }
    }

    private static let lockPatience = Duration.seconds(60)
    private static let lockPause = Duration.milliseconds(50)

    /// One process at a time: ClickHouse has no locks, so the database of the transactions has it.
    private func alone(_ settings: Settings, _ body: () async throws -> Void) async throws {
        guard action == .up || action == .down, let database = settings.directURL ?? settings.databaseURL
        else {
            return try await body()
        }
        let lock = SessionLock(conninfo: database, key: AdvisoryLock.migratingClickHouse)
        defer { lock.close() }
        let end = ContinuousClock.now + MigrateCommand.lockPatience
        while !lock.isHeld {
            guard ContinuousClock.now < end else {
                throw CommandFailure(
                    "The lock for it was not to be had on the database of RPCD_DATABASE_URL: it is away, or another process migrates; try again when that is over"
                )
            }
            try await Task.sleep(for: MigrateCommand.lockPause)
        }
        try await body()
    }

    /// As rpcd serve does: there are to be no tables of reports among those of the transactions.
    private func requireApart(_ settings: Settings) async throws {
        guard action == .up, settings.databaseURL != nil else { return }
        let analytics = try settings.analyticsService(sends: false)
        defer { analytics.close() }
        let pool = Pool(PoolConfiguration(server: try settings.server(), size: 1))
        defer { pool.close(within: 0) }
        try await Daemon.requireApart(analytics, from: pool, settings)
    }

    private func migrateAnalytics(_ settings: Settings) async throws {
        try await requireApart(settings)
        if let migrator = try Daemon.clickHouseMigrator(settings) {
            try await alone(settings) { try await migrate(migrator, "clickhouse ") }
        } else if let migrator = try Daemon.analyticsMigrator(settings) {
            try migrate(migrator, "analytics ")
        }
    }

    private static func require(_ standing: Migrator.Standing, _ name: String) throws {
        switch standing {
        case .upToDate: print(name + "up to date")
        case .behind(let count):
            throw CommandFailure("\(name)\(count) migrations are missing: rpcd migrate up")
        case .ahead(breaking: nil):
            print(name + "migrated by a newer release, beside which this one serves")
        case .ahead: throw CommandFailure("\(name)migrated by a newer release; install that")
        case .changed(let version):
            throw CommandFailure("\(name)migration \(version) has changed since it was applied")
        }
    }

    private func show(_ all: [Migrator.Status], _ name: String) {
        for status in all {
            print(name + "\(status.version) \(status.name) \(status.isApplied ? "applied" : "pending")")
        }
    }

    private func migrate(_ migrator: ClickHouseMigrator, _ name: String) async throws {
        switch action {
        case .status: show(try await migrator.status(), name)
        case .check: try MigrateCommand.require(try await migrator.standing(), name)
        case .up: try await migrator.up(to: to) { print(name + $0) }
        case .down:
            let applied = try await migrator.status().filter(\.isApplied).count
            try await migrator.down(to: to ?? applied - 1) { print(name + $0) }
        }
    }

    private func migrate(_ migrator: Migrator, _ name: String) throws {
        switch action {
        case .status: show(try migrator.status(), name)
        case .check: try MigrateCommand.require(try migrator.standing(), name)
        case .up: try migrator.up(to: to) { print(name + $0) }
        case .down:
            let applied = try migrator.status().filter(\.isApplied).count
            try migrator.down(to: to ?? applied - 1) { print(name + $0) }
        }
    }
}
