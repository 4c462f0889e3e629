import AnalyticsStores
import Identifiers
import RPC

extension Analytics {
    private static let rowsAtOnce = 1000

    /// Page by page; the next is not read before there is room for it with whoever takes them.
    func export(
        _ call: Call, _ workspace: UUID, _ dataset: AnalyticsDataset, _ range: RangeName?, _ from: Timestamp?,
        _ to: Timestamp?, _ provider: String?
    ) async throws -> StreamedDocument {
        let range = try Analytics.range(range, from, to)
        var document = StreamedDocument(contentType: CSVText.contentType)
        switch dataset {
        case .enrichment:
            var question = EnrichmentQuestion(workspaceID: workspace, range: range)
            question.provider = provider
            let asked = question
            try await send(
                call, EnrichmentRow.csvHeader, &document,
                page: { after in
                    try await ask(call) { store in
                        try await store.enrichmentRows(asked, after: after, limit: Analytics.rowsAtOnce, call)
                    }
                }, key: \.key, cells: \.csvCells)
        case .credits:
            var question = CreditQuestion(workspaceID: workspace, range: range)
            question.provider = provider
            let asked = question
            try await send(
                call, CreditRow.csvHeader, &document,
                page: { after in
                    try await ask(call) { store in
                        try await store.creditRows(asked, after: after, limit: Analytics.rowsAtOnce, call)
                    }
                }, key: \.key, cells: \.csvCells)
        }
        return document
    }

    private func send<Row: Sendable, Key: Sendable>(
        _ call: Call, _ header: [String], _ document: inout StreamedDocument,
        page: (Key?) async throws -> [Row], key: (Row) -> Key, cells: (Row) -> [String]
    ) async throws {
        var last: Key?
        var text = CSVText()
        text.append(header)
        var isDone = false
        while !isDone {
            let rows = try await page(last)
            for row in rows { text.append(cells(row)) }
            document.rows += Int64(rows.count)
            document.bytes += Int64(text.bytes.count)
            try await call.send(text.bytes)
            text = CSVText()
            last = rows.last.map(key)
            isDone = rows.count < Analytics.rowsAtOnce
        }
    }
}

/// Lines of CSV (RFC 4180).
struct CSVText {
    static let contentType = "text/csv; charset=utf-8; header=present"
    private(set) var bytes: [UInt8] = []

    /// A cell is quoted where it has to be. None of ours begins as a formula does: names, numbers and moments.
    mutating func append(_ cells: [String]) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            let needsQuotes = cell.utf8.contains { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }
            bytes += Array((needsQuotes ? "\"" + cell.replacing("\"", with: "\"\"") + "\"" : cell).utf8)
        }
        bytes += [0x0D, 0x0A]
    }
}

extension EnrichmentRow {
    fileprivate static let csvHeader = [
        "at", "jobId", "task", "recordId", "field", "status", "provider", "credits", "confidence", "attempts",
    ]

    fileprivate var csvCells: [String] {
        [
            key.at.description, key.jobID.description, String(key.seq), recordID.description, field, status,
            provider, String(cost), confidence.map { String($0) } ?? "", String(attempts),
        ]
    }
}

extension CreditRow {
    fileprivate static let csvHeader = ["at", "id", "type", "source", "provider", "amount"]

    fileprivate var csvCells: [String] {
        [key.at.description, key.id.description, type, source, provider, String(amount)]
    }
}
