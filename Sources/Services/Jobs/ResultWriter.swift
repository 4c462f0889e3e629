import Postgres
import RPC
import Synchronization

/// Writes down what came of tasks, in batches, each job in a transaction of its own: what cannot be written of one holds up no other.
final class ResultWriter: Sendable {
    struct Entry: Sendable {
        let outcome: TaskOutcome
        let job: Job
        /// How often it could not be written though the database was there.
        fileprivate var refusals = 0
    }

    /// What is not written any more: what was stored of it, where it was this daemon's still.
    struct Settled: Sendable {
        let entry: Entry
        let stored: TaskOutcome.Result?
        /// What its job may spend from then on, where it was looked at.
        let rest: Int64?
    }

    private struct State {
        var entries: [Entry] = []
        var isStopping = false
    }

    private let queue: TaskQueue
    private let log: @Sendable (Notice) -> Void
    private let settled: @Sendable ([Settled]) -> Void
    private let state = Mutex(State())
    private let wake = Wake()

    private static let pause = Duration.seconds(1)
    /// As many are written at once.
    static let batch = 256
    /// After so many refusals a result is let go: the lease of its task ends, and the task is taken up again.
    private static let mostRefusals = 10

    /// - Parameters:
    ///   - log: told of failures, in a sentence.
    ///   - settled: told of all that is not written any more.
    init(
        _ queue: TaskQueue, log: @escaping @Sendable (Notice) -> Void,
        settled: @escaping @Sendable ([Settled]) -> Void
    ) {
        (self.queue, self.log, self.settled) = (queue, log, settled)
    }

    /// What waits to be written: their tasks are this daemon's still.
    var waiting: [ClaimedTask] { state.withLock { $0.entries.map(\.outcome.task) } }
    var count: Int { state.withLock { $0.entries.count } }

    func add(_ outcome: TaskOutcome, of job: Job) {
        let count = state.withLock { state in
            state.entries.append(Entry(outcome: outcome, job: job))
            return state.entries.count
        }
        if count == 1 || count >= ResultWriter.batch { wake.raise() }
    }

    /// Ends ``run()`` when everything is written, or cannot be; one that has yet to begin, too.
    func stop() {
        state.withLock { $0.isStopping = true }
        wake.raise()
    }

    func run() async {
        var isFailing = false
        while true {
            let (entries, isStopping) = state.withLock {
                (Array($0.entries.prefix(ResultWriter.batch)), $0.isStopping)
            }
            guard !entries.isEmpty else {
                if isStopping { return }
                await wake.wait(atMost: ResultWriter.pause)
                continue
            }
            let failure = await write(entries)
            if let failure, !isFailing {
                log(Notice(.resultsWait, "Writing down results failed: \(failure)"))
            }
            isFailing = failure != nil
            guard isFailing else { continue }
            // Their leases end, and others have them.
            if isStopping { return }
            await wake.wait(atMost: ResultWriter.pause)
        }
    }

    private enum Written {
        case settled([Settled])
        case failed([Entry], any Error)
    }

    /// - Returns: why not all of it was written.
    private func write(_ entries: [Entry]) async -> (any Error)? {
        let outcomes = await withTaskGroup(of: [Written].self) { group in
            for entries in Dictionary(grouping: entries, by: \.job.id).values {
                group.addTask { await self.writeJob(entries) }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        var done: [Settled] = []
        var later: [Entry] = []
        var failure: (any Error)?
        for case .settled(let settled) in outcomes { done += settled }
        for case .failed(let entries, let error) in outcomes {
            failure = failure ?? error
            for var entry in entries {
                if ResultWriter.isRefusal(error) { entry.refusals += 1 }
                if entry.refusals < ResultWriter.mostRefusals {
                    later.append(entry)
                } else {
                    log(
                        Notice(
                            .resultLost,
                            "A result of job \(entry.job.id) could not be written and is let go: \(error)"))
                    done.append(Settled(entry: entry, stored: nil, rest: nil))
                }
            }
        }
        // Those that failed go to the end: they hold up nobody.
        let (count, failed) = (entries.count, later)
        state.withLock { state in
            state.entries.removeFirst(count)
            state.entries += failed
        }
        settled(done)
        return failure
    }

    /// - Parameter entries: of one job.
    private func writeJob(_ entries: [Entry]) async -> [Written] {
        guard let job = entries.first?.job else { return [] }
        do {
            return [.settled(try await complete(entries, entries.map(\.outcome), job))]
        } catch let error where !ResultWriter.isDataAtFault(error) {
            return [.failed(entries, error)]
        } catch {
            log(
                Notice(
                    .resultsWait,
                    "Results of job \(job.id) are not taken by the database, and are written one by one: \(error)"
                ))
        }
        var written: [Written] = []
        for entry in entries {
            do {
                do {
                    written.append(.settled(try await complete([entry], [entry.outcome], job)))
                } catch let error where ResultWriter.isDataAtFault(error) {
                    written.append(.settled(try await complete([entry], [entry.outcome.unstorable], job)))
                }
            } catch {
                written.append(.failed([entry], error))
            }
        }
        return written
    }

    private func complete(_ entries: [Entry], _ outcomes: [TaskOutcome], _ job: Job) async throws -> [Settled]
    {
        let completion = try await queue.complete(outcomes, of: job)
        return entries.map {
            Settled(entry: $0, stored: completion.results[$0.outcome.task.seq], rest: completion.rest)
        }
    }

    /// Whether the values are at fault, so that trying again is in vain.
    private static func isDataAtFault(_ error: any Error) -> Bool {
        guard case .server(let state)? = (error as? PostgresError)?.kind else { return false }
        return state.rawValue.hasPrefix("22") || state.rawValue.hasPrefix("23")
    }

    /// Whether the database was there and would not, as opposed to being away.
    private static func isRefusal(_ error: any Error) -> Bool {
        guard let error = error as? PostgresError else { return true }
        switch error.kind {
        case .server, .aborted: return true
        default: return false
        }
    }
}
