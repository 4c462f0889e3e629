import CPostgres

/// A transaction that cannot outlive its scope. Synchronous: it runs on a database thread, and nothing is held across an await.
///
/// BEGIN travels with the first statement and COMMIT with what is queued, so neither costs a round trip of its own.
public struct Transaction: ~Copyable {
    private let state: State

    /// What changes while the transaction is borrowed; used by its one thread.
    private final class State {
        let connection: Connection
        var queued: [(command: Connection.Command, take: ((OpaquePointer) throws -> Void)?)] = []
        var hasBegun = false

        init(_ connection: Connection) {
            self.connection = connection
        }
    }

    private init(_ connection: Connection) {
        state = State(connection)
    }

    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
    static func run<Value>(
        on connection: Connection, _ options: TransactionOptions,
        _ body: (borrowing Transaction) throws -> Value
    ) throws -> Value {
        let transaction = Transaction(connection)
        connection.isForChanges = options != .readOnly && options != .snapshot
        transaction.state.queued = [(Connection.Command(sql: options.begin, values: []), nil)]
        do {
            let value = try body(transaction)
            try transaction.commit()
            return value
        } catch {
            connection.rollback()
            throw error
        }
    }

    /// Runs `body` in a transaction that is open already and that the caller ends.
    static func runInside<Value>(
        _ connection: Connection, _ body: (borrowing Transaction) throws -> Value
    ) throws -> Value {
        try body(Transaction(connection))
    }

    /// Every row.
    public func all<Row, each Value: PostgresParameter>(
        _ statement: Statement<Row>, _ values: repeat each Value
    ) throws -> [Row] {
        try exchange(statement.sql, Transaction.texts(repeat each values)) { result in
            var rows: [Row] = []
            rows.reserveCapacity(Int(PQntuples(result)))
            for row in 0..<PQntuples(result) {
                rows.append(
                    try statement.decode(RowReader(result: result, row: row, statement: statement.sql)))
            }
            return rows
        }
    }

    /// The first row, `nil` when there is none.
    public func first<Row, each Value: PostgresParameter>(
        _ statement: Statement<Row>, _ values: repeat each Value
    ) throws -> Row? {
        try first(statement, texts: Transaction.texts(repeat each values))
    }

    func first<Row>(_ statement: Statement<Row>, texts: [String?]) throws -> Row? {
        try exchange(statement.sql, texts) { try statement.first(of: $0) }
    }

    /// The only row.
    /// - Throws: `.rowCount` when there is none, or more than one.
    public func one<Row, each Value: PostgresParameter>(
        _ statement: Statement<Row>, _ values: repeat each Value
    ) throws -> Row {
        try exchange(statement.sql, Transaction.texts(repeat each values)) { result in
            guard PQntuples(result) == 1 else {
                throw PostgresError(
                    .rowCount, "\(PQntuples(result)) rows instead of one", statement: statement.sql.excerpt)
            }
            return try statement.decode(RowReader(result: result, row: 0, statement: statement.sql))
        }
    }

    /// How many rows it touched.
    @discardableResult
    public func execute<Row, each Value: PostgresParameter>(
        _ statement: Statement<Row>, _ values: repeat each Value
    ) throws -> Int {
        try exchange(statement.sql, Transaction.texts(repeat each values)) { Connection.affectedRows($0) }
    }

    /// Whether the session is this connection's own: not where a pooler is between.
    public func isDirect() throws -> Bool {
        try one(Transaction.getProcess) == Int(state.connection.serverProcess)
    }

    private static let getProcess = Statement("SELECT pg_backend_pid()") { try $0.get(0, as: Int.self) }

    /// Has the statement sent with the next one, or with COMMIT: what needs no answer needs no round trip. Its error surfaces
    /// there, and nothing is committed.
    /// - Parameter rows: how many it has to touch; another number is an error.
    public func queue<Row, each Value: PostgresParameter>(
        _ statement: Statement<Row>, _ values: repeat each Value, expecting rows: Int? = nil
    ) {
        state.queued.append(
            (
                Connection.Command(
                    sql: statement.sql, values: Transaction.texts(repeat each values), expectedRows: rows),
                nil
            ))
    }

    /// The same for a query of which the first row is wanted, but not before the next statement, or COMMIT.
    public func later<Row>(_ query: Query<Row>) -> Later<Row> {
        let later = Later<Row>()
        state.queued.append((query.command, { later.row = try query.statement.first(of: $0) }))
        return later
    }

    /// Sends what is queued, where something is, and reads its answers.
    public func flush() throws {
        guard let last = state.queued.popLast() else { return }
        try exchange(last.command.sql, last.command.values, take: last.take) { _ in }
    }

    /// What `body` does is undone when it throws; the transaction goes on.
    @discardableResult
    public func savepoint<Value>(_ body: (borrowing Transaction) throws -> Value) throws -> Value {
        try exchange("SAVEPOINT s", []) { _ in }
        do {
            let value = try body(self)
            try exchange("RELEASE SAVEPOINT s", []) { _ in }
            return value
        } catch {
            guard !state.connection.isBroken else { throw error }
            state.queued = []
            try exchange("ROLLBACK TO SAVEPOINT s", []) { _ in }
            state.queued.append((Connection.Command(sql: "RELEASE SAVEPOINT s", values: []), nil))
            throw error
        }
    }

    private func exchange<Value>(
        _ sql: StaticString, _ values: [String?], take: ((OpaquePointer) throws -> Void)? = nil,
        loss: PostgresError.Kind = .connectionLost, read: (OpaquePointer) throws -> Value
    ) throws -> Value {
        let connection = state.connection
        let queued = state.queued
        state.queued = []
        for (command, take) in queued {
            try connection.add(command, take: take)
            if !state.hasBegun, !connection.isSession { try connection.addSettings(SessionSettings.local) }
            state.hasBegun = true
        }
        try connection.add(Connection.Command(sql: sql, values: values), take: take)
        return try connection.exchange(loss: loss, read: read)
    }

    private func commit() throws {
        // Nothing was asked of the database: BEGIN was never sent.
        guard state.hasBegun || state.queued.count > 1 else { return }
        let tag = try exchange("COMMIT", [], loss: .outcomeUnknown) { String(cString: PQcmdStatus($0)) }
        guard tag == "COMMIT" else {
            throw PostgresError(.rowCount, "the transaction had failed before COMMIT")
        }
    }

    static func texts<each Value: PostgresParameter>(_ values: repeat each Value) -> [String?] {
        var texts: [String?] = []
        for value in repeat each values { texts.append(value.postgresText) }
        return texts
    }
}

/// The first row of a query that travels with others. Used by the one thread of its transaction.
public final class Later<Row> {
    /// `nil` when there is none, or it has not come yet.
    public fileprivate(set) var row: Row?
}

/// How a transaction sees what others do meanwhile.
public enum TransactionOptions: Sendable {
    /// READ COMMITTED, the default of PostgreSQL.
    case readCommitted
    case readOnly
    /// One snapshot for all statements, and no changes.
    case snapshot
    case serializable

    var begin: StaticString {
        switch self {
        case .readCommitted: "BEGIN"
        case .readOnly: "BEGIN READ ONLY"
        case .snapshot: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        case .serializable: "BEGIN ISOLATION LEVEL SERIALIZABLE"
        }
    }
}
