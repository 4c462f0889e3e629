import Identifiers
import Postgres
import RPC
import Resilience
import Synchronization

/// The keys that jobs ask with. What was looked up is kept for a moment, for thousands of tasks ask with one key: a credential that is changed is
/// used within a second.
final class JobKeys: Sendable {
    private struct Question: Hashable {
        let workspace: UUID
        let provider: String
        let choice: KeyChoice
    }

    enum Answer: Sendable {
        case key(ProviderKey)
        case none
        case unreadable(LookupFailure)
    }

    private struct Entry {
        let answer: Answer
        let until: UInt64
    }

    private let log: @Sendable (Notice) -> Void
    private let platform: Platform
    private let entries = Mutex<[Question: Entry]>([:])

    private static let keptNanoseconds: UInt64 = 1_000_000_000
    private static let most = 10_000

    /// - Parameter log: told of a key that cannot be read, once until it can.
    init(platform: Platform, log: @escaping @Sendable (Notice) -> Void) {
        self.platform = platform
        self.log = log
    }

    /// - Throws: when it cannot be found out.
    func key(for provider: Provider, workspace: UUID, choice: KeyChoice) async throws -> Answer {
        let question = Question(workspace: workspace, provider: provider.slug, choice: choice)
        let now = MonotonicClock.now
        if let entry = entries.withLock({ $0[question] }), entry.until > now { return entry.answer }
        let providers = platform.providers
        var unreadable: UnreadableKey?
        let answer: Answer
        do {
            let key = try await platform.pool.upkeep { tx in
                tx.enter(workspace)
                return try providers.key(for: provider, workspace: workspace, choice: choice, in: tx)
            }
            answer = key.map(Answer.key) ?? .none
        } catch let error as UnreadableKey {
            unreadable = error
            answer = .unreadable(error.failure)
        }
        let wasUnreadable = entries.withLock { entries in
            if entries.count >= JobKeys.most { entries.removeAll() }
            let before = entries.updateValue(
                Entry(answer: answer, until: now + JobKeys.keptNanoseconds), forKey: question)
            if case .unreadable? = before?.answer { return true }
            return false
        }
        if let unreadable, !wasUnreadable { log(Notice(.keyUnreadable, "\(unreadable)")) }
        return answer
    }
}
