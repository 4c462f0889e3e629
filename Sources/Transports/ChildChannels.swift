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

    /// Takes no more of them from `listener`, tells all to end, and closes those that have not within `timeout`.
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
            let closing = channel.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
            channel.closeFuture.whenComplete { _ in closing.cancel() }
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

/// Connections that wait to be accepted: all that come while the daemon is started anew.
enum AcceptQueue {
    static let length: Int32 = 4096

    /// SwiftNIO listens anew on a socket that it is given, with room for 128.
    static func lengthen(_ descriptor: Int32) {
        _ = listen(descriptor, length)
    }
}
