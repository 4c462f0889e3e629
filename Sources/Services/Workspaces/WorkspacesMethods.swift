import Identifiers
import JSON
import Postgres
import RPC

/// Tenants.
struct Workspaces: Sendable {
    let platform: Platform

    var methods: [Method] {
        [
            Method(
                "workspaces.create", "Makes a workspace; its maker becomes its owner.", role: .user,
                mutates: true,
                creates: true, route: .post("/workspaces"),
                params: Params(
                    .text("name", 1...80, "What people call it."), .optional(.slug),
                    .optional(
                        .email("ownerEmail", "Who is to own it. The operator has to say, others may not."))),
                result: Workspace.shape,
                example: Example(#"{"name":"Acme"}"#, gives: #"{"name":"Acme","slug":"acme"}"#),
                run: platform.transaction(create)),
            Method(
                "workspaces.list", "Lists the caller's workspaces, oldest first.", role: .user,
                route: .get("/workspaces"), params: Params(.limit, .optional(.cursor)),
                result: Workspace.shape.page,
                example: Example("{}", gives: #"{"items":[],"nextCursor":null}"#),
                run: platform.transaction(options: .readOnly, list)),
            Method(
                "workspaces.get", "Gives one workspace.", role: .viewer,
                route: .get("/workspaces/{workspaceId}"),
                params: Params(.workspace), result: Workspace.shape,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10"}"#, gives: #"{"name":"Acme"}"#),
                run: platform.configuration { id in Query(Workspaces.getWorkspace, id) }),
            Method(
                "workspaces.update", "Changes what is given and leaves the rest.", role: .admin,
                mutates: true,
                route: .patch("/workspaces/{workspaceId}"),
                params: Params(
                    .workspace, .optional(.text("name", 1...80, "What people call it.")), .optional(.slug),
                    .optional(.object("settings", bytes: 16_384, "Replaces the settings.")),
                    .optional(.ifVersion)),
                result: Workspace.shape,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","name":"Acme Ltd"}"#,
                    gives: #"{"name":"Acme Ltd","version":2}"#),
                run: platform.transaction(update)),
            Method(
                "workspaces.delete", "Deletes a workspace and everything in it.", role: .owner, mutates: true,
                route: .delete("/workspaces/{workspaceId}"), params: Params(.workspace), result: .done,
                example: Example(#"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10"}"#, gives: "{}"),
                run: platform.transaction(delete)),
        ]
    }
}

extension Param where Value == String {
    /// A name for URLs.
    static let slug = Param(
        "slug",
        .string(length: 1...63, format: nil, pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"),
        "For URLs: lower-case letters, digits and hyphens. Made from the name when it is left out."
    ) { json in
        guard let text = json.string else { return .failure(Misfit(.type, "has to be a string")) }
        guard Slug.isValid(text) else {
            return .failure(
                Misfit(
                    .format, "has to be 1 to 63 lower-case letters, digits and inner hyphens, as acme-labs"))
        }
        return .success(text)
    }
}

extension Param where Value == Int64 {
    /// Whoever updates says what he has seen.
    static let ifVersion = integer("ifVersion", 1...Int64.max, "Refuse when it has another `version` by now.")
}

/// A tenant.
struct Workspace: Sendable {
    let id: UUID
    let name: String
    let slug: String
    let settings: JSONText
    let version: Int64
    let createdAt: Timestamp
    let updatedAt: Timestamp

    /// From the columns `id, name, slug, settings, version, created_at, updated_at`.
    init(_ row: borrowing RowReader) throws {
        id = try row.get(0)
        name = try row.get(1)
        slug = try row.get(2)
        settings = try row.get(3)
        version = try row.get(4)
        createdAt = try row.get(5)
        updatedAt = try row.get(6)
    }

    static let shape: Shape<Workspace> = .object(
        "Workspace", version: { $0.version },
        Field("id", .uuid, "The workspace.") { $0.id },
        Field("name", .string, "What people call it.") { $0.name },
        Field("slug", .string, "For URLs.") { $0.slug },
        Field("settings", .settings, "As they were set.") { $0.settings },
        Field("version", .integer, "Counts the changes; give it as `ifVersion`.") { $0.version },
        Field("createdAt", .timestamp, "When it was made.") { $0.createdAt },
        Field("updatedAt", .timestamp, "When it was last changed.") { $0.updatedAt })
}

extension Shape where Value == JSONText {
    /// An object of the callers' own.
    static let settings = Shape(.object(name: nil, [], open: true)) { $1.raw(Array($0.text.utf8)) }
}
