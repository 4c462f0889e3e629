import Identifiers
import Resilience
import Synchronization

/// What jobs may spend yet, as far as this daemon knows: nobody is asked for what cannot be paid. What is paid in the end is decided where it is
/// written down.
final class JobBudgets: Sendable {
    enum Place: Sendable, Equatable {
        case reserved
        /// What is left is planned for; some of it may come back.
        case later
        case usedUp
    }

    static let usedUp = "The job may spend no more credits"

    private struct Budget {
        var rest: Int64
        var reserved: Int64 = 0
        var claimedAt: UInt64 = 0
    }

    private static let keptNanoseconds: UInt64 = 3_600_000_000_000
    private let budgets = Mutex<[UUID: Budget]>([:])

    /// What the database says.
    func set(_ rest: Int64, for job: UUID) {
        budgets.withLock { budgets in
            var budget = budgets[job] ?? Budget(rest: rest)
            (budget.rest, budget.claimedAt) = (rest, MonotonicClock.now)
            budgets[job] = budget
        }
    }

    /// - Parameter had: what of it the same task has reserved before.
    func reserve(_ amount: Int64, beside had: Int64, for job: UUID) -> Place {
        guard amount > 0 else { return .reserved }
        return budgets.withLock { budgets in
            guard var budget = budgets[job], budget.rest >= had + amount else { return .usedUp }
            guard budget.rest - budget.reserved >= amount else { return .later }
            budget.reserved += amount
            budgets[job] = budget
            return .reserved
        }
    }

    /// It has been written down what became of it. What it cost is in what the next claim says.
    func release(_ amount: Int64, for job: UUID) {
        guard amount > 0 else { return }
        budgets.withLock { $0[job]?.reserved -= amount }
    }

    /// Of jobs that have had no task here for longer than one takes.
    func forgetIdle() {
        let now = MonotonicClock.now
        budgets.withLock { budgets in
            budgets = budgets.filter {
                $0.value.reserved > 0 || now < $0.value.claimedAt + JobBudgets.keptNanoseconds
            }
        }
    }
}
