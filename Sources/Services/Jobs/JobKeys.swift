import Identifiers
import Postgres
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

    private struct Entry {
        let key: ProviderKey?
        let until: UInt64
    }

    private let platform: Platform
    private let entries = Mutex<[Question: Entry]>([:])

    private static let keptNanoseconds: UInt64 = 1_000_000_000
    private static let most = 10_000

    init(platform: Platform) {
        self.platform = platform
    }

    /// `nil`: there is none.
    /// - Throws: when it cannot be found out.
    func key(for provider: Provider, workspace: UUID, choice: KeyChoice) async throws -> ProviderKey? {
        let question = Question(workspace: workspace, provider: provider.slug, choice: choice)
        let now = MonotonicClock.now
        if let entry = entries.withLock({ $0[question] }), entry.until > now { return entry.key }
        let providers = platform.providers
        let key = try await platform.pool.upkeep { tx in
            tx.enter(workspace)
            return try providers.key(for: provider, workspace: workspace, choice: choice, in: tx)
        }
        entries.withLock { entries in
            if entries.count >= JobKeys.most { entries.removeAll() }
            entries[question] = Entry(key: key, until: now + JobKeys.keptNanoseconds)
        }
        return key
    }
}
