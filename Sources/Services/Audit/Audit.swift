import Identifiers
import JSON
import Postgres
import RPC

extension Audit {
    func list(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ limit: Int64, _ cursor: Cursor?,
        _ action: String?
    ) throws -> Page<AuditEntry> {
        let rows = try tx.all(Audit.listEntries, workspace, cursor?.moment, cursor?.id, action, limit + 1)
        return Page(rows, limit: limit) { Cursor($0.at, $0.id) }
    }

    /// Has a row written with the effect: both are committed, or neither.
    /// - Parameters:
    ///   - actor: who it was, where only the work itself finds that out.
    ///   - result: what was made; its `id` goes into the row.
    static func record(
        _ tx: borrowing Transaction, _ call: Call, actor: String? = nil, outcome: ErrorCode? = nil,
        result: Body? = nil
    ) {
        let made = result.flatMap(JSON.init(result:))
        tx.queue(
            Audit.insertEntry, actor ?? call.caller.label(at: call.peer), call.method.name,
            workspace(of: call, made), object(of: call, made), call.peer.label, call.requestID,
            outcome?.name ?? "OK", expecting: 1)
    }

    private static func workspace(of call: Call, _ made: JSON?) -> UUID? {
        if let workspace = call.workspaceID { return workspace }
        if let text = made?["workspaceId"]?.string { return UUID(text) }
        guard case .object("Workspace", _, _) = call.method.result else { return nil }
        return made?["id"]?.string.flatMap { UUID($0) }
    }

    /// The ids among the arguments, and that of what was made. Nothing else: an argument may be a secret.
    private static func object(of call: Call, _ made: JSON?) -> JSONText {
        let ids = call.method.params.enumerated().compactMap { position, param -> (String, UUID)? in
            guard case .string(_, "uuid", _) = param.schema, param.name != "workspaceId",
                let id = call.arguments.value(named: param.name, at: position)?.string.flatMap({ UUID($0) })
            else { return nil }
            return (param.name, id)
        }
        let object = JSONWriter.object { writer in
            for (name, id) in ids {
                writer.key(name)
                writer.string(id.description)
            }
            if call.method.creates, let id = made?["id"]?.string.flatMap({ UUID($0) }) {
                writer.key("id")
                writer.string(id.description)
            }
        }
        return JSONText(String(decoding: object, as: UTF8.self))
    }
}

extension JSON {
    fileprivate init?(result body: Body) {
        guard case .json(let bytes) = body.content, let json = try? JSON.parse(bytes) else { return nil }
        self = json
    }
}
