import Synchronization

/// The keys that a daemon works with. When their source has changed it is read again before they are used: a key that was added is the one
/// from then on, without a restart.
public final class WatchedKeys: Sendable {
    /// Where a ring comes from.
    public struct Source: Sendable {
        /// Differs whenever what ``read`` gives may differ; `nil` when the source is gone.
        let stamp: @Sendable () -> String?
        let read: @Sendable () throws -> NumberedKeys

        public init(
            stamp: @escaping @Sendable () -> String?, read: @escaping @Sendable () throws -> NumberedKeys
        ) {
            self.stamp = stamp
            self.read = read
        }
    }

    private struct State {
        var keys: NumberedKeys
        var stamp: String?
        var revision = 0
    }

    private let source: Source
    private let state: Mutex<State>

    /// - Throws: what reading the source throws.
    public init(_ source: Source) throws {
        self.source = source
        // Before the content: what changes in between is then read once more.
        let stamp = source.stamp()
        state = Mutex(State(keys: try source.read(), stamp: stamp))
    }

    /// A ring that does not change.
    public convenience init(_ keys: NumberedKeys) throws {
        try self.init(Source(stamp: { "" }, read: { keys }))
    }

    /// The keys as they are now. A source that cannot be read, or makes no sense at the moment, changes nothing.
    public var keys: NumberedKeys { current.keys }

    /// The keys, and a number that is another whenever they are.
    var current: (keys: NumberedKeys, revision: Int) {
        let stamp = source.stamp()
        if let stamp, stamp != state.withLock({ $0.stamp }), let keys = try? source.read() {
            state.withLock { $0 = State(keys: keys, stamp: stamp, revision: $0.revision + 1) }
        }
        return state.withLock { ($0.keys, $0.revision) }
    }
}
