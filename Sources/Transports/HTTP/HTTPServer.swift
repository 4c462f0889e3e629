import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import RPC
import Synchronization

/// The HTTP adapter: routes of `/api/v1` become calls.
public final class HTTPServer: Sendable {
    private let listener: any Channel
    private let children: ChildChannels
    private let group: any EventLoopGroup
    private let options: CurrentOptions
    /// Where it listens, with the port that was chosen for port 0.
    public let address: String

    /// Those of connections that begin.
    private final class CurrentOptions: Sendable {
        private let value: Mutex<HTTPOptions>

        init(_ options: HTTPOptions) { value = Mutex(options) }

        var options: HTTPOptions {
            get { value.withLock { $0 } }
            set { value.withLock { $0 = newValue } }
        }
    }

    private init(
        listener: any Channel, children: ChildChannels, options: CurrentOptions, group: any EventLoopGroup
    ) {
        self.listener = listener
        self.children = children
        self.options = options
        self.group = group
        let local = listener.localAddress
        address =
            local?.pathname ?? (local?.ipAddress.map { $0.contains(":") ? "[\($0)]" : $0 } ?? "")
            + (local?.port.map { ":\($0)" } ?? "")
    }

    public static func start(
        host: String, port: Int, _ dispatcher: Dispatcher, _ options: HTTPOptions,
        gate: ConnectionGate? = nil, on group: any EventLoopGroup
    ) async throws -> HTTPServer {
        let children = ChildChannels()
        let options = CurrentOptions(options)
        let listener = try await bootstrap(dispatcher, options, gate, children, group).bind(
            host: host, port: port
        )
        .get()
        return HTTPServer(listener: listener, children: children, options: options, group: group)
    }

    /// Serves on a socket that listens already, as the service manager hands over.
    public static func start(
        descriptor: Int32, _ dispatcher: Dispatcher, _ options: HTTPOptions,
        gate: ConnectionGate? = nil, on group: any EventLoopGroup
    ) async throws -> HTTPServer {
        let children = ChildChannels()
        let options = CurrentOptions(options)
        let listener = try await bootstrap(dispatcher, options, gate, children, group).withBoundSocket(
            descriptor
        )
        .get()
        AcceptQueue.lengthen(descriptor)
        return HTTPServer(listener: listener, children: children, options: options, group: group)
    }

    private static func bootstrap(
        _ dispatcher: Dispatcher, _ options: CurrentOptions, _ gate: ConnectionGate?,
        _ children: ChildChannels,
        _ group: any EventLoopGroup
    ) -> ServerBootstrap {
        let gate = gate ?? ConnectionGate(dispatcher.limits)
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: AcceptQueue.length)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let isLocal = channel.localAddress?.pathname != nil
                    if !isLocal { try channel.syncOptions?.setOption(.tcpOption(.tcp_nodelay), value: 1) }
                    let address =
                        isLocal ? HTTPServer.loopback : channel.remoteAddress?.ipAddress ?? "unknown"
                    let peer = Peer(.ip(address), isOperator: false)
                    do throws(CallError) {
                        try gate.enter(peer)
                    } catch {
                        return turnAway(channel, error)
                    }
                    children.add(channel)
                    channel.closeFuture.whenComplete { _ in
                        gate.leave(peer)
                        children.remove(channel)
                    }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(ArrivalHandler())
                    // No value of a header is a caller's but the request id and an origin, which are checked.
                    try pipeline.configureHTTPServerPipeline(
                        withPipeliningAssistance: true, withErrorHandling: true,
                        withOutboundHeaderValidation: false)
                    try pipeline.addHandler(ContinueHandler(limit: dispatcher.limits.messageBytes))
                    try pipeline.addHandler(CompressionHandler())
                    try pipeline.addHandler(HTTPHandler(dispatcher, options.options, address: address))
                }
            }
    }

    /// Where whoever connects to a Unix socket comes from: he is on this host.
    private static let loopback = "127.0.0.1"

    /// An answer to whatever the peer was about to ask.
    private static func turnAway(_ channel: any Channel, _ error: CallError) {
        var answer = JSONWriter()
        error.writeEnvelope(requestID: Metadata().requestID, to: &answer)
        let head = [
            "HTTP/1.1 \(error.code.httpStatus) \(error.code.name)", "Content-Type: application/json",
            "Retry-After: 1",
            "Content-Length: \(answer.bytes.count)", "Connection: close", "", "",
        ]
        let refusal = channel.allocator.buffer(
            bytes: Array(head.joined(separator: "\r\n").utf8) + answer.bytes)
        channel.eventLoop.execute {
            channel.writeAndFlush(refusal).whenComplete { _ in channel.close(promise: nil) }
        }
    }

    /// Takes other options for connections that begin from now on.
    /// - Parameter change: makes them of those that are in force.
    public func replace(_ change: (HTTPOptions) -> HTTPOptions) { options.options = change(options.options) }

    /// Takes no more connections, lets what runs finish within `timeout`.
    public func drain(within timeout: TimeAmount) async {
        await children.drain(listener, on: group, within: timeout)
    }
}
