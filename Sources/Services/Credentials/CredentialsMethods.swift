import Identifiers
import Postgres
import RPC

/// Keys of external providers. They go in; what comes out is their last characters.
struct Credentials: Sendable {
    let platform: Platform

    private static let example =
        #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","credentialId":"0d6f3f6c-2a10-4c8e-9d54-6f1c0b8e3a55"}"#

    var methods: [Method] {
        [
            Method(
                "credentials.create", "Stores a provider's key, encrypted.", role: .admin, mutates: true,
                creates: true, sensitive: true, route: .post("/workspaces/{workspaceId}/credentials"),
                params: Params(
                    .workspace, .provider, .optional(.text("label", 0...80, "To tell several apart.")),
                    .secret("key", "The provider's key."),
                    .optional(.secret("secret", "Where the provider has two parts."))),
                result: Credential.shape,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","provider":"hunter","key":"hk_0123456789abcdef"}"#,
                    gives: #"{"provider":"hunter","maskedKey":"…cdef"}"#),
                run: platform.transaction(
                    reading: { workspace, _, _, _, _ in Query(Credentials.getSalt, workspace) }, create)),
            Method(
                "credentials.list", "Lists the credentials of a workspace, oldest first.", role: .viewer,
                sensitive: true, route: .get("/workspaces/{workspaceId}/credentials"),
                params: Params(.workspace, .limit, .optional(.cursor)), result: Credential.shape.page,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10"}"#,
                    gives: #"{"items":[],"nextCursor":null}"#),
                run: platform.transaction(options: .readOnly, list)),
            Method(
                "credentials.get", "Gives one credential, masked.", role: .viewer, sensitive: true,
                route: .get("/workspaces/{workspaceId}/credentials/{credentialId}"),
                params: Params(.workspace, .uuid("credentialId", "The credential.")),
                result: Credential.shape,
                example: Example(Credentials.example, gives: #"{"provider":"hunter"}"#),
                run: platform.lookup { workspace, id in Query(Credentials.getCredential, workspace, id) }),
            Method(
                "credentials.update", "Changes what is given and leaves the rest.", role: .admin,
                mutates: true,
                sensitive: true, route: .patch("/workspaces/{workspaceId}/credentials/{credentialId}"),
                params: Params(
                    .workspace, .uuid("credentialId", "The credential."),
                    .optional(.text("label", 0...80, "To tell several apart.")),
                    .optional(.secret("key", "The provider's key.")),
                    .optional(.secret("secret", "Where the provider has two parts.")), .optional(.ifVersion)),
                result: Credential.shape,
                example: Example(Credentials.example, gives: #"{"provider":"hunter"}"#),
                run: platform.transaction(update)),
            Method(
                "credentials.delete", "Deletes a credential.", role: .admin, mutates: true, sensitive: true,
                route: .delete("/workspaces/{workspaceId}/credentials/{credentialId}"),
                params: Params(.workspace, .uuid("credentialId", "The credential.")), result: .done,
                example: Example(Credentials.example, gives: "{}"), run: platform.transaction(delete)),
        ]
    }
}

extension Param where Value == String {
    /// The slug of a provider.
    static let provider = providerSlug("provider")

    static func providerSlug(_ name: String) -> Param {
        Param(
            name, .string(length: 1...63, format: nil, pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"),
            "Which provider, as hunter."
        ) { json in
            guard let text = json.string else { return .failure(Misfit(.type, "has to be a string")) }
            guard Slug.isValid(text) else {
                return .failure(
                    Misfit(
                        .format, "has to be 1 to 63 lower-case letters, digits and inner hyphens, as hunter")
                )
            }
            return .success(text)
        }
    }
}

extension Param where Value == Secret {
    /// Text that is never shown again.
    static func secret(_ name: String, _ summary: String) -> Param {
        let length = 1...4096
        return Param(name, .string(length: length, format: Fingerprints.format), summary) { json in
            checkedText(json, length).map { Secret(bytes: Array($0.utf8)) }
        }
    }
}

/// A credential, as everybody sees it who may see it at all.
struct Credential: Sendable {
    let id: UUID
    let provider: String
    let label: String
    let maskedKey: String
    let hasSecret: Bool
    let keyVersion: Int64
    let version: Int64
    let createdBy: UUID?
    let createdAt: Timestamp
    let lastUsedAt: Timestamp?

    /// From the columns of ``Credentials/getCredential``.
    init(_ row: borrowing RowReader) throws {
        id = try row.get(0)
        provider = try row.get(1)
        label = try row.get(2)
        maskedKey = try row.get(3)
        hasSecret = try row.get(4)
        keyVersion = try row.get(5)
        version = try row.get(6)
        createdBy = try row.getOptional(7)
        createdAt = try row.get(8)
        lastUsedAt = try row.getOptional(9)
    }

    static let shape: Shape<Credential> = .object(
        "Credential", version: { $0.version },
        Field("id", .uuid, "The credential.") { $0.id },
        Field("provider", .string, "Which provider it is for.") { $0.provider },
        Field("label", .string, "To tell several apart.") { $0.label },
        Field("maskedKey", .string, "Its last four characters, or none of a short one.") { $0.maskedKey },
        Field("hasSecret", .boolean, "Whether it has a second part.") { $0.hasSecret },
        Field("keyVersion", .integer, "Of the master key that it is sealed under.") { $0.keyVersion },
        Field("version", .integer, "Counts the changes; give it as `ifVersion`.") { $0.version },
        Field("createdBy", Shape.uuid.nullable, "Who stored it.") { $0.createdBy },
        Field("createdAt", .timestamp, "When.") { $0.createdAt },
        Field("lastUsedAt", Shape.timestamp.nullable, "When a provider was last called with it.") {
            $0.lastUsedAt
        })
}
