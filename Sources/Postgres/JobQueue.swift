import Dispatch
import Synchronization

/// Work that waits for a connection: first come, first served, and no more than `limit` of it.
final class JobQueue: Sendable {
    /// One piece of work. Exactly one of `run` and `abandon` is called, once.
    struct Job: Sendable {
        let bound: any Interruptible
        let run: @Sendable (Connection) -> Void
        let abandon: @Sendable (PostgresError) -> Void
    }

    private struct State {
        var jobs: [UInt64: Job] = [:]
        /// Numbers in order of arrival; some may have left.
        var order: [UInt64] = []
        var start = 0
        var counter: UInt64 = 0
        var isClosed = false
    }

    private let limit: Int
    private let state = Mutex(State())
    private let arrivals = DispatchSemaphore(value: 0)

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { state.withLock { $0.jobs.count } }

    /// Takes a job in, or abandons it at once when there is no room.
    func add(_ job: Job) {
        let number: Result<UInt64, PostgresError> = state.withLock { state in
            guard !state.isClosed else { return .failure(PostgresError(.poolClosed, "the pool is closed")) }
            guard state.jobs.count < limit else {
                return .failure(PostgresError(.poolExhausted, "\(limit) calls wait for a connection already"))
            }
            state.counter += 1
            state.jobs[state.counter] = job
            state.order.append(state.counter)
            return .success(state.counter)
        }
        switch number {
        case .failure(let error): job.abandon(error)
        case .success(let number):
            job.bound.onInterruption { [weak self] in
                self?.remove(number)?.abandon(PostgresError(.interrupted, "cancelled while it waited"))
            }
            arrivals.signal()
        }
    }

    /// The oldest job; waits at most `nanoseconds` for one. `nil` too when the one that came has left meanwhile.
    func next(waitNanoseconds: Int) -> Job? {
        guard arrivals.wait(timeout: .now() + .nanoseconds(waitNanoseconds)) == .success else { return nil }
        return state.withLock { state in
            while state.start < state.order.count {
                let number = state.order[state.start]
                state.start += 1
                if state.start > 1024 {
                    state.order.removeFirst(state.start)
                    state.start = 0
                }
                if let job = state.jobs.removeValue(forKey: number) { return job }
            }
            return nil
        }
    }

    private func remove(_ number: UInt64) -> Job? {
        state.withLock { $0.jobs.removeValue(forKey: number) }
    }

    /// Abandons the jobs whose time is up.
    func expire(now: UInt64) {
        abandon(PostgresError(.poolExhausted, "no connection became free in time")) {
            $0.bound.deadlineNanoseconds <= now
        }
    }

    /// Abandons everything that waits.
    func fail(_ error: PostgresError) {
        abandon(error) { _ in true }
    }

    /// Takes no more jobs; what waits is still served.
    func close() {
        state.withLock { $0.isClosed = true }
    }

    private func abandon(_ error: PostgresError, where isDue: (Job) -> Bool) {
        let due = state.withLock { state in
            let due = state.jobs.filter { isDue($0.value) }
            for number in due.keys { state.jobs[number] = nil }
            return due.sorted { $0.key < $1.key }.map(\.value)
        }
        for job in due { job.abandon(error) }
    }
}
