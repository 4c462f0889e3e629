/// Finds the fields of one row and where it ends, whatever pieces it arrives in; no byte is looked at twice.
///
/// After a mistake it reads on the way lenient readers do: a quote inside a field is a character like others, and text
/// after a closing quote belongs to the field. So the end of a faulty row is found, too.
struct CSVScanner: Sendable {
    /// What is wrong, and in which field, from 1; nil for the whole row.
    typealias Finding = (reason: RowFault.Reason, field: Int?)

    enum Outcome {
        /// The row ends before the byte at ``length``, which is a line end.
        case ended
        case needsMore
        /// The bytes up to the limit are there, and the row goes on.
        case tooLong
    }

    private enum Phase {
        case fieldStart, plain, quoted, afterQuote, ended
    }

    private let delimiter: UInt8
    private let limits: CSVLimits
    /// Fields beyond these are counted, not kept.
    private let maximumFields: Int

    private var phase = Phase.fieldStart
    /// How many bytes of the row have been looked at.
    private(set) var length = 0
    private var contentStart = 0
    private var doubledQuotes = 0

    private(set) var fields: [CSVRow.Field] = []
    private(set) var fieldCount = 0
    private(set) var hasQuotes = false
    /// The first mistake.
    private(set) var fault: Finding?

    init(delimiter: CSVDelimiter, limits: CSVLimits, maximumFields: Int) {
        self.delimiter = delimiter.byte
        self.limits = limits
        self.maximumFields = maximumFields
        fields.reserveCapacity(min(maximumFields, 64))
    }

    /// For the next row.
    mutating func reset() {
        self = CSVScanner(again: self)
    }

    private init(again other: CSVScanner) {
        delimiter = other.delimiter
        limits = other.limits
        maximumFields = other.maximumFields
        fields.reserveCapacity(min(maximumFields, 64))
    }

    /// Looks at what has arrived of the row.
    /// - Parameter input: the row's first byte is the first one that is not taken.
    mutating func scan(_ input: borrowing Input) -> Outcome {
        scan(input.bytes.span.extracting(droppingFirst: input.taken))
    }

    private mutating func scan(_ row: Span<UInt8>) -> Outcome {
        let end = min(row.count, limits.rowBytes)
        while length < end {
            switch phase {
            case .fieldStart: beginField(row[length])
            case .plain: plain(row, to: end)
            case .quoted: quoted(row, to: end)
            case .afterQuote: afterQuote(row[length])
            case .ended: return .ended
            }
        }
        guard row.count > limits.rowBytes else { return .needsMore }
        // The row fills the limit. Only if this byte ends it, it keeps to it.
        guard phase != .ended else { return .ended }
        guard phase != .quoted, isLineEnd(row[length]) else { return .tooLong }
        endRow()
        return .ended
    }

    /// The file ends where the row has come to.
    mutating func finish() {
        if phase == .quoted { record(.unterminatedQuote) }
        endRow()
    }

    /// Which field, from 1, the byte at `offset` belongs to, as far as fields are kept.
    func field(around offset: Int) -> Int? {
        fields.firstIndex { offset <= $0.end }.map { $0 + 1 }
    }

    private mutating func beginField(_ byte: UInt8) {
        if byte == UInt8(ascii: "\"") {
            phase = .quoted
            hasQuotes = true
            length += 1
        } else {
            phase = .plain
        }
        contentStart = length
    }

    private mutating func plain(_ row: Span<UInt8>, to end: Int) {
        var position = length
        while position < end {
            let byte = row[position]
            if byte == delimiter {
                endField(at: position)
                length = position + 1
                phase = .fieldStart
                return
            }
            if isLineEnd(byte) {
                length = position
                return endRow()
            }
            if byte == UInt8(ascii: "\"") { record(.quoteInField) }
            position += 1
        }
        length = end
    }

    private mutating func quoted(_ row: Span<UInt8>, to end: Int) {
        var position = length
        while position < end {
            if row[position] == UInt8(ascii: "\"") {
                phase = .afterQuote
                length = position + 1
                return
            }
            position += 1
        }
        length = end
    }

    private mutating func afterQuote(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""):
            doubledQuotes += 1
            phase = .quoted
            length += 1
        case delimiter:
            endField(at: length - 1)
            phase = .fieldStart
            length += 1
        case UInt8(ascii: "\n"), UInt8(ascii: "\r"): endRow()
        default:
            record(.textAfterQuote)
            phase = .plain
        }
    }

    private mutating func endRow() {
        switch phase {
        case .fieldStart:
            contentStart = length
            endField(at: length)
        case .plain, .quoted: endField(at: length)
        case .afterQuote: endField(at: length - 1)
        case .ended: break
        }
        phase = .ended
    }

    private mutating func endField(at end: Int) {
        if end - contentStart - doubledQuotes > limits.fieldBytes {
            record(.fieldTooLong(limit: limits.fieldBytes))
        }
        if fieldCount < maximumFields {
            fields.append(
                CSVRow.Field(
                    start: UInt32(contentStart), end: UInt32(end), hasDoubledQuotes: doubledQuotes > 0))
        }
        fieldCount += 1
        doubledQuotes = 0
    }

    private mutating func record(_ reason: RowFault.Reason) {
        if fault == nil { fault = (reason, fieldCount + 1) }
    }

    private func isLineEnd(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }
}
