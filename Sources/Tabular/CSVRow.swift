/// A row with as many fields as the header has columns: a collection of their texts, which are made when asked for.
///
/// It keeps the row as it stood in the file, in two pieces of memory, and may go to another thread.
public struct CSVRow: Sendable, RandomAccessCollection {
    /// Where a field's content stands in the row, its quotes not counted.
    struct Field: Sendable {
        let start: UInt32
        let end: UInt32
        let hasDoubledQuotes: Bool
    }

    /// The row as it stands in the file, without its line end: for a list of rows that were not taken.
    public let raw: [UInt8]
    /// The first byte of the row, and the line on which it stands.
    public let start: FilePosition
    /// Behind the row and its line end: whoever has dealt with this row may start again there.
    public let end: FilePosition
    private let fields: [Field]

    init(raw: [UInt8], fields: [Field], start: FilePosition, end: FilePosition) {
        self.raw = raw
        self.fields = fields
        self.start = start
        self.end = end
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { fields.count }

    /// The text of the field in a column, counted from 0.
    public subscript(column: Int) -> String {
        withBytes(of: column) { String(decoding: $0, as: UTF8.self) }
    }

    /// Gives `body` the content of a field, in UTF-8, without making a `String` of it.
    public func withBytes<Result>(of column: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let field = fields[column]
        return raw.withUnsafeBufferPointer { row in
            let content = UnsafeBufferPointer(rebasing: row[Int(field.start)..<Int(field.end)])
            guard field.hasDoubledQuotes else { return body(content) }
            return withoutDoubling(content).withUnsafeBufferPointer(body)
        }
    }

    private func withoutDoubling(_ content: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(content.count)
        var skipsQuote = false
        for byte in content {
            let isQuote = byte == UInt8(ascii: "\"")
            if !isQuote || !skipsQuote { result.append(byte) }
            skipsQuote = isQuote && !skipsQuote
        }
        return result
    }
}
