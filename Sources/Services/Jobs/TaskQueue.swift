import AnalyticsStores
import Identifiers
import JSON
import Postgres
import RPC

/// A field of a record that this daemon has taken up.
struct ClaimedTask: Sendable {
    let jobID: UUID
    let seq: Int64
    let workspaceID: UUID
    let recordID: UUID
    /// Its place in the job's fields.
    let field: Int64
    /// The how-manieth time that it was taken up: what a later one comes to is not written down by an earlier.
    let take: Int64
    /// How often everybody failed who was asked, before.
    let failures: Int64
    /// When it was put back for the first time since a provider rests.
    var waitsSince: Timestamp?
    /// Which providers have failed for it, and whether they may be asked again.
    var failed: [String: Bool] = [:]

    static func failed(in text: JSONText) throws -> [String: Bool] {
        var failed: [String: Bool] = [:]
        for (provider, mayRepeat) in try JSON.parse(text.text).members {
            if let provider = provider.string { failed[provider] = mayRepeat.bool ?? false }
        }
        return failed
    }
}

/// What a provider is asked, for whom.
struct LookupKey: Sendable, Hashable {
    let workspaceID: UUID
    let provider: String
    let hash: [UInt8]
}

/// What one daemon does about tasks: takes them up, keeps them, gives them back, writes down what came of them. A task belongs to whoever has
/// taken it up for as long as he gives signs of life; whoever comes too late with a result changes nothing.
struct TaskQueue: Sendable {
    let platform: Platform
    /// This process, among those that serve the same database.
    let daemon = UUID.random()

    private var pool: Pool { platform.pool }

    /// A batch that was taken up, with what is needed to work on it.
    struct Batch: Sendable {
        var tasks: [ClaimedTask] = []
        var jobs: [UUID: Job] = [:]
        /// The fields of each record.
        var records: [UUID: JSON] = [:]
        /// What jobs may spend yet that have set something aside.
        var budgets: [UUID: Int64] = [:]
    }

    /// Jobs that have a turn at once, and tasks of one job in it at least.
    private static let turns: Int64 = 16
    private static let tasksATurn: Int64 = 64

    func claim(atMost limit: Int) async throws -> Batch {
        let daemon = daemon
        return try await pool.upkeep { tx in
            tx.enterEveryWorkspace()
            let tasks = try tx.all(
                TaskQueue.claim, daemon, TaskQueue.turns, min(TaskQueue.tasksATurn, Int64(limit)),
                Int64(limit))
            guard !tasks.isEmpty else { return Batch() }
            let jobs = try tx.all(TaskQueue.getJob, TextArray(Array(Set(tasks.map(\.jobID)))))
            let records = try tx.all(TaskQueue.getRecords, TextArray(Array(Set(tasks.map(\.recordID)))))
            let budgets = try tx.all(
                TaskQueue.listBudgets, TextArray(jobs.filter { $0.holdID != nil }.map(\.id)))
            return Batch(
                tasks: tasks, jobs: Dictionary(jobs.map { ($0.id, $0) }) { first, _ in first },
                records: try Dictionary(records.map { ($0.id, try JSON.parse($0.fields.text)) }) { first, _ in
                    first
                }, budgets: Dictionary(budgets.map { ($0.job, $0.rest) }) { first, _ in first })
        }
    }

    /// Says that these are still worked on, and that these are still asked.
    func heartbeat(_ tasks: [ClaimedTask], _ lookups: [LookupKey]) async throws {
        guard !tasks.isEmpty else { return }
        let daemon = daemon
        try await pool.upkeep { tx in
            tx.enterEveryWorkspace()
            tx.queue(
                TaskQueue.heartbeatLookups, daemon, TextArray(lookups.map(\.workspaceID)),
                TextArray(lookups.map(\.provider)), TextArray(lookups.map(\.hash)))
            tx.queue(
                TaskQueue.heartbeat, daemon, TextArray(tasks.map(\.jobID)), IntegerArray(tasks.map(\.seq)))
        }
    }

    /// Makes tasks free that a daemon had taken up which has died. - Returns: how many.
    func rescue() async throws -> Int {
        try await pool.upkeep { tx in
            tx.enterEveryWorkspace()
            return try tx.execute(TaskQueue.rescue, Int64(1000))
        }
    }

    // MARK: completion

    struct Completion: Sendable {
        /// What was stored, by the numbers of the tasks that were this daemon's still.
        let results: [Int64: TaskOutcome.Result]
        /// What the job may spend from then on, where there was something to pay.
        let rest: Int64?
    }

    /// Writes down what came of tasks of one job, in one transaction: results, charges, what was found, what providers have answered.
    @discardableResult
    func complete(_ outcomes: [TaskOutcome], of job: Job) async throws -> Completion {
        try await pool.upkeep { tx in
            tx.enter(job.workspaceID)
            // The account before anything else, as everywhere; then records, then tasks, as who deletes a record has them.
            var bill = try JobBill(
                tx, job, needed: outcomes.contains { $0.cost > 0 }, by: Billing(platform: platform))
            tx.queue(TaskQueue.lockRecords, TextArray(Array(Set(outcomes.map(\.task.recordID)))))
            let mine = Set(
                try tx.all(
                    TaskQueue.lockTasks, daemon, job.id, IntegerArray(outcomes.map(\.task.seq)),
                    IntegerArray(outcomes.map(\.task.take))))
            var outcomes = outcomes
            var done: [(outcome: TaskOutcome, result: TaskOutcome.Result)] = []
            for index in outcomes.indices {
                let outcome = outcomes[index]
                var isPaid = false
                if mine.contains(outcome.task.seq), case .done(var result) = outcome.kind {
                    if result.cost > 0 {
                        isPaid = bill.plan(result.cost)
                        if !isPaid { result.refuse() }
                    }
                    done.append((outcome, result))
                }
                outcomes[index].forgetUnpaid(isPaid: isPaid)
            }
            postpone(tx, job, outcomes.filter { mine.contains($0.task.seq) })
            let enrichments = try enrichments(tx, job, &done)
            finish(tx, job, done)
            try bill.charge(
                tx,
                done.filter { $0.result.cost > 0 }.map {
                    JobBill.Charge(
                        amount: $0.result.cost, reference: "task:\(job.id):\($0.outcome.task.seq)",
                        description:
                            "\(job.fields[Int($0.outcome.task.field)].name) by \($0.result.provider ?? "")",
                        provider: $0.result.provider)
                })
            enrich(tx, enrichments)
            settleLookups(tx, outcomes)
            if !done.isEmpty { advance(tx, job, done.map(\.result)) }
            return Completion(
                results: Dictionary(done.map { ($0.outcome.task.seq, $0.result) }) { first, _ in first },
                rest: bill.rest)
        }
    }

    private func advance(_ tx: borrowing Transaction, _ job: Job, _ results: [TaskOutcome.Result]) {
        var counts = JobCounts()
        for result in results { counts.add(result.status) }
        tx.queue(
            TaskQueue.advance, job.id, counts.sum, counts.found, counts.cached, counts.notFound,
            counts.exhausted, counts.skipped, counts.failed, results.reduce(0) { $0 + $1.cost }, expecting: 1)
    }

    private func postpone(_ tx: borrowing Transaction, _ job: Job, _ outcomes: [TaskOutcome]) {
        let later = outcomes.compactMap {
            outcome -> (ClaimedTask, Double, TaskOutcome.Reason, TaskOutcome)? in
            guard case .later(let seconds, let reason) = outcome.kind else { return nil }
            return (outcome.task, seconds, reason, outcome)
        }
        guard !later.isEmpty else { return }
        tx.queue(
            TaskQueue.postpone, daemon, job.id, IntegerArray(later.map(\.0.seq)),
            IntegerArray(later.map(\.0.take)), TextArray(later.map(\.1)), TextArray(later.map(\.2.rawValue)),
            TextArray(later.map(\.3.failedText)),
            IntegerArray(later.map(\.3.uncountedCalls)), TextArray(later.map(\.3.askedText)))
    }

    private func finish(
        _ tx: borrowing Transaction, _ job: Job, _ done: [(outcome: TaskOutcome, result: TaskOutcome.Result)]
    ) {
        guard !done.isEmpty else { return }
        tx.queue(
            TaskQueue.finish, daemon, job.id, IntegerArray(done.map(\.outcome.task.seq)),
            IntegerArray(done.map(\.outcome.task.take)), TextArray(done.map(\.result.status)),
            TextArray(done.map(\.result.value)), TextArray(done.map(\.result.provider)),
            TextArray(done.map(\.result.confidence)), IntegerArray(done.map(\.result.cost)),
            TextArray(done.map { $0.result.error.map(TaskQueue.shortened) }),
            IntegerArray(done.map(\.outcome.uncountedCalls)), TextArray(done.map(\.outcome.askedText)),
            expecting: done.count)
        tx.queue(Notes.noteResults, job.workspaceID, job.id, IntegerArray(done.map(\.outcome.task.seq)))
    }

    /// As much as the column takes.
    private static func shortened(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(500)))
    }

    /// What was found and goes into records. Of one record several fields may come at once.
    /// - Parameter done: what a record does not take is told in its result.
    private func enrichments(
        _ tx: borrowing Transaction, _ job: Job,
        _ done: inout [(outcome: TaskOutcome, result: TaskOutcome.Result)]
    ) throws -> [Enrichment] {
        let places = done.indices.filter { done[$0].result.isFound }
        guard !places.isEmpty else { return [] }
        let records = Set(places.map { done[$0].outcome.task.recordID })
        let rows = try tx.all(TaskQueue.getSources, TextArray(Array(records)))
        var enrichments: [UUID: Enrichment] = [:]
        for row in rows { enrichments[row.id] = try Enrichment(row, platform.limits) }
        let now = Timestamp.now
        let providers = platform.providers.catalog.current
        for place in places {
            let (outcome, result) = done[place]
            let read = providers[result.provider ?? ""]?.fieldsRead ?? []
            done[place].result.error = try enrichments[outcome.task.recordID]?.take(
                job.fields[Int(outcome.task.field)].name, result, of: job.id,
                asked: outcome.record, reading: read, now: now)
        }
        return enrichments.values.filter(\.isNews).sorted { $0.id < $1.id }
    }

    private func enrich(_ tx: borrowing Transaction, _ enrichments: [Enrichment]) {
        guard !enrichments.isEmpty else { return }
        tx.queue(
            TaskQueue.enrich, TextArray(enrichments.map(\.id)), TextArray(enrichments.map(\.fields)),
            TextArray(enrichments.map(\.sources)))
    }

    private func settleLookups(_ tx: borrowing Transaction, _ outcomes: [TaskOutcome]) {
        let answers = outcomes.flatMap(\.answers)
        if !answers.isEmpty {
            tx.queue(
                TaskQueue.storeAnswers, daemon, TextArray(answers.map(\.key.workspaceID)),
                TextArray(answers.map(\.key.provider)), TextArray(answers.map(\.key.hash)),
                TextArray(answers.map { FoundField.text(of: $0.fields) }))
        }
        let unanswered = outcomes.flatMap(\.unanswered)
        if !unanswered.isEmpty {
            tx.queue(
                TaskQueue.letGo, daemon, TextArray(unanswered.map(\.workspaceID)),
                TextArray(unanswered.map(\.provider)), TextArray(unanswered.map(\.hash)))
        }
    }
}

/// What came of a task, and of what was asked for it.
struct TaskOutcome: Sendable {
    struct Result: Sendable {
        var status: TaskStatus
        /// JSON.
        var value: JSONText?
        var provider: String?
        var confidence: Double?
        var cost: Int64 = 0
        var error: String?
        /// When the provider gave it; `nil` for just now.
        var answeredAt: Timestamp?

        /// There are no credits for it: what nobody pays for, nobody gets.
        mutating func refuse() {
            self = Result(status: .skipped, provider: provider, error: JobBudgets.usedUp)
        }

        /// Whether it goes into the record.
        var isFound: Bool { status == .found || status == .cached }
    }

    enum Kind: Sendable {
        case done(Result)
        /// To be taken up again after so many seconds.
        case later(seconds: Double, Reason)
    }

    /// Why it is put back.
    enum Reason: String, Sendable {
        /// Somebody asks the same, or this daemon does not go on with it.
        case turn
        /// Its provider has no place for it yet, and is no worse for that.
        case place
        /// A provider is left alone for a while.
        case rest
        /// Everybody failed who was asked: it is tried a few times.
        case failure
    }

    /// What a provider has answered.
    struct Answer: Sendable {
        let key: LookupKey
        let fields: [FoundField]
        /// What one of its fields costs.
        let price: Int64

        var isEmpty: Bool { fields.isEmpty }
    }

    let task: ClaimedTask
    /// Its fields as they were when providers were asked.
    let record: JSON
    var kind: Kind
    /// How often providers were called.
    var calls: Int64 = 0
    /// Which providers were asked for it, this time.
    var asked: [ProviderCall] = []
    /// Which providers have failed this time, and whether they may be asked again.
    var failed: [String: Bool] = [:]
    /// What of the job's credits nobody else may plan with until this is written down.
    var reserved: Int64 = 0
    /// What providers have answered, for whoever asks next.
    var answers: [Answer] = []
    /// What this task had taken upon itself to ask, and got no answer to.
    var unanswered: [LookupKey] = []

    /// One call was counted as the task was taken up.
    fileprivate var uncountedCalls: Int64 { calls - 1 }

    fileprivate var failedText: JSONText? {
        guard !failed.isEmpty else { return nil }
        let bytes = JSONWriter.object { writer in
            for (provider, mayRepeat) in failed.sorted(by: { $0.key < $1.key }) {
                writer.key(provider)
                writer.bool(mayRepeat)
            }
        }
        return JSONText(String(decoding: bytes, as: UTF8.self))
    }

    fileprivate var askedText: JSONText? { asked.isEmpty ? nil : JSONText(ProviderCall.text(asked)) }

    var cost: Int64 {
        guard case .done(let result) = kind else { return 0 }
        return result.cost
    }

    /// In place of one that the database does not take.
    var unstorable: TaskOutcome {
        var other = self
        other.forgetAnswers()
        other.kind = .done(
            TaskOutcome.Result(
                status: .failed, error: "What was found cannot be stored; see the daemon's log"))
        return other
    }

    /// Nobody who asks next gets anything of it.
    private mutating func forgetAnswers() {
        unanswered += answers.map(\.key)
        answers = []
    }

    /// An answer to a question that it had taken upon itself.
    mutating func took(_ answer: Answer) {
        unanswered.removeAll { $0 == answer.key }
        answers.append(answer)
    }

    /// What was answered and is not paid for is not kept: else it would be free for whoever asks next. That nobody knows anything is kept.
    fileprivate mutating func forgetUnpaid(isPaid: Bool) {
        var kept: [Answer] = []
        for answer in answers {
            var isPaidFor = false
            if case .done(let result) = kind, result.status == .found, result.provider == answer.key.provider
            {
                isPaidFor = isPaid
            }
            if isPaidFor || answer.price == 0 || answer.isEmpty {
                kept.append(answer)
            } else {
                unanswered.append(answer.key)
            }
        }
        answers = kept
    }
}
