import Identifiers
import Postgres
import RPC

/// The role check, from the declaration of the method, in the transaction of the effect.
enum Authorization {
    /// - Throws: `AUTHENTICATION_ERROR`, `AUTHORIZATION_ERROR`, or `VALIDATION_ERROR` for a workspace id that is none.
    static func check(_ call: Call, in tx: borrowing Transaction) throws -> Access {
        let needed = call.method.role
        switch call.caller {
        case .operator: return Access(call: call, userID: nil, sessionID: nil, role: .operator)
        case .anonymous:
            guard needed == .public else { throw CallError(.authentication) }
            return Access(call: call, userID: nil, sessionID: nil, role: .public)
        case .user(let userID, let sessionID):
            let workspaceID = needed.isOfWorkspace ? call.workspaceID : nil
            guard let membership = try tx.first(findAccess, sessionID, userID, workspaceID) else {
                throw CallError(.authentication, "The session has ended; log in again")
            }
            let role = membership.role ?? .user
            guard role >= needed || (needed.isOfWorkspace && workspaceID == nil) else {
                throw CallError(.authorization)
            }
            return Access(call: call, userID: userID, sessionID: sessionID, role: role)
        }
    }

    private struct Found: Sendable {
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
