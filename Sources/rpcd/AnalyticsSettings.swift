import AnalyticsStores
import Postgres
import Services

extension Settings {
    /// Where analytics is kept.
    struct Analytics {
        var databaseURL: String?
        var replication = Replicator.Settings()
    }

    static let ofAnalytics: [Declaration] = [
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
    var hasAnalytics: Bool { analytics.databaseURL != nil }

    /// Where it is kept, and who sends it there.
    /// - Parameter sends: whether this process may.
    func analyticsService(sends: Bool = true) throws -> AnalyticsService {
        AnalyticsService(
            store: analytics.databaseURL.map { PostgresAnalytics(conninfo: $0) },
            directURL: sends ? directURL ?? databaseURL : nil, analytics.replication)
    }
}

extension Daemon {
    /// Refuses to keep analytics in the instance that the transactions are in. A store that is away is asked later.
    func checkAnalytics() async throws {
        guard let store = platform.analytics.store,
            let isApart = try? await platform.analytics.isApart(store, from: pool)
        else { return }
        guard isApart else {
            throw SettingError(
                store.setting, got: "***",
                takes: "another instance than RPCD_DATABASE_URL: reports must not slow down transactions")
        }
        switch try Daemon.analyticsMigrator(settings)?.standing() {
        case .upToDate?, nil: break
        case .behind(let count)?:
            throw CommandFailure("\(count) migrations of analytics are missing: run rpcd migrate up")
        case .ahead?:
            throw CommandFailure("Analytics has been migrated by a newer release; install that")
        case .changed(let version)?:
            throw CommandFailure(
                "Migration \(version) of analytics has changed since it was applied; restore the file")
        }
    }

    /// The migrations of the store of analytics; nil where it has none of this kind.
    static func analyticsMigrator(_ settings: Settings) throws -> Migrator? {
        guard let conninfo = settings.analytics.databaseURL else { return nil }
        return try Migrator(
            conninfo: conninfo, files: MigrationFile.read(folder: migrationsFolder(settings) + "/analytics"))
    }
}
