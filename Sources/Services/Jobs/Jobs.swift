import Identifiers
import JSON
import Postgres
import RPC
import Resilience

/// What a caller asks a job to work on.
enum JobRecords: Sendable {
    case inline(RecordBatch)
    case ids([UUID])
    case all
}

/// Asks providers for fields of records.
struct Jobs: Sendable {
    let platform: Platform

    /// As long as a job may take; then what it has set aside goes back.
    private static let holdSeconds: Int64 = 30 * 86_400

    // MARK: making

    func create(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ inline: RecordBatch?,
        _ ids: [UUID]?,
        _ isAll: Bool?, _ fields: [JobField], _ keys: KeyChoice, _ maxCredits: Int64?, _ isRefresh: Bool,
        _ isDry: Bool, _ priority: Int64
    ) throws -> Job {
        let chosen = try chosen(inline, ids, isAll)
        let forecast = try forecast(tx, workspace, fields, keys, isRefresh)
        if isDry {
            let estimate = try undone(tx) { tx in
                let records = try recordIDs(tx, access, workspace, chosen)
                return try forecast.estimate(
                    tx, workspace, records.map { .these($0) } ?? .all, isComplete: true)
            }
            return Job(estimate, fields, keys, isRefresh, maxCredits, workspace, access.actor)
        }
        // The account before anything else, as everywhere.
        guard var account = try tx.first(Billing.lockAccount, workspace) else { throw CallError(.notFound) }
        let most = platform.limits.openJobs
        guard try tx.one(Jobs.countOpen, workspace, most) < most else {
            throw CallError(
                .conflict, "The workspace has \(most) jobs that have not ended; wait for one, or cancel it")
        }
        let records = try recordIDs(tx, access, workspace, chosen)
        let billing = Billing(platform: platform)
        let id = UUID.random()
        tx.queue(
            Jobs.insertJob, id, workspace, JSONText(Jobs.text(of: fields)), keys.rawValue, isRefresh,
            priority, maxCredits, access.actor, expecting: 1)
        let estimate: JobEstimate
        if let records {
            estimate = try forecast.estimate(tx, workspace, .these(records), isComplete: false)
        } else {
            try billing.expireIfDue(tx, &account, by: access.actor, access.call.requestID)
            try refuse(tx, forecast, account, maxCredits)
            // Records come and go meanwhile: what was written is what counts.
            let tasks = try tx.execute(Jobs.insertTasksOfAll, id, workspace, Int64(fields.count))
            estimate = try forecast.estimate(
                tx, workspace, .tasks(of: id, records: Int64(tasks / fields.count)), isComplete: false)
        }
        let aside = min(estimate.credits, maxCredits ?? estimate.credits)
        var hold: Hold?
        if aside > 0 {
            try billing.expireIfDue(tx, &account, by: access.actor, access.call.requestID)
            hold = try billing.setAside(
                tx, &account, aside, seconds: Jobs.holdSeconds, referenceID: "job:\(id)", for: .job,
                by: access.actor,
                access.call.requestID)
        }
        // Something may have expired where nothing is set aside.
        if account.isChanged {
            billing.tell(tx, &account)
            billing.close(tx, account)
        }
        tx.queue(Jobs.setTotal, workspace, id, estimate.tasks, estimate.credits, hold?.id, expecting: 1)
        if let records { tx.queue(Jobs.insertTasks, id, workspace, TextArray(records), Int64(fields.count)) }
        tx.queue(Jobs.insertTurn, id)
        tx.queue(Jobs.notify, id.description)
        return try tx.one(Jobs.getJob, workspace, id)
    }

    private func forecast(
        _ tx: borrowing Transaction, _ workspace: UUID, _ fields: [JobField], _ keys: KeyChoice,
        _ isRefresh: Bool
    ) throws -> JobForecast {
        let own = keys == .auto ? try tx.all(ProviderKeys.listNewestIDs, workspace).map(\.provider) : []
        return try JobForecast(fields, keys, own: Set(own), isRefresh, platform.providers)
    }

    /// Before a million tasks are written for nothing.
    private func refuse(
        _ tx: borrowing Transaction, _ forecast: JobForecast, _ account: Account, _ maxCredits: Int64?
    ) throws {
        guard let credits = try forecast.credits(unseen: tx.one(Jobs.countRecords, account.workspaceID))
        else { return }
        var account = account
        try account.hold(min(credits, maxCredits ?? credits))
    }

    private func chosen(_ inline: RecordBatch?, _ ids: [UUID]?, _ isAll: Bool?) throws -> JobRecords {
        switch (inline, ids, isAll ?? false) {
        case (let inline?, nil, false): return .inline(inline)
        case (nil, let ids?, false): return .ids(ids)
        case (nil, nil, true): return .all
        default:
            throw CallError.fields([
                FieldError(
                    "records", .choice, "has to be given, or recordIds, or all: true; exactly one of them")
            ])
        }
    }

    /// `nil`: all of them.
    private func recordIDs(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ chosen: JobRecords
    ) throws -> [UUID]? {
        switch chosen {
        case .all: return nil
        case .ids(let ids):
            var seen: Set<UUID> = []
            let ids = ids.filter { seen.insert($0).inserted }
            let there = Set(try tx.all(Jobs.lockRecords, workspace, TextArray(ids)))
            guard let missing = ids.first(where: { !there.contains($0) }) else { return ids }
            throw CallError(.notFound, "No such record: \(missing)")
        case .inline(let records):
            _ = try Records(platform: platform).bulkUpsert(tx, access, workspace, records, false)
            return try tx.all(Jobs.listIDs, workspace, records.fieldsByExternalID)
        }
    }

    private struct Done: Error {
        let estimate: JobEstimate
    }

    /// What `body` comes to, of which nothing stays.
    private func undone(
        _ tx: borrowing Transaction, _ body: (borrowing Transaction) throws -> JobEstimate
    ) throws -> JobEstimate {
        do {
            return try tx.savepoint { tx in throw Done(estimate: try body(tx)) }
        } catch let done as Done {
            return done.estimate
        }
    }

    private static func text(of fields: [JobField]) -> String {
        var writer = JSONWriter()
        writer.beginArray()
        for field in fields { field.write(to: &writer) }
        writer.endArray()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    // MARK: reading

    func list(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ limit: Int64, _ cursor: Cursor?,
        _ status: JobStatus?
    ) throws -> Page<Job> {
        let rows = try tx.all(Jobs.listJobs, workspace, cursor?.moment, cursor?.id, status, limit + 1)
        return Page(rows, limit: limit) { Cursor($0.createdAt, $0.id) }
    }

    func results(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ id: UUID, _ limit: Int64,
        _ cursor: SeqCursor?
    ) throws -> Page<TaskResult> {
        guard try tx.first(Jobs.getJob, workspace, id) != nil else {
            throw CallError(.notFound, "No such job")
        }
        let rows = try tx.all(Jobs.listResults, workspace, id, cursor?.seq ?? -1, limit + 1)
        return Page(rows, limit: limit) { SeqCursor(seq: $0.seq).text }
    }

    // MARK: steering

    /// What is under way ends within a moment, and is settled as it ends.
    func cancel(_ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ id: UUID) throws -> Job {
        try move(tx, workspace, id, to: .cancelled, from: [.pending, .running, .paused])
    }

    func pause(_ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ id: UUID) throws -> Job {
        try move(tx, workspace, id, to: .paused, from: [.pending, .running])
    }

    func resume(_ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ id: UUID) throws -> Job {
        try move(tx, workspace, id, to: .running, from: [.paused])
    }

    private func move(
        _ tx: borrowing Transaction, _ workspace: UUID, _ id: UUID, to status: JobStatus,
        from allowed: Set<JobStatus>
    ) throws -> Job {
        // The turn before the job, as who takes up tasks has them.
        tx.queue(status == .running ? Jobs.insertTurn : Jobs.deleteTurn, id)
        let job = try locked(tx, workspace, id)
        guard allowed.contains(job.status) else {
            throw CallError(.conflict, "The job is \(job.status.rawValue)")
        }
        tx.queue(Jobs.setStatus, workspace, id, status, status.isEnded, expecting: 1)
        tx.queue(Jobs.notify, id.description)
        if status == .cancelled { job.event(.cancelled).raise(tx, in: workspace) }
        return try tx.one(Jobs.getJob, workspace, id)
    }

    /// Asks again for what failed.
    func retry(_ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ id: UUID) throws -> Job {
        guard var account = try tx.first(Billing.lockAccount, workspace) else { throw CallError(.notFound) }
        let job = try locked(tx, workspace, id)
        guard job.status.isEnded, job.status != .cancelled else {
            throw CallError(.conflict, "The job is \(job.status.rawValue)")
        }
        let failed = try tx.all(Jobs.countFailedByField, id, workspace)
        let count = failed.reduce(0) { $0 + $1.count }
        guard count > 0 else { throw CallError(.conflict, "Nothing of the job has failed") }
        let costs = try forecast(tx, workspace, job.fields, job.keys, true).costs
        let estimate = try JobForecast.sum(failed.map { ($0.count, costs[$0.field]) })
        let aside = min(estimate, job.maxCredits.map { max(0, $0 - job.spentCredits) } ?? estimate)
        var hold: Hold?
        if aside > 0 {
            let billing = Billing(platform: platform)
            try billing.expireIfDue(tx, &account, by: access.actor, access.call.requestID)
            hold = try billing.setAside(
                tx, &account, aside, seconds: Jobs.holdSeconds, referenceID: "job:\(id):\(job.version)",
                for: .job,
                by: access.actor, access.call.requestID)
            billing.tell(tx, &account)
            billing.close(tx, account)
        }
        tx.queue(Notes.noteFailedVoid, id, workspace, expecting: Int(count))
        tx.queue(Jobs.resetFailed, id, workspace, expecting: Int(count))
        tx.queue(Jobs.reopen, workspace, id, count, hold?.id, expecting: 1)
        tx.queue(Jobs.insertTurn, id)
        tx.queue(Jobs.notify, id.description)
        return try tx.one(Jobs.getJob, workspace, id)
    }

    private func locked(_ tx: borrowing Transaction, _ workspace: UUID, _ id: UUID) throws -> Job {
        guard let job = try tx.first(Jobs.lockJob, workspace, id) else {
            throw CallError(.notFound, "No such job")
        }
        return job
    }

    // MARK: ending

    /// Gives back what a job has set aside and not spent, and says how it ended. Of several daemons one does it.
    func end(_ id: UUID, of workspace: UUID, _ tx: borrowing Transaction) throws {
        tx.enter(workspace)
        guard var account = try tx.first(Billing.lockExistingAccount, workspace),
            let job = try tx.first(Jobs.lockJob, workspace, id)
        else { return }
        let isOver = job.remaining == 0 && !job.status.isEnded
        let isCancelled = job.status == .cancelled && job.holdID != nil
        guard isOver || isCancelled, try tx.one(Jobs.countRunning, id, workspace) == 0 else { return }
        if let holdID = job.holdID, let hold = try tx.first(Billing.getHold, workspace, holdID), hold.rest > 0
        {
            let billing = Billing(platform: platform)
            _ = billing.end(tx, &account, hold, status: "released", by: JobBill.actor, id.description)
            try billing.expireIfDue(tx, &account, by: JobBill.actor, id.description)
            billing.tell(tx, &account)
            billing.close(tx, account)
        }
        let status = isCancelled ? .cancelled : job.end
        tx.queue(Jobs.endJob, workspace, id, status, expecting: 1)
        tx.queue(Jobs.deleteTurn, id)
        guard isOver else { return }
        job.event(status).raise(tx, in: workspace)
    }

    // MARK: watching

    /// Tells how far a job is until it has ended.
    func watch(_ call: Call, _ workspace: UUID, _ id: UUID) async throws -> Job {
        var told: (done: Int64, version: Int64) = (-1, -1)
        while true {
            let job = try await platform.transact(call) { tx -> Job in
                _ = try Authorization.check(call, in: tx)
                guard let job = try tx.first(Jobs.getJob, workspace, id) else {
                    throw CallError(.notFound, "No such job")
                }
                return job
            }
            let state = (job.total - job.remaining, job.version)
            if state != told || job.status.isEnded {
                told = state
                guard !job.status.isEnded else { return job }
                if case .json(let bytes) = Job.shape.body(of: job).content { call.report(bytes) }
            }
            guard call.interruption == nil, MonotonicClock.now < call.deadlineNanoseconds else {
                throw call.interruptionError
            }
            try await Task.sleep(for: Jobs.watchPause)
        }
    }

    private static let watchPause = Duration.milliseconds(250)
}

extension Job {
    /// How a job ends of which every task is done.
    var end: JobStatus {
        let known = counts.found + counts.cached
        if counts.failed == 0 { return .completed }
        return known + counts.notFound + counts.exhausted > 0 ? .partiallyCompleted : .failed
    }

    /// That it has ended so.
    func event(_ status: JobStatus) -> Event {
        Event(
            type: EventType.job(status),
            data: JSONWriter.object { writer in
                writer.key("jobId")
                writer.string(id.description)
                writer.key("status")
                writer.string(status.rawValue)
                writer.key("total")
                writer.int(total)
                writer.key("found")
                writer.int(counts.found)
                writer.key("cached")
                writer.int(counts.cached)
                writer.key("spentCredits")
                writer.int(spentCredits)
            })
    }

    /// What a job would be that is not made.
    init(
        _ estimate: JobEstimate, _ fields: [JobField], _ keys: KeyChoice, _ isRefresh: Bool,
        _ maxCredits: Int64?,
        _ workspace: UUID, _ creator: String
    ) {
        id = .zero
        workspaceID = workspace
        status = .pending
        self.fields = fields
        self.keys = keys
        self.isRefresh = isRefresh
        total = estimate.tasks
        remaining = estimate.tasks - estimate.cached
        counts = JobCounts(cached: estimate.cached)
        estimatedCredits = estimate.credits
        spentCredits = 0
        self.maxCredits = maxCredits
        holdID = nil
        createdAt = Timestamp.now
        createdBy = creator
        startedAt = nil
        finishedAt = nil
        version = 0
    }
}
