import Identifiers
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
    }

    private let budgets = Mutex<[UUID: Budget]>([:])

    /// What the database says.
    func set(_ rest: Int64, for job: UUID) {
        budgets.withLock { $0[job, default: Budget(rest: rest)].rest = rest }
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

    /// It has been written down what became of it.
    func release(_ amount: Int64, spent: Int64, for job: UUID) {
        guard amount > 0 else { return }
        budgets.withLock { budgets in
            guard var budget = budgets[job] else { return }
            budget.reserved -= amount
            budget.rest -= spent
            budgets[job] = budget
        }
    }

    /// Of jobs that are over.
    func forget(_ jobs: some Sequence<UUID>) {
        budgets.withLock { budgets in
            for job in jobs { budgets[job] = nil }
        }
    }
}
