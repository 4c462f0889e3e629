import Identifiers
import Postgres
import RPC

/// The caller's logins, and the token of a connection.
struct Sessions: Sendable {
    let platform: Platform

    var methods: [Method] {
        [
            Method(
                "session.authenticate",
                "Binds a token to this connection: later calls that bring none are made with it. Not over HTTP.",
                role: .public, bindsToken: true,
                params: Params(.token("token", length: 1...8192, "An access token, or an API key.")),
                result: Me.shape,
                example: Example(#"{"token":"…"}"#, gives: #"{"operator":false,"memberships":[]}"#),
                run: platform.transaction(options: .readOnly, authenticate)),
            Method(
                "auth.sessions.list", "Lists the caller's logins that are in force, newest first.",
                role: .user,
                sensitive: true, route: .get("/auth/sessions"), params: Params(.limit, .optional(.cursor)),
                result: Session.shape.page,
                example: Example("{}", gives: #"{"items":[{"current":true}],"nextCursor":null}"#),
                run: platform.transaction(options: .readOnly, list)),
            Method(
                "auth.sessions.revoke", "Ends one of the caller's logins; its next call is refused.",
                role: .user,
                mutates: true, sensitive: true, route: .delete("/auth/sessions/{sessionId}"),
                params: Params(.uuid("sessionId", "The login.")), result: .done,
                example: Example(#"{"sessionId":"0d6f3f6c-2a10-4c8e-9d54-6f1c0b8e3a55"}"#, gives: "{}"),
                run: platform.transaction(revoke)),
        ]
    }
}

/// One login.
struct Session: Sendable {
    let id: UUID
    let device: String?
    let address: String
    let createdAt: Timestamp
    let lastUsedAt: Timestamp
    let isCurrent: Bool

    /// From the columns `id, device, address, created_at, last_used_at, is current`.
    init(_ row: borrowing RowReader) throws {
        id = try row.get(0)
        device = try row.getOptional(1)
        address = try row.get(2)
        createdAt = try row.get(3)
        lastUsedAt = try row.get(4)
        isCurrent = try row.get(5)
    }

    static let shape: Shape<Session> = .object(
        "Session",
        Field("id", .uuid, "The login.") { $0.id },
        Field("device", Shape.string.nullable, "What the program called itself.") { $0.device },
        Field("address", .string, "From where: `ip:…` or `uid:…`.") { $0.address },
        Field("createdAt", .timestamp, "When it began.") { $0.createdAt },
        Field("lastUsedAt", .timestamp, "To the minute.") { $0.lastUsedAt },
        Field("current", .boolean, "Whether this call is made with it.") { $0.isCurrent })
}
