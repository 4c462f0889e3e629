import CPostgres

/// One SQL statement, written once. Its text is a literal, so nothing can be put into it; values are bound.
public struct Statement<Row: Sendable>: Sendable {
    let sql: StaticString
    let decode: @Sendable (borrowing RowReader) throws -> Row

    public init(_ sql: StaticString, row: @escaping @Sendable (borrowing RowReader) throws -> Row) {
        self.sql = sql
        self.decode = row
    }

    /// The beginning of its text, as errors name it.
    public var excerpt: String { sql.excerpt }

    /// The first row of its answer, `nil` when there is none.
    func first(of result: OpaquePointer) throws -> Row? {
        guard PQntuples(result) > 0 else { return nil }
        return try decode(RowReader(result: result, row: 0, statement: sql))
    }
}

extension Statement where Row == Void {
    /// A statement whose rows, if any, nobody reads.
    public init(_ sql: StaticString) {
        self.init(sql, row: { _ in })
    }
}

extension StaticString {
    /// The start of a statement, for errors.
    var excerpt: String {
        String(description.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(80))
    }
}

/// One row of an answer. Valid only while it is being decoded.
public struct RowReader: ~Copyable {
    @usableFromInline let result: OpaquePointer
    @usableFromInline let row: Int32
    let statement: StaticString

    /// The value in column `index`, from 0.
    /// - Throws: a decoding error that names the column, for NULL too.
    @inlinable
    public func get<Value: PostgresDecodable>(_ index: Int, as type: Value.Type = Value.self)
        throws(PostgresError) -> Value
    {
        guard let value = try getOptional(index, as: type) else { throw misfit(index, "is NULL") }
        return value
    }

    /// The value in column `index`, `nil` for NULL.
    @inlinable
    public func getOptional<Value: PostgresDecodable>(
        _ index: Int, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value? {
        guard let column = Int32(exactly: index), column >= 0, column < PQnfields(result) else {
            throw misfit(index, "is not in the answer")
        }
        guard PQgetisnull(result, row, column) == 0 else { return nil }
        let bytes = UnsafeRawBufferPointer(
            start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
        guard let value = Value(postgresBinary: bytes) else { throw misfit(index, "is not a \(Value.self)") }
        return value
    }

    /// Adds columns as they came over the wire: of each the length as four bytes, big-endian, -1 for NULL, then PostgreSQL's binary format.
    public func appendBinary(_ columns: Range<Int>, to bytes: inout [UInt8]) throws(PostgresError) {
        for index in columns {
            guard let column = Int32(exactly: index), column >= 0, column < PQnfields(result) else {
                throw misfit(index, "is not in the answer")
            }
            let isNull = PQgetisnull(result, row, column) == 1
            let length = isNull ? -1 : PQgetlength(result, row, column)
            withUnsafeBytes(of: length.bigEndian) { bytes.append(contentsOf: $0) }
            guard !isNull else { continue }
            bytes.append(
                contentsOf: UnsafeRawBufferPointer(
                    start: PQgetvalue(result, row, column), count: Int(length)))
        }
    }

    @usableFromInline
    func misfit(_ index: Int, _ reason: String) -> PostgresError {
        let name =
            Int32(exactly: index).flatMap { PQfname(result, $0) }.map { String(cString: $0) } ?? "\(index)"
        return PostgresError(
            .decoding(column: name), "column \(name) \(reason)", statement: statement.excerpt, column: name)
    }
}
