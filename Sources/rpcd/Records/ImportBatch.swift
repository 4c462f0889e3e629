import JSON
import Tabular

/// How much an import has done.
struct ImportCounts: Equatable {
    var inserted: Int64 = 0
    var updated: Int64 = 0
    var unchanged: Int64 = 0
    var rejected: Int64 = 0

    var rows: Int64 { inserted + updated + unchanged + rejected }

    static func += (left: inout ImportCounts, right: ImportCounts) {
        left.inserted += right.inserted
        left.updated += right.updated
        left.unchanged += right.unchanged
        left.rejected += right.rejected
    }

    var description: String {
        "\(rows) rows: \(inserted) inserted, \(updated) updated, \(unchanged) unchanged, \(rejected) rejected"
    }
}

/// Rows that go to the daemon in one call: no two of the same record, for the daemon takes each once in a call.
struct ImportBatch {
    private(set) var rows: [ImportRow] = []
    private(set) var rejects: [Reject] = []
    /// Behind its last row.
    private(set) var end: FilePosition
    private(set) var names: Set<String> = []
    private(set) var bytes = 0
    /// Of the call that carries it; `nil` when it waits to be sent.
    var requestID: Int?
    /// Set when the daemon has taken it.
    var counts: ImportCounts?

    /// A call of this size is far from the daemon's limit, and a few of them are far from ours.
    private static let mostBytes = 2 * 1024 * 1024

    init(at position: FilePosition) {
        end = position
    }

    var isEmpty: Bool { rows.isEmpty && rejects.isEmpty }

    /// - Returns: false when it has to go into the next one.
    mutating func add(_ item: RowSource.Item, most: Int) -> Bool {
        guard isEmpty || rows.count + rejects.count < most && bytes < ImportBatch.mostBytes else {
            return false
        }
        switch item {
        case .row(let row):
            if let name = row.externalID, !names.insert(name).inserted { return false }
            rows.append(row)
            bytes += row.raw.count + row.record.count
        case .fault(let reject, _):
            rejects.append(reject)
            bytes += reject.raw.count
        }
        end = item.end
        return true
    }

    /// Takes out the rows that the daemon has named.
    /// - Parameter details: of a `VALIDATION_ERROR`, whose paths are as `records[3].fields.email`.
    /// - Returns: whether there were any.
    mutating func reject(_ details: JSON?) -> Bool {
        var reasons: [Int: [String]] = [:]
        for fault in details?["fields"]?.elements.map({ $0 }) ?? [] {
            guard let path = fault["path"]?.string, path.hasPrefix("records["),
                let close = path.firstIndex(of: "]"),
                let index = Int(path.dropFirst("records[".count).prefix(upTo: close)),
                rows.indices.contains(index)
            else { continue }
            var place = path[path.index(after: close)...].drop { $0 == "." }
            if place.hasPrefix("fields.") { place = place.dropFirst("fields.".count) }
            let message = fault["message"]?.string ?? "does not fit"
            reasons[index, default: []].append(place.isEmpty ? message : "\(place) \(message)")
        }
        guard !reasons.isEmpty else { return false }
        rejects += reasons.keys.sorted().map { index in
            Reject(
                line: rows[index].line, reason: (reasons[index] ?? []).joined(separator: "; "),
                raw: rows[index].raw)
        }
        rejects.sort { $0.line < $1.line }
        rows = rows.enumerated().filter { reasons[$0.offset] == nil }.map(\.element)
        return true
    }

    /// - Parameter result: of the call; `nil` when there was nothing to call for.
    mutating func finish(_ result: JSON?) {
        func count(_ name: String) -> Int64 { result?[name]?.int64 ?? 0 }
        counts = ImportCounts(
            inserted: count("inserted"), updated: count("updated"), unchanged: count("unchanged"),
            rejected: Int64(rejects.count))
    }
}
