import JSON

/// A row that cannot be used, with all that a person needs to mend it. Reading goes on behind it.
public struct RowFault: Error, Sendable, Equatable {
    /// What is wrong. The first mistake in the row counts; those of the whole row come after those of a field.
    public enum Reason: Sendable, Equatable {
        /// Fewer fields than the header has columns.
        case tooFewFields(found: Int, expected: Int)
        /// More fields than the header has columns.
        case tooManyFields(found: Int, expected: Int)
        /// A quote in a field that does not begin with one (RFC 4180 §2.5).
        case quoteInField
        /// Something else than a delimiter, a line end or a second quote after a closing quote.
        case textAfterQuote
        /// The file ends inside quotes. The row is all that is left of it, so nothing follows.
        case unterminatedQuote
        /// A NUL byte.
        case nul
        /// Bytes that are no UTF-8 (RFC 3629).
        case invalidUTF8
        /// The content of a field is longer than so many bytes.
        case fieldTooLong(limit: Int)
        /// The row is longer than so many bytes, its line end not counted. When a quote was open, reading goes on at
        /// the next line end all the same, so that a lone quote does not swallow the rest of the file.
        case rowTooLong(limit: Int)
        /// A line that is no JSON text.
        case notJSON(JSONError)
    }

    public let reason: Reason
    /// The field in which the reader stumbled, from 1; nil where the whole row is meant, and for JSON.
    public let field: Int?
    /// The first byte of the row, and the line on which it stands.
    public let start: FilePosition
    /// Behind the row and its line end.
    public let end: FilePosition
    /// The row as it stands in the file, without its line end; of one that is too long, the bytes up to the limit.
    public let raw: [UInt8]

    /// Whether ``raw`` is only the beginning. The rest stands in the file between ``start`` and ``end``.
    public let isTruncated: Bool

    init(
        _ reason: Reason, field: Int? = nil, start: FilePosition, end: FilePosition, raw: [UInt8],
        isTruncated: Bool = false
    ) {
        self.reason = reason
        self.field = field
        self.start = start
        self.end = end
        self.raw = raw
        self.isTruncated = isTruncated
    }
}

extension RowFault: CustomStringConvertible {
    /// For a person: where, what, and what to do about it. Never what stands in the row.
    public var description: String {
        let place = field.map { "line \(start.line), field \($0)" } ?? "line \(start.line)"
        return "\(place): \(reason)"
    }
}

extension RowFault.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooFewFields(let found, let expected):
            "\(found) \(found == 1 ? "field" : "fields"), but the header has \(expected) columns"
        case .tooManyFields(let found, let expected):
            "\(found) fields, but the header has \(expected) \(expected == 1 ? "column" : "columns"); "
                + "a field with a delimiter in it has to stand in quotes"
        case .quoteInField:
            "a quote inside a field that does not begin with one; put the field in quotes and double those in it"
        case .textAfterQuote: "text after the closing quote; double the quotes inside the field"
        case .unterminatedQuote: "the file ends inside quotes; close them"
        case .nul: "a NUL byte"
        case .invalidUTF8: "not UTF-8; save the file as UTF-8"
        case .fieldTooLong(let limit): "longer than \(limit) bytes"
        case .rowTooLong(let limit): "the row is longer than \(limit) bytes; is a quote left open?"
        case .notJSON(let error): "not JSON: \(error)"
        }
    }
}
