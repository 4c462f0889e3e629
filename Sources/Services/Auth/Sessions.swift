import Identifiers
import Postgres
import RPC

extension Sessions {
    func authenticate(_ tx: borrowing Transaction, _ access: Access, _ token: String) throws -> Me {
        if case .ip = access.call.peer.address {
            throw CallError(.conflict, "Over HTTP every request carries its own token")
        }
        let caller = try platform.tokens.authenticate(token)
        return try Auth(platform: platform).identity(
            tx, try Authorization.check(caller, of: access.call, in: tx))
    }

    func list(
        _ tx: borrowing Transaction, _ access: Access, _ limit: Int64, _ cursor: Cursor?
    ) throws -> Page<Session> {
        let rows = try tx.all(
            Sessions.listSessions, try access.requireUser(), cursor?.moment, cursor?.id, limit + 1,
            access.sessionID)
        return Page(rows, limit: limit) { Cursor($0.createdAt, $0.id) }
    }

    func revoke(_ tx: borrowing Transaction, _ access: Access, _ session: UUID) throws -> Done {
        guard try tx.execute(Sessions.revokeOwn, session, try access.requireUser()) == 1 else {
            throw CallError(.notFound, "No such login")
        }
        return Done()
    }
}
