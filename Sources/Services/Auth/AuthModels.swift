import Identifiers
import Postgres
import RPC

/// An account, as its owner sees it.
struct User: Sendable {
    let id: UUID
    let email: String
    let name: String
    let createdAt: Timestamp
    let isEmailVerified: Bool

    /// From the columns `id, email, name, created_at, email is verified`.
    init(_ row: borrowing RowReader) throws {
        id = try row.get(0)
        email = try row.get(1)
        name = try row.get(2)
        createdAt = try row.get(3)
        isEmailVerified = try row.get(4)
    }

    static let shape: Shape<User> = .object(
        "User",
        Field("id", .uuid, "The account.") { $0.id },
        Field("email", .string, "In its normal form, lower case.") { $0.email },
        Field("name", .string, "What others see.") { $0.name },
        Field("createdAt", .timestamp, "When it was made.") { $0.createdAt },
        Field("emailVerified", .boolean, "Whether the address has been shown to be his.") {
            $0.isEmailVerified
        })
}

/// Tokens of one session.
struct Login: Sendable {
    let accessToken: String
    let refreshToken: String
    let user: User

    static let shape: Shape<Login> = .object(
        "Login",
        Field("accessToken", .secret, "Send it as `_meta.token` or `Authorization: Bearer`.") {
            $0.accessToken
        },
        Field("refreshToken", .secret, "Good for one `auth.refresh` within 7 days.") { $0.refreshToken },
        Field("tokenType", .string, "Always `Bearer`.") { _ in "Bearer" },
        Field("expiresIn", .integer, "Seconds the access token is good for.") { _ in Tokens.accessSeconds },
        Field("user", User.shape, "Who logged in.") { $0.user })
}

/// Where a user belongs.
struct Membership: Sendable {
    let workspaceID: UUID
    let name: String
    let role: Role

    /// From the columns `workspace id, name, role`.
    init(_ row: borrowing RowReader) throws {
        workspaceID = try row.get(0)
        name = try row.get(1)
        role = try row.get(2)
    }

    static let shape: Shape<Membership> = .object(
        "Membership",
        Field("workspaceId", .uuid, "The workspace.") { $0.workspaceID },
        Field("name", .string, "Its name.") { $0.name },
        Field("role", .workspaceRole, "What he is there.") { $0.role })
}

/// Who is calling.
struct Me: Sendable {
    var user: User?
    var isOperator = false
    var apiKey: APIKey?
    var memberships: [Membership] = []

    static let shape: Shape<Me> = .object(
        "Me",
        Field("user", User.shape.nullable, "Null for the operator and for API keys.") { $0.user },
        Field("operator", .boolean, "Whether it is the operator.") { $0.isOperator },
        Field("apiKey", APIKey.shape.nullable, "Of a program that calls with one.") { $0.apiKey },
        Field("memberships", Membership.shape.list, "At most 100, by name.") { $0.memberships })
}

extension Role: PostgresDecodable, PostgresParameter {
    public init?(postgresBinary bytes: UnsafeRawBufferPointer) {
        guard let name = String(postgresBinary: bytes), let role = Role(workspaceRole: name) else {
            return nil
        }
        self = role
    }

    public var postgresText: String? { name }
}
