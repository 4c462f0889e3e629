import Identifiers
import Postgres
import RPC

/// What the operator of the host does with accounts.
struct UserAdministration: Sendable {
    let platform: Platform

    private static let example = #"{"userId":"0d6f3f6c-2a10-4c8e-9d54-6f1c0b8e3a55"}"#

    var methods: [Method] {
        [
            Method(
                "admin.users.list", "Lists the accounts, oldest first.", role: .operator,
                route: .get("/admin/users"), params: Params(.limit, .optional(.cursor)),
                result: AdministeredUser.shape.page,
                example: Example("{}", gives: #"{"items":[{"disabledAt":null}],"nextCursor":null}"#),
                run: platform.transaction(options: .readOnly, list)),
            Method(
                "admin.users.disable",
                "Shuts an account out: its logins, and the API keys that it made, are refused on their next call.",
                role: .operator, mutates: true, route: .post("/admin/users/{userId}/disable"),
                params: Params(.uuid("userId", "The account.")), result: AdministeredUser.shape,
                example: Example(UserAdministration.example, gives: #"{"name":"Ada"}"#),
                run: platform.transaction { tx, _, user in try set(tx, UserAdministration.disableUser, user) }
            ),
            Method(
                "admin.users.enable", "Lets an account in again; its logins and API keys work as before.",
                role: .operator, mutates: true, route: .post("/admin/users/{userId}/enable"),
                params: Params(.uuid("userId", "The account.")), result: AdministeredUser.shape,
                example: Example(UserAdministration.example, gives: #"{"name":"Ada"}"#),
                run: platform.transaction { tx, _, user in try set(tx, UserAdministration.enableUser, user) }),
            Method(
                "admin.users.revokeSessions", "Ends every login of an account.", role: .operator,
                mutates: true,
                route: .delete("/admin/users/{userId}/sessions"),
                params: Params(.uuid("userId", "The account.")), result: AdministeredUser.shape,
                example: Example(UserAdministration.example, gives: #"{"name":"Ada"}"#),
                run: platform.transaction(revokeSessions)),
        ]
    }

    private func list(
        _ tx: borrowing Transaction, _ access: Access, _ limit: Int64, _ cursor: Cursor?
    ) throws -> Page<AdministeredUser> {
        let rows = try tx.all(UserAdministration.listUsers, cursor?.moment, cursor?.id, limit + 1)
        return Page(rows, limit: limit) { Cursor($0.createdAt, $0.id) }
    }

    private func set(
        _ tx: borrowing Transaction, _ statement: Statement<AdministeredUser>, _ user: UUID
    ) throws -> AdministeredUser {
        guard let user = try tx.first(statement, user) else { throw CallError(.notFound, "No such account") }
        return user
    }

    private func revokeSessions(
        _ tx: borrowing Transaction, _ access: Access, _ user: UUID
    ) throws -> AdministeredUser {
        tx.queue(Auth.revokeSessions, user)
        return try set(tx, UserAdministration.getUser, user)
    }
}

/// An account, as the operator sees it.
struct AdministeredUser: Sendable {
    let id: UUID
    let email: String
    let name: String
    let createdAt: Timestamp
    let disabledAt: Timestamp?

    /// From the columns `id, email, name, created_at, disabled_at`.
    init(_ row: borrowing RowReader) throws {
        id = try row.get(0)
        email = try row.get(1)
        name = try row.get(2)
        createdAt = try row.get(3)
        disabledAt = try row.getOptional(4)
    }

    static let shape: Shape<AdministeredUser> = .object(
        "AdministeredUser",
        Field("id", .uuid, "The account.") { $0.id },
        Field("email", .string, "Its address.") { $0.email },
        Field("name", .string, "What others see.") { $0.name },
        Field("createdAt", .timestamp, "When it was made.") { $0.createdAt },
        Field("disabledAt", Shape.timestamp.nullable, "Since when it is shut out.") { $0.disabledAt })
}
