import Identifiers
import Synchronization

/// The webhooks that are being tested in this daemon: each once, and few at a time, so that tests of endpoints that hang take no places from
/// what has to be delivered.
final class TestsUnderWay: Sendable {
    static let most = 16

    private let webhooks = Mutex<Set<UUID>>([])

    /// - Returns: false when this one, or as many others as may be, are at it. Otherwise it has to ``end(_:)``.
    func begin(_ webhook: UUID) -> Bool {
        webhooks.withLock { $0.count < TestsUnderWay.most && $0.insert(webhook).inserted }
    }

    func end(_ webhook: UUID) {
        webhooks.withLock { _ = $0.remove(webhook) }
    }
}
