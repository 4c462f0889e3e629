import Resilience
import Synchronization

/// The retries of a provider with one key, behind a lock: within a call, and of tasks that are tried again.
///
/// Of the latter there are some beside those that lookups pay for, or what failed last would wait for lookups that never come: each second as many as a
/// share of what the provider takes in one.
final class LaneBudget: Sendable {
    /// A retry for a task.
    enum Repeat: Sendable, Equatable {
        case saved
        case beside
        /// When it is worth coming back; nil when too many have been told already.
        case none(afterNanoseconds: UInt64?)
    }

    private struct State {
        var budget: RetryBudget
        var beside: RetryBudget
        /// When the next comes back who had none.
        var next: UInt64 = 0
    }

    private let state: Mutex<State>
    private let intervalNanoseconds: UInt64

    init(percent: Int, rate: RateLimit, concurrency: Int) {
        let most = rate.isOff ? concurrency : rate.count / rate.seconds
        let beside = RetryBudget(percent: 0, floorPerSecond: max(1, most * percent / 100))
        intervalNanoseconds = 1_000_000_000 / UInt64(max(1, beside.floorPerSecond))
        state = Mutex(State(budget: RetryBudget(percent: percent), beside: beside))
    }

    func recordCall() { state.withLock { $0.budget.recordCall() } }
    func takeRetry(now: UInt64) -> Bool { state.withLock { $0.budget.takeRetry(now: now) } }

    func takeRepeat(now: UInt64) -> Repeat {
        state.withLock { state in
            if state.beside.takeRetry(now: now) { return .beside }
            if state.budget.takeRetry(now: now) { return .saved }
            let turn = max(state.next, now + intervalNanoseconds)
            guard turn - now < Line.longestNanoseconds else { return .none(afterNanoseconds: nil) }
            state.next = turn + intervalNanoseconds
            return .none(afterNanoseconds: turn - now)
        }
    }

    /// Nobody was called.
    func giveBack(_ retry: Repeat) {
        if retry == .saved { state.withLock { $0.budget.giveBack() } }
    }
}
