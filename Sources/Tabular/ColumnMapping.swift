/// Which column of a file goes to which field of a record, as people say it on the command line: `--map COLUMN=FIELD`
/// for another name, `--map COLUMN=` to leave the column out. A column that is not mentioned keeps its name.
public struct ColumnMapping: Sendable, Equatable {
    /// A column and its field, nil to leave it out, in the order in which they were given.
    private let rules: [(column: String, field: String?)]

    /// The field that identifies a record.
    public static let externalID = "externalId"

    /// Reads the values of all `--map` options. The last `=` divides, so a column may have one in its name. Blanks around
    /// a name do not count.
    public init(_ options: [String]) throws(ColumnMappingError) {
        var rules: [(column: String, field: String?)] = []
        var columns = Set<String>()
        for option in options {
            guard let divider = option.utf8.lastIndex(of: UInt8(ascii: "=")) else { throw .noField(option) }
            // By bytes: the = and an accent behind it would be one character.
            let column = String(Substring(option.utf8[..<divider])).trimmed
            let field = String(Substring(option.utf8[divider...].dropFirst())).trimmed
            guard !column.isEmpty else { throw .noColumn(option) }
            guard columns.insert(column).inserted else { throw .columnTwice(column) }
            rules.append((column, field.isEmpty ? nil : field))
        }
        self.rules = rules
    }

    public static func == (left: ColumnMapping, right: ColumnMapping) -> Bool {
        left.rules.elementsEqual(right.rules) { $0 == $1 }
    }

    /// Whether every column keeps its name.
    public var isEmpty: Bool { rules.isEmpty }

    /// The field of one column, for rows that name their columns themselves; nil to leave it out.
    public func field(ofColumn column: String) -> String? {
        guard let rule = rules.first(where: { $0.column == column }) else { return column }
        return rule.field
    }

    /// What to do with each column of a file.
    /// - Parameter columns: the names in the header, each once.
    public func applied(to columns: [String]) throws(ColumnMappingError) -> MappedColumns {
        for rule in rules where !columns.contains(rule.column) {
            throw .unknownColumn(rule.column, nearest: nearest(to: rule.column, among: columns))
        }
        let fieldOfColumn = Dictionary(rules.map { ($0.column, $0.field) }) { first, _ in first }
        var columnOfField: [String: Int] = [:]
        var fields: [MappedColumns.Field] = []
        for (index, column) in columns.enumerated() {
            guard let field = fieldOfColumn[column] ?? column else { continue }
            if let earlier = columnOfField.updateValue(index, forKey: field) {
                throw .fieldTwice(field, columns: [columns[earlier], column])
            }
            if field != Self.externalID { fields.append(MappedColumns.Field(column: index, name: field)) }
        }
        guard let externalID = columnOfField[Self.externalID] else { throw .noExternalID(columns) }
        return MappedColumns(externalID: externalID, fields: fields)
    }
}

/// What the columns of a file are.
public struct MappedColumns: Sendable, Equatable {
    public struct Field: Sendable, Equatable {
        /// The column, from 0.
        public let column: Int
        public let name: String
    }

    /// The column, from 0, that identifies a record.
    public let externalID: Int
    /// The other columns that are taken, in the order of the file.
    public let fields: [Field]
}

/// Why columns cannot be mapped as wished.
public enum ColumnMappingError: Error, Sendable, Equatable {
    /// An option without `=`.
    case noField(String)
    /// An option with nothing before its `=`.
    case noColumn(String)
    /// Two options for one column.
    case columnTwice(String)
    /// The file has no such column; perhaps the nearest was meant.
    case unknownColumn(String, nearest: String?)
    /// Two columns would go to one field.
    case fieldTwice(String, columns: [String])
    /// No column would be the `externalId`.
    case noExternalID([String])
}

extension ColumnMappingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noField(let option):
            "--map \(option.shortened): takes COLUMN=FIELD, or COLUMN= to leave the column out"
        case .noColumn(let option): "--map \(option.shortened): there is no column before the ="
        case .columnTwice(let column): "--map names the column “\(column.shortened)” twice"
        case .unknownColumn(let column, let nearest):
            "--map: the file has no column “\(column.shortened)”"
                + (nearest.map { "; did you mean “\($0.shortened)”?" } ?? "")
        case .fieldTwice(let field, let columns):
            "the columns \(list(columns)) would both be the field “\(field.shortened)”; leave one out with --map COLUMN="
        case .noExternalID(let columns):
            "no column is the externalId; name it with --map COLUMN=externalId; the file has \(list(columns))"
        }
    }

    private func list(_ columns: [String]) -> String {
        let shown = columns.prefix(12).map { "“\($0.shortened)”" }.joined(separator: ", ")
        return columns.count > 12 ? shown + " and \(columns.count - 12) more" : shown
    }
}

/// The name that was probably meant: the same but for upper and lower case, or a slip or three away.
private func nearest(to name: String, among candidates: [String]) -> String? {
    let longest = 64
    guard name.utf8.count <= longest else { return nil }
    let wanted = Array(name.lowercased().utf8)
    let distances = candidates.filter { $0.utf8.count <= longest }.map {
        ($0, editDistance(wanted, Array($0.lowercased().utf8)))
    }
    // Three slips in a name of three letters would be any name.
    let allowed = min(3, max(1, wanted.count / 2))
    guard let best = distances.min(by: { ($0.1, $0.0) < ($1.1, $1.0) }), best.1 <= allowed else { return nil }
    return best.0
}

/// Levenshtein's distance, one row at a time.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (i, leftByte) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, rightByte) in right.enumerated() {
            let substitution = diagonal + (leftByte == rightByte ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substitution, row[j] + 1, diagonal + 1)
        }
    }
    return row[right.count]
}
