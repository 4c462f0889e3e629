import Identifiers
import JSON
import Postgres
import Resilience
import Synchronization

/// Works on jobs, beside the calls of a daemon: takes tasks up as long as it has hands free, runs them side by side, and writes down in batches what came
/// of them. Several daemons on one database work side by side.
public final class JobRunner: Sendable {
    /// How much at once.
    public struct Settings: Sendable {
        /// Tasks of this daemon that run at once.
        public var inFlight = 400
        /// How long a task waits when everybody has failed who was asked.
        public var retry = Backoff(baseNanoseconds: 2_000_000_000, capNanoseconds: 60_000_000_000)

        public init() {}
    }

    private struct State {
        var running: [Place: Running] = [:]
        var outcomes: [(outcome: TaskOutcome, job: Job)] = []
        /// No task is taken up any more, and none is under way.
        var isStopping = false
        /// When the first of the tasks is due that this daemon has put off, on ``MonotonicClock``.
        var nextDue: UInt64?

        /// - Returns: how long to wait for work of which nobody tells.
        mutating func pause(now: UInt64) -> Duration {
            guard let due = nextDue else { return JobRunner.pause }
            if due <= now + JobRunner.shortestPause { nextDue = nil }
            return min(
                JobRunner.pause, .nanoseconds(Int64(clamping: max(due, now + JobRunner.shortestPause) - now)))
        }

        mutating func postpone(seconds: Double, now: UInt64) {
            let due = now + UInt64(max(0, seconds) * 1e9)
            nextDue = min(nextDue ?? due, due)
        }
    }

    private struct Place: Hashable {
        let job: UUID
        let seq: Int64

        init(_ task: ClaimedTask) { (job, seq) = (task.jobID, task.seq) }
    }

    private struct Running {
        let task: ClaimedTask
        let work: Task<Void, Never>
    }

    private let settings: Settings
    private let queue: TaskQueue
    private let budgets = JobBudgets()
    private let platform: Platform
    private let waterfall: @Sendable () -> Waterfall
    private let log: @Sendable (String) -> Void
    private let state = Mutex(State())
    /// There may be work, or room.
    private let wake = Wake()
    private let hasOutcomes = Wake()
    /// A job may have been cancelled.
    private let attention = Wake()

    /// When nobody tells that there is work, it is looked for this often.
    private static let pause = Duration.seconds(1)
    /// Between signs of life; a lease is five times as long.
    private static let beatNanoseconds: UInt64 = 3_000_000_000
    private static let shortestPause: UInt64 = 20_000_000
    private static let gathering = Duration.milliseconds(10)
    private static let claimed = 512
    /// As many outcomes are written at once; a job has a transaction of its own.
    private static let written = 256

    /// - Parameter log: told of failures, in a sentence.
    public init(
        _ platform: Platform, _ settings: Settings = Settings(), log: @escaping @Sendable (String) -> Void
    ) {
        self.settings = settings
        self.platform = platform
        self.log = log
        queue = TaskQueue(platform: platform)
        let desk = LookupDesk(pool: platform.pool, daemon: queue.daemon)
        let (keys, budgets) = (JobKeys(platform: platform), budgets)
        waterfall = {
            Waterfall(
                calls: platform.providers.calls, desk: desk, keys: keys,
                providers: platform.providers.catalog.current, budgets: budgets,
                resultSeconds: platform.providers.resultSeconds, retry: settings.retry)
        }
    }

    /// What providers have answered that is too old for anybody, a few at a time.
    func forgetOldAnswers() async throws {
        let (seconds, batch) = (platform.providers.resultSeconds, 1000)
        repeat {
        } while try await platform.pool.upkeep({ tx in
            tx.enterEveryWorkspace()
            return try tx.execute(TaskQueue.deleteOldLookups, seconds, batch)
        }) == batch
    }

    /// Somebody has made, resumed or cancelled a job.
    public func notice() {
        wake.raise()
        attention.raise()
    }

    /// What sessions NOTIFY then.
    public static let channel: StaticString = "rpcd_jobs"

    /// Until the task that runs this is cancelled; then what runs is given up, and what came of the rest is written down.
    public func run() async {
        state.withLock { $0.isStopping = false }
        // Not cancelled along with this: what has come of tasks is to be written down.
        let writer = Task { await writeDown() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.takeUp() }
            group.addTask { await self.lookAfter() }
            await group.waitForAll()
        }
        state.withLock { $0.isStopping = true }
        hasOutcomes.raise()
        await writer.value
    }

    // MARK: taking up

    private func takeUp() async {
        var isFailing = false
        var hasRoomToWaitFor = true
        while !Task.isCancelled {
            let (running, unwritten) = state.withLock { ($0.running.count, $0.outcomes.count) }
            // Results are written down while others are under way, but do not pile up.
            let room = unwritten < 2 * JobRunner.written ? settings.inFlight - running : 0
            var took = 0
            // A few at a time cost as much as many: it waits for some room, but not for long.
            if room < settings.inFlight / 2, hasRoomToWaitFor {
                hasRoomToWaitFor = false
                await wake.wait(atMost: JobRunner.gathering)
                continue
            }
            hasRoomToWaitFor = true
            if room > 0 {
                do {
                    let batch = try await queue.claim(atMost: min(room, JobRunner.claimed))
                    took = batch.tasks.count
                    start(batch)
                    isFailing = false
                } catch {
                    if !isFailing, !Task.isCancelled { log("Taking up tasks failed: \(error)") }
                    isFailing = true
                }
            }
            platform.jobMetrics.set(running: running + took, unwritten: unwritten)
            if took == 0 || took < room {
                await wake.wait(atMost: state.withLock { $0.pause(now: MonotonicClock.now) })
            }
        }
        for entry in state.withLock({ Array($0.running.values) }) { entry.work.cancel() }
        for entry in state.withLock({ Array($0.running.values) }) { await entry.work.value }
    }

    private func start(_ batch: TaskQueue.Batch) {
        let waterfall = waterfall()
        for (job, rest) in batch.budgets { budgets.set(rest, for: job) }
        for task in batch.tasks {
            guard let job = batch.jobs[task.jobID], let record = batch.records[task.recordID] else {
                continue
            }
            let place = Place(task)
            // Inside the lock: a task that ends at once finds itself here.
            state.withLock { state in
                let work = Task { [self] in end(place, await waterfall.run(task, of: job, record), job) }
                state.running[place] = Running(task: task, work: work)
            }
        }
    }

    private func end(_ place: Place, _ outcome: TaskOutcome, _ job: Job) {
        let count = state.withLock { state -> Int in
            state.running[place] = nil
            state.outcomes.append((outcome, job))
            return state.outcomes.count
        }
        if count == 1 || count >= JobRunner.written { hasOutcomes.raise() }
    }

    // MARK: writing down

    private func writeDown() async {
        var isFailing = false
        while true {
            let (batch, isStopping) = state.withLock {
                (Array($0.outcomes.prefix(JobRunner.written)), $0.isStopping)
            }
            guard !batch.isEmpty else {
                if isStopping { return }
                await hasOutcomes.wait(atMost: JobRunner.pause)
                continue
            }
            let (settled, failure) = await write(batch)
            for (outcome, job) in batch where settled.contains(Place(outcome.task)) {
                platform.jobMetrics.record(outcome.kind)
                budgets.release(outcome.reserved, spent: outcome.cost, for: job.id)
            }
            state.withLock { state in
                state.outcomes.removeAll { settled.contains(Place($0.outcome.task)) }
                for case .later(let seconds, _) in batch.map(\.outcome.kind) {
                    state.postpone(seconds: seconds, now: MonotonicClock.now)
                }
            }
            if !settled.isEmpty { wake.raise() }
            if let failure {
                if !isFailing { log("Writing down results failed: \(failure)") }
                // Their leases end, and others have them.
                guard !isStopping else { return }
                await hasOutcomes.wait(atMost: JobRunner.pause)
            }
            isFailing = failure != nil
        }
    }

    /// Each job by itself: what cannot be written of one holds up no other.
    private func write(
        _ batch: [(outcome: TaskOutcome, job: Job)]
    ) async -> (settled: Set<Place>, failure: (any Error)?) {
        let byJob = Dictionary(grouping: batch, by: \.job.id)
        var settled: Set<Place> = []
        var failure: (any Error)?
        await withTaskGroup(of: (Set<Place>, (any Error)?).self) { group in
            for (_, entries) in byJob {
                guard let job = entries.first?.job else { continue }
                group.addTask { await self.write(entries.map(\.outcome), of: job) }
            }
            for await (places, error) in group {
                settled.formUnion(places)
                failure = failure ?? error
            }
        }
        do { try await endJobs() } catch { failure = failure ?? error }
        return (settled, failure)
    }

    private func write(_ outcomes: [TaskOutcome], of job: Job) async -> (Set<Place>, (any Error)?) {
        do {
            try await queue.complete(outcomes, of: job)
            return (Set(outcomes.map { Place($0.task) }), nil)
        } catch let error where !JobRunner.isForGood(error) {
            return ([], error)
        } catch {
            log(
                "Results of job \(job.id) are not taken by the database, and are written one by one: \(error)"
            )
        }
        var settled: Set<Place> = []
        for outcome in outcomes {
            do {
                do {
                    try await queue.complete([outcome], of: job)
                } catch let error where JobRunner.isForGood(error) {
                    try await queue.complete([outcome.unstorable], of: job)
                }
            } catch {
                // When not even that is taken the lease ends, and the task is taken up again.
                guard JobRunner.isForGood(error) else { return (settled, error) }
            }
            settled.insert(Place(outcome.task))
        }
        return (settled, nil)
    }

    /// Whether the data is at fault, so that trying again is in vain.
    private static func isForGood(_ error: any Error) -> Bool {
        guard case .server(let state)? = (error as? PostgresError)?.kind else { return false }
        return state.rawValue.hasPrefix("22") || state.rawValue.hasPrefix("23")
    }

    // MARK: looking after

    /// Signs of life, tasks of daemons that gave none, jobs that are at their end.
    private func lookAfter() async {
        // Whether the last turn of each failed: what fails holds up nothing else.
        var failing: Set<String> = []
        func attempt(_ name: String, _ work: () async throws -> Void) async {
            do {
                try await work()
                failing.remove(name)
            } catch {
                if failing.insert(name).inserted, !Task.isCancelled { log("\(name) failed: \(error)") }
            }
        }
        var nextBeat: UInt64 = 0
        while !Task.isCancelled {
            if MonotonicClock.now >= nextBeat {
                nextBeat = MonotonicClock.now + JobRunner.beatNanoseconds
                await attempt("Giving signs of life", giveSigns)
                await attempt("Counting jobs", count)
            }
            await attempt("Stopping what was cancelled", cancelTasks)
            await attempt("Ending jobs", endJobs)
            await attention.wait(atMost: JobRunner.pause)
        }
    }

    private func giveSigns() async throws {
        let running = state.withLock { state in
            state.running.values.map(\.task) + state.outcomes.map(\.outcome.task)
        }
        try await queue.heartbeat(running)
        if try await queue.rescue() > 0 { wake.raise() }
    }

    private func count() async throws {
        let open = try await platform.pool.upkeep { tx in
            tx.enterEveryWorkspace()
            return try tx.one(TaskQueue.countOpen)
        }
        platform.jobMetrics.set(open: open.jobs, remaining: open.tasks)
    }

    private func endJobs() async throws {
        let ending = try await platform.pool.upkeep { tx in
            tx.enterEveryWorkspace()
            return try tx.all(TaskQueue.listEnding, Int64(100))
        }
        let jobs = Jobs(platform: platform)
        for job in ending {
            try await platform.pool.upkeep { tx in try jobs.end(job.id, of: job.workspaceID, tx) }
        }
        budgets.forget(ending.map(\.id))
    }

    /// Of jobs that were cancelled meanwhile.
    private func cancelTasks() async throws {
        let mine = state.withLock { Set($0.running.keys.map(\.job)) }
        guard !mine.isEmpty else { return }
        let cancelled = try await platform.pool.upkeep { tx in
            tx.enterEveryWorkspace()
            return try tx.all(TaskQueue.getJob, TextArray(Array(mine))).filter { $0.status == .cancelled }
                .map(\.id)
        }
        guard !cancelled.isEmpty else { return }
        let gone = Set(cancelled)
        for work in state.withLock({ $0.running.filter { gone.contains($0.key.job) }.map(\.value.work) }) {
            work.cancel()
        }
    }
}
