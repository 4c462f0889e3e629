import Cryptography
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
                "admin.users.create",
                "Makes an account, or finds the one of that address, which stays as it is. Without a password a token sets one within a day, through `auth.resetPassword`.",
                role: .operator, mutates: true, sensitive: true, route: .post("/admin/users"),
                params: Params(
                    .email("email", "The address."),
                    .text(
                        "name", 1...200,
                        "What others see; of an account that is there already, the name stays."),
                    .optional(.password("password", "12 characters at least."))),
                result: AccountMade.shape,
                example: Example(
                    #"{"email":"grace@example.org","name":"Grace"}"#,
                    gives: #"{"isNew":true,"user":{"email":"grace@example.org","name":"Grace"}}"#),
                run: platform.steps(create)),
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

    private func create(
        _ call: Call, _ email: Email, _ name: String, _ password: Password?
    ) async throws -> AccountMade {
        let token = try password == nil ? EmailToken.make() : nil
        // Until somebody sets one, the password is one that nobody knows.
        let secret = try password ?? Password(bytes: SecureRandom.bytes(32))
        let hash = try await platform.passwords.hash(secret)
        return try await platform.transact(call) { tx in
            let new = try tx.first(UserAdministration.insertUser, email.text, name, hash)
            guard let user = try new ?? tx.first(UserAdministration.findEnabledUser, email.text) else {
                throw CallError(
                    .conflict, "The account of this address is disabled; admin.users.enable lets it in")
            }
            if new != nil { try Auth(platform: platform).sendVerification(tx, to: user, at: email) }
            if let token {
                // What was given out before ends: one is lost where another is asked for.
                tx.queue(Auth.deleteResetTokens, user.id)
                tx.queue(UserAdministration.insertPasswordToken, token.hash, user.id, expecting: 1)
            }
            let made = AccountMade(user: user, isNew: new != nil, passwordToken: token?.text)
            try platform.conclude(
                tx, call, answer: AccountMade.shape.body(of: made), made: new?.id,
                objects: ["userId": user.id])
            return made
        }
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

/// An account that the operator has made, or found.
struct AccountMade: Sendable {
    let user: User
    let isNew: Bool
    let passwordToken: String?

    static let shape: Shape<AccountMade> = .object(
        "AccountMade",
        Field("user", User.shape, "The account.") { $0.user },
        Field("isNew", .boolean, "Whether it was made by this call.") { $0.isNew },
        Field(
            "passwordToken", Shape.string.nullable,
            "Sets a password once, within a day; shown here alone. Null where a password was given."
        ) { $0.passwordToken })
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
