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
        // An email is kept in its normal form.
        let rows = try tx.all(
            Audit.searchEntries, workspace, cursor?.moment, cursor?.id,
            TextArray(try platform.fingerprints.all(of: Email(secret)?.text ?? secret)),
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
            call.report(WorkProgress(checked: verification.head.number, total: head.number).json)
        }
        verification.end()
        let unsealed = try await platform.transact(call) { tx in
            tx.enterEveryWorkspace()
            return try tx.all(
                AuditChain.listUnsealed, head?.settled ?? 0, workspace, AuditVerification.mostListed)
        }
        verification.note(unsealed: unsealed)
        if workspace == nil { try await platform.noteVerification(.audit, found: verification.found) }
        return verification
    }
}

extension Platform {
    /// Has a row written with the effect: both are committed, or neither.
    /// - Parameters:
    ///   - actor: who it was, where only the work itself finds that out.
    ///   - result: what was made; its ids go into the row.
    ///   - made: its `id`, where that is known before the result.
    ///   - objects: ids of what else it was done to.
    func record(
        _ tx: borrowing Transaction, _ call: Call, actor: String? = nil, outcome: ErrorCode? = nil,
        result: Body? = nil, made: UUID? = nil, objects: KeyValuePairs<String, UUID> = [:]
    ) {
        let json = result.flatMap(JSON.init(result:))
        var ids = objects.map { ($0.key, $0.value) }
        if call.method.creates, let made { ids.append(("id", made)) }
        if call.method.creates, let json { ids += Platform.ids(in: json, of: call.method) }
        tx.queue(
            Audit.insertEntry, actor ?? call.caller.label(at: call.peer), call.method.name,
            Platform.workspace(of: call, json), JSONText(object(of: call, ids)), call.peer.label,
            call.requestID,
            outcome?.name ?? "OK", expecting: 1)
    }

    /// What was made, and whom it is about, by the declaration: `id`, `userId`.
    private static func ids(in made: JSON, of method: Method) -> [(String, UUID)] {
        guard case .object(_, let members, _) = method.result else { return [] }
        return members.compactMap { member in
            guard member.name == "id" || member.name.hasSuffix("Id"), member.name != "workspaceId",
                case .string(_, "uuid", _) = member.schema,
                let id = made[member.name]?.string.flatMap({ UUID($0) })
            else { return nil }
            return (member.name, id)
        }
    }

    private static func workspace(of call: Call, _ made: JSON?) -> UUID? {
        if let workspace = call.workspaceID { return workspace }
        if let text = made?["workspaceId"]?.string { return UUID(text) }
        guard case .object("Workspace", _, _) = call.method.result else { return nil }
        return made?["id"]?.string.flatMap { UUID($0) }
    }

    /// Of the arguments the ids and choices, and fingerprints of secrets and emails. Nothing else: it may be anything.
    private func object(of call: Call, _ ids: [(String, UUID)]) -> String {
        var told: [(String, String)] = []
        for (position, param) in call.method.params.enumerated() where param.name != "workspaceId" {
            guard let text = call.arguments.value(named: param.name, at: position)?.string,
                let value = self.told(text, param.schema)
            else { continue }
            told.append((param.name, value))
        }
        for (name, id) in ids where !told.contains(where: { $0.0 == name }) {
            told.append((name, id.description))
        }
        let object = JSONWriter.object { writer in
            for (name, value) in told {
                writer.key(name)
                writer.string(value)
            }
        }
        return String(decoding: object, as: UTF8.self)
    }

    private func told(_ text: String, _ schema: Schema) -> String? {
        switch schema {
        case .choice(let choices): choices.contains(text) ? text : nil
        case .string(_, "uuid", _): UUID(text)?.description
        case .string(_, "email", _): Email(text).flatMap { try? fingerprints.make($0.text) }
        case .string(_, Fingerprints.format, _): try? fingerprints.make(text)
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
