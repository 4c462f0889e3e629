import Identifiers
import Postgres
import RPC

/// The role check, from the declaration of the method, in the transaction of the effect.
enum Authorization {
    /// - Throws: `AUTHENTICATION_ERROR`, `AUTHORIZATION_ERROR`.
    static func check(_ call: Call, in tx: borrowing Transaction) throws -> Access {
        try ask(Question(call), in: tx)
    }

    /// Whether what somebody holds is in force, wherever he may go with it.
    /// - Throws: `AUTHENTICATION_ERROR`.
    static func check(_ caller: Caller, of call: Call, in tx: borrowing Transaction) throws -> Access {
        try ask(Question(call, caller: caller, needed: .user), in: tx)
    }

    private static func ask(_ question: Question, in tx: borrowing Transaction) throws -> Access {
        try question.answer(try question.query.flatMap { try tx.first($0) })
    }

    /// What the database has to be asked of a caller.
    struct Question: Sendable {
        /// `nil` where nothing has to be: the operator, and the anonymous caller of a public method.
        let query: Query<Found>?
        private let call: Call
        private let caller: Caller
        private let needed: Role

        /// - Throws: `AUTHENTICATION_ERROR` for an anonymous caller of what is not public.
        init(_ call: Call) throws(CallError) {
            try self.init(call, caller: call.caller, needed: call.method.role)
        }

        init(_ call: Call, caller: Caller, needed: Role) throws(CallError) {
            self.call = call
            self.caller = caller
            self.needed = needed
            let workspace = needed.isOfWorkspace ? call.workspaceID : nil
            switch caller {
            case .operator: query = nil
            case .anonymous:
                guard needed == .public else { throw CallError(.authentication) }
                query = nil
            case .user(let user, let session): query = Query(findAccess, session, user, workspace)
            case .apiKey(let id, let hash): query = Query(findKeyAccess, id, hash, workspace)
            }
        }

        /// - Parameter found: the row of ``query``.
        /// - Throws: `AUTHENTICATION_ERROR` when session or key is over, `AUTHORIZATION_ERROR` for a role that is too low.
        func answer(_ found: Found?) throws(CallError) -> Access {
            switch caller {
            case .operator: return Access(call: call, role: .operator)
            case .anonymous: return Access(call: call, role: .public)
            case .user(let user, let session):
                let found = try existing(found, "The session has ended; log in again")
                return Access(
                    call: call, userID: user, sessionID: session, responsibleUserID: user,
                    role: try role(of: found))
            case .apiKey(let id, _):
                let found = try existing(found, "The API key is not valid")
                return Access(
                    call: call, apiKeyID: id, responsibleUserID: found.responsibleUserID,
                    role: try role(of: found))
            }
        }

        /// A public method serves those, too, whose session has ended.
        private func existing(_ found: Found?, _ message: String) throws(CallError) -> Found {
            if let found { return found }
            guard needed == .public else { throw CallError(.authentication, message) }
            return Found(role: nil, responsibleUserID: nil)
        }

        private func role(of found: Found) throws(CallError) -> Role {
            let role = found.role ?? .user
            // A workspace id that is none is for the validation to name.
            guard role >= needed || (needed.isOfWorkspace && call.workspaceID == nil) else {
                throw CallError(.authorization)
            }
            return role
        }
    }

    struct Found: Sendable {
        let role: Role?
        /// Who made the API key that calls.
        let responsibleUserID: UUID?
    }

    /// No row: the key is over, or he who made it is disabled. The role is null outside its workspace.
    private static let findKeyAccess = Statement(
        """
        SELECT CASE WHEN k.workspace_id = $3 THEN k.role END, k.created_by FROM api_keys k
        LEFT JOIN users u ON u.id = k.created_by
        WHERE k.id = $1 AND k.secret_hash = $2 AND k.revoked_at IS NULL AND u.disabled_at IS NULL
            AND (k.expires_at IS NULL OR k.expires_at > now())
        """
    ) { Found(role: try $0.getOptional(0), responsibleUserID: try $0.getOptional(1)) }

    /// No row: the session is over or the user disabled. The role is null for who is no member.
    private static let findAccess = Statement(
        """
        SELECT m.role FROM sessions s JOIN users u ON u.id = s.user_id
        LEFT JOIN memberships m ON m.user_id = u.id AND m.workspace_id = $3
        WHERE s.id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL AND u.disabled_at IS NULL
            AND s.rotated_at > now() - interval '7 days' AND s.created_at > now() - interval '30 days'
        """
    ) { Found(role: try $0.getOptional(0), responsibleUserID: nil) }
}

extension Call {
    /// The workspace that the caller names; `nil` when what he gives is no UUID, which validation then says.
    var workspaceID: UUID? {
        guard let position = method.params.firstIndex(where: { $0.name == "workspaceId" }) else { return nil }
        return arguments.value(named: "workspaceId", at: position)?.string.flatMap { UUID($0) }
    }
}
