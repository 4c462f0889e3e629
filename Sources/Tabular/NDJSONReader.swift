import JSON

/// A line of NDJSON and where it stands.
public struct NDJSONRow: Sendable {
    public let value: JSON
    /// The first byte of the line, and its number.
    public let start: FilePosition
    /// Behind the line and its end: whoever has dealt with it may start again there.
    public let end: FilePosition

    /// The value as it stands in the file, for a list of rows that were not taken.
    public var raw: [UInt8] { Array(value.sourceBytes) }
}

/// Reads NDJSON, one JSON value (RFC 8259) a line: bytes in, values out, in memory that does not grow with the file.
///
/// A byte order mark is tolerated, LF or CRLF end a line, the last may go without, lines of blanks are skipped. What is
/// wrong with a line is a ``RowFault``, and the next line follows. It is used like a ``CSVReader``.
public struct NDJSONReader: Sendable {
    public enum Item: Sendable {
        case row(NDJSONRow)
        case fault(RowFault)
    }

    /// A line beyond the limit, of which only the beginning is kept.
    private struct Overlong {
        let start: FilePosition
        let head: [UInt8]
    }

    private let lineBytes: Int
    private let maxDepth: Int
    private var input: Input
    /// How many bytes of the line have been looked at in vain.
    private var scanned = 0
    private var overlong: Overlong?

    /// - Parameters:
    ///   - position: where the first byte stands that is appended: the `end` of a row or a fault, to go on where an
    ///     earlier reader was stopped.
    ///   - lineBytes: longest line, its end not counted, 1 byte to 1 GiB.
    ///   - maxDepth: deepest nesting of a value.
    public init(at position: FilePosition = .start, lineBytes: Int = 8 << 20, maxDepth: Int = 64) {
        input = Input(at: position)
        self.lineBytes = min(max(lineBytes, 1), 1 << 30)
        self.maxDepth = maxDepth
    }

    /// How far the file has been read: the place behind the last line that ``next()`` gave, blank ones after it included.
    public var position: FilePosition { input.position }

    /// The next bytes of the file.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) { input.append(bytes) }

    public mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { input.append($0) } }

    /// All bytes have been appended.
    public mutating func finish() { input.finish() }

    /// What the bytes so far give; nil when more are needed, or the file is at its end.
    public mutating func next() -> Item? {
        guard input.takeByteOrderMark() else { return nil }
        while true {
            let lineEnd = input.firstLineFeed(from: scanned)
            let length = lineEnd ?? input.count
            scanned = length
            if let line = overlong {
                input.take(length, lines: 0)
                scanned = 0
                guard lineEnd != nil || input.isFinished else { return nil }
                if lineEnd != nil { input.take(1, lines: 1) }
                overlong = nil
                return .fault(
                    RowFault(
                        .rowTooLong(limit: lineBytes), start: line.start, end: input.position, raw: line.head,
                        isTruncated: true))
            }
            // One more byte may be the CR of a CRLF.
            guard
                length <= lineBytes || length == lineBytes + 1 && input.byte(lineBytes) == UInt8(ascii: "\r")
            else {
                overlong = Overlong(start: input.position, head: input.prefix(lineBytes))
                input.take(lineBytes, lines: 0)
                scanned = 0
                continue
            }
            guard lineEnd != nil || input.isFinished && length > 0 else { return nil }
            if let item = take(length, isEnded: lineEnd != nil) { return item }
        }
    }

    /// Nil for a blank line.
    private mutating func take(_ length: Int, isEnded: Bool) -> Item? {
        let start = input.position
        var line = input.prefix(length)
        input.take(length + (isEnded ? 1 : 0), lines: isEnded ? 1 : 0)
        scanned = 0
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if line.allSatisfy(isBlank) { return nil }
        do throws(JSONError) {
            let value = try JSON.parse(line, maxDepth: maxDepth)
            return .row(NDJSONRow(value: value, start: start, end: input.position))
        } catch {
            return .fault(RowFault(.notJSON(error), start: start, end: input.position, raw: line))
        }
    }

    private func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }
}
