import Glibc
import JSON
import Services
import Tabular

/// A row of a file as the record that it stands for.
struct ImportRow {
    /// On which it begins.
    let line: Int
    let end: FilePosition
    /// As it stands in the file.
    let raw: [UInt8]
    /// As the daemon takes it, which is for the daemon to judge.
    let record: [UInt8]
    /// What the record is called, where that can be told.
    let externalID: String?
}

/// A row that could not be taken, and why.
struct Reject {
    let line: Int
    let reason: String
    let raw: [UInt8]
}

/// The rows of a file, one after the other, in memory that does not grow with the file.
struct RowSource {
    enum Item {
        case row(ImportRow)
        case fault(Reject, end: FilePosition)

        var end: FilePosition {
            switch self {
            case .row(let row): row.end
            case .fault(_, let end): end
            }
        }
    }

    /// Longer rows are no records that the daemon would take.
    private static let rowBytes = 256 * 1024
    private static let fieldBytes = 64 * 1024
    private static let mostColumns = 1000
    private static let headerBytes = 4096
    /// A record has two levels; a call around a deep one would be refused as a whole.
    private static let depth = 16
    private static let pieceBytes = 256 * 1024

    private let descriptor: Int32
    private let path: String
    private let format: RecordsFormat
    private let mapping: ColumnMapping
    /// What the columns of CSV are; nil for NDJSON.
    private var columns: MappedColumns?
    private var csv: CSVReader
    private var ndjson = NDJSONReader(lineBytes: RowSource.rowBytes, maxDepth: RowSource.depth)
    private var delimiter = CSVDelimiter.comma
    private var columnCount = 0
    private var isAtEnd = false
    private var piece = [UInt8](repeating: 0, count: RowSource.pieceBytes)

    private static let limits = CSVLimits(fieldBytes: fieldBytes, rowBytes: rowBytes, columns: mostColumns)

    /// Reads what names the columns.
    /// - Parameters:
    ///   - descriptor: at the beginning of the file.
    ///   - delimiter: guessed from the first row when it is not given.
    init(
        _ descriptor: Int32, path: String, format: RecordsFormat, delimiter: CSVDelimiter?,
        mapping: ColumnMapping
    ) throws {
        self.descriptor = descriptor
        self.path = path
        self.format = format
        self.mapping = mapping
        csv = CSVReader()
        guard format == .csv else { return }
        // What a pipe gives first may be less than a header.
        var beginning = try readPiece()
        while !isAtEnd, beginning.count < RowSource.headerBytes { beginning += try readPiece() }
        self.delimiter = delimiter ?? .detect(in: beginning) ?? .comma
        csv = CSVReader(delimiter: self.delimiter, limits: RowSource.limits)
        csv.append(beginning)
        if isAtEnd { csv.finish() }
        while columns == nil {
            if case .header(let names) = try csv.next() {
                columnCount = names.count
                columns = try RowSource.columns(names, mapping)
            } else {
                try readOn()
            }
        }
    }

    /// Goes on behind a row that has been dealt with.
    mutating func skip(to position: FilePosition) throws {
        guard lseek(descriptor, off_t(position.offset), SEEK_SET) == off_t(position.offset) else {
            throw CommandFailure("\(path) cannot be read from byte \(position.offset) on")
        }
        isAtEnd = false
        csv = CSVReader(columns: columnCount, at: position, delimiter: delimiter, limits: RowSource.limits)
        ndjson = NDJSONReader(
            at: position, lineBytes: RowSource.rowBytes, maxDepth: RowSource.depth)
    }

    /// The next row; nil at the end of the file.
    mutating func next() throws -> Item? {
        while true {
            if let item = try take() { return item }
            guard !isAtEnd else { return nil }
            try readOn()
        }
    }

    /// What is here already.
    private mutating func take() throws -> Item? {
        if let columns {
            switch try csv.next() {
            case .row(let row): .row(RowSource.record(of: row, columns))
            case .fault(let fault): RowSource.reject(fault)
            case .header, nil: nil
            }
        } else {
            switch ndjson.next() {
            case .row(let row): item(of: row)
            case .fault(let fault): RowSource.reject(fault)
            case nil: nil
            }
        }
    }

    private mutating func readOn() throws {
        let bytes = try readPiece()
        switch format {
        case .csv:
            csv.append(bytes)
            if isAtEnd { csv.finish() }
        case .ndjson:
            ndjson.append(bytes)
            if isAtEnd { ndjson.finish() }
        }
    }

    private mutating func readPiece() throws -> [UInt8] {
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                let reason = strerror(errno).map { String(cString: $0) } ?? ""
                throw CommandFailure("\(path) cannot be read: \(reason)")
            }
            isAtEnd = count == 0
            return Array(piece[..<count])
        }
    }

    private static func reject(_ fault: RowFault) -> Item {
        let place = fault.field.map { "field \($0): " } ?? ""
        return .fault(
            Reject(line: fault.start.line, reason: place + "\(fault.reason)", raw: fault.raw), end: fault.end)
    }
}

// MARK: rows as records

extension RowSource {
    private static func columns(_ names: [String], _ mapping: ColumnMapping) throws -> MappedColumns {
        let columns = try mapping.applied(to: names)
        for field in columns.fields where !RecordRules.isName(field.name) {
            let column = names[field.column]
            throw CommandFailure(
                "The column “\(column)” cannot be a field of that name, which is \(RecordRules.namesAre). Name it with --map '\(column)=field', or leave it out with --map '\(column)='"
            )
        }
        return columns
    }

    /// An empty cell says nothing of its field.
    private static func record(of row: CSVRow, _ columns: MappedColumns) -> ImportRow {
        let externalID = row[columns.externalID]
        var writer = JSONWriter(reserving: row.raw.count + 32 * columns.fields.count + 64)
        writer.beginObject()
        writer.key("externalId")
        writer.string(externalID)
        writer.key("fields")
        writer.beginObject()
        for field in columns.fields {
            let value = row[field.column]
            guard !value.isEmpty else { continue }
            writer.key(field.name)
            writer.string(value)
        }
        writer.endObject()
        writer.endObject()
        return ImportRow(
            line: row.start.line, end: row.end, raw: row.raw, record: writer.bytes, externalID: externalID)
    }

    /// With `fields`, as an export writes them, or with the fields beside `externalId`.
    private func item(of row: NDJSONRow) -> Item {
        guard row.value.kind == .object else {
            return .fault(
                Reject(line: row.start.line, reason: "not an object", raw: row.raw), end: row.end)
        }
        let isNested = row.value["fields"]?.kind == .object
        if isNested, mapping.isEmpty {
            return .row(
                ImportRow(
                    line: row.start.line, end: row.end, raw: row.raw, record: row.raw,
                    externalID: row.value["externalId"]?.string))
        }
        return .row(mapped(row, isNested: isNested))
    }

    private func mapped(_ row: NDJSONRow, isNested: Bool) -> ImportRow {
        var externalID: JSON?
        var writer = JSONWriter(reserving: row.value.sourceBytes.count + 64)
        writer.beginObject()
        writer.key("fields")
        writer.beginObject()
        for (key, value) in (isNested ? row.value["fields"] ?? row.value : row.value).members {
            let column = key.string ?? ""
            guard let field = mapping.field(ofColumn: column) else { continue }
            if field == ColumnMapping.externalID {
                externalID = value
            } else {
                writer.key(field)
                writer.value(value)
            }
        }
        writer.endObject()
        if isNested {
            for (key, value) in row.value.members where key.string != "fields" {
                if key.string == ColumnMapping.externalID {
                    externalID = externalID ?? value
                } else {
                    // The daemon says what it thinks of them.
                    writer.key(key.string ?? "")
                    writer.value(value)
                }
            }
        }
        if let externalID {
            writer.key("externalId")
            writer.value(externalID)
        }
        writer.endObject()
        return ImportRow(
            line: row.start.line, end: row.end, raw: row.raw, record: writer.bytes,
            externalID: externalID?.string)
    }
}
