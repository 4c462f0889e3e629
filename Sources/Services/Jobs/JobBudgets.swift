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
        /// Where the money is: another after the job was asked again for what failed.
        let hold: UUID?
        var rest: Int64
        var reserved: Int64 = 0
        var claimedAt: UInt64 = 0
    }

    private static let keptNanoseconds: UInt64 = 3_600_000_000_000
    private let budgets = Mutex<[UUID: Budget]>([:])

    /// What the database says. Of one hold the rest only shrinks: what was read before the last charge does not raise it again.
    func set(_ rest: Int64, of hold: UUID?, for job: UUID) {
        budgets.withLock { budgets in
            let known = budgets[job]
            var budget = Budget(hold: hold, rest: rest, reserved: known?.reserved ?? 0)
            if let known, known.hold == hold { budget.rest = min(known.rest, rest) }
            budget.claimedAt = MonotonicClock.now
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

    /// It has been written down what became of it. What it cost is gone before anybody else may plan with what comes back.
    /// - Parameter rest: of this hold, after that, where it was looked at.
    func release(_ amount: Int64, rest: Int64?, of hold: UUID?, for job: UUID) {
        budgets.withLock { budgets in
            guard var budget = budgets[job] else { return }
            if let rest, budget.hold == hold { budget.rest = min(budget.rest, rest) }
            budget.reserved -= amount
            budgets[job] = budget
        }
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
