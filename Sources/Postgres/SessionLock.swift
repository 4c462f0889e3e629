import Resilience
import Synchronization

/// An advisory lock of PostgreSQL that this process holds for as long as it lives and reaches the server, on a connection and a thread of its
/// own: of several processes one has it. When that one dies the server lets go of the lock as soon as it sees the connection end.
///
/// It does not fence: who has lost it may find out up to a second later. What it guards has to bear being done by two for that long.
public final class SessionLock: Pausing {
    private let conninfo: String
    private let key: Int
    private let held = Atomic(false)
    private let isClosed = Atomic(false)
    private let isYielding = Atomic(false)
    private let canceller = Canceller()
    private let attachment = Attachment()

    private static let connectTimeoutNanoseconds: UInt64 = 5_000_000_000
    private static let reconnect = Backoff(baseNanoseconds: 50_000_000, capNanoseconds: 1_000_000_000)
    /// Between two tries, and between two looks whether the server is still there.
    private static let pauseNanoseconds: UInt64 = 500_000_000
    /// Long enough for whoever else wants it.
    private static let yieldNanoseconds: UInt64 = 5_000_000_000
    private static let tickNanoseconds: UInt64 = 50_000_000

    /// - Parameters:
    ///   - conninfo: of the server itself: a transaction pooler keeps no session.
    ///   - key: any number that nothing else on the database locks.
    public init(conninfo: String, key: Int) {
        self.conninfo = conninfo
        self.key = key
        WorkerThread.start { [self] in run() }
    }

    /// Whether it was held when the server was last asked.
    public var isHeld: Bool { held.load(ordering: .acquiring) }

    /// Lets go of it, within a moment, for some seconds: others come first.
    public func yield() { isYielding.store(true, ordering: .releasing) }

    /// Lets go of it, within a moment.
    public func close() { isClosed.store(true, ordering: .relaxed) }

    /// Lets go of it and of the connection, within a moment.
    public func pause() { attachment.pause() }

    public func resume() { attachment.resume() }

    public var isQuiet: Bool { attachment.isQuiet }

    private var mayGoOn: Bool { !isClosed.load(ordering: .relaxed) }

    private func run() {
        var random = SystemRandomNumberGenerator()
        var failures = 0
        while mayGoOn {
            guard attachment.attach() else {
                WorkerThread.pause(nanoseconds: SessionLock.tickNanoseconds)
                continue
            }
            do {
                try connectAndHold { failures = 0 }
                attachment.detach()
            } catch {
                held.store(false, ordering: .releasing)
                attachment.detach()
                pause(SessionLock.reconnect.delayNanoseconds(attempt: failures, using: &random))
                failures += 1
            }
        }
        held.store(false, ordering: .releasing)
    }

    /// When it returns the connection has been freed, and the lock with it.
    private func connectAndHold(connected: () -> Void) throws {
        let connection = try Connection(
            conninfo, canceller: canceller, timeoutNanoseconds: SessionLock.connectTimeoutNanoseconds)
        connected()
        try hold(on: connection)
        held.store(false, ordering: .releasing)
    }

    private func hold(on connection: Connection) throws {
        while mayGoOn, !attachment.isPaused {
            if isHeld, isYielding.exchange(false, ordering: .acquiringAndReleasing) {
                held.store(false, ordering: .releasing)
                _ = try Transaction.run(on: connection, .readCommitted) {
                    try $0.execute(SessionLock.unlock, key)
                }
                pause(SessionLock.yieldNanoseconds)
            } else if isHeld {
                try connection.script("SELECT 1")
            } else {
                let isMine = try Transaction.run(on: connection, .readCommitted) {
                    try $0.one(SessionLock.tryLock, key)
                }
                held.store(isMine, ordering: .releasing)
            }
            pause(SessionLock.pauseNanoseconds)
        }
    }

    private func pause(_ nanoseconds: UInt64) {
        let end = MonotonicClock.now + nanoseconds
        while mayGoOn, !attachment.isPaused, MonotonicClock.now < end {
            WorkerThread.pause(nanoseconds: SessionLock.tickNanoseconds)
        }
    }

    private static let unlock = Statement("SELECT pg_advisory_unlock($1::bigint)")
    private static let tryLock = Statement("SELECT pg_try_advisory_lock($1::bigint)") {
        try $0.get(0, as: Bool.self)
    }
}
