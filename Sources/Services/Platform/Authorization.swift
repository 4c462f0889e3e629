import Identifiers
import Postgres
import RPC

/// The role check, from the declaration of the method, in the transaction of the effect.
enum Authorization {
    /// - Throws: `AUTHENTICATION_ERROR`, `AUTHORIZATION_ERROR`.
    static func check(_ call: Call, in tx: borrowing Transaction) throws -> Access {
        try ask(Question(call), in: tx)
    }

    /// The same in one round trip with a query that needs it: the row is for no one whom this refuses.
    static func check<Row>(
        _ call: Call, with query: Query<Row>, in tx: borrowing Transaction
    ) throws -> (Access, Row?) {
        let question = try Question(call)
        guard let entry = question.query else {
            return (try ask(question, in: tx), try tx.first(query))
        }
        // The role is asked behind the row: whoever has lost it while he waited for a lock is refused.
        if let workspace = call.workspaceID { tx.enter(workspace) }
        let row = tx.later(query)
        let found = try tx.first(entry)
        return (try question.answer(found), row.row)
    }

    /// Whether what somebody holds is in force, wherever he may go with it.
    /// - Throws: `AUTHENTICATION_ERROR`.
    static func check(_ caller: Caller, of call: Call, in tx: borrowing Transaction) throws -> Access {
        try ask(Question(call, caller: caller, needed: .user), in: tx)
    }

    /// Whether a caller is at least this in the workspace that he names, where a method is for others, too; then its rows are open to him.
    /// - Throws: `AUTHENTICATION_ERROR`.
    static func isAtLeast(
        _ needed: Role, _ access: Access, in tx: borrowing Transaction
    ) throws -> Bool {
        do {
            _ = try ask(Question(access.call, caller: access.call.caller, needed: needed), in: tx)
            return true
        } catch let error as CallError where error.code == .authorization {
            return false
        }
    }

    /// What a caller was when his call began may have changed while it waited for a lock.
    /// - Throws: `AUTHENTICATION_ERROR`, `AUTHORIZATION_ERROR`.
    static func recheck(_ access: Access, in tx: borrowing Transaction) throws {
        guard try check(access.call, in: tx).role == access.role else { throw CallError(.authorization) }
    }

    /// Opens to a transaction elsewhere what the caller has been let into: a copy of the database does not ask who he is.
    static func enter(_ access: Access, in tx: borrowing Transaction) {
        let needed = access.call.method.role
        if let workspace = needed.isOfWorkspace ? access.call.workspaceID : nil {
            tx.enter(workspace)
        } else if access.role == .operator, needed != .public {
            tx.enterEveryWorkspace()
        }
        if let caller = access.userID ?? access.apiKeyID { tx.become(caller: caller) }
    }

    private static func ask(_ question: Question, in tx: borrowing Transaction) throws -> Access {
        let access = try question.answer(try question.query.flatMap { try tx.first($0) })
        // What is public is nobody's in particular: the operator gets no more rows than others.
        if access.role == .operator, question.query == nil, question.needed != .public {
            tx.enterEveryWorkspace()
        }
        return access
    }

    /// What the database has to be asked of a caller. Asking it is what opens his rows to the transaction.
    struct Question: Sendable {
        /// `nil` where nothing has to be: the operator outside workspaces, and the anonymous caller of a public method.
        let query: Query<Found>?
        private let call: Call
        private let caller: Caller
        fileprivate let needed: Role

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
            case .operator: query = workspace.map { Query(enterAsOperator, $0) }
            case .anonymous:
                guard needed == .public else { throw CallError(.authentication) }
                query = nil
            case .user(let user, let session): query = Query(enterAsUser, session, user, workspace)
            case .apiKey(let id, let hash): query = Query(enterAsKey, id, hash, workspace)
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
                guard call.method.admitsAPIKeys else {
                    throw CallError(.authorization, "This is for users; an API key acts in its workspace")
                }
                return Access(
                    call: call, apiKeyID: id, responsibleUserID: found.responsibleUserID,
                    role: try role(of: found))
            }
        }

        private func existing(_ found: Found?, _ message: String) throws(CallError) -> Found {
            guard let found else { throw CallError(.authentication, message) }
            return found
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

    private static let enterAsOperator = Statement("SELECT set_config('rpcd.workspace_id', $1, true)") { _ in
        Found(role: .operator, responsibleUserID: nil)
    }

    /// No row: the key is over, or he who made it is disabled. The role is null outside its workspace.
    private static let enterAsKey = Statement("SELECT role, responsible FROM rpcd_enter_key($1, $2, $3)") {
        Found(role: try $0.getOptional(0), responsibleUserID: try $0.getOptional(1))
    }

    /// No row: the session is over or the user disabled. The role is null for who is no member.
    private static let enterAsUser = Statement("SELECT role FROM rpcd_enter_user($1, $2, $3)") {
        Found(role: try $0.getOptional(0), responsibleUserID: nil)
    }
}

extension Call {
    /// The workspace that the caller names; `nil` when what he gives is no UUID, which validation then says.
    var workspaceID: UUID? {
        guard let position = method.params.firstIndex(where: { $0.name == "workspaceId" }) else { return nil }
        return arguments.value(named: "workspaceId", at: position)?.string.flatMap { UUID($0) }
    }
}
