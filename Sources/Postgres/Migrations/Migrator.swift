import Resilience

/// Brings a database to the schema of the files and back, one transaction a step, under an advisory lock.
public struct Migrator {
    /// How a database stands to the files.
    public enum Standing: Sendable, Equatable {
        case upToDate
        /// So many files have not been applied.
        case behind(Int)
        /// The database has been migrated by a newer release.
        /// - Parameter breaking: the first migration that says that these files are too old for it; nil where this release may serve
        ///   beside the newer one.
        case ahead(breaking: Int?)
        /// A file has changed since it was applied.
        case changed(version: Int)
    }

    /// One file, and when it was applied, if it was.
    public struct Status: Sendable, Equatable {
        public let version: Int
        public let name: String
        public let isApplied: Bool

        public init(version: Int, name: String, isApplied: Bool) {
            (self.version, self.name, self.isApplied) = (version, name, isApplied)
        }
    }

    private let connection: Connection
    private let files: [MigrationFile]
    /// Files of higher numbers must not stop who serves.
    private let baseline: Int

    /// Any number that nothing else on the database locks.
    private static let lockKey = 0x7270_6364
    private static let lockPatience: UInt64 = 60_000_000_000

    /// A migration takes as long as it takes.
    private final class Unhurried: Interruptible {
        let deadlineNanoseconds = UInt64.max
        let isInterrupted = false

        func onInterruption(_ hook: @escaping @Sendable () -> Void) {}
    }

    private struct Applied: Sendable {
        let version: Int
        let checksum: String
        let breaksBefore: Int
    }

    /// Connects. - Throws: ``PostgresError``, ``MigrationError``.
    public init(
        conninfo: String, files: [MigrationFile], baseline: Int = MigrationCheck.baseline
    ) throws {
        connection = try Connection(conninfo, canceller: Canceller(), timeoutNanoseconds: 10_000_000_000)
        connection.setBound(Unhurried())
        (self.files, self.baseline) = (files, baseline)
    }

    public func standing() throws -> Standing {
        let applied = try applied()
        for (row, file) in zip(applied, files) {
            guard row.checksum == (try checksum(of: file)) else { return .changed(version: file.version) }
        }
        guard applied.count <= files.count else {
            let breaking = applied.dropFirst(files.count).first { $0.breaksBefore > files.count }
            return .ahead(breaking: breaking?.version)
        }
        return applied.count == files.count ? .upToDate : .behind(files.count - applied.count)
    }

    public func status() throws -> [Status] {
        let count = try applied().count
        return files.map { Status(version: $0.version, name: $0.name, isApplied: $0.version <= count) }
    }

    /// Applies what is missing, up to version `target`, or all. Returns what it applied.
    @discardableResult
    public func up(to target: Int? = nil, progress: (String) -> Void = { _ in }) throws -> [Int] {
        try locked {
            switch try standing() {
            case .ahead(breaking: nil):
                progress(
                    "nothing: the database has been migrated by a newer release, beside which this one serves"
                )
                return []
            case .ahead:
                throw MigrationError("The database has been migrated by a newer release; install that")
            case .changed(let version):
                throw MigrationError(
                    "Migration \(version) has changed since it was applied; restore the file")
            case .upToDate, .behind: break
            }
            let count = try applied().count
            let missing = files.dropFirst(count).filter { $0.version <= target ?? .max }
            // A new database has nobody who serves from it.
            if count > 0 { try refuseHazards(in: missing) }
            var done: [Int] = []
            for file in missing {
                progress("up \(file.version) \(file.name)")
                try step(file, file.up, "up") { tx in
                    try tx.execute(
                        Migrator.insertApplied, file.version, file.name, file.text, file.breaksBefore)
                }
                done.append(file.version)
            }
            return done
        }
    }

    /// Before anything is done: half of what is missing would be worse than none.
    private func refuseHazards(in missing: [MigrationFile]) throws {
        for file in missing where file.version > baseline {
            let hazards = MigrationCheck.hazards(in: file)
            guard hazards.isEmpty else {
                throw MigrationError(
                    "Migration \(file.version) \(file.name) would hold up those who are served, and nothing was done: "
                        + hazards.map(\.description).joined(separator: "; "))
            }
        }
    }

    /// Takes back what is above version `target`. Returns what it took back.
    @discardableResult
    public func down(to target: Int, progress: (String) -> Void = { _ in }) throws -> [Int] {
        try locked {
            let count = try applied().count
            guard count <= files.count else {
                throw MigrationError(
                    "The database has been migrated by a newer release; take it back with that")
            }
            var done: [Int] = []
            for file in files.prefix(count).reversed() where file.version > target {
                progress("down \(file.version) \(file.name)")
                try step(file, file.down, "down") { tx in
                    try tx.execute(Migrator.deleteApplied, file.version)
                }
                done.append(file.version)
            }
            return done
        }
    }

    /// The SQL of a file and the row that tells of it: one transaction.
    private func step(
        _ file: MigrationFile, _ sql: String, _ direction: String,
        record: (borrowing Transaction) throws -> Int
    ) throws {
        guard file.isTransaction else { return try alone(file, sql, direction, record: record) }
        do {
            try connection.script("BEGIN")
            // A migration waits for nobody for long: who waits for a table lock has everybody else wait behind him.
            try connection.script("SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = 0")
            try connection.script(sql)
            try Transaction.runInside(connection) { _ = try record($0) }
            try connection.script("COMMIT")
        } catch let error as PostgresError {
            connection.rollback()
            throw MigrationError("Migration \(file.version) \(file.name), \(direction): \(error.message)")
        }
    }

    /// Statement by statement; what was done in part is done once more.
    private func alone(
        _ file: MigrationFile, _ sql: String, _ direction: String,
        record: (borrowing Transaction) throws -> Int
    ) throws {
        let indexes = MigrationStatement.all(of: sql).compactMap { MigrationStatement.indexMade($0.words) }
        do {
            try connection.script("SET lock_timeout = '10s'; SET statement_timeout = 0")
            for name in try broken(indexes) { try connection.script("DROP INDEX CONCURRENTLY \(name)") }
            for statement in sql.split(separator: ";\n") where statement.contains(where: { !$0.isWhitespace })
            {
                try connection.script(String(statement))
            }
            try connection.script("RESET lock_timeout; RESET statement_timeout")
            if let name = try broken(indexes).first {
                throw MigrationError(
                    "Migration \(file.version) \(file.name), \(direction): the index \(name) is not valid; see why, and run it again"
                )
            }
            _ = try Transaction.run(on: connection, .readCommitted) { try record($0) }
        } catch let error as PostgresError {
            throw MigrationError("Migration \(file.version) \(file.name), \(direction): \(error.message)")
        }
    }

    /// Those of the indexes that are there and of no use: PostgreSQL leaves one behind where building it CONCURRENTLY was broken off, and
    /// `IF NOT EXISTS` takes that for done.
    private func broken(_ indexes: [String]) throws -> [String] {
        try Transaction.run(on: connection, .readOnly) { tx in
            try indexes.compactMap { try tx.first(Migrator.getBrokenIndex, $0) }
        }
    }

    private func locked<Value>(_ body: () throws -> Value) throws -> Value {
        let deadline = MonotonicClock.now + Migrator.lockPatience
        while try !Transaction.run(
            on: connection, .readCommitted, { try $0.one(Migrator.tryLock, Migrator.lockKey) })
        {
            guard MonotonicClock.now < deadline else {
                throw MigrationError("Another process migrates this database; try again when it is done")
            }
            WorkerThread.pause(nanoseconds: 50_000_000)
        }
        defer {
            _ = try? Transaction.run(on: connection, .readCommitted) {
                try $0.execute(Migrator.unlock, Migrator.lockKey)
            }
        }
        try connection.script(
            """
            CREATE TABLE IF NOT EXISTS rpcd_migrations (
                version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now());
            ALTER TABLE rpcd_migrations ADD COLUMN IF NOT EXISTS breaks_before integer NOT NULL DEFAULT 0
            """)
        return try body()
    }

    private func applied() throws -> [Applied] {
        try Transaction.run(on: connection, .readOnly) { tx in
            guard try tx.one(Migrator.hasTable) else { return [] }
            return try tx.all(Migrator.listApplied)
        }
    }

    private func checksum(of file: MigrationFile) throws -> String {
        try Transaction.run(on: connection, .readOnly) { try $0.one(Migrator.hash, file.text) }
    }

    private static let hasTable = Statement("SELECT to_regclass('rpcd_migrations') IS NOT NULL") {
        try $0.get(0, as: Bool.self)
    }
    /// By its name as SQL has it.
    private static let getBrokenIndex = Statement(
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid"
    ) { try $0.get(0, as: String.self) }
    private static let tryLock = Statement("SELECT pg_try_advisory_lock($1::bigint)") {
        try $0.get(0, as: Bool.self)
    }
    private static let unlock = Statement("SELECT pg_advisory_unlock($1::bigint)")
    private static let hash = Statement("SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')") {
        try $0.get(0, as: String.self)
    }
    /// Where nobody has migrated since there is the column, nothing breaks anybody.
    private static let listApplied = Statement(
        """
        SELECT version, checksum, coalesce((to_jsonb(m) ->> 'breaks_before')::int8, 0)
        FROM rpcd_migrations m ORDER BY version LIMIT 10000
        """
    ) { Applied(version: try $0.get(0), checksum: try $0.get(1), breaksBefore: try $0.get(2)) }
    private static let insertApplied = Statement(
        """
        INSERT INTO rpcd_migrations (version, name, checksum, breaks_before)
        VALUES ($1, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'), $4)
        """)
    private static let deleteApplied = Statement("DELETE FROM rpcd_migrations WHERE version = $1")
}
