import ClickHouse
import Postgres

/// Brings a ClickHouse database to the schema of the files and back. There are no transactions there: each statement is written so that it can be
/// carried out again (`IF NOT EXISTS`), what was done in part is done once more, and two who migrate at once do the same twice.
public struct ClickHouseMigrator: Sendable {
    private let client: ClickHouseClient
    private let files: [MigrationFile]

    private struct Applied: Sendable {
        let version: Int
        let checksum: String
    }

    public init(_ client: ClickHouseClient, files: [MigrationFile]) {
        self.client = client
        self.files = files
    }

    /// - Throws: ``ClickHouseFailure``.
    public func standing() async throws -> Migrator.Standing {
        let applied = try await applied()
        guard applied.count <= files.count else { return .ahead(breaking: files.count + 1) }
        for (row, file) in zip(applied, files) {
            guard row.checksum == (try await checksum(of: file)) else {
                return .changed(version: file.version)
            }
        }
        return applied.count == files.count ? .upToDate : .behind(files.count - applied.count)
    }

    public func status() async throws -> [Migrator.Status] {
        let count = try await applied().count
        return files.map {
            Migrator.Status(version: $0.version, name: $0.name, isApplied: $0.version <= count)
        }
    }

    /// Applies what is missing, up to version `target`, or all.
    public func up(to target: Int? = nil, progress: (String) -> Void = { _ in }) async throws {
        try await client.execute(ClickHouseMigrator.createTable)
        switch try await standing() {
        case .ahead:
            throw MigrationError("The database has been migrated by a newer release; install that")
        case .changed(let version):
            throw MigrationError("Migration \(version) has changed since it was applied; restore the file")
        case .upToDate, .behind: break
        }
        let count = try await applied().count
        for file in files.dropFirst(count) where file.version <= target ?? .max {
            progress("up \(file.version) \(file.name)")
            try await run(file.up)
            try await client.execute(
                ClickHouseMigrator.insertApplied,
                [
                    .integer("version", Int64(file.version)), .text("name", file.name),
                    .text("text", file.text),
                ])
        }
    }

    /// Takes back what is above version `target`.
    public func down(to target: Int, progress: (String) -> Void = { _ in }) async throws {
        let count = try await applied().count
        guard count <= files.count else {
            throw MigrationError("The database has been migrated by a newer release; take it back with that")
        }
        for file in files.prefix(count).reversed() where file.version > target {
            progress("down \(file.version) \(file.name)")
            try await run(file.down)
            try await client.execute(
                ClickHouseMigrator.deleteApplied, [.integer("version", Int64(file.version))])
        }
    }

    /// ClickHouse takes one statement at a time; each ends with a semicolon at the end of a line.
    private func run(_ sql: String) async throws {
        var statement = ""
        for line in sql.split(separator: "\n", omittingEmptySubsequences: true) where !line.hasPrefix("--") {
            statement += line + "\n"
            guard line.hasSuffix(";") else { continue }
            try await client.execute(migration: String(statement.dropLast(2)))
            statement = ""
        }
    }

    private func applied() async throws -> [Applied] {
        guard try await client.query(ClickHouseMigrator.hasTable).first?.integer(0) == 1 else { return [] }
        return try await client.query(ClickHouseMigrator.listApplied).rows.map { row in
            Applied(version: Int(try row.integer(0)), checksum: try row.text(1))
        }
    }

    private func checksum(of file: MigrationFile) async throws -> String {
        try await client.query(ClickHouseMigrator.hash, [.text("text", file.text)]).first?.text(0) ?? ""
    }
}
