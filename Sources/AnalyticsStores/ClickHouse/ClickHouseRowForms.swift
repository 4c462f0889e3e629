import ClickHouse
import Identifiers
import JSON

/// Rows as lines of JSON, lists of values (JSONCompactEachRow): names of columns would be half of what is sent.
struct JSONLines {
    private var writer = JSONWriter()
    var bytes: [UInt8] { writer.bytes }

    /// As the columns of ``ClickHouseAnalytics/enrichmentTable``.
    mutating func append(_ row: EnrichmentRow, keptSeconds: Int64) {
        writer.beginArray()
        writer.string(row.key.workspaceID.description)
        writer.string(row.key.at.decimal)
        writer.string(row.key.jobID.description)
        writer.int(row.key.seq)
        writer.string(row.recordID.description)
        writer.string(row.field)
        writer.bool(row.isFirstField)
        writer.string(row.status)
        writer.string(row.provider)
        writer.int(row.cost)
        if let confidence = row.confidence { writer.double(confidence) } else { writer.null() }
        writer.int(row.attempts)
        writer.list(row.calls) { $1.string($0.provider) }
        writer.list(row.calls) { $1.string($0.outcome.rawValue) }
        writer.list(row.calls) { $1.int($0.milliseconds) }
        writer.int(row.isVoid ? 1 : 0)
        writer.int(row.key.at.seconds + keptSeconds)
        writer.endArray()
        writer.endLine()
    }

    /// As the columns of ``ClickHouseAnalytics/creditsTable``.
    mutating func append(_ row: CreditRow, keptSeconds: Int64) {
        writer.beginArray()
        writer.string(row.key.workspaceID.description)
        writer.string(row.key.at.decimal)
        writer.string(row.key.id.description)
        writer.string(row.type)
        writer.int(row.amount)
        writer.string(row.source)
        writer.string(row.provider)
        writer.int(row.key.at.seconds + keptSeconds)
        writer.endArray()
        writer.endLine()
    }
}

extension JSONWriter {
    fileprivate mutating func list<Element>(
        _ elements: [Element], _ write: (Element, inout JSONWriter) -> Void
    ) {
        beginArray()
        for element in elements { write(element, &self) }
        endArray()
    }
}

extension Timestamp {
    /// Seconds since 1970 with all six digits, as DateTime64(6) is read in whatever time zone.
    fileprivate var decimal: String {
        // A million before them keeps the zeros.
        "\(seconds).\(String(microseconds - seconds * 1_000_000 + 1_000_000).dropFirst())"
    }
}

extension EnrichmentRow {
    /// From the columns of ``ClickHouseAnalytics/listEnrichment``.
    init(_ row: ClickHouseRow, of workspace: UUID) throws(ClickHouseFailure) {
        let calls = try row.lists(11...13)
        let counted = calls[0].indices.compactMap { index -> ProviderCall? in
            guard let provider = calls[0][index].string,
                let outcome = calls[1][index].string.flatMap(ProviderCall.Outcome.init(rawValue:)),
                let time = calls[2][index].int64
            else { return nil }
            return ProviderCall(provider: provider, outcome: outcome, milliseconds: time)
        }
        self.init(
            key: EnrichmentRow.Key(
                workspaceID: workspace, at: Timestamp(microseconds: try row.integer(0)),
                jobID: try row.identifier(1), seq: try row.integer(2)),
            recordID: try row.identifier(3), field: try row.text(4), isFirstField: row.values[5].bool == true,
            status: try row.text(6), provider: try row.text(7), cost: try row.integer(8),
            confidence: try row.isNull(9) ? nil : try row.double(9), attempts: try row.integer(10),
            calls: counted)
    }
}

extension ClickHouseRow {
    func identifier(_ column: Int) throws(ClickHouseFailure) -> UUID {
        guard let value = UUID(try text(column)) else {
            throw .unusable("column \(column) of the answer is not a UUID")
        }
        return value
    }

    /// Arrays of one length, as those of a Nested column are.
    fileprivate func lists(_ columns: ClosedRange<Int>) throws(ClickHouseFailure) -> [[JSON]] {
        var lists: [[JSON]] = []
        for column in columns {
            guard values.indices.contains(column), values[column].kind == .array else {
                throw .unusable("column \(column) of the answer is not a list")
            }
            lists.append(Array(values[column].elements))
        }
        guard Set(lists.map(\.count)).count == 1 else {
            throw .unusable("lists of the answer that belong together differ in length")
        }
        return lists
    }
}

// MARK: - What is asked

extension ClickHouseParameter {
    static func limit(_ count: Int) -> ClickHouseParameter { .integer("limit", Int64(count)) }

    fileprivate static func optional(_ name: StaticString, _ value: String?) -> ClickHouseParameter {
        value.map { .text(name, $0) } ?? .null(name)
    }
}

extension EnrichmentQuestion {
    var parameters: [ClickHouseParameter] {
        [
            .uuid("workspace", workspaceID), .moment("from", range.from), .moment("to", range.to),
            .optional("provider", provider), .optional("field", field),
            jobID.map { .uuid("job", $0) } ?? .null("job"),
        ]
    }
}

extension CreditQuestion {
    var parameters: [ClickHouseParameter] {
        [
            .uuid("workspace", workspaceID), .moment("from", range.from), .moment("to", range.to),
            .optional("provider", provider), .optional("source", source),
        ]
    }
}

extension Grouping {
    var parameters: [ClickHouseParameter] {
        // Where time tells nothing apart all of it is at 0.
        [
            .text("grouping", name), .integers("bounds", bounds.isEmpty ? [0] : bounds),
            .integer("isTime", bounds.isEmpty ? 0 : 1),
        ]
    }
}

extension AnalyticsFailure {
    /// - Parameter inserting: whether rows may be what is wrong.
    init(_ error: ClickHouseFailure, inserting: Bool) {
        let text = "ClickHouse: \(error)"
        switch error {
        case _ where inserting && error.isAboutRows: self.init(.refused, text)
        case _ where !inserting && error.isLimit: self.init(.tooMuch, text)
        case .cancelled: self.init(.interrupted, text)
        default: self.init(.unavailable, text)
        }
    }
}

extension Array {
    /// Pieces of at most `size`.
    func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
