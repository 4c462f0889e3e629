/// Why the first row cannot name the columns: nothing of the file can be used then.
public enum CSVHeaderError: Error, Sendable, Equatable {
    /// The file has no row.
    case missing
    /// The row itself is broken.
    case malformed(RowFault)
    /// The file begins with the byte order mark of UTF-16.
    case utf16
    /// The column at that place, from 1, has no name.
    case emptyName(column: Int)
    /// Two columns, at these places from 1, have one name.
    case duplicateName(String, columns: [Int])
    case tooManyColumns(found: Int, limit: Int)
}

extension CSVHeaderError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing: "the file is empty; its first row has to name the columns"
        case .malformed(let fault): "the row that names the columns cannot be read: \(fault)"
        case .utf16: "the file is UTF-16; save it as UTF-8"
        case .emptyName(let column): "column \(column) has no name; the first row has to name them all"
        case .duplicateName(let name, let columns):
            "columns \(columns.map(String.init).joined(separator: " and ")) are both named “\(name.shortened)”"
        case .tooManyColumns(let found, let limit): "\(found) columns, at most \(limit) are taken"
        }
    }
}

/// The names in a header row, without the blanks and tabs around them: people write `id, name`.
func columnNames(in header: CSVRow) throws(CSVHeaderError) -> [String] {
    var places: [String: Int] = [:]
    var names: [String] = []
    for (index, text) in header.enumerated() {
        let name = text.trimmed
        guard !name.isEmpty else { throw .emptyName(column: index + 1) }
        if let earlier = places.updateValue(index + 1, forKey: name) {
            throw .duplicateName(name, columns: [earlier, index + 1])
        }
        names.append(name)
    }
    return names
}

extension String {
    /// Without blanks and tabs at its ends.
    var trimmed: String {
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let bytes = utf8.drop(while: isBlank)
        guard let last = bytes.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(bytes[...last]) ?? self
    }

    /// For messages: a name out of a file may be long, and hold anything.
    var shortened: String {
        let clean = unicodeScalars.prefix(64).map {
            $0.properties.generalCategory == .control ? "\u{FFFD}" : $0
        }
        return String(String.UnicodeScalarView(clean)) + (unicodeScalars.count > 64 ? "…" : "")
    }
}
