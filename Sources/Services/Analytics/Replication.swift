import AnalyticsStores
import Cryptography
import Identifiers
import Postgres

/// What is on its way from the database of the transactions to the store of analytics.
enum Replication {
    /// That something happened, as it was noted with it.
    struct Note: Sendable {
        let id: Int64
        let workspaceID: UUID
        let ledgerID: UUID?
        let jobID: UUID?
        let seq: Int64?
        let voidAt: Timestamp?
        let createdAt: Timestamp
    }

    /// The result of a task, and the place of its field in the job.
    struct Result: Sendable {
        let key: EnrichmentRow.Key
        let recordID: UUID
        let field: Int64
        let status: String
        let provider: String
        let cost: Int64
        let confidence: Double?
        let attempts: Int64
        let calls: [ProviderCall]

        init(_ row: borrowing RowReader) throws {
            key = EnrichmentRow.Key(
                workspaceID: try row.get(0), at: try row.get(1), jobID: try row.get(2), seq: try row.get(3))
            recordID = try row.get(4)
            field = try row.get(5)
            status = try row.get(6)
            provider = try row.getOptional(7) ?? ""
            cost = try row.get(8)
            confidence = try row.getOptional(9)
            attempts = try row.get(10)
            calls = try row.getOptional(11, as: JSONText.self).map { ProviderCall.list($0.text) } ?? []
        }

        func row(named field: String) -> EnrichmentRow {
            EnrichmentRow(
                key: key, recordID: recordID, field: field, isFirstField: self.field == 0, status: status,
                provider: provider, cost: cost, confidence: confidence, attempts: attempts, calls: calls)
        }
    }

    struct DueErasure: Sendable {
        let id: Int64
        let erasure: Erasure
        let isRepetition: Bool
    }

    struct Backlog: Sendable {
        var notes: Int64 = 0
        /// Of the oldest.
        var ageMicroseconds: Int64 = 0
        /// Whether something has to be read anew.
        var hasGap = false
    }

    struct Gap: Sendable {
        let since: Timestamp?
        let changedAt: Timestamp
        let done: Int64
        let total: Int64
    }

    /// What is to be sent.
    enum Item: Sendable {
        case enrichment(EnrichmentRow)
        case credit(CreditRow)
    }

    /// The rows that these notes tell of; what is gone meanwhile has none.
    static func items(of notes: [Note], in tx: borrowing Transaction) throws -> [Item] {
        let transactions = notes.compactMap(\.ledgerID)
        let credits =
            transactions.isEmpty
            ? [:]
            : Dictionary(
                try tx.all(Replication.listTransactions, UUIDArray(transactions)).map { ($0.key.id, $0) }
            ) { first, _ in first }
        let asked = notes.filter { $0.jobID != nil && $0.voidAt == nil }
        let results =
            asked.isEmpty
            ? []
            : try tx.all(
                Replication.listResults, UUIDArray(asked.compactMap(\.jobID)),
                IntegerArray(asked.compactMap(\.seq)))
        let names = try fieldNames(of: results, in: tx)
        let found = Dictionary(results.map { (TaskID(jobID: $0.key.jobID, seq: $0.key.seq), $0) }) { $1 }
        return notes.compactMap { note in
            if let id = note.ledgerID { return credits[id].map { .credit($0) } }
            guard let job = note.jobID, let seq = note.seq else { return nil }
            if let at = note.voidAt {
                let key = EnrichmentRow.Key(workspaceID: note.workspaceID, at: at, jobID: job, seq: seq)
                return .enrichment(EnrichmentRow(void: key))
            }
            return found[TaskID(jobID: job, seq: seq)].flatMap { result in
                names.name(of: result).map { .enrichment(result.row(named: $0)) }
            }
        }
    }

    private struct TaskID: Hashable {
        let jobID: UUID
        let seq: Int64
    }

    /// What jobs call their fields.
    struct FieldNames {
        fileprivate let names: [UUID: [String]]

        func name(of result: Result) -> String? {
            guard let names = names[result.key.jobID], names.indices.contains(Int(result.field)) else {
                return nil
            }
            return names[Int(result.field)]
        }
    }

    static func fieldNames(of results: [Result], in tx: borrowing Transaction) throws -> FieldNames {
        let jobs = Set(results.map(\.key.jobID))
        guard !jobs.isEmpty else { return FieldNames(names: [:]) }
        return FieldNames(
            names: Dictionary(
                try tx.all(Replication.listFields, UUIDArray(Array(jobs))).map {
                    ($0.jobID, $0.fields.map(\.name))
                }
            ) { first, _ in first })
    }
}

extension AnalyticsBatch {
    init(_ items: [Replication.Item], keptSeconds: Int64) {
        var enrichment: [EnrichmentRow] = []
        var credits: [CreditRow] = []
        for item in items {
            switch item {
            case .enrichment(let row): enrichment.append(row)
            case .credit(let row): credits.append(row)
            }
        }
        self.init(enrichment: enrichment, credits: credits, keptSeconds: keptSeconds)
    }

    /// The same for the same rows: a batch that comes again is known again.
    /// - Parameter occasion: rows that are sent once more because the store has lost them are no repetition.
    func token(occasion: Timestamp? = nil) throws(CryptographyError) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(33 * (enrichment.count + credits.count) + 8)
        func add(_ id: UUID, _ numbers: (Int64, Int64), _ kind: UInt8) {
            bytes.append(kind)
            bytes += id.bytes
            withUnsafeBytes(of: (numbers.0.bigEndian, numbers.1.bigEndian)) { bytes += $0 }
        }
        if let occasion { withUnsafeBytes(of: occasion.microseconds.bigEndian) { bytes += $0 } }
        for row in enrichment {
            add(row.key.jobID, (row.key.seq, row.key.at.microseconds), row.isVoid ? 1 : 0)
        }
        for row in credits { add(row.key.id, (0, 0), 2) }
        return try SHA256.digest(bytes).hex
    }
}
