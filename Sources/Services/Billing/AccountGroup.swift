import Identifiers
import Postgres
import RPC
import Resilience
import Synchronization

/// Calls that change one account in one transaction.
final class AccountGroup: Interruptible {
    /// One of them.
    final class Member: Sendable {
        private enum Phase {
            case waits, taken, gone
        }

        let call: Call
        let ticket: Idempotency.Ticket?
        let question: Authorization.Question
        let effect: @Sendable (borrowing Transaction, Access, inout Account) throws -> (id: UUID, body: Body)
        /// The same without company.
        let alone: Platform.Work
        private let phase = Mutex(Phase.waits)

        init(
            call: Call, ticket: Idempotency.Ticket?, question: Authorization.Question,
            effect:
                @escaping @Sendable (borrowing Transaction, Access, inout Account) throws -> (
                    id: UUID, body: Body
                ), alone: @escaping Platform.Work
        ) {
            self.call = call
            self.ticket = ticket
            self.question = question
            self.effect = effect
            self.alone = alone
        }

        /// From here on it is done, or fails, with the others: COMMIT may be sent at any time. Asked again, it says the same.
        /// - Returns: false for one that was interrupted before.
        func take() -> Bool {
            phase.withLock { phase in
                if phase == .waits { phase = .taken }
                return phase == .taken
            }
        }

        /// - Returns: whether it was in time.
        func leave() -> Bool {
            phase.withLock { phase in
                guard phase == .waits else { return false }
                phase = .gone
                return true
            }
        }

        var isGone: Bool { phase.withLock { $0 == .gone } }
    }

    private struct State {
        var left: Int
        var hook: (@Sendable () -> Void)?
    }

    let members: [Member]
    /// Of the one that may take longest: the others leave by themselves.
    let deadlineNanoseconds: UInt64
    private let state: Mutex<State>

    init(_ members: [Member]) {
        self.members = members
        deadlineNanoseconds = members.map(\.call.deadlineNanoseconds).max() ?? 0
        state = Mutex(State(left: members.count))
    }

    /// When everybody has left, nobody waits for the statement that runs.
    var isInterrupted: Bool { state.withLock { $0.left == 0 } }

    func onInterruption(_ hook: @escaping @Sendable () -> Void) {
        let runsNow = state.withLock { state in
            if state.left > 0 { state.hook = hook }
            return state.left == 0
        }
        if runsNow { hook() }
    }

    func memberLeft() {
        let hook = state.withLock { state -> (@Sendable () -> Void)? in
            state.left -= 1
            return state.left == 0 ? state.hook.take() : nil
        }
        hook?()
    }
}

/// Who waits for which account. One group at a time is under way for each; nobody waits for company.
final class AccountGroups: Sendable {
    private struct Entry {
        /// Nothing is under way for an account that has no entry.
        var running: AccountGroup?
        var waiting: [AccountGroup.Member] = []
    }

    private struct State {
        var entries: [UUID: Entry] = [:]
        var waiting = 0
    }

    private let state = Mutex(State())

    /// In one transaction: more would make the first wait for the last.
    private static let mostMembers = 64
    private static let mostWaiting = 8192
    /// So that one account does not take everybody's place.
    private static let mostWaitingForOne = 512

    var waitingCount: Int { state.withLock { $0.waiting } }

    /// - Parameters:
    ///   - refuse: told when it is interrupted while it waits, or too many wait.
    ///   - run: gets the group that it is in, unless that is for somebody else to start.
    func add(
        _ member: AccountGroup.Member, to account: UUID, refuse: @escaping @Sendable (CallError) -> Void,
        run: (AccountGroup) -> Void
    ) {
        enum Place {
            case first(AccountGroup)
            case waits
            case tooMany
        }
        let place = state.withLock { state -> Place in
            guard state.entries[account] != nil else {
                let group = AccountGroup([member])
                state.entries[account] = Entry(running: group)
                return .first(group)
            }
            guard state.waiting < AccountGroups.mostWaiting,
                state.entries[account]?.waiting.count ?? 0 < AccountGroups.mostWaitingForOne
            else { return .tooMany }
            state.entries[account]?.waiting.append(member)
            state.waiting += 1
            return .waits
        }
        switch place {
        case .first(let group): run(group)
        case .tooMany: refuse(.unavailable("The database is busy"))
        case .waits:
            member.call.onInterruption { [self] in
                guard member.leave() else { return }
                refuse(member.call.interruptionError)
                left(member, account)
            }
        }
    }

    /// The group under way has ended. - Returns: the next, for the caller to run.
    func next(on account: UUID) -> AccountGroup? {
        state.withLock { state in
            guard var entry = state.entries[account], !entry.waiting.isEmpty else {
                state.entries[account] = nil
                return nil
            }
            let group = AccountGroup(Array(entry.waiting.prefix(AccountGroups.mostMembers)))
            entry.waiting.removeFirst(group.members.count)
            entry.running = group
            state.waiting -= group.members.count
            state.entries[account] = entry
            return group
        }
    }

    private func left(_ member: AccountGroup.Member, _ account: UUID) {
        let group = state.withLock { state -> AccountGroup? in
            guard var entry = state.entries[account] else { return nil }
            if let index = entry.waiting.firstIndex(where: { $0 === member }) {
                entry.waiting.remove(at: index)
                state.waiting -= 1
                state.entries[account] = entry
                return nil
            }
            return entry.running.flatMap { $0.members.contains { $0 === member } ? $0 : nil }
        }
        group?.memberLeft()
    }
}
