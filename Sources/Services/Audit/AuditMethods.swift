import Identifiers
import JSON
import Postgres
import RPC

/// Who did what: a row for every change, every refused role check, every login.
struct Audit: Sendable {
    let platform: Platform

    var methods: [Method] {
        [
            Method(
                "audit.list", "Lists what was done in a workspace, and what was refused, newest first.",
                role: .admin, route: .get("/workspaces/{workspaceId}/audit"),
                params: Params(
                    .workspace, .limit, .optional(.cursor),
                    .optional(.text("action", 1...100, "Only this method, as `members.add`."))),
                result: AuditEntry.shape.page,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10"}"#,
                    gives: #"{"items":[{"action":"workspaces.create"}],"nextCursor":null}"#),
                run: platform.list(list)),
            Method(
                "audit.search",
                "Finds where a secret or an email was given, and what was done with an API key.",
                role: .admin, sensitive: true, route: .post("/workspaces/{workspaceId}/audit/search"),
                params: Params(
                    .workspace,
                    .token(
                        "secret", length: 1...4096,
                        "The secret, or the email. It is hashed, and kept nowhere."), .limit,
                    .optional(.cursor)),
                result: AuditEntry.shape.page,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","secret":"hk_0123456789abcdef"}"#,
                    gives: #"{"items":[],"nextCursor":null}"#),
                run: platform.list(search)),
            Method(
                "admin.audit.verify",
                "Compares the trail with its seals: rows that were changed, removed, moved or put in are named.",
                role: .operator, streams: WorkProgress.schema, route: .post("/admin/verify/audit"),
                params: Params(.optional(.workspace), .optional(.keptSeal)), result: AuditVerification.shape,
                example: Example("{}", gives: #"{"found":0,"differences":[]}"#),
                run: platform.steps(verify)),
        ]
    }
}

extension Param where Value == AuditVerification.Kept {
    static let keptSeal = Param(
        "expect", .string(length: 66...90, format: nil),
        "The end of the chain as it was told before, `NUMBER:SEAL`; the chain has to have it still."
    ) { json in
        guard let text = json.string else { return .failure(Misfit(.type, "has to be a string")) }
        guard let kept = AuditVerification.Kept(text) else {
            return .failure(Misfit(.format, "has to be NUMBER:SEAL, as rpcd audit verify prints it"))
        }
        return .success(kept)
    }
}

/// One row of the trail.
struct AuditEntry: Sendable {
    let id: UUID
    let at: Timestamp
    let actor: String
    let action: String
    let object: JSONText
    let address: String
    let requestID: String
    let outcome: String

    /// From the columns `id, at, actor, action, object, address, request_id, outcome`.
    init(_ row: borrowing RowReader) throws {
        id = try row.get(0)
        at = try row.get(1)
        actor = try row.get(2)
        action = try row.get(3)
        object = try row.get(4)
        address = try row.get(5)
        requestID = try row.get(6)
        outcome = try row.get(7)
    }

    static let shape: Shape<AuditEntry> = .object(
        "AuditEntry",
        Field("id", .uuid, "The row.") { $0.id },
        Field("at", .timestamp, "When.") { $0.at },
        Field("actor", .string, "`user:…`, `apiKey:…`, `peer:uid:…` for the operator, else the address.") {
            $0.actor
        },
        Field("action", .string, "The method.") { $0.action },
        Field(
            "object", .settings,
            "The ids of what it was done to, roles and other choices; secrets and emails as keyed hashes."
        ) { $0.object },
        Field("address", .string, "From where: `ip:…` or `uid:…`.") { $0.address },
        Field("requestId", .string, "Under which the daemon's log has it.") { $0.requestID },
        Field("outcome", .string, "`OK`, or the code of the error.") { $0.outcome })
}
