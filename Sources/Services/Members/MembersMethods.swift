import Identifiers
import Postgres
import RPC

/// Who belongs to a workspace.
struct Members: Sendable {
    let platform: Platform

    var methods: [Method] {
        [
            Method(
                "members.list", "Lists the members of a workspace, oldest first.", role: .viewer,
                route: .get("/workspaces/{workspaceId}/members"),
                params: Params(.workspace, .limit, .optional(.cursor)), result: Member.shape.page,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10"}"#,
                    gives: #"{"items":[{"role":"owner"}],"nextCursor":null}"#),
                run: platform.transaction(options: .readOnly, list)),
            Method(
                "members.add",
                "Takes in somebody who has an account and has confirmed his address; others get an invitation.",
                role: .admin, mutates: true, creates: true,
                route: .post("/workspaces/{workspaceId}/members"),
                params: Params(.workspace, .email("email", "Of his account."), .workspaceRole),
                result: Member.shape,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","email":"bob@example.org","role":"viewer"}"#,
                    gives: #"{"email":"bob@example.org","role":"viewer"}"#),
                run: platform.transaction(add)),
            Method(
                "members.setRole", "Gives a member another role; the last owner stays one.", role: .admin,
                mutates: true, route: .patch("/workspaces/{workspaceId}/members/{userId}"),
                params: Params(
                    .workspace, .uuid("userId", "The member."), .workspaceRole, .optional(.ifVersion)),
                result: Member.shape,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","userId":"0d6f3f6c-2a10-4c8e-9d54-6f1c0b8e3a55","role":"admin"}"#,
                    gives: #"{"role":"admin"}"#),
                run: platform.transaction(setRole)),
            Method(
                "members.remove", "Takes a member out; the last owner stays.", role: .admin, mutates: true,
                route: .delete("/workspaces/{workspaceId}/members/{userId}"),
                params: Params(.workspace, .uuid("userId", "The member.")), result: .done,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","userId":"0d6f3f6c-2a10-4c8e-9d54-6f1c0b8e3a55"}"#,
                    gives: "{}"),
                run: platform.transaction(remove)),
        ]
    }
}

extension Param where Value == Role {
    /// A role inside a workspace.
    static let workspaceRole: Param = {
        let names = Role.allCases.filter(\.isOfWorkspace).map(\.name)
        return Param("role", .choice(names), "Not above the caller's own.") { json in
            guard let text = json.string else { return .failure(Misfit(.type, "has to be a string")) }
            guard let role = Role(workspaceRole: text) else {
                return .failure(Misfit(.choice, "has to be one of " + names.joined(separator: ", ")))
            }
            return .success(role)
        }
    }()
}

/// One who belongs to a workspace.
struct Member: Sendable {
    let userID: UUID
    let email: String
    let name: String
    let role: Role
    let createdAt: Timestamp
    let version: Int64

    /// From the columns `user id, email, name, role, created_at, version`.
    init(_ row: borrowing RowReader) throws {
        userID = try row.get(0)
        email = try row.get(1)
        name = try row.get(2)
        role = try row.get(3)
        createdAt = try row.get(4)
        version = try row.get(5)
    }

    static let shape: Shape<Member> = .object(
        "Member", version: { $0.version },
        Field("userId", .uuid, "The account.") { $0.userID },
        Field("email", .string, "Its address.") { $0.email },
        Field("name", .string, "What others see.") { $0.name },
        Field("role", .workspaceRole, "What he is here.") { $0.role },
        Field("createdAt", .timestamp, "Since when.") { $0.createdAt },
        Field("version", .integer, "Counts the changes; give it as `ifVersion`.") { $0.version })
}
