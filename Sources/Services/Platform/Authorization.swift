import Identifiers
import Postgres
import RPC

/// The role check, from the declaration of the method, in the transaction of the effect.
enum Authorization {
    /// - Throws: `AUTHENTICATION_ERROR`, `AUTHORIZATION_ERROR`.
    static func check(_ call: Call, in tx: borrowing Transaction) throws -> Access {
        let question = try Question(call)
        return try question.answer(try question.query.flatMap { try tx.first($0) })
    }

    /// What the database has to be asked of a caller.
    struct Question: Sendable {
        /// `nil` where nothing has to be: the operator, and the anonymous caller of a public method.
        let query: Query<Found>?
        private let call: Call

        /// - Throws: `AUTHENTICATION_ERROR` for an anonymous caller of what is not public.
        init(_ call: Call) throws(CallError) {
            self.call = call
            switch call.caller {
            case .operator: query = nil
            case .anonymous:
                guard call.method.role == .public else { throw CallError(.authentication) }
                query = nil
            case .user(let user, let session):
                let workspace = call.method.role.isOfWorkspace ? call.workspaceID : nil
                query = Query(findAccess, session, user, workspace)
            }
        }

        /// - Parameter found: the row of ``query``.
        /// - Throws: `AUTHENTICATION_ERROR` when the session is over, `AUTHORIZATION_ERROR` for a role that is too low.
        func answer(_ found: Found?) throws(CallError) -> Access {
            switch call.caller {
            case .operator: return Access(call: call, userID: nil, sessionID: nil, role: .operator)
            case .anonymous: return Access(call: call, userID: nil, sessionID: nil, role: .public)
            case .user(let user, let session):
                guard let found else {
                    throw CallError(.authentication, "The session has ended; log in again")
                }
                let needed = call.method.role
                let role = found.role ?? .user
                // A workspace id that is none is for the validation to name.
                guard role >= needed || (needed.isOfWorkspace && call.workspaceID == nil) else {
                    throw CallError(.authorization)
                }
                return Access(call: call, userID: user, sessionID: session, role: role)
            }
        }
    }

    struct Found: Sendable {
        let role: Role?
    }

    /// No row: the session is over or the user disabled. The role is null for who is no member.
    private static let findAccess = Statement(
        """
        SELECT m.role FROM sessions s JOIN users u ON u.id = s.user_id
        LEFT JOIN memberships m ON m.user_id = u.id AND m.workspace_id = $3
        WHERE s.id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL AND u.disabled_at IS NULL
            AND s.rotated_at > now() - interval '7 days' AND s.created_at > now() - interval '30 days'
        """
    ) { row in
        Found(role: try row.getOptional(0, as: String.self).flatMap(Role.init(workspaceRole:)))
    }
}

extension Call {
    /// The workspace that the caller names; `nil` when what he gives is no UUID, which validation then says.
    var workspaceID: UUID? {
        guard let position = method.params.firstIndex(where: { $0.name == "workspaceId" }) else { return nil }
        return arguments.value(named: "workspaceId", at: position)?.string.flatMap { UUID($0) }
    }
}
