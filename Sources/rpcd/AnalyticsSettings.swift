import AnalyticsStores
import ClickHouse
import Postgres
import RPC
import Services

extension Settings {
    /// Where analytics is kept.
    struct Analytics {
        var databaseURL: String?
        var clickHouseURL: String?
        var clickHouseAuthorities: String?
        var replication = Replicator.Settings()
    }

    static let ofAnalytics: [Declaration] = [
        Declaration(
            key: "RPCD_CLICKHOUSE_URL", takes: "a URL as https://user:password@host:8443/database",
            standard: nil,
            summary: "the ClickHouse database, 24 or later, for analytics", isSecret: true
        ) {
            $0.analytics.clickHouseURL = $1
            return ClickHouseConfiguration(url: $1) != nil
        },
        Declaration(
            key: "RPCD_CLICKHOUSE_CA_FILE", takes: "the path of a file of PEM certificates",
            standard: "the system's", summary: "whom to trust to be ClickHouse"
        ) {
            $0.analytics.clickHouseAuthorities = $1
            return !$1.isEmpty
        },
        Declaration(
            key: "RPCD_ANALYTICS_URL", takes: "a libpq connection string or URL", standard: nil,
            summary:
                "a PostgreSQL database for analytics, in an instance of its own: for millions of rows; for more, RPCD_CLICKHOUSE_URL",
            isSecret: true
        ) {
            $0.analytics.databaseURL = $1
            return !$1.isEmpty
        },
        Declaration(
            key: "RPCD_ANALYTICS_TTL", takes: "a number of days from 1 to 3650", standard: "730",
            summary: "for how long analytics keeps a row, from when it tells of"
        ) {
            guard let days = Int64($1), (1...3650).contains(days) else { return false }
            $0.analytics.replication.keptSeconds = days * 86_400
            return true
        },
        Declaration(
            key: "RPCD_ANALYTICS_BACKLOG", takes: "a number from 10000 to 1000000000", standard: "10000000",
            summary:
                "notes that wait for analytics at most, some 100 bytes each; of more, what they tell of is read anew later"
        ) {
            guard let count = Int64($1), (10_000...1_000_000_000).contains(count) else { return false }
            $0.analytics.replication.mostNotes = count
            return true
        },
    ]

    /// Whether a store of analytics is set.
    var hasAnalytics: Bool { analytics.databaseURL != nil || analytics.clickHouseURL != nil }

    /// - Throws: ``SettingError`` where both stores are set.
    func requireOneStore() throws(SettingError) {
        guard analytics.databaseURL == nil || analytics.clickHouseURL == nil else {
            throw SettingError(
                "RPCD_ANALYTICS_URL", got: "***",
                takes: "nothing where RPCD_CLICKHOUSE_URL is set: analytics has one store")
        }
    }

    private func analyticsStore() throws -> (any AnalyticsStore)? {
        try requireOneStore()
        if let client = try clickHouse() { return ClickHouseAnalytics(client) }
        return analytics.databaseURL.map { PostgresAnalytics(conninfo: $0) }
    }

    func clickHouse() throws -> ClickHouseClient? { try clickHousePlace.map { try ClickHouseClient($0) } }

    var clickHousePlace: ClickHouseConfiguration? {
        analytics.clickHouseURL.flatMap {
            ClickHouseConfiguration(url: $0, authorities: analytics.clickHouseAuthorities)
        }
    }

    /// Where it is kept, and who sends it there.
    /// - Parameter sends: whether this process may.
    func analyticsService(sends: Bool = true) throws -> AnalyticsService {
        AnalyticsService(
            store: try analyticsStore(),
            directURL: sends ? directURL ?? databaseURL : nil, analytics.replication)
    }
}

extension Daemon {
    /// Refuses to keep analytics in the instance that the transactions are in. A store that is away is asked later.
    /// - Returns: whether it could be asked.
    @discardableResult
    static func requireApart(_ analytics: AnalyticsService, from pool: Pool, _ settings: Settings)
        async throws -> Bool
    {
        guard let store = analytics.store else { return false }
        guard let isApart = try? await analytics.isApart(store, from: pool) else {
            guard let place = settings.clickHousePlace, await PostgresProbe.answers(at: place) else {
                return false
            }
            throw SettingError(
                store.setting, got: "***",
                takes:
                    "the HTTP interface of ClickHouse: a PostgreSQL answers there, and reports must not slow down the transactions of RPCD_DATABASE_URL"
            )
        }
        guard isApart else {
            throw SettingError(
                store.setting, got: "***",
                takes: "another instance than RPCD_DATABASE_URL: reports must not slow down transactions")
        }
        return true
    }

    /// The same, and that its tables are those of this release.
    func checkAnalytics() async throws {
        guard try await Daemon.requireApart(platform.analytics, from: pool, settings) else {
            if let store = platform.analytics.store {
                log.write(
                    Notice(
                        .analyticsAway,
                        "\(store.setting) leads to no store that answers: reports are SERVICE_UNAVAILABLE until it does, and everything else goes on"
                    ))
            }
            return
        }
        let standing: Migrator.Standing?
        if let migrator = try Daemon.clickHouseMigrator(settings) {
            standing = try await migrator.standing()
        } else {
            standing = try Daemon.analyticsMigrator(settings)?.standing()
        }
        switch standing {
        case .upToDate?, .ahead(breaking: nil)?, nil: break
        case .behind(let count)?:
            throw CommandFailure("\(count) migrations of analytics are missing: run rpcd migrate up")
        case .ahead?:
            throw CommandFailure("Analytics has been migrated by a newer release; install that")
        case .changed(let version)?:
            throw CommandFailure(
                "Migration \(version) of analytics has changed since it was applied; restore the file")
        }
    }

    static func clickHouseMigrator(_ settings: Settings) throws -> ClickHouseMigrator? {
        guard let client = try settings.clickHouse() else { return nil }
        return ClickHouseMigrator(
            client, files: try MigrationFile.read(folder: migrationsFolder(settings) + "/clickhouse"))
    }

    /// The migrations of the store of analytics; nil where it has none of this kind.
    static func analyticsMigrator(_ settings: Settings) throws -> Migrator? {
        guard let conninfo = settings.analytics.databaseURL else { return nil }
        return try Migrator(
            conninfo: conninfo, files: MigrationFile.read(folder: migrationsFolder(settings) + "/analytics"))
    }
}
