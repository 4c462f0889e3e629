import JSON
import Tabular
import Transports

/// Carries the rows of a file to the daemon, a few calls at a time, in an order that leaves what one after the other would leave.
///
/// Calls that run at once may end in any order, so no two of them hold the same record. Until a call is answered it is sent again, by another
/// connection if need be: it is the same whether it is done once or twice.
final class Importer {
    struct Plan {
        let workspace: String
        let replaces: Bool
        let rowsPerCall: Int
        /// Where to keep how far it is; nil when the file cannot be read again from the middle.
        let checkpointPath: String?
    }

    /// Calls at once: enough that the daemon has one to work on while others travel.
    private static let window = 4

    private let plan: Plan
    private let link: DaemonLink
    private let progress: ProgressLine
    private var source: RowSource
    private var rejects: RejectsFile
    private var checkpoint: ImportCheckpoint
    /// Oldest first; those at the front are waited for.
    private var inFlight: [ImportBatch] = []
    /// Read, and not sent yet: a call that holds one of its records is not answered.
    private var held: ImportBatch?
    private var nextItem: RowSource.Item?

    /// - Parameter checkpoint: where to begin; `source` stands there.
    init(
        _ plan: Plan, _ source: RowSource, over link: DaemonLink, from checkpoint: ImportCheckpoint,
        rejects: RejectsFile, progress: ProgressLine
    ) {
        self.plan = plan
        self.source = source
        self.link = link
        self.checkpoint = checkpoint
        self.rejects = rejects
        self.progress = progress
    }

    /// Where it stands.
    var line: Int { checkpoint.position.line }

    func run() async throws -> ImportCounts {
        while true {
            do {
                try fill()
                guard !inFlight.isEmpty else { break }
                try await takeAnswer()
            } catch let error as SocketError {
                try await link.reconnect(after: error)
                for index in inFlight.indices where inFlight[index].counts == nil {
                    inFlight[index].requestID = nil
                }
            }
        }
        if let path = plan.checkpointPath { ImportCheckpoint.remove(at: path) }
        progress.clear()
        return checkpoint.counts
    }

    /// Sends what there is to send.
    private func fill() throws {
        for index in inFlight.indices where inFlight[index].counts == nil && inFlight[index].requestID == nil
        {
            try send(index)
        }
        while inFlight.count < Importer.window {
            guard let batch = try held ?? readBatch() else { return }
            held = batch
            let isFree = inFlight.allSatisfy { $0.counts != nil || $0.names.isDisjoint(with: batch.names) }
            guard isFree else { return }
            held = nil
            inFlight.append(batch)
            try send(inFlight.count - 1)
            try advance()
        }
    }

    private func readBatch() throws -> ImportBatch? {
        var batch = ImportBatch(at: checkpoint.position)
        while true {
            let next = try nextItem ?? source.next()
            nextItem = next
            guard let item = next, batch.add(item, most: plan.rowsPerCall) else { break }
            nextItem = nil
        }
        return batch.isEmpty ? nil : batch
    }

    private func send(_ index: Int) throws {
        let batch = inFlight[index]
        guard !batch.rows.isEmpty else { return inFlight[index].finish(nil) }
        inFlight[index].requestID = try link.send("records.bulkUpsert", reserving: batch.bytes) { writer in
            writer.key("workspaceId")
            writer.string(plan.workspace)
            writer.key("replace")
            writer.bool(plan.replaces)
            writer.key("records")
            writer.beginArray()
            for row in batch.rows { writer.raw(row.record) }
            writer.endArray()
        }
    }

    private func takeAnswer() async throws {
        let (id, outcome) = try link.answer()
        guard let index = inFlight.firstIndex(where: { $0.requestID == id && $0.counts == nil }) else {
            return
        }
        switch outcome {
        case .success(let result): inFlight[index].finish(result)
        case .failure(let error) where error.code == "VALIDATION_ERROR":
            guard inFlight[index].reject(error.details) else { throw error }
            inFlight[index].requestID = nil
            if inFlight[index].rows.isEmpty { inFlight[index].finish(nil) }
        case .failure(let error) where error.passes:
            inFlight[index].requestID = nil
            try await link.rest(after: error)
        case .failure(let error): throw error
        }
        try advance()
    }

    /// Writes down what has been dealt with, in the order of the file.
    private func advance() throws {
        while let batch = inFlight.first, let counts = batch.counts {
            inFlight.removeFirst()
            if !batch.rejects.isEmpty { progress.clear() }
            try rejects.append(batch.rejects)
            checkpoint.counts += counts
            checkpoint.position = batch.end
            checkpoint.rejectsBytes = rejects.bytes
            if let path = plan.checkpointPath { try checkpoint.save(at: path) }
            progress.update(done: batch.end.offset, count: Int(checkpoint.counts.rows))
        }
    }
}
