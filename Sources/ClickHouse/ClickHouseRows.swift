import JSON

/// The whole answer to a query.
public struct ClickHouseRows: Sendable {
    public struct Column: Sendable, Equatable {
        public let name: String
        /// As ClickHouse writes it: `LowCardinality(String)`.
        public let type: String
    }

    public let columns: [Column]
    /// In their order.
    public let rows: [ClickHouseRow]

    public var count: Int { rows.count }
    public var first: ClickHouseRow? { rows.first }

    /// Reads a document of the format JSONCompact. Nil when it is none, or not whole: servers before 25.11 write an exception into it as a
    /// member of its own.
    init?(_ body: [UInt8]) {
        guard let document = try? JSON.parse(body), document["exception"] == nil,
            let meta = document["meta"], meta.kind == .array, let data = document["data"],
            data.kind == .array,
            let count = document["rows"]?.int64, count == Int64(data.count)
        else { return nil }
        var columns: [Column] = []
        for column in meta.elements {
            guard let name = column["name"]?.string, let type = column["type"]?.string else { return nil }
            columns.append(Column(name: name, type: type))
        }
        var rows: [ClickHouseRow] = []
        rows.reserveCapacity(data.count)
        for row in data.elements {
            guard row.kind == .array, row.count == columns.count else { return nil }
            rows.append(ClickHouseRow(values: Array(row.elements)))
        }
        (self.columns, self.rows) = (columns, rows)
    }
}

/// One row of an answer, its values in the order of the columns.
///
/// Integers of any width are numbers whose digits are all there; decimals are numbers, UUIDs and dates strings, what is not finite is null.
public struct ClickHouseRow: Sendable {
    public let values: [JSON]

    /// - Throws: ``ClickHouseFailure/unusable(_:)`` when the column is no integer of 64 bits.
    public func integer(_ column: Int) throws(ClickHouseFailure) -> Int64 {
        try value(column, "an integer") { $0.int64 }
    }

    /// - Throws: ``ClickHouseFailure/unusable(_:)`` when the column is no number.
    public func double(_ column: Int) throws(ClickHouseFailure) -> Double {
        try value(column, "a number") { $0.double }
    }

    /// - Throws: ``ClickHouseFailure/unusable(_:)`` when the column is no string.
    public func text(_ column: Int) throws(ClickHouseFailure) -> String {
        try value(column, "a string") { $0.string }
    }

    /// - Throws: ``ClickHouseFailure/unusable(_:)`` when there is no such column.
    public func isNull(_ column: Int) throws(ClickHouseFailure) -> Bool {
        try value(column, "there") { $0.isNull }
    }

    private func value<Value>(_ column: Int, _ what: String, _ read: (JSON) -> Value?)
        throws(ClickHouseFailure) -> Value
    {
        guard values.indices.contains(column), let value = read(values[column]) else {
            throw .unusable("column \(column) of the answer is not \(what)")
        }
        return value
    }
}
