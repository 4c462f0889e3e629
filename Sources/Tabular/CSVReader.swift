import Glibc

/// Reads CSV (RFC 4180) as it is met in practice: bytes in, rows out, in memory that does not grow with the file.
///
/// - UTF-8, with or without a byte order mark. LF, CRLF or a lone CR end a row; the last may go without. Empty lines
///   are skipped. A field in quotes may hold delimiters, line ends and doubled quotes, and comes back as it was: blanks
///   belong to a field. The names of the columns alone lose the blanks around them.
/// - What is wrong with a row is a ``RowFault``, and the next row follows; what is wrong with the header ends the file.
/// - Usage: ``append(_:)`` a piece, take ``next()`` until it is nil; at the end of the file ``finish()``, and again
///   ``next()`` until nil. Between two pieces no more is kept than a row. Rows do not depend on the pieces.
public struct CSVReader: Sendable {
    public enum Item: Sendable {
        /// The names of the columns: once, before all else. Not when they were known.
        case header([String])
        case row(CSVRow)
        case fault(RowFault)
    }

    private enum Stage {
        case header
        case rows(columns: Int)
        case failed(CSVHeaderError)
    }

    /// A row beyond the limit, of which only the beginning is kept.
    private struct Overlong {
        let finding: CSVScanner.Finding
        let start: FilePosition
        let head: [UInt8]
        var hasSkipped = false
    }

    private let limits: CSVLimits
    private let delimiter: CSVDelimiter
    private var input: Input
    private var stage: Stage
    private var scanner: CSVScanner
    private var overlong: Overlong?

    /// From the beginning of a file, whose first row names the columns.
    public init(delimiter: CSVDelimiter = .comma, limits: CSVLimits = CSVLimits()) {
        self.delimiter = delimiter
        self.limits = limits
        input = Input(at: .start)
        stage = .header
        scanner = CSVScanner(delimiter: delimiter, limits: limits, maximumFields: limits.columns)
    }

    /// From the middle of a file, to go on where an earlier reader was stopped; or from the beginning of one without a
    /// header.
    /// - Parameters:
    ///   - columns: how many the file has, at least 1.
    ///   - position: the `end` of a row or a fault. The first byte that is appended is the one there.
    public init(
        columns: Int, at position: FilePosition, delimiter: CSVDelimiter = .comma,
        limits: CSVLimits = CSVLimits()
    ) {
        let columns = max(1, columns)
        self.delimiter = delimiter
        self.limits = limits
        input = Input(at: position)
        stage = .rows(columns: columns)
        scanner = CSVScanner(delimiter: delimiter, limits: limits, maximumFields: columns)
    }

    /// How far the file has been read: the place behind the last row that ``next()`` gave, empty lines after it included.
    public var position: FilePosition { input.position }

    /// The next bytes of the file.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) { input.append(bytes) }

    public mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { input.append($0) } }

    /// All bytes have been appended.
    public mutating func finish() { input.finish() }

    /// What the bytes so far give; nil when more are needed, or the file is at its end.
    /// - Throws: what is wrong with the header, and the same again when asked again.
    public mutating func next() throws(CSVHeaderError) -> Item? {
        if case .failed(let error) = stage { throw error }
        guard input.takeByteOrderMark() else { return nil }
        while true {
            if overlong != nil {
                guard let fault = skipOverlong() else { return nil }
                return try item(.failure(fault))
            }
            let outcome = scanner.scan(input)
            switch outcome {
            case .tooLong: beginOverlong()
            case .needsMore where !input.isFinished: return nil
            case .needsMore where input.count == 0: return try end()
            case .needsMore, .ended:
                guard let lineEnd = input.lineEndLength(at: scanner.length) else { return nil }
                if case .needsMore = outcome { scanner.finish() }
                if scanner.length == 0 {
                    input.take(lineEnd, lines: 1)
                    scanner.reset()
                } else {
                    return try item(row(lineEnd: lineEnd))
                }
            }
        }
    }

    private mutating func end() throws(CSVHeaderError) -> Item? {
        guard case .header = stage else { return nil }
        throw failed(.missing)
    }

    private mutating func item(_ result: Result<CSVRow, RowFault>) throws(CSVHeaderError) -> Item {
        switch (stage, result) {
        case (.header, .success(let row)): return .header(try begin(after: row))
        case (.header, .failure(let fault)): throw failed(headerError(fault))
        case (_, .success(let row)): return .row(row)
        case (_, .failure(let fault)): return .fault(fault)
        }
    }

    private mutating func begin(after header: CSVRow) throws(CSVHeaderError) -> [String] {
        do throws(CSVHeaderError) {
            let names = try columnNames(in: header)
            stage = .rows(columns: names.count)
            scanner = CSVScanner(delimiter: delimiter, limits: limits, maximumFields: names.count)
            return names
        } catch {
            throw failed(error)
        }
    }

    private func headerError(_ fault: RowFault) -> CSVHeaderError {
        if case .tooManyFields(let found, let limit) = fault.reason {
            return .tooManyColumns(found: found, limit: limit)
        }
        let isUTF16 = fault.raw.starts(with: [0xFF, 0xFE]) || fault.raw.starts(with: [0xFE, 0xFF])
        return isUTF16 ? .utf16 : .malformed(fault)
    }

    private mutating func failed(_ error: CSVHeaderError) -> CSVHeaderError {
        stage = .failed(error)
        return error
    }
}

extension CSVReader {
    /// The row that the scanner has come to the end of, taken.
    private mutating func row(lineEnd: Int) -> Result<CSVRow, RowFault> {
        let start = input.position
        let raw = input.prefix(scanner.length)
        let innerLines = scanner.hasQuotes ? lineEnds(in: raw) : 0
        input.take(raw.count + lineEnd, lines: innerLines + (lineEnd > 0 ? 1 : 0))
        defer { scanner.reset() }
        if let (reason, field) = scanner.fault ?? encodingFault(raw) ?? raggedness() {
            return .failure(RowFault(reason, field: field, start: start, end: input.position, raw: raw))
        }
        return .success(CSVRow(raw: raw, fields: scanner.fields, start: start, end: input.position))
    }

    private func encodingFault(_ raw: [UInt8]) -> CSVScanner.Finding? {
        let nul = raw.withUnsafeBytes { bytes -> Int? in
            guard let base = bytes.baseAddress, let found = memchr(base, 0, bytes.count) else { return nil }
            return UnsafeRawPointer(found) - base
        }
        if let nul { return (.nul, scanner.field(around: nul)) }
        do {
            _ = try UTF8Span(validating: raw.span)
            return nil
        } catch {
            return (.invalidUTF8, scanner.field(around: error.byteOffsets.lowerBound))
        }
    }

    private func raggedness() -> CSVScanner.Finding? {
        let found = scanner.fieldCount
        switch stage {
        case .rows(let columns) where found < columns:
            return (.tooFewFields(found: found, expected: columns), nil)
        case .rows(let columns) where found > columns:
            return (.tooManyFields(found: found, expected: columns), nil)
        case .header where found > limits.columns:
            return (.tooManyFields(found: found, expected: limits.columns), nil)
        case .rows, .header, .failed: return nil
        }
    }

    /// The bytes up to the limit are here: they are kept, and what follows is skipped.
    private mutating func beginOverlong() {
        let head = input.prefix(limits.rowBytes)
        overlong = Overlong(
            finding: scanner.fault ?? (.rowTooLong(limit: limits.rowBytes), nil), start: input.position,
            head: head)
        input.take(head.count, lines: lineEnds(in: head))
        scanner.reset()
    }

    /// Takes what there is up to the next line end, whatever the quotes; nil when that has not arrived.
    private mutating func skipOverlong() -> RowFault? {
        guard let row = overlong else { return nil }
        let rest = input.untilLineEnd
        if rest > 0 {
            input.take(rest, lines: 0)
            overlong?.hasSkipped = true
        }
        guard let lineEnd = input.lineEndLength(at: 0) else { return nil }
        // The limit may fall inside a CRLF, whose CR has been counted.
        let isCounted =
            !row.hasSkipped && rest == 0 && row.head.last == UInt8(ascii: "\r")
            && input.byte(0) == UInt8(ascii: "\n")
        input.take(lineEnd, lines: lineEnd == 0 || isCounted ? 0 : 1)
        overlong = nil
        return RowFault(
            row.finding.reason, field: row.finding.field, start: row.start, end: input.position,
            raw: row.head, isTruncated: true)
    }
}
