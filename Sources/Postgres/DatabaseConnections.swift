import Synchronization

/// Something that holds connections to a database, and can let go of them for a while.
public protocol Pausing: AnyObject, Sendable {
    /// Lets go of every connection as soon as what runs on it is done, and makes none until ``resume()``.
    func pause()
    func resume()
    /// Whether it has no connection, and is making none.
    var isQuiet: Bool { get }
}

/// All that a process has to do with one database, to be let go of together while that is switched over.
public final class DatabaseConnections: Sendable {
    private struct State {
        var holders: [any Pausing] = []
        var isPaused = false
        var isEnding = false

        mutating func resume() {
            isPaused = false
            for holder in holders { holder.resume() }
        }
    }

    /// Held while the holders are told, too: all of them are told of one change before the next.
    private let state = Mutex(State())

    public init(_ holders: [any Pausing] = []) {
        for holder in holders { add(holder) }
    }

    public func add(_ holder: any Pausing) {
        state.withLock { state in
            state.holders.append(holder)
            if state.isPaused { holder.pause() }
        }
    }

    /// - Returns: false when there is no pause any more, because the process ends.
    @discardableResult
    public func pause() -> Bool {
        state.withLock { state in
            guard !state.isEnding else { return false }
            state.isPaused = true
            for holder in state.holders { holder.pause() }
            return true
        }
    }

    public func resume() { state.withLock { $0.resume() } }

    /// The process ends: what was begun is finished, and nothing holds that up any more.
    public func end() {
        state.withLock { state in
            state.isEnding = true
            state.resume()
        }
    }

    public var isEnding: Bool { state.withLock { $0.isEnding } }

    /// Whether nothing of this process is on the database.
    public var isQuiet: Bool { state.withLock { $0.holders }.allSatisfy(\.isQuiet) }
}

/// Whether somebody may have a connection, told apart without a lock: who pauses sees either the connection or that none will be made.
final class Attachment: Sendable {
    private let isHeld = Atomic(false)
    private let attached = Atomic(0)

    var isPaused: Bool { isHeld.load(ordering: .sequentiallyConsistent) }
    var isQuiet: Bool { attached.load(ordering: .sequentiallyConsistent) == 0 }

    func pause() { isHeld.store(true, ordering: .sequentiallyConsistent) }
    func resume() { isHeld.store(false, ordering: .sequentiallyConsistent) }

    /// To be called before connecting.
    /// - Returns: whether that may be done; then ``detach()`` has to follow, when the connection has been freed.
    func attach() -> Bool {
        attached.add(1, ordering: .sequentiallyConsistent)
        if isPaused {
            detach()
            return false
        }
        return true
    }

    func detach() { attached.subtract(1, ordering: .sequentiallyConsistent) }
}

/// Holds an ``Attachment`` for as long as it lives.
final class Presence: Sendable {
    private let attachment: Attachment

    /// - Parameter attachment: on which ``Attachment/attach()`` has been called.
    init(_ attachment: Attachment) { self.attachment = attachment }

    deinit { attachment.detach() }
}
