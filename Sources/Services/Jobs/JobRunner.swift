import Identifiers
import JSON
import Postgres
import RPC
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
        /// When tasks are due that this daemon has put off, on ``MonotonicClock``, in steps of ``JobRunner/shortestPause``.
        var due: Set<UInt64> = []
        /// Tasks that were taken up in vain since it was asked last: their provider had no place for them.
        var turnedAway = 0

        mutating func takeTurnedAway() -> Int {
            defer { turnedAway = 0 }
            return turnedAway
        }

        /// - Returns: how long to wait for work of which nobody tells.
        mutating func pause(now: UInt64) -> Duration {
            due = due.filter { $0 > now }
            guard let next = due.min() else { return JobRunner.pause }
            return min(JobRunner.pause, .nanoseconds(Int64(clamping: next - now)))
        }

        mutating func postpone(seconds: Double, now: UInt64) {
            let step = JobRunner.shortestPause
            due.insert((now + UInt64(max(0, seconds) * 1e9)) / step * step + step)
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
    private let desk: LookupDesk
    private let unpaid = UnpaidAnswers()
    private let platform: Platform
    private let waterfall: @Sendable () -> Waterfall
    private let log: @Sendable (Notice) -> Void
    private let state = Mutex(State())
    /// There may be work, or room.
    private let wake = Wake()
    /// A job may have been cancelled.
    private let attention = Wake()

    /// When nobody tells that there is work, it is looked for this often.
    private static let pause = Duration.seconds(1)
    /// Between signs of life; a lease is five times as long.
    private static let beatNanoseconds: UInt64 = 3_000_000_000
    private static let shortestPause: UInt64 = 20_000_000
    private static let mostSecondsKnown = 60.0
    private static let gathering = Duration.milliseconds(10)
    private static let claimed = 512
    private static let leastAllowance = 32

    /// - Parameter log: told of failures, in a sentence.
    public init(
        _ platform: Platform, _ settings: Settings = Settings(), log: @escaping @Sendable (Notice) -> Void
    ) {
        self.settings = settings
        self.platform = platform
        self.log = log
        queue = TaskQueue(platform: platform)
        let desk = LookupDesk(pool: platform.pool, daemon: queue.daemon)
        self.desk = desk
        let (keys, budgets, unpaid) = (JobKeys(platform: platform, log: log), budgets, unpaid)
        waterfall = {
            Waterfall(
                calls: platform.providers.calls, desk: desk, keys: keys, unpaid: unpaid,
                tracer: platform.tracer,
                providers: platform.providers.catalog.current, budgets: budgets,
                // Others are to have some, however slow one provider is.
                places: max(1, settings.inFlight / 4 * 3), resultSeconds: platform.providers.resultSeconds,
                retry: settings.retry)
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
        let writer = ResultWriter(queue, log: log) { [self] in settle($0) }
        // Not cancelled along with this: what has come of tasks is to be written down.
        let writing = Task { await writer.run() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.takeUp(writer) }
            group.addTask { await self.lookAfter(writer) }
            await group.waitForAll()
        }
        writer.stop()
        await writing.value
    }

    /// What has been written down, or never will be.
    private func settle(_ settled: [ResultWriter.Settled]) {
        guard !settled.isEmpty else { return }
        for one in settled {
            let (outcome, job) = (one.entry.outcome, one.entry.job)
            budgets.release(outcome.reserved, rest: one.rest, of: job.holdID, for: job.id)
            desk.release(outcome.answers.map(\.key) + outcome.unanswered)
            if let stored = one.stored {
                platform.jobMetrics.record(stored.status)
                if stored.status == .found {
                    unpaid.forget(outcome.answers.map(\.key).filter { $0.provider == stored.provider })
                }
            }
            if case .later(let seconds, _) = outcome.kind {
                platform.jobMetrics.recordPostponed()
                // Beyond that it is found in time by who looks once a second.
                guard seconds < JobRunner.mostSecondsKnown else { continue }
                state.withLock { $0.postpone(seconds: seconds, now: MonotonicClock.now) }
            }
        }
        wake.raise()
        attention.raise()
    }

    // MARK: taking up

    private func takeUp(_ writer: ResultWriter) async {
        var isFailing = false
        var hasRoomToWaitFor = true
        var took = 0
        // What is taken up in vain costs as much as the rest: of what providers have no places for, less is taken up the next time.
        var allowance = settings.inFlight
        while !Task.isCancelled {
            let running = state.withLock { $0.running.count }
            let unwritten = writer.count
            // Results are written down while others are under way, but do not pile up.
            let free = unwritten < 2 * ResultWriter.batch ? settings.inFlight - running : 0
            // A few at a time cost as much as many: it waits for some room, but not for long.
            if min(allowance, free) < settings.inFlight / 2, hasRoomToWaitFor {
                hasRoomToWaitFor = false
                await wake.wait(atMost: JobRunner.gathering)
                continue
            }
            hasRoomToWaitFor = true
            let turnedAway = state.withLock { $0.takeTurnedAway() }
            if turnedAway > 0 {
                allowance = max(JobRunner.leastAllowance, took - turnedAway + took / 4)
            } else if took > 0 {
                allowance = min(settings.inFlight, 2 * allowance)
            }
            let room = min(allowance, free)
            took = 0
            if room > 0 {
                do {
                    let batch = try await queue.claim(atMost: min(room, JobRunner.claimed))
                    took = batch.tasks.count
                    start(batch, writer)
                    isFailing = false
                } catch {
                    if !isFailing, !Task.isCancelled {
                        log(Notice(.upkeepFailed, "Taking up tasks failed: \(error)"))
                    }
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

    private func start(_ batch: TaskQueue.Batch, _ writer: ResultWriter) {
        let waterfall = waterfall()
        for (job, rest) in batch.budgets { budgets.set(rest, of: batch.jobs[job]?.holdID, for: job) }
        for task in batch.tasks {
            guard let job = batch.jobs[task.jobID], let record = batch.records[task.recordID] else {
                continue
            }
            let place = Place(task)
            // Inside the lock: a task that ends at once finds itself here.
            state.withLock { state in
                let work = Task { [self] in
                    let outcome = await waterfall.run(task, of: job, record)
                    writer.add(outcome, of: job)
                    // Only now: whoever stops waits for all that run.
                    self.state.withLock { state in
                        state.running[place] = nil
                        if case .later(_, .place) = outcome.kind { state.turnedAway += 1 }
                    }
                }
                state.running[place] = Running(task: task, work: work)
            }
        }
    }

    // MARK: looking after

    /// Signs of life, tasks of daemons that gave none, jobs that are at their end.
    private func lookAfter(_ writer: ResultWriter) async {
        // Whether the last turn of each failed: what fails holds up nothing else.
        var failing: Set<String> = []
        func attempt(_ name: String, _ work: () async throws -> Void) async {
            do {
                try await work()
                failing.remove(name)
            } catch {
                if failing.insert(name).inserted, !Task.isCancelled {
                    log(Notice(.upkeepFailed, "\(name) failed: \(error)"))
                }
            }
        }
        var nextBeat: UInt64 = 0
        while !Task.isCancelled {
            if MonotonicClock.now >= nextBeat {
                nextBeat = MonotonicClock.now + JobRunner.beatNanoseconds
                await attempt("Giving signs of life") { try await giveSigns(writer) }
                await attempt("Counting jobs", count)
            }
            await attempt("Stopping what was cancelled", cancelTasks)
            await attempt("Ending jobs", endJobs)
            await attention.wait(atMost: JobRunner.pause)
        }
    }

    private func giveSigns(_ writer: ResultWriter) async throws {
        let running = state.withLock { $0.running.values.map(\.task) } + writer.waiting
        try await queue.heartbeat(running, desk.held)
        if try await queue.rescue() > 0 { wake.raise() }
        budgets.forgetIdle()
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
        var failure: (any Error)?
        for job in ending {
            do {
                try await platform.pool.upkeep { tx in try jobs.end(job.id, of: job.workspaceID, tx) }
            } catch {
                // The others have their turn, too.
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
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
