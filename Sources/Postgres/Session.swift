/// One connection that a command keeps to itself, used by one thread at a time.
package final class Session {
    private let connection: Connection

    /// - Throws: ``PostgresError`` when it cannot be made.
    package init(_ server: Server, timeoutNanoseconds: UInt64 = 5_000_000_000) throws(PostgresError) {
        connection = try Connection(server, canceller: Canceller(), timeoutNanoseconds: timeoutNanoseconds)
    }

    /// Runs `body` in a transaction, which gives up after a while.
    package func transaction<Value>(
        _ options: TransactionOptions = .readOnly, within seconds: UInt64,
        _ body: (borrowing Transaction) throws -> Value
    ) throws -> Value {
        connection.setBound(Unattended(seconds: seconds))
        defer { connection.setBound(nil) }
        return try Transaction.run(on: connection, options, body)
    }
}
