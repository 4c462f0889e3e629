import AnalyticsStores
import Identifiers
import JSON
import Postgres
import RPC
import Resilience

/// Asks one provider after the other for one field of one record, until one knows it well enough.
struct Waterfall: Sendable {
    let calls: ProviderCalls
    let desk: LookupDesk
    let keys: JobKeys
    let unpaid: UnpaidAnswers
    let tracer: Tracer
    let providers: [String: Provider]
    /// What jobs may spend yet.
    let budgets: JobBudgets
    /// How many of this daemon's tasks one provider with one key may hold.
    let places: Int
    /// How long an answer is good, in seconds.
    let resultSeconds: Int64
    /// Between failures of everybody.
    let retry: Backoff

    /// Nothing more is tried when everybody has failed so many times.
    static let mostFailures: Int64 = 4
    private static let busyPauseSeconds = 0.2
    /// Whoever finds the line longer than can be told comes back after so long, for each time that it was so.
    private static let linePauseSeconds = 60.0
    private static let longestLinePauseSeconds = 600.0
    /// For a provider that says that it is too much a task waits so long; then the next is asked.
    private static let restPatienceSeconds = 60.0
    /// Of one provider's answer, with its retries.
    private static let patienceNanoseconds: UInt64 = 60_000_000_000

    func run(_ task: ClaimedTask, of job: Job, _ record: JSON) async -> TaskOutcome {
        var outcome = TaskOutcome(task: task, record: record, kind: .later(seconds: 0, .turn))
        guard job.fields.indices.contains(Int(task.field)) else {
            outcome.kind = .done(TaskOutcome.Result(status: .failed, error: "The job has no such field"))
            return outcome
        }
        let field = job.fields[Int(task.field)]
        let waited = task.waitsSince.map { Double(Timestamp.now.microseconds - $0.microseconds) / 1e6 } ?? 0
        var progress = Progress(waited: max(0, waited))
        var random = SystemRandomNumberGenerator()
        for slug in field.providers {
            guard !Task.isCancelled else { return given(up: outcome) }
            let step = await ask(slug, for: field, task, job, record, &outcome)
            if case .busy = step {
                // Two that wait for each other are not to come back together.
                let pause = Waterfall.busyPauseSeconds * .random(in: 0.5...1.5, using: &random)
                return putBack(outcome, pause, .turn, progress, using: &random)
            }
            if case .failed(let failure, _) = step, let wait = failure.wait,
                let pause = self.pause(wait, failure.retryAfterNanoseconds, task, progress, using: &random)
            {
                return putBack(outcome, pause, wait == .turn ? .place : .rest, progress, using: &random)
            }
            if let result = progress.take(step, field) {
                outcome.kind = .done(result)
                return outcome
            }
        }
        if Task.isCancelled { return given(up: outcome) }
        if let pause = progress.restSeconds(using: &random) {
            return putBack(outcome, pause, .rest, progress, using: &random)
        }
        if mayFail(task), !progress.repeatable.isEmpty {
            return putBack(outcome, 0, .failure, progress, using: &random)
        }
        outcome.kind = .done(progress.end)
        return outcome
    }

    private func mayFail(_ task: ClaimedTask) -> Bool { task.failures < Waterfall.mostFailures - 1 }

    /// To wait for whoever has not failed; those who have are asked again then, as often as that may be.
    private func putBack(
        _ outcome: TaskOutcome, _ seconds: Double, _ reason: TaskOutcome.Reason, _ progress: Progress,
        using random: inout some RandomNumberGenerator
    ) -> TaskOutcome {
        var outcome = outcome
        guard !progress.repeatable.isEmpty else {
            outcome.kind = .later(seconds: seconds, reason)
            return outcome
        }
        if mayFail(outcome.task) {
            let failures = Int(outcome.task.failures)
            let pause = Double(retry.delayNanoseconds(attempt: failures, using: &random)) / 1e9
            outcome.kind = .later(seconds: max(seconds, pause + progress.retryAfterSeconds), .failure)
        } else {
            for provider in progress.repeatable { outcome.failed[provider] = false }
            outcome.kind = .later(seconds: seconds, reason)
        }
        return outcome
    }

    /// How long a task is put back that has not had its turn: the order of the providers is the caller's. Nil when the next one is asked meanwhile.
    private func pause(
        _ wait: LookupFailure.Wait, _ retryAfter: UInt64?, _ task: ClaimedTask, _ progress: Progress,
        using random: inout some RandomNumberGenerator
    ) -> Double? {
        let known = retryAfter.map { Double($0) / 1e9 }
        switch wait {
        case .circuit: return nil
        case .turn:
            if let known { return known * .random(in: 1...1.2, using: &random) }
            let longest = min(
                Waterfall.linePauseSeconds * Double(max(1, task.take)), Waterfall.longestLinePauseSeconds)
            return .random(in: longest / 2...longest, using: &random)
        case .rest:
            guard max(progress.waited, known ?? 0) < Waterfall.restPatienceSeconds else { return nil }
            return progress.pause(afterRest: known ?? 0, using: &random)
        }
    }

    /// The daemon stops, or the job was cancelled: the task is as if it had not been taken up.
    private func given(up outcome: TaskOutcome) -> TaskOutcome {
        var outcome = outcome
        outcome.kind = .later(seconds: 0, .turn)
        return outcome
    }

    /// What one provider comes to.
    enum Step {
        case found(FoundField, provider: String, cost: Int64, isFresh: Bool)
        case nothing
        /// It was not asked.
        case notAsked(String)
        case failed(LookupFailure, provider: String)
        /// Somebody else asks it at this moment, or there is no room.
        case busy
    }

    private func ask(
        _ slug: String, for field: JobField, _ task: ClaimedTask, _ job: Job, _ record: JSON,
        _ outcome: inout TaskOutcome
    ) async -> Step {
        guard let provider = providers[slug] else {
            return .notAsked("There is no provider \(slug) any more")
        }
        let input: LookupInput
        switch provider.input(from: record) {
        case .success(let value): input = value
        case .failure(let lack): return .notAsked("\(slug): \(lack.reasons.joined(separator: ", "))")
        }
        let key = LookupKey(workspaceID: task.workspaceID, provider: slug, hash: input.hash)
        let oldest = Timestamp(microseconds: Timestamp.now.microseconds - resultSeconds * 1_000_000)
        let freshAfter = job.isRefresh ? max(job.createdAt, oldest) : oldest
        let providerKey: ProviderKey
        do {
            switch try await desk.place(of: key, freshAfter: freshAfter, record: task.recordID) {
            case .busy: return .busy
            case .answered(let answer):
                guard let found = answer.first(where: { $0.name == field.name }) else {
                    return .nothing
                }
                return .found(found, provider: slug, cost: 0, isFresh: false)
            case .mine: outcome.unanswered.append(key)
            }
            guard task.failed[slug] != false else { return .failed(.notAgain, provider: slug) }
            switch try await keys.key(for: provider, workspace: task.workspaceID, choice: job.keys) {
            case .key(let key): providerKey = key
            case .none:
                return .notAsked("\(slug): there is no key; store a credential, or ask with the platform's")
            case .unreadable(let failure): return .failed(failure, provider: slug)
            }
        } catch {
            return .busy
        }
        let cost = provider.cost(providerKey.kind)
        // At most one of the providers is paid.
        let more = max(0, cost - outcome.reserved)
        switch budgets.reserve(more, beside: outcome.reserved, for: job.id) {
        case .reserved: outcome.reserved += more
        case .later: return .busy
        case .usedUp: return .notAsked(JobBudgets.usedUp)
        }
        let answer: LookupOutcome
        if let fields = unpaid.answer(to: key, by: providerKey.kind, freshAfter: freshAfter) {
            answer = .found(fields)
        } else {
            let isRepeat = task.failed[slug] != nil
            let report = await tracer.work(
                "provider.lookup", for: job.id,
                ["rpcd.provider": slug, "rpcd.field": field.name, "rpcd.task": "\(task.seq)"],
                outcome: \ProviderCalls.Report.told
            ) {
                await calls.report(
                    provider, input, key: providerKey, workspace: task.workspaceID,
                    deadlineNanoseconds: MonotonicClock.now + Waterfall.patienceNanoseconds,
                    // However often the task is taken up, to the provider it is one question.
                    idempotencyKey: "\(job.id)-\(task.seq)", isRepeat: isRepeat, places: places)
            }
            outcome.calls += Int64(report.calls)
            answer = report.outcome
            outcome.asked += [ProviderCall](slug, report)
        }
        switch answer {
        case .found(let fields):
            if cost > 0 { unpaid.keep(fields, of: key, by: providerKey.kind) }
            outcome.took(TaskOutcome.Answer(key: key, fields: fields, price: cost))
            guard let found = fields.first(where: { $0.name == field.name }) else { return .nothing }
            return .found(found, provider: slug, cost: cost, isFresh: true)
        case .notFound:
            outcome.took(TaskOutcome.Answer(key: key, fields: [], price: cost))
            return .nothing
        case .failed(let failure):
            if failure.wait == nil, failure.code != .cancelled {
                outcome.failed[slug] = failure.isTransient && failure.isRepeatable
            }
            return .failed(failure, provider: slug)
        }
    }
}

extension ProviderCalls.Report {
    /// For traces.
    fileprivate var told: (String, isFault: Bool) {
        switch outcome {
        case .found: ("found", false)
        case .notFound: ("not_found", false)
        case .failed(let failure): ("\(failure.code)", failure.wait == nil)
        }
    }
}

extension [ProviderCall] {
    /// For analytics: one question, where it came to a call.
    fileprivate init(_ provider: String, _ report: ProviderCalls.Report) {
        guard report.calls > 0 else {
            self = []
            return
        }
        let outcome: ProviderCall.Outcome =
            switch report.outcome {
            case .found: .found
            case .notFound: .notFound
            case .failed: .failed
            }
        self = [
            ProviderCall(
                provider: provider, outcome: outcome, milliseconds: Int64(report.nanoseconds / 1_000_000))
        ]
    }
}
