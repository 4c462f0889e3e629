import NIOCore
import NIOHTTP1
import NIOPosix

/// The simulator on its two ports. One event loop, so that what it counts needs no lock.
struct Server {
    /// Beyond it a connection is closed at once.
    static let maximumConnections = 8_192

    let group: MultiThreadedEventLoopGroup
    /// Host and port, with the port that was chosen for port 0.
    let address: String

    static func start(host: String, port: Int, _ configuration: Configuration) throws -> Server {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        let trapped = NIOLoopBoundBox<Simulator?>.makeBoxSendingValue(nil, eventLoop: eventLoop)
        let trap = try ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                trapped.value?.trapped += 1
                return channel.close()
            }
            .bind(host: "127.0.0.1", port: 0).wait()
        let simulator = Simulator(configuration, trap: Server.address(of: trap))
        let bound = NIOLoopBoundBox.makeBoxSendingValue(simulator, eventLoop: eventLoop)
        try eventLoop.submit { trapped.value = bound.value }.wait()
        let connections = NIOLoopBoundBox.makeBoxSendingValue(0, eventLoop: eventLoop)
        let listener = try ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                guard connections.value < maximumConnections else { return channel.close() }
                connections.value += 1
                channel.closeFuture.whenComplete { _ in connections.value -= 1 }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(
                        withPipeliningAssistance: true, withErrorHandling: true,
                        withOutboundHeaderValidation: false)
                    try pipeline.addHandler(SimulatorHandler(bound.value))
                }
            }
            .bind(host: host, port: port).wait()
        return Server(group: group, address: Server.address(of: listener))
    }

    private static func address(of listener: any Channel) -> String {
        let address = listener.localAddress
        let host = address?.ipAddress ?? ""
        return (host.contains(":") ? "[\(host)]" : host) + ":\(address?.port ?? 0)"
    }
}
