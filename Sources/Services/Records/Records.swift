import Cryptography
import Identifiers
import JSON
import Postgres
import RPC

extension Records {
    func bulkUpsert(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ batch: RecordBatch,
        _ replaces: Bool
    ) throws -> UpsertCounts {
        let ids = UUIDArray(try Records.newIDs(batch.count))
        let (given, count) = (batch.fieldsByExternalID, Int64(batch.count))
        // The usual case: none of them is there.
        if let inserted = try tx.one(Records.insert, workspace, given, batch.hasNull, ids) {
            guard inserted == count else { throw CallError(.notFound, "No such workspace") }
            return UpsertCounts(inserted: inserted, updated: 0, unchanged: 0)
        }
        let outcome = try tx.one(
            Records.upsert, workspace, given, replaces, batch.hasNull, ids,
            platform.limits.recordBytes + platform.limits.recordFields * Records.fieldOverheadBytes,
            platform.limits.recordFields)
        guard outcome.isInWorkspace else { throw CallError(.notFound, "No such workspace") }
        if let overfull = outcome.overfull { throw self.overfull(try JSON.parse(overfull.text), in: batch) }
        return UpsertCounts(
            inserted: outcome.inserted, updated: outcome.updated,
            unchanged: count - outcome.inserted - outcome.updated)
    }

    /// What a field takes as `jsonb` beyond its JSON, at most.
    private static let fieldOverheadBytes = 16

    /// Those of one call follow each other, and those of later calls follow them.
    private static func newIDs(_ count: Int) throws -> [UUID] {
        let random = try SecureRandom.bytes(count * 8).withUnsafeBytes { bytes in
            (0..<count).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
        }
        return UUID.timeOrdered(
            milliseconds: UInt64(max(0, Timestamp.now.microseconds / 1000)), random)
    }

    /// - Parameter names: of records that would have too much in them, with what they have already.
    private func overfull(_ names: JSON, in batch: RecordBatch) -> CallError {
        let places = names.elements.compactMap { $0.string.flatMap(batch.place(of:)) }.sorted()
        let limits = platform.limits
        return .fields(
            places.map {
                FieldError(
                    "records[\($0)].fields", .length,
                    "would have more than \(limits.recordFields) fields or \(limits.recordBytes) bytes, with those that are there"
                )
            })
    }

    func list(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ filter: RecordFilter?,
        _ externalID: String?, _ limit: Int64, _ cursor: Cursor?
    ) throws -> Page<Record> {
        let (moment, id) = ((cursor ?? .start).moment, (cursor ?? .start).id)
        let wanted = filter.map { JSONText($0.json.source) }
        let rows: [Record]
        if let externalID {
            rows = try tx.all(
                Records.listByExternalID, workspace, moment, id, limit + 1, externalID, wanted)
        } else if let wanted, filter?.json.count != 0 {
            tx.queue(Records.planByValues)
            rows = try tx.all(Records.listByFields, workspace, moment, id, limit + 1, wanted)
        } else {
            rows = try tx.all(Records.listRecords, workspace, moment, id, limit + 1)
        }
        return Page(rows, limit: limit) { Cursor($0.createdAt, $0.id) }
    }

    func delete(_ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ id: UUID) throws -> Done {
        guard try tx.execute(Records.deleteRecord, workspace, id) == 1 else {
            throw CallError(.notFound, "No such record")
        }
        tx.noteErasure(of: id, in: workspace)
        return Done()
    }
}
