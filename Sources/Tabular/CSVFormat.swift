/// What stands between the fields of a row.
public enum CSVDelimiter: Sendable, Hashable, CaseIterable {
    /// As RFC 4180 has it.
    case comma
    /// As spreadsheets write it where the comma is the decimal sign.
    case semicolon
    case tab

    var byte: UInt8 {
        switch self {
        case .comma: UInt8(ascii: ",")
        case .semicolon: UInt8(ascii: ";")
        case .tab: UInt8(ascii: "\t")
        }
    }

    /// Guesses from the first line that is not empty: the delimiter that stands there most often outside quotes; of
    /// several, the one declared first. Nil when there is none, as in a file of one column.
    /// - Parameter beginning: the first bytes of a file, with the whole header among them; a byte order mark may stand
    ///   before it.
    public static func detect(in beginning: some Sequence<UInt8>) -> CSVDelimiter? {
        var counts = [0, 0, 0]
        var isQuoted = false
        var isEmpty = true
        for (index, byte) in beginning.enumerated() {
            if index < byteOrderMark.count, byte == byteOrderMark[index] { continue }
            let isLineEnd = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if isLineEnd, !isQuoted {
                if isEmpty { continue }
                break
            }
            isEmpty = false
            guard !isQuoted, let found = allCases.firstIndex(where: { $0.byte == byte }) else { continue }
            counts[found] += 1
        }
        guard let most = counts.max(), most > 0 else { return nil }
        return zip(allCases, counts).first { $0.1 == most }?.0
    }
}

/// How much a reader of CSV takes.
public struct CSVLimits: Sendable, Hashable {
    /// Bytes of a field's content, from 1.
    public let fieldBytes: Int
    /// Bytes of a row as it stands in the file, without its line end, from 1.
    public let rowBytes: Int
    /// Columns of a header, from 1.
    public let columns: Int

    /// Values outside 1 to 1 GiB are brought inside.
    public init(fieldBytes: Int = 64 << 10, rowBytes: Int = 1 << 20, columns: Int = 1_000) {
        let range = 1...1 << 30
        func clamped(_ value: Int) -> Int { min(max(value, range.lowerBound), range.upperBound) }
        self.fieldBytes = clamped(fieldBytes)
        self.rowBytes = clamped(rowBytes)
        self.columns = clamped(columns)
    }
}
