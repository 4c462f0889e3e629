import Identifiers
import Postgres
import RPC

/// What programs call with: a role inside one workspace, and no person.
struct APIKeys: Sendable {
    let platform: Platform

    private static let workspaceExample = #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10"}"#

    var methods: [Method] {
        [
            Method(
                "apiKeys.create", "Makes an API key. Its secret is in this answer and nowhere else.",
                role: .admin,
                mutates: true, creates: true, sensitive: true,
                route: .post("/workspaces/{workspaceId}/api-keys"),
                params: Params(
                    .workspace, .text("name", 1...80, "What it is for."), .workspaceRole,
                    .optional(.timestamp("expiresAt", "When it ends by itself; never when left out."))),
                result: NewAPIKey.shape,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","name":"nightly import","role":"member"}"#,
                    gives: #"{"name":"nightly import","role":"member"}"#),
                run: platform.transaction(create)),
            Method(
                "apiKeys.list", "Lists the API keys that are in force, oldest first.", role: .admin,
                route: .get("/workspaces/{workspaceId}/api-keys"),
                params: Params(.workspace, .limit, .optional(.cursor)), result: APIKey.shape.page,
                example: Example(APIKeys.workspaceExample, gives: #"{"items":[],"nextCursor":null}"#),
                run: platform.transaction(options: .readOnly, list)),
            Method(
                "apiKeys.revoke", "Ends an API key; its next call is refused.", role: .admin, mutates: true,
                route: .delete("/workspaces/{workspaceId}/api-keys/{apiKeyId}"),
                params: Params(.workspace, .uuid("apiKeyId", "The key.")), result: .done,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","apiKeyId":"0d6f3f6c-2a10-4c8e-9d54-6f1c0b8e3a55"}"#,
                    gives: "{}"),
                run: platform.transaction(revoke)),
        ]
    }
}

/// An API key, without its secret.
struct APIKey: Sendable {
    let id: UUID
    let workspaceID: UUID
    let name: String
    let role: Role
    let createdBy: UUID?
    let createdAt: Timestamp
    let expiresAt: Timestamp?
    let lastUsedAt: Timestamp?

    /// From the columns `id, workspace_id, name, role, created_by, created_at, expires_at, last_used_at`.
    init(_ row: borrowing RowReader) throws {
        id = try row.get(0)
        workspaceID = try row.get(1)
        name = try row.get(2)
        role = try row.get(3)
        createdBy = try row.getOptional(4)
        createdAt = try row.get(5)
        expiresAt = try row.getOptional(6)
        lastUsedAt = try row.getOptional(7)
    }

    private static func fields<Value>(_ key: @escaping @Sendable (Value) -> APIKey) -> [Field<Value>] {
        [
            Field("id", .uuid, "The key.") { key($0).id },
            Field("workspaceId", .uuid, "Where it acts.") { key($0).workspaceID },
            Field("name", .string, "What it is for.") { key($0).name },
            Field("role", .workspaceRole, "What it may.") { key($0).role },
            Field("createdBy", Shape.uuid.nullable, "Who made it; null for the operator.") {
                key($0).createdBy
            },
            Field("createdAt", .timestamp, "When it was made.") { key($0).createdAt },
            Field("expiresAt", Shape.timestamp.nullable, "When it ends by itself.") { key($0).expiresAt },
            Field("lastUsedAt", Shape.timestamp.nullable, "To the minute.") { key($0).lastUsedAt },
        ]
    }

    static let shape: Shape<APIKey> = .object("ApiKey", fields { $0 })

    fileprivate static let newShape: Shape<NewAPIKey> = .object(
        "NewApiKey",
        fields { $0.key } + [Field("secret", .secret, "Shown once; only a hash is kept.") { $0.secret }])
}

/// An API key in the answer that shows its secret.
struct NewAPIKey: Sendable {
    let key: APIKey
    let secret: String

    static let shape = APIKey.newShape
}
