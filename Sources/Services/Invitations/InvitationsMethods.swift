import Identifiers
import Postgres
import RPC

/// How somebody joins a workspace who need not have an account yet.
struct Invitations: Sendable {
    let platform: Platform

    var methods: [Method] {
        [
            Method(
                "invitations.create",
                "Invites an address. The token is in this answer and nowhere else; an earlier one for the same address ends.",
                role: .admin, mutates: true, creates: true, sensitive: true,
                route: .post("/workspaces/{workspaceId}/invitations"),
                params: Params(.workspace, .email("email", "Whose account it has to be."), .workspaceRole),
                result: NewInvitation.shape,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","email":"bob@example.org","role":"viewer"}"#,
                    gives: #"{"email":"bob@example.org","role":"viewer"}"#),
                run: platform.transaction(create)),
            Method(
                "invitations.list", "Lists the invitations that can still be accepted, oldest first.",
                role: .admin,
                route: .get("/workspaces/{workspaceId}/invitations"),
                params: Params(.workspace, .limit, .optional(.cursor)), result: Invitation.shape.page,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10"}"#,
                    gives: #"{"items":[],"nextCursor":null}"#),
                run: platform.transaction(options: .readOnly, list)),
            Method(
                "invitations.revoke", "Takes an invitation back.", role: .admin, mutates: true,
                route: .delete("/workspaces/{workspaceId}/invitations/{invitationId}"),
                params: Params(.workspace, .uuid("invitationId", "The invitation.")), result: .done,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","invitationId":"0d6f3f6c-2a10-4c8e-9d54-6f1c0b8e3a55"}"#,
                    gives: "{}"),
                run: platform.transaction(revoke)),
            Method(
                "invitations.accept", "Makes the caller a member, when the invitation is for his address.",
                role: .user, mutates: true, creates: true, sensitive: true,
                route: .post("/invitations/accept"),
                params: Params(.token("token", length: 1...200, "From the invitation.")),
                result: Membership.shape,
                example: Example(#"{"token":"…"}"#, gives: #"{"role":"viewer"}"#),
                run: platform.transaction(accept)),
        ]
    }
}

/// An invitation, without its token.
struct Invitation: Sendable {
    let id: UUID
    let workspaceID: UUID
    let email: String
    let role: Role
    let invitedBy: UUID?
    let createdAt: Timestamp
    let expiresAt: Timestamp

    /// From the columns `id, workspace_id, email, role, invited_by, created_at, expires_at`.
    init(_ row: borrowing RowReader) throws {
        id = try row.get(0)
        workspaceID = try row.get(1)
        email = try row.get(2)
        role = try row.get(3)
        invitedBy = try row.getOptional(4)
        createdAt = try row.get(5)
        expiresAt = try row.get(6)
    }

    private static func fields<Value>(
        _ invitation: @escaping @Sendable (Value) -> Invitation
    ) -> [Field<Value>] {
        [
            Field("id", .uuid, "The invitation.") { invitation($0).id },
            Field("workspaceId", .uuid, "Where it leads.") { invitation($0).workspaceID },
            Field("email", .string, "For whom.") { invitation($0).email },
            Field("role", .workspaceRole, "What he will be.") { invitation($0).role },
            Field("invitedBy", Shape.uuid.nullable, "Null for the operator.") { invitation($0).invitedBy },
            Field("createdAt", .timestamp, "When it was made.") { invitation($0).createdAt },
            Field("expiresAt", .timestamp, "Until when it can be accepted.") { invitation($0).expiresAt },
        ]
    }

    static let shape: Shape<Invitation> = .object("Invitation", fields { $0 })

    fileprivate static let newShape: Shape<NewInvitation> = .object(
        "NewInvitation",
        fields { $0.invitation } + [
            Field("token", .secret, "Shown once; only a hash is kept.") { $0.token },
            Field(
                "mailed", .boolean,
                "Whether a mail tells of it. Else none is sent here, or the address had enough for an hour: hand the token over."
            ) { $0.isMailed },
        ])
}

/// An invitation in the answer that shows its token.
struct NewInvitation: Sendable {
    let invitation: Invitation
    let token: String
    let isMailed: Bool

    static let shape = Invitation.newShape
}
