import Synchronization

/// The ring of master keys that a daemon works with. When its source has changed it is read again before it is used: a key that was
/// added takes the next secret, without a restart.
public final class MasterKeyRing: Sendable {
    /// Where a ring comes from.
    public struct Source: Sendable {
        /// Differs whenever what ``read`` gives may differ; `nil` when the source is gone.
        let stamp: @Sendable () -> String?
        let read: @Sendable () throws -> MasterKeys

        public init(
            stamp: @escaping @Sendable () -> String?, read: @escaping @Sendable () throws -> MasterKeys
        ) {
            self.stamp = stamp
            self.read = read
        }
    }

    private struct State {
        var keys: MasterKeys
        var stamp: String?
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
    public convenience init(_ keys: MasterKeys) throws {
        try self.init(Source(stamp: { "" }, read: { keys }))
    }

    /// The keys as they are now. A source that cannot be read, or makes no sense at the moment, changes nothing.
    public var keys: MasterKeys {
        let stamp = source.stamp()
        if let stamp, stamp != state.withLock({ $0.stamp }), let keys = try? source.read() {
            state.withLock { $0 = State(keys: keys, stamp: stamp) }
        }
        return state.withLock { $0.keys }
    }
}
