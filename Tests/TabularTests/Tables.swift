import JSON
import Resilience
import Tabular
import TestSupport

/// What a reader gave, in a form that can be compared: by bytes, for Swift takes `é` and `e◌́` for equal.
enum Read: Equatable, CustomStringConvertible {
    case header([[UInt8]])
    case row([[UInt8]], start: FilePosition, end: FilePosition, raw: [UInt8])
    case value([UInt8], start: FilePosition, end: FilePosition)
    case fault(RowFault)

    init(_ item: CSVReader.Item) {
        switch item {
        case .header(let names): self = .header(names.map { Array($0.utf8) })
        case .row(let row):
            self = .row(row.map { Array($0.utf8) }, start: row.start, end: row.end, raw: row.raw)
        case .fault(let fault): self = .fault(fault)
        }
    }

    init(_ item: NDJSONReader.Item) {
        switch item {
        case .row(let row): self = .value(Array(row.value.sourceBytes), start: row.start, end: row.end)
        case .fault(let fault): self = .fault(fault)
        }
    }

    var fields: [[UInt8]]? {
        if case .row(let fields, _, _, _) = self { fields } else { nil }
    }

    var fault: RowFault? {
        if case .fault(let fault) = self { fault } else { nil }
    }

    var start: FilePosition? {
        switch self {
        case .header: nil
        case .row(_, let start, _, _), .value(_, let start, _): start
        case .fault(let fault): fault.start
        }
    }

    var end: FilePosition? {
        switch self {
        case .header: nil
        case .row(_, _, let end, _), .value(_, _, let end): end
        case .fault(let fault): fault.end
        }
    }

    /// `2: one|two` for a row on line 2, `3! …` for a fault on line 3, `a|b` for a header.
    var description: String {
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        return switch self {
        case .header(let names): names.map(text).joined(separator: "|")
        case .row(let fields, let start, _, _): "\(start.line): " + fields.map(text).joined(separator: "|")
        case .value(let source, let start, _): "\(start.line): " + text(source)
        case .fault(let fault): "\(fault.start.line)! \(fault.field.map { "\($0) " } ?? "")\(fault.reason)"
        }
    }
}

/// How a file arrives.
enum Pieces: CustomStringConvertible {
    case whole
    case byByte
    case random(Seed)

    var description: String {
        switch self {
        case .whole: "whole"
        case .byByte: "byte by byte"
        case .random(let seed): "in pieces by \(seed)"
        }
    }

    func cut(_ bytes: [UInt8]) -> [[UInt8]] {
        switch self {
        case .whole: return [bytes]
        case .byByte: return bytes.map { [$0] }
        case .random(let seed):
            var random = seed.generator
            var rest = bytes[...]
            var pieces: [[UInt8]] = []
            while !rest.isEmpty {
                let piece = rest.prefix(.random(in: 0...40, using: &random))
                pieces.append(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            return pieces
        }
    }
}

extension CSVReader {
    /// All that `bytes` hold, read to the end of the file.
    func reading(_ bytes: [UInt8], _ pieces: Pieces = .whole) throws(CSVHeaderError) -> [Read] {
        var reader = self
        var items: [Read] = []
        for piece in pieces.cut(bytes) {
            reader.append(piece)
            while let item = try reader.next() { items.append(Read(item)) }
        }
        reader.finish()
        while let item = try reader.next() { items.append(Read(item)) }
        return items
    }
}

extension NDJSONReader {
    /// All that `bytes` hold, read to the end of the file.
    func reading(_ bytes: [UInt8], _ pieces: Pieces = .whole) -> [Read] {
        var reader = self
        var items: [Read] = []
        for piece in pieces.cut(bytes) {
            reader.append(piece)
            while let item = reader.next() { items.append(Read(item)) }
        }
        reader.finish()
        while let item = reader.next() { items.append(Read(item)) }
        return items
    }
}

/// A header and rows of any texts.
struct Table {
    let columns: [String]
    let rows: [[String]]

    init(_ random: inout SplitMix64, maximumRows: Int = 12) {
        let count = Int.random(in: 1...6, using: &random)
        columns = (0..<count).map { "c\($0)" + Table.text(&random) + "." }
        rows = (0..<Int.random(in: 0...maximumRows, using: &random)).map { _ in
            (0..<count).map { _ in Table.text(&random) }
        }
    }

    /// Rich in all that CSV has a rule for.
    static func text(_ random: inout SplitMix64) -> String {
        let words = [
            "", "a", "bc", "\"", "\"\"", ",", ";", "\t", "\n", "\r", "\r\n", " ", "é", "日本", "🚀", "'", "=1+1",
            "-5",
            "\u{FEFF}", "e\u{301}", "0",
        ]
        return (0..<Int.random(in: 0...5, using: &random)).map { _ in
            words[Int.random(in: 0..<words.count, using: &random)]
        }.joined()
    }

    /// As a writer leaves it in a file.
    func written(by writer: CSVWriter) -> [UInt8] {
        var bytes: [UInt8] = []
        for row in [columns] + rows { writer.append(row, to: &bytes) }
        return bytes
    }
}

/// Bytes that are rich in what CSV stumbles over.
func garbage(_ random: inout SplitMix64, count: Int, textOnly: Bool = false) -> [UInt8] {
    let tokens: [[UInt8]] =
        ["\"", "\"", ",", ",", "\n", "\n", "\r", "\r\n", "a", "b", " ", "é", "\"\"", ",\"", "\",", "\"\n"].map
    { Array($0.utf8) }
        + (textOnly ? [] : [[0], [0xFF], [0xC3], [0xEF, 0xBB, 0xBF], [0x80]])
    return (0..<count).flatMap { _ in tokens[Int.random(in: 0..<tokens.count, using: &random)] }
}
