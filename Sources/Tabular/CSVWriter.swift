/// Writes CSV (RFC 4180): UTF-8, CRLF at the end of each row, quotes only around fields that need them.
///
/// Unless switched off, cells that a spreadsheet would run as a formula are neutralised with a `'` before them, as
/// OWASP advises (“CSV Injection”): those that begin with `=`, `+`, `-`, `@`, their full-width forms, a tab, CR, LF or
/// NUL, also after blanks and quotes. Numbers, such as `-5`, `+1.5` or `-1e3`, are harmless and stay, and with them
/// `+15551234567`. A cell with another delimiter in it is quoted, too: which one divides the cells is for the
/// spreadsheet to decide. What is neutralised does not read back as it was; for data that will be imported again,
/// switch it off, or write NDJSON.
///
/// A NUL is written like any character, but readers refuse it; texts that come out of PostgreSQL hold none.
public struct CSVWriter: Sendable {
    private let delimiter: UInt8
    private let neutralisesFormulas: Bool
    /// For each byte, whether a field with it needs quotes.
    private let needsQuotes: [Bool]

    public init(delimiter: CSVDelimiter = .comma, neutralisesFormulas: Bool = true) {
        self.delimiter = delimiter.byte
        self.neutralisesFormulas = neutralisesFormulas
        var needsQuotes = [Bool](repeating: false, count: 256)
        let delimiters = neutralisesFormulas ? CSVDelimiter.allCases : [delimiter]
        for byte in delimiters.map(\.byte) + Array("\"\r\n".utf8) { needsQuotes[Int(byte)] = true }
        self.needsQuotes = needsQuotes
    }

    /// Appends one row; one without fields is an empty line, which readers skip.
    public func append(_ fields: some Sequence<String>, to output: inout [UInt8]) {
        let rowStart = output.count
        var count = 0
        for var field in fields {
            if count > 0 { output.append(delimiter) }
            count += 1
            field.withUTF8 { append($0, to: &output) }
        }
        // A lone empty field without quotes would be an empty line.
        if count == 1, output.count == rowStart { output.append(contentsOf: "\"\"".utf8) }
        output.append(contentsOf: "\r\n".utf8)
    }

    private func append(_ field: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        let neutralises = neutralisesFormulas && isFormula(field)
        guard needsQuotes(field) else {
            if neutralises { output.append(UInt8(ascii: "'")) }
            return output.append(contentsOf: field)
        }
        output.append(UInt8(ascii: "\""))
        if neutralises { output.append(UInt8(ascii: "'")) }
        var run = 0
        for position in 0..<field.count where field[position] == UInt8(ascii: "\"") {
            // Up to the quote and with it; the next run begins with it once more.
            output.append(contentsOf: UnsafeBufferPointer(rebasing: field[run...position]))
            run = position
        }
        output.append(contentsOf: UnsafeBufferPointer(rebasing: field[run...]))
        output.append(UInt8(ascii: "\""))
    }

    private func needsQuotes(_ field: UnsafeBufferPointer<UInt8>) -> Bool {
        for byte in field where needsQuotes[Int(byte)] { return true }
        // At the beginning of a file it would be taken for a byte order mark.
        return field.starts(with: byteOrderMark)
    }
}

/// Whether a spreadsheet may run the cell.
private func isFormula(_ cell: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let first = cell.first else { return false }
    switch first {
    case 0, UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): return true
    // Most cells begin with a letter or a digit.
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"):
        return false
    default: break
    }
    var rest = cell[...]
    while let length = paddings.first(where: { rest.starts(with: $0) })?.count {
        rest = rest.dropFirst(length)
    }
    return triggers.contains { rest.starts(with: $0) } && !isNumber(cell)
}

private let triggers = ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", "\0"].map { Array($0.utf8) }

/// What spreadsheets may skip before a formula: quotes, blanks, also wide and invisible ones.
private let paddings =
    ([
        "\"", "'", " ", "\u{B}", "\u{C}", "\u{85}", "\u{A0}", "\u{1680}", "\u{2028}", "\u{2029}", "\u{202F}",
        "\u{205F}",
        "\u{2060}", "\u{3000}", "\u{FEFF}",
    ] + (0x2000...0x200D).compactMap { Unicode.Scalar($0).map(String.init) }).map { Array($0.utf8) }

/// `-5`, `+1.5`, `-1e3`: an optional sign, digits, perhaps a fraction, perhaps an exponent, and nothing else.
private func isNumber(_ cell: UnsafeBufferPointer<UInt8>) -> Bool {
    var rest = cell[...]
    func takeSign() {
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() }
    }
    func takeDigits() -> Bool {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest.dropFirst(digits.count)
        return !digits.isEmpty
    }
    takeSign()
    guard takeDigits() else { return false }
    if rest.first == UInt8(ascii: ".") {
        rest.removeFirst()
        guard takeDigits() else { return false }
    }
    if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
        rest.removeFirst()
        takeSign()
        guard takeDigits() else { return false }
    }
    return rest.isEmpty
}
