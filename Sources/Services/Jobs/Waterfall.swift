import AnalyticsStores
import Identifiers
import JSON
import Postgres
import Resilience

/// Asks one provider after the other for one field of one record, until one knows it well enough.
struct Waterfall: Sendable {
    let calls: ProviderCalls
    let desk: LookupDesk
    let keys: JobKeys
    let unpaid: UnpaidAnswers
    let providers: [String: Provider]
    /// What jobs may spend yet.
    let budgets: JobBudgets
    /// How long an answer is good, in seconds.
    let resultSeconds: Int64
    /// Between failures of everybody.
    let retry: Backoff

    /// Nothing more is tried when everybody has failed so many times.
    static let mostFailures: Int64 = 4
    private static let busyPauseSeconds = 0.2
    /// A task waits for providers that are left alone, until so long after the job's first task; from then on it counts as a failure.
    private static let circuitPatienceSeconds: Int64 = 300
    private static let circuitPauseSeconds = 4.0
    /// Of one provider's answer, with its retries.
    private static let patienceNanoseconds: UInt64 = 60_000_000_000

    func run(_ task: ClaimedTask, of job: Job, _ record: JSON) async -> TaskOutcome {
        var outcome = TaskOutcome(task: task, kind: .later(seconds: 0, hasFailed: false))
        guard job.fields.indices.contains(Int(task.field)) else {
            outcome.kind = .done(TaskOutcome.Result(status: .failed, error: "The job has no such field"))
            return outcome
        }
        let field = job.fields[Int(task.field)]
        var progress = Progress()
        var random = SystemRandomNumberGenerator()
        for slug in field.providers {
            guard !Task.isCancelled else { return given(up: outcome) }
            let step = await ask(slug, for: field, task, job, record, &outcome)
            if case .busy = step {
                // Two that wait for each other are not to come back together.
                let pause = Waterfall.busyPauseSeconds * .random(in: 0.5...1.5, using: &random)
                outcome.kind = .later(seconds: pause, hasFailed: false)
                return outcome
            }
            if let result = progress.take(step, field) {
                outcome.kind = .done(result)
                return outcome
            }
        }
        if Task.isCancelled { return given(up: outcome) }
        if progress.waitsForCircuit, let started = job.startedAt,
            Timestamp.now.microseconds - started.microseconds < Waterfall.circuitPatienceSeconds * 1_000_000
        {
            let pause = min(max(1, progress.circuitPauseSeconds), Waterfall.circuitPauseSeconds)
            // Not all at once, when it is their turn.
            outcome.kind = .later(seconds: pause * .random(in: 0.5...1, using: &random), hasFailed: false)
        } else if progress.mayComeLater, task.failures < Waterfall.mostFailures - 1 {
            let pause = retry.delayNanoseconds(attempt: Int(task.failures), using: &random)
            outcome.kind = .later(seconds: Double(pause) / 1e9, hasFailed: true)
        } else {
            outcome.kind = .done(progress.end)
        }
        return outcome
    }

    /// The daemon stops, or the job was cancelled: the task is as if it had not been taken up.
    private func given(up outcome: TaskOutcome) -> TaskOutcome {
        var outcome = outcome
        outcome.kind = .later(seconds: 0, hasFailed: false)
        return outcome
    }

    /// What one provider comes to.
    private enum Step {
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
            guard let found = try await keys.key(for: provider, workspace: task.workspaceID, choice: job.keys)
            else {
                return .notAsked("\(slug): there is no key; store a credential, or ask with the platform's")
            }
            providerKey = found
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
        if let fields = unpaid.answer(to: key, freshAfter: freshAfter) {
            answer = .found(fields)
        } else {
            let report = await calls.report(
                provider, input, key: providerKey, workspace: task.workspaceID,
                deadlineNanoseconds: MonotonicClock.now + Waterfall.patienceNanoseconds,
                // However often the task is taken up, to the provider it is one question.
                idempotencyKey: "\(job.id)-\(task.seq)")
            outcome.calls = max(outcome.calls, Int64(report.calls))
            answer = report.outcome
            outcome.asked += [ProviderCall](slug, report)
        }
        switch answer {
        case .found(let fields):
            if cost > 0 { unpaid.keep(fields, of: key) }
            outcome.took(TaskOutcome.Answer(key: key, fields: fields, price: cost))
            guard let found = fields.first(where: { $0.name == field.name }) else { return .nothing }
            return .found(found, provider: slug, cost: cost, isFresh: true)
        case .notFound:
            outcome.took(TaskOutcome.Answer(key: key, fields: [], price: cost))
            return .nothing
        case .failed(let failure): return .failed(failure, provider: slug)
        }
    }

    /// What the steps so far have come to. Pure: it is where the rules are.
    private struct Progress {
        private var best: (field: FoundField, provider: String)?
        private var wasAsked = false
        private var failure: String?
        private var missing: String?
        private(set) var mayComeLater = false
        private var isLeftAlone = false
        private var hasFailed = false

        /// Until the first of those is asked again who are left alone.
        private(set) var circuitPauseSeconds = Double.infinity

        /// Nobody has failed, but somebody was not asked because he has failed too often.
        var waitsForCircuit: Bool { isLeftAlone && !hasFailed }

        /// - Returns: the end, when this step is it.
        mutating func take(_ step: Step, _ field: JobField) -> TaskOutcome.Result? {
            switch step {
            case .found(let found, let provider, let cost, let isFresh):
                wasAsked = true
                if found.confidence >= field.minConfidence {
                    return TaskOutcome.Result(
                        status: isFresh ? .found : .cached, value: found.text, provider: provider,
                        confidence: found.confidence, cost: isFresh ? cost : 0, answeredAt: found.answeredAt)
                }
                if found.confidence > (best?.field.confidence ?? -1) { best = (found, provider) }
            case .nothing: wasAsked = true
            case .notAsked(let reason): missing = missing ?? reason
            case .failed(let reason, let provider):
                failure = failure ?? "\(provider): \(reason.message)"
                if reason.isTransient { mayComeLater = true }
                if reason.code == .circuitOpen {
                    isLeftAlone = true
                    let pause = Double(reason.retryAfterNanoseconds ?? 0) / 1e9
                    circuitPauseSeconds = min(circuitPauseSeconds, pause)
                } else {
                    hasFailed = true
                }
            case .busy: break
            }
            return nil
        }

        var end: TaskOutcome.Result {
            if let best {
                return TaskOutcome.Result(
                    status: .exhausted, value: best.field.text, provider: best.provider,
                    confidence: best.field.confidence, error: failure)
            }
            if let failure { return TaskOutcome.Result(status: .failed, error: failure) }
            return wasAsked
                ? TaskOutcome.Result(status: .notFound)
                : TaskOutcome.Result(status: .skipped, error: missing ?? "Nobody was asked")
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
