import NIOCore
import NIOPosix
import NIOSSL

/// Makes connections: socket, TLS, greeting.
struct RedisConnector {
    private let configuration: RedisConfiguration
    private let tls: NIOSSLContext?

    /// - Throws: ``RedisError/notConnected(_:)`` when the file of authorities cannot be used.
    init(_ configuration: RedisConfiguration) throws(RedisError) {
        self.configuration = configuration
        guard configuration.url.usesTLS else {
            tls = nil
            return
        }
        var options = TLSConfiguration.makeClientConfiguration()
        options.minimumTLSVersion = .tlsv12
        if let file = configuration.authorities { options.trustRoots = .file(file) }
        do {
            tls = try NIOSSLContext(configuration: options)
        } catch {
            throw .notConnected("the certificates to trust cannot be read")
        }
    }

    /// A connection with `pipeline` at its end. What it says when it fails names no address.
    func connect(_ pipeline: CommandPipeline, on eventLoop: any EventLoop) -> EventLoopFuture<any Channel> {
        let bound = NIOLoopBound(pipeline, eventLoop: eventLoop)
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(configuration.connectTimeout)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { [tls, configuration] channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            RedisConnector.tlsHandler(tls, configuration.url.address))
                    }
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
        return switch configuration.url.address {
        case .tcp(let host, let port): bootstrap.connect(host: host, port: port)
        case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
        }
    }

    private static func tlsHandler(
        _ context: NIOSSLContext, _ address: RedisURL.Address
    ) throws -> NIOSSLClientHandler {
        guard case .tcp(let host, _) = address, (try? SocketAddress(ipAddress: host, port: 0)) == nil else {
            // The certificate is held against the address that was connected to.
            return try NIOSSLClientHandler(context: context, serverHostname: nil)
        }
        return try NIOSSLClientHandler(context: context, serverHostname: host)
    }

    /// What the server has said at first.
    struct Greeting: Sendable {
        /// Of the scripts, in their order, as far as the server takes them.
        let digests: [String?]
        let runID: String?
    }

    /// Says who asks, in which protocol and which database, tells the scripts and subscribes: all in one go.
    func greet(
        _ pipeline: CommandPipeline, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Greeting> {
        var hello = RedisCommand("HELLO", "3")
        if let login = configuration.url.login {
            for word in ["AUTH", login.user, login.password] { hello.append(word) }
        }
        for word in ["SETNAME", configuration.name] { hello.append(word) }
        var needed = [send(hello, pipeline, eventLoop).map { _ in }]
        if configuration.url.database != 0 {
            let select = RedisCommand("SELECT", Int64(configuration.url.database))
            needed.append(send(select, pipeline, eventLoop).map { _ in })
        }
        let digests = configuration.scripts.map { script in
            // Without it the text is sent each time: a server that forbids this command is no reason to do without it.
            send(RedisCommand("SCRIPT", "LOAD", script.text), pipeline, eventLoop).map(\.text)
                .recover { _ in nil }
        }
        let runID = send(RedisCommand("INFO", "server"), pipeline, eventLoop)
            .map { RedisConnector.runID(in: $0.text ?? "") }
            .recover { _ in nil }
        if !configuration.channels.isEmpty {
            let subscribe = RedisCommand("SUBSCRIBE", configuration.channels)
            needed.append(
                send(subscribe, pipeline, eventLoop, confirmations: configuration.channels.count).map { _ in }
            )
        }
        return EventLoopFuture.andAllSucceed(needed, on: eventLoop).flatMap {
            EventLoopFuture.whenAllSucceed(digests, on: eventLoop)
        }.and(runID).map { Greeting(digests: $0, runID: $1) }
    }

    private static func runID(in info: String) -> String? {
        let prefix = "run_id:"
        return info.split(whereSeparator: \.isNewline).first { $0.hasPrefix(prefix) }
            .map { String($0.dropFirst(prefix.count)) }
    }

    private func send(
        _ command: RedisCommand, _ pipeline: CommandPipeline, _ eventLoop: any EventLoop,
        confirmations: Int = 0
    ) -> EventLoopFuture<RESPValue> {
        let promise = eventLoop.makePromise(of: RESPValue.self)
        pipeline.send(command, within: configuration.connectTimeout, confirmations: confirmations) {
            promise.completeWith($0.mapError { $0 })
        }
        return promise.futureResult
    }
}
