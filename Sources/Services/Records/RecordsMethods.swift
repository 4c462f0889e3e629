import Identifiers
import JSON
import Postgres
import RPC

/// What a workspace knows of people and companies.
struct Records: Sendable {
    let platform: Platform

    private static let workspace = #""workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10""#
    private static let one =
        #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","recordId":"0d6f3f6c-2a10-4c8e-9d54-6f1c0b8e3a55"}"#

    var methods: [Method] {
        [
            Method(
                "records.bulkUpsert",
                "Adds records, and changes those that are there already: all of them, or none.",
                role: .member,
                mutates: true, route: .post("/workspaces/{workspaceId}/records/bulk"),
                params: Params(
                    .workspace, .records(platform.limits),
                    Param.boolean(
                        "replace", "Whether fields that are not given are removed. Else they stay."
                    ).defaulting(to: false)),
                result: UpsertCounts.shape,
                example: Example(
                    "{\(Records.workspace),"
                        + #""records":[{"externalId":"ada","fields":{"city":"London"}}]}"#,
                    gives: #"{"inserted":1,"updated":0,"unchanged":0}"#),
                run: platform.transaction(bulkUpsert)),
            Method(
                "records.list", "Lists records, oldest first.", role: .viewer,
                route: .get("/workspaces/{workspaceId}/records"),
                params: Params(
                    .workspace, .optional(.filter),
                    .optional(
                        .text("externalId", RecordRules.externalIDLength, "Only the one of this name.")),
                    .limit, .optional(.cursor)),
                result: Record.shape.page,
                example: Example(
                    "{\(Records.workspace)," + #""filter":{"city":"London"}}"#,
                    gives: #"{"items":[],"nextCursor":null}"#),
                run: platform.list(list)),
            Method(
                "records.get", "Gives one record.", role: .viewer,
                route: .get("/workspaces/{workspaceId}/records/{recordId}"),
                params: Params(.workspace, .uuid("recordId", "The record.")), result: Record.shape,
                example: Example(Records.one, gives: #"{"fields":{}}"#),
                run: platform.lookup { workspace, id in Query(Records.getRecord, workspace, id) }),
            Method(
                "records.delete", "Deletes a record.", role: .member, mutates: true,
                route: .delete("/workspaces/{workspaceId}/records/{recordId}"),
                params: Params(.workspace, .uuid("recordId", "The record.")), result: .done,
                example: Example(Records.one, gives: "{}"), run: platform.transaction(delete)),
        ]
    }
}

extension Param where Value == RecordBatch {
    /// What `records.bulkUpsert` takes.
    static func records(_ limits: Limits) -> Param {
        let fields = Schema.object(name: nil, [], open: true)
        let record = Schema.object(
            name: "NewRecord",
            [
                Schema.Member(
                    "externalId", .string(length: RecordRules.externalIDLength, format: nil),
                    "What the workspace calls it."),
                Schema.Member(
                    "fields", fields,
                    "At most \(limits.recordFields), named by 1 to 64 letters, digits, `_`, `-` and `.`; each a string of at most "
                        + "\(RecordRules.valueLength) characters, a number, true or false. null removes the field."
                ),
            ], open: false)
        return Param(
            "records", .list(record, count: 1...limits.bulkRecords),
            "Each `{externalId, fields}`. Fields are merged into those that are there, null removes one. No `externalId` twice.",
            collecting: { json, errors in RecordBatch(json, limits, &errors) })
    }
}

extension Param where Value == RecordFilter {
    static let filter = Param(
        "filter", .object(name: nil, [], open: true),
        "Only records with these values, of at most \(RecordFilter.mostFields) fields, as `{\"city\":\"London\"}`.",
        collecting: RecordFilter.init(_:_:))
}

/// What a call of `records.bulkUpsert` has done.
struct UpsertCounts: Sendable {
    let inserted: Int64
    let updated: Int64
    let unchanged: Int64

    static let shape: Shape<UpsertCounts> = .object(
        "UpsertCounts",
        Field("inserted", .integer, "How many were not there.") { $0.inserted },
        Field("updated", .integer, "How many have other fields now.") { $0.updated },
        Field("unchanged", .integer, "How many had these fields already.") { $0.unchanged })
}

struct Record: Sendable {
    let id: UUID
    let externalID: String
    let fields: JSONText
    let sources: JSONText
    let version: Int64
    let createdAt: Timestamp
    let updatedAt: Timestamp

    /// From the columns `id, external_id, fields, sources, version, created_at, updated_at`.
    init(_ row: borrowing RowReader) throws {
        id = try row.get(0)
        externalID = try row.get(1)
        fields = try row.get(2)
        sources = try row.get(3)
        version = try row.get(4)
        createdAt = try row.get(5)
        updatedAt = try row.get(6)
    }

    static let shape: Shape<Record> = .object(
        "Record",
        Field("id", .uuid, "The record.") { $0.id },
        Field("externalId", .string, "What the workspace calls it.") { $0.externalID },
        Field("fields", .settings, "Each a string, a number, true or false.") { $0.fields },
        Field(
            "sources", .settings,
            "Of fields that a provider found: `{provider, at, confidence, jobId, cost, cached}`. What a caller gave has none."
        ) { $0.sources },
        Field("version", .integer, "Counts the changes.") { $0.version },
        Field("createdAt", .timestamp, "When it was made.") { $0.createdAt },
        Field("updatedAt", .timestamp, "When its fields were last changed.") { $0.updatedAt })
}
