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

    /// Where a secret was given; of an API key also what was done with it.
    func search(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ secret: String, _ limit: Int64,
        _ cursor: Cursor?
    ) throws -> Page<AuditEntry> {
        let rows = try tx.all(
            Audit.searchEntries, workspace, cursor?.moment, cursor?.id,
            TextArray(try platform.fingerprints.all(of: secret)),
            APIKeySecret(secret).map { "apiKey:\($0.id)" }, limit + 1)
        return Page(rows, limit: limit) { Cursor($0.at, $0.id) }
    }

    /// In batches, each a transaction, telling how far it is.
    func verify(
        _ call: Call, _ workspace: UUID?, _ kept: AuditVerification.Kept?
    ) async throws -> AuditVerification {
        let head = try await platform.transact(call) { tx in
            tx.enterEveryWorkspace()
            return try tx.first(AuditChain.getHead)
        }
        var verification = AuditVerification(workspace: workspace, kept: kept)
        while let head, verification.head.number < head.number {
            let before = verification
            verification = try await platform.transact(call) { tx in
                tx.enterEveryWorkspace()
                var next = before
                for sealed in try tx.all(
                    AuditChain.listSealed, before.head.number, AuditVerification.batch)
                {
                    try next.check(sealed)
                }
                return next
            }
            call.report(progress(verification.head.number, of: head.number))
        }
        verification.end()
        let unsealed = try await platform.transact(call) { tx in
            tx.enterEveryWorkspace()
            return try tx.all(
                AuditChain.listUnsealed, head?.settled ?? 0, workspace, AuditVerification.mostListed)
        }
        verification.note(unsealed: unsealed)
        return verification
    }

    private func progress(_ done: Int64, of total: Int64) -> [UInt8] {
        JSONWriter.object { writer in
            writer.key("checked")
            writer.int(done)
            writer.key("total")
            writer.int(total)
        }
    }
}

extension Platform {
    /// Has a row written with the effect: both are committed, or neither.
    /// - Parameters:
    ///   - actor: who it was, where only the work itself finds that out.
    ///   - result: what was made; its `id` goes into the row.
    ///   - made: the same `id`, where it is known before the result.
    func record(
        _ tx: borrowing Transaction, _ call: Call, actor: String? = nil, outcome: ErrorCode? = nil,
        result: Body? = nil, made: UUID? = nil
    ) {
        let json = result.flatMap(JSON.init(result:))
        let made = made ?? json?["id"]?.string.flatMap { UUID($0) }
        tx.queue(
            Audit.insertEntry, actor ?? call.caller.label(at: call.peer), call.method.name,
            Platform.workspace(of: call, json), JSONText(object(of: call, made)), call.peer.label,
            call.requestID,
            outcome?.name ?? "OK", expecting: 1)
    }

    private static func workspace(of call: Call, _ made: JSON?) -> UUID? {
        if let workspace = call.workspaceID { return workspace }
        if let text = made?["workspaceId"]?.string { return UUID(text) }
        guard case .object("Workspace", _, _) = call.method.result else { return nil }
        return made?["id"]?.string.flatMap { UUID($0) }
    }

    /// The ids among the arguments, that of what was made, and fingerprints of secrets. Nothing else: it may be anything.
    private func object(of call: Call, _ made: UUID?) -> String {
        let object = JSONWriter.object { writer in
            for (position, param) in call.method.params.enumerated() where param.name != "workspaceId" {
                guard case .string(_, let format?, _) = param.schema,
                    let text = call.arguments.value(named: param.name, at: position)?.string,
                    let value = told(text, format)
                else { continue }
                writer.key(param.name)
                writer.string(value)
            }
            if call.method.creates, let made {
                writer.key("id")
                writer.string(made.description)
            }
        }
        return String(decoding: object, as: UTF8.self)
    }

    private func told(_ text: String, _ format: String) -> String? {
        switch format {
        case "uuid": UUID(text)?.description
        case Fingerprints.format: try? fingerprints.make(text)
        default: nil
        }
    }
}

extension JSON {
    fileprivate init?(result body: Body) {
        guard case .json(let bytes) = body.content, let json = try? JSON.parse(bytes) else { return nil }
        self = json
    }
}
