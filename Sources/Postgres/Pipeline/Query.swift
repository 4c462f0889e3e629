/// A statement with its values.
public struct Query<Row: Sendable>: Sendable {
    let statement: Statement<Row>
    let command: Connection.Command

    public init<each Value: PostgresParameter>(_ statement: Statement<Row>, _ values: repeat each Value) {
        self.statement = statement
        command = Connection.Command(sql: statement.sql, values: Transaction.texts(repeat each values))
    }
}

extension Transaction {
    /// The first row of the query, `nil` when there is none.
    public func first<Row>(_ query: Query<Row>) throws -> Row? {
        try first(query.statement, texts: query.command.values)
    }
}
