import Glibc
import Resilience
import Synchronization

/// Hears what other sessions NOTIFY, on a connection and a thread of its own.
public final class Listener: Pausing {
    public enum Event: Sendable, Equatable {
        /// It listens from here on. What was notified before, or while the connection was lost, has not been heard: look.
        case listening
        case notification(channel: String, payload: String)
        /// The connection has been lost: nothing is heard until the next `listening`.
        case lost
    }

    private let conninfo: String
    private let channels: [StaticString]
    private let onEvent: @Sendable (Event) -> Void
    private let isClosed = Atomic(false)
    private let canceller = Canceller()
    private let attachment = Attachment()

    private static let connectTimeoutNanoseconds: UInt64 = 5_000_000_000
    private static let reconnect = Backoff(baseNanoseconds: 10_000_000, capNanoseconds: 250_000_000)
    /// How soon ``close()`` is seen.
    private static let tickMs: Int32 = 100
    /// After so many silent ticks the server is asked whether it is still there.
    private static let ticksToProbe = 100

    /// - Parameters:
    ///   - conninfo: of the server itself: a transaction pooler passes no notifications on.
    ///   - onEvent: called on the listener's thread, in order; it must not block for long.
    public init(
        conninfo: String, channels: [StaticString], onEvent: @escaping @Sendable (Event) -> Void
    ) {
        self.conninfo = conninfo
        self.channels = channels
        self.onEvent = onEvent
        WorkerThread.start { [self] in run() }
    }

    /// Stops listening; an event that is being delivered is the last.
    public func close() { isClosed.store(true, ordering: .relaxed) }

    /// Within a moment; what is notified meanwhile is not heard.
    public func pause() { attachment.pause() }

    public func resume() { attachment.resume() }

    public var isQuiet: Bool { attachment.isQuiet }

    private var mayGoOn: Bool { !isClosed.load(ordering: .relaxed) }

    private func run() {
        var random = SystemRandomNumberGenerator()
        var failures = 0
        while mayGoOn {
            guard attachment.attach() else {
                WorkerThread.pause(nanoseconds: UInt64(Listener.tickMs) * 1_000_000)
                continue
            }
            do throws(PostgresError) {
                try connectAndHear { failures = 0 }
                attachment.detach()
            } catch {
                attachment.detach()
                WorkerThread.pause(
                    nanoseconds: Listener.reconnect.delayNanoseconds(attempt: failures, using: &random))
                failures += 1
            }
        }
    }

    /// When it returns the connection has been freed.
    private func connectAndHear(listening: () -> Void) throws(PostgresError) {
        let connection = try Connection(
            conninfo, canceller: canceller, timeoutNanoseconds: Listener.connectTimeoutNanoseconds)
        try connection.script(channels.map { "LISTEN \"\($0)\"" }.joined(separator: ";"))
        listening()
        onEvent(.listening)
        defer { onEvent(.lost) }
        try hear(connection)
    }

    private func hear(_ connection: Connection) throws(PostgresError) {
        var silence = 0
        while mayGoOn, !attachment.isPaused {
            while let (channel, payload) = connection.takeNotification() {
                onEvent(.notification(channel: channel, payload: payload))
                silence = 0
            }
            if connection.waitForInput(milliseconds: Listener.tickMs) {
                try connection.consumeInput()
            } else {
                silence += 1
                if silence % Listener.ticksToProbe == 0 { try connection.script("SELECT 1") }
            }
        }
    }
}
