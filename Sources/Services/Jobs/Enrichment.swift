import Identifiers
import JSON
import Postgres
import RPC

/// What one record takes of what was found for it, and what it tells of where that came from. A record has bounds whoever writes into it: what
/// would break them stays in the results of the job alone.
struct Enrichment {
    /// A record as it stands.
    struct Row: Sendable {
        let id: UUID
        let fields: JSONText
        let sources: JSONText

        init(_ row: borrowing RowReader) throws {
            (id, fields, sources) = (try row.get(0), try row.get(1), try row.get(2))
        }

        init(id: UUID, fields: JSONText, sources: JSONText) {
            (self.id, self.fields, self.sources) = (id, fields, sources)
        }
    }

    let id: UUID
    let there: JSON
    private let sourcesThere: JSON
    private let limits: Limits
    /// Of its fields, as PostgreSQL writes them out: at least what they take anywhere else.
    private var bytes: Int
    private var count: Int
    private var taken: [(name: String, value: JSONText, source: [UInt8])] = []

    init(_ row: Row, _ limits: Limits) throws {
        id = row.id
        there = try JSON.parse(row.fields.text)
        sourcesThere = try JSON.parse(row.sources.text)
        self.limits = limits
        (bytes, count) = (row.fields.text.utf8.count, there.count)
    }

    /// Whether anything changes.
    var isNews: Bool { !taken.isEmpty }

    /// What changes: an object of names and values.
    var fields: JSONText { text { $0.raw(Array($1.value.text.utf8)) } }

    /// The same of names and where each value came from.
    var sources: JSONText { text { $0.raw($1.source) } }

    /// - Parameters:
    ///   - asked: the record's fields as they were when the provider was asked.
    ///   - names: those of them that the provider reads.
    /// - Returns: why the record does not take it.
    mutating func take(
        _ name: String, _ result: TaskOutcome.Result, of job: UUID, asked: JSON, reading names: [String],
        now: Timestamp
    ) throws -> String? {
        guard let text = result.value else { return nil }
        func hasChanged(_ name: String) -> Bool { there[name]?.source != asked[name]?.source }
        // An answer to another question; or what somebody has written there himself, which no provider gave.
        if names.contains(where: hasChanged) || hasChanged(name) && sourcesThere[name] == nil {
            return "It is not in the record, which somebody has changed since it was asked about"
        }
        let value = try JSON.parse(text.text)
        if let misfit = RecordRules.misfit(of: value) {
            return "It is not in the record, where a value \(misfit.message)"
        }
        let before = there[name]
        // It is there already: who paid for it and when it was given stays as it is.
        if result.status == .cached, let before, Enrichment.isSame(before, value),
            sourcesThere[name]?["provider"]?.string == result.provider
        {
            return nil
        }
        let room = (bytes: bytes + growth(name, value, before), count: count + (before == nil ? 1 : 0))
        guard room.bytes <= max(limits.recordBytes, bytes), room.count <= max(limits.recordFields, count)
        else {
            return
                "It is not in the record, which would have more than \(limits.recordFields) fields or \(limits.recordBytes) bytes"
        }
        (bytes, count) = room
        taken.append((name, text, Enrichment.source(result, of: job, now: now)))
        return nil
    }

    /// In bytes, with the quotes, the colon, the comma and their spaces.
    private func growth(_ name: String, _ value: JSON, _ before: JSON?) -> Int {
        value.sourceBytes.count - (before?.sourceBytes.count ?? -(name.utf8.count + 6))
    }

    private static func isSame(_ one: JSON, _ other: JSON) -> Bool {
        func canonical(_ value: JSON) -> [UInt8] {
            var writer = JSONWriter()
            writer.canonical(value)
            return writer.bytes
        }
        return canonical(one) == canonical(other)
    }

    /// What a record tells of where a field came from.
    private static func source(_ result: TaskOutcome.Result, of job: UUID, now: Timestamp) -> [UInt8] {
        JSONWriter.object { writer in
            writer.key("provider")
            writer.string(result.provider ?? "")
            writer.key("at")
            writer.string((result.answeredAt ?? now).description)
            writer.key("confidence")
            writer.double(result.confidence ?? 0)
            writer.key("jobId")
            writer.string(job.description)
            writer.key("cost")
            writer.int(result.cost)
            writer.key("cached")
            writer.bool(result.status == .cached)
        }
    }

    private func text(
        _ write: (inout JSONWriter, (name: String, value: JSONText, source: [UInt8])) -> Void
    ) -> JSONText {
        let bytes = JSONWriter.object { writer in
            for entry in taken {
                writer.key(entry.name)
                write(&writer, entry)
            }
        }
        return JSONText(String(decoding: bytes, as: UTF8.self))
    }
}
