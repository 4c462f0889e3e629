import Glibc
import NIOCore
import Synchronization

/// The connections that are open.
final class ChildChannels: Sendable {
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    func add(_ channel: any Channel) {
        channels.withLock { $0[ObjectIdentifier(channel)] = channel }
    }

    func remove(_ channel: any Channel) {
        channels.withLock { $0[ObjectIdentifier(channel)] = nil }
    }

    /// Takes no more of them from `listener` and tells all to end. What still runs on those that have not within `timeout` is interrupted; when
    /// its answer does not come soon, they are closed without.
    func drain(_ listener: any Channel, on group: any EventLoopGroup, within timeout: TimeAmount) async {
        // Whoever has been accepted is set up on a loop of its own and comes back to the listener's, which would close it if the listener
        // were gone by then. So it stops accepting first, and is closed when all of them are through.
        try? await listener.setOption(.autoRead, value: false).get()
        for loop in group.makeIterator() { try? await loop.submit {}.get() }
        try? await listener.eventLoop.submit {}.get()
        try? await listener.close()
        let open = channels.withLock { Array($0.values) }
        for channel in open {
            channel.pipeline.fireUserInboundEventTriggered(DrainEvent())
            let giving = channel.eventLoop.scheduleTask(in: timeout) {
                channel.pipeline.fireUserInboundEventTriggered(PatienceEnds())
            }
            let closing = channel.eventLoop.scheduleTask(in: timeout + PatienceEnds.lastAnswers) {
                channel.close(promise: nil)
            }
            channel.closeFuture.whenComplete { _ in
                giving.cancel()
                closing.cancel()
            }
        }
        // A channel that fails while it closes is closed all the same.
        for channel in open { try? await channel.closeFuture.get() }
    }
}

/// Sent down a channel when the daemon stops.
struct DrainEvent: Sendable {
    /// For how long a connection that has just been made is listened to: its request may be under way.
    static let hearingMs: Int64 = 250
    /// For how long the rest of a message is waited for.
    static let messageMs: Int64 = 5000
}

/// Sent down a channel when the daemon has waited for its calls for as long as it does.
struct PatienceEnds: Sendable {
    /// For the answers of what is interrupted then. Longer than an HTTP connection stays half open after its last answer.
    static let lastAnswers = TimeAmount.milliseconds(1500)
}

/// Connections that wait to be accepted: all that come while the daemon is started anew.
enum AcceptQueue {
    static let length: Int32 = 4096

    /// SwiftNIO listens anew on a socket that it is given, with room for 128.
    static func lengthen(_ descriptor: Int32) {
        _ = listen(descriptor, length)
    }
}
