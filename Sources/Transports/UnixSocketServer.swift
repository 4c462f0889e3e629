import Glibc
import JSON
import NIOCore
import NIOPosix
import RPC

/// JSON-RPC on a Unix domain socket, for the other services of the host.
public final class UnixSocketServer: Sendable {
    private let listener: any Channel
    private let children: ChildChannels
    private let group: any EventLoopGroup
    /// Of the file to remove at the end; `nil` when the socket belongs to the service manager.
    private let path: String?
    /// Where it listens.
    public let address: String

    private init(listener: any Channel, children: ChildChannels, group: any EventLoopGroup, path: String?) {
        self.listener = listener
        self.children = children
        self.group = group
        self.path = path
        address = path ?? listener.localAddress?.pathname ?? ""
    }

    /// Who the operator is, beside root and the daemon's own uid.
    public struct Operators: Sendable {
        let uids: Set<UInt32>

        /// What a uid outside the user namespace reads as: it says nothing of who it is.
        static let overflowUID: UInt32 = 65_534

        /// Nobody: for tests of what the operator is exempt from.
        package static let none = Operators(uids: [])

        private init(uids: Set<UInt32>) {
            self.uids = uids
        }

        public init(additional: Set<UInt32> = []) {
            uids = additional.union([0, geteuid()]).subtracting([Operators.overflowUID])
        }
    }

    /// Opens the socket at `path` and serves. Throws ``SocketError`` when that cannot be done.
    public static func start(
        at path: String, _ dispatcher: Dispatcher, operators: Operators,
        gate: ConnectionGate? = nil, on group: any EventLoopGroup
    ) async throws -> UnixSocketServer {
        try await start(
            descriptor: UnixSocketListener.open(path), path: path, dispatcher, operators, gate, on: group)
    }

    /// Serves on a socket that listens already, as the service manager hands over.
    public static func start(
        descriptor: Int32, _ dispatcher: Dispatcher, operators: Operators,
        gate: ConnectionGate? = nil, on group: any EventLoopGroup
    ) async throws -> UnixSocketServer {
        try await start(descriptor: descriptor, path: nil, dispatcher, operators, gate, on: group)
    }

    private static func start(
        descriptor: Int32, path: String?, _ dispatcher: Dispatcher, _ operators: Operators,
        _ gate: ConnectionGate?, on group: any EventLoopGroup
    ) async throws -> UnixSocketServer {
        let gate = gate ?? ConnectionGate(dispatcher.limits)
        let children = ChildChannels()
        let listener = try await ServerBootstrap(group: group)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                peer(of: channel, operators).flatMapThrowing { peer in
                    admit(channel, peer, gate, children, dispatcher)
                }
            }
            .withBoundSocket(descriptor).get()
        AcceptQueue.lengthen(descriptor)
        return UnixSocketServer(listener: listener, children: children, group: group, path: path)
    }

    private static func admit(
        _ channel: any Channel, _ peer: Peer, _ gate: ConnectionGate, _ children: ChildChannels,
        _ dispatcher: Dispatcher
    ) {
        do throws(CallError) {
            try gate.enter(peer)
        } catch {
            var writer = JSONWriter()
            error.writeUnaskedResponse(to: &writer)
            let refusal = channel.allocator.buffer(bytes: writer.bytes + [UInt8(ascii: "\n")])
            channel.eventLoop.execute {
                channel.writeAndFlush(refusal).whenComplete { _ in channel.close(promise: nil) }
            }
            return
        }
        children.add(channel)
        channel.closeFuture.whenComplete { _ in
            gate.leave(peer)
            children.remove(channel)
        }
        do {
            try channel.pipeline.syncOperations.addHandler(
                ConversationHandler(
                    dispatcher: dispatcher, peer: peer, concurrency: dispatcher.limits.inFlight))
        } catch {
            channel.close(promise: nil)
        }
    }

    /// The uid that the kernel vouches for (`SO_PEERCRED`, unix(7)).
    private static func peer(of channel: any Channel, _ operators: Operators) -> EventLoopFuture<Peer> {
        guard let options = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeSucceededFuture(Peer(.uid(Operators.overflowUID), isOperator: false))
        }
        let credentials: EventLoopFuture<PeerCredentials> = options.unsafeGetSocketOption(
            level: SocketOptionLevel(SOL_SOCKET), name: SocketOptionName(SO_PEERCRED))
        return credentials.map { Peer(.uid($0.uid), isOperator: operators.uids.contains($0.uid)) }
    }

    /// Takes no more connections, lets what runs finish within `timeout`, answers the rest `SERVICE_UNAVAILABLE`.
    public func drain(within timeout: TimeAmount) async {
        if let path { unlink(path) }
        await children.drain(listener, on: group, within: timeout)
    }
}

/// `struct ucred` of unix(7), which the C library declares for GNU sources only: three 32-bit integers in this order.
private struct PeerCredentials: Sendable {
    let pid: Int32
    let uid: UInt32
    let gid: UInt32
}
