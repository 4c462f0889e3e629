import NIOCore
import Resilience
import Synchronization

/// One connection to a Redis server, on one event loop. It connects by itself, again and again; while it is away every command fails at
/// once. Commands may be sent from anywhere, without a hop from its own event loop; many are under way at once.
public final class RedisClient: Sendable {
    public enum Event: Sendable, Equatable {
        /// It serves from here on. What was published while it was away has not been heard.
        case connected
        /// It is away; told once, however often connecting fails after that.
        case disconnected(RedisError)
        /// It does not do what it is asked. A group tells it.
        case refused(code: String)
        /// Somebody has published.
        case message(channel: String, [UInt8])
    }

    public typealias Completion = @Sendable (Result<RESPValue, RedisError>) -> Void

    public let eventLoop: any EventLoop
    private let configuration: RedisConfiguration
    private let connector: RedisConnector
    private let onEvent: @Sendable (Event) -> Void
    private let link: NIOLoopBoundBox<Link>
    private let connected = Atomic(false)
    private let runID = Mutex<String?>(nil)

    private enum Phase {
        case idle
        case connecting(CommandPipeline)
        case serving(CommandPipeline)
        case waiting(Scheduled<Void>)
        case closed
    }

    private struct Link {
        var phase = Phase.idle
        var digests: [RedisScript: String] = [:]
        var failures = 0
        /// Which connection is the current one: of an older one nothing is heard any more.
        var attempt = 0
        var hasToldOfAbsence = false
        var probe: Scheduled<Void>?
    }

    private static let reconnect = Backoff(baseNanoseconds: 50_000_000, capNanoseconds: 1_000_000_000)

    /// Connects nothing before ``start()``.
    /// - Parameter onEvent: called on the event loop, in order; it must not block.
    /// - Throws: ``RedisError/notConnected(_:)`` when the certificates to trust cannot be read.
    public init(
        _ configuration: RedisConfiguration, on eventLoop: any EventLoop,
        onEvent: @escaping @Sendable (Event) -> Void = { _ in }
    ) throws(RedisError) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.onEvent = onEvent
        connector = try RedisConnector(configuration)
        link = .makeBoxSendingValue(Link(), eventLoop: eventLoop)
    }

    /// Whether it serves now.
    public var isConnected: Bool { connected.load(ordering: .relaxed) }

    /// What the server has called itself since it started: another one after each restart and each failover. `nil` while it is away, and
    /// where it does not say.
    public var serverRunID: String? { runID.withLock { $0 } }

    /// Begins to connect, and goes on trying.
    public func start() {
        onLoop { client in
            guard case .idle = client.link.value.phase else { return }
            client.connect()
        }
    }

    /// Ends the connection, and makes no other. What waits is told.
    public func close() {
        onLoop { client in
            let phase = client.link.value.phase
            client.link.value.phase = .closed
            client.connected.store(false, ordering: .relaxed)
            client.runID.withLock { $0 = nil }
            client.link.value.probe?.cancel()
            switch phase {
            case .connecting(let pipeline), .serving(let pipeline): pipeline.close(.closed)
            case .waiting(let task): task.cancel()
            case .idle, .closed: break
            }
        }
    }

    private func onLoop(_ work: @escaping @Sendable (RedisClient) -> Void) {
        if eventLoop.inEventLoop { work(self) } else { eventLoop.execute { work(self) } }
    }
}

extension RedisClient {
    /// Sends a command. `completion` runs exactly once, on the event loop; at once, when it is called there and nothing can be sent.
    /// - Parameter timeout: after it the command fails with ``RedisError/timeout``; its effect may still come.
    public func send(_ command: RedisCommand, within timeout: TimeAmount, completion: @escaping Completion) {
        onLoop { client in
            guard let pipeline = client.serving else { return completion(.failure(client.absence)) }
            pipeline.send(command, within: timeout, completion: completion)
        }
    }

    /// The same as a future of the client's event loop, which fails with ``RedisError``.
    public func send(_ command: RedisCommand, within timeout: TimeAmount) -> EventLoopFuture<RESPValue> {
        let promise = eventLoop.makePromise(of: RESPValue.self)
        send(command, within: timeout) { promise.completeWith($0.mapError { $0 }) }
        return promise.futureResult
    }

    /// The same for tasks.
    public func call(
        _ command: RedisCommand, within timeout: TimeAmount
    ) async throws(RedisError) -> RESPValue {
        let result = await withCheckedContinuation { continuation in
            send(command, within: timeout) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Runs a script: by its digest where the server has it, else by its text.
    public func run(
        _ script: RedisScript, keys: [String], _ arguments: [any RedisArgument],
        within timeout: TimeAmount, completion: @escaping Completion
    ) {
        onLoop { client in
            guard let pipeline = client.serving else { return completion(.failure(client.absence)) }
            let text = RedisClient.evaluation("EVAL", script.text, keys, arguments)
            guard let digest = client.link.value.digests[script] else {
                return pipeline.send(text, within: timeout, completion: completion)
            }
            let deadline = NIODeadline.now() + timeout
            let short = RedisClient.evaluation("EVALSHA", digest, keys, arguments)
            pipeline.send(short, within: timeout) { result in
                guard case .failure(.refused(code: "NOSCRIPT")) = result else { return completion(result) }
                client.send(text, within: deadline - .now(), completion: completion)
            }
        }
    }

    private static func evaluation(
        _ name: String, _ script: String, _ keys: [String], _ arguments: [any RedisArgument]
    ) -> RedisCommand {
        var command = RedisCommand(name, script, Int64(keys.count))
        for key in keys { command.append(key) }
        for argument in arguments { command.append(argument) }
        return command
    }

    private var serving: CommandPipeline? {
        guard case .serving(let pipeline) = link.value.phase else { return nil }
        return pipeline
    }

    private var absence: RedisError {
        if case .closed = link.value.phase { .closed } else { .away }
    }
}

extension RedisClient {
    private func connect() {
        link.value.attempt += 1
        let attempt = link.value.attempt
        let pipeline = CommandPipeline(
            limits: configuration.limits, maximumInFlight: configuration.maximumInFlight,
            patience: configuration.patience,
            onPush: { [onEvent] elements in
                guard elements.count == 3, elements[0].text == "message", let channel = elements[1].text,
                    let payload = elements[2].bytes
                else { return }
                onEvent(.message(channel: channel, payload))
            },
            onEnd: { [weak self] in self?.ended(attempt, $0) })
        link.value.phase = .connecting(pipeline)
        let bound = NIOLoopBound(pipeline, eventLoop: eventLoop)
        connector.connect(pipeline, on: eventLoop)
            .flatMap { [connector, eventLoop] _ in connector.greet(bound.value, on: eventLoop) }
            .whenComplete { [self] result in
                switch result {
                case .success(let greeting): serve(bound.value, greeting)
                case .failure(let error):
                    let reason =
                        error as? RedisError ?? .notConnected("nobody answers, or not as was expected")
                    bound.value.close(reason)
                    // A connection that was never made has no end to be told of.
                    ended(attempt, reason)
                }
            }
    }

    private func serve(_ pipeline: CommandPipeline, _ greeting: RedisConnector.Greeting) {
        guard case .connecting(let current) = link.value.phase, current === pipeline else {
            return pipeline.close(.closed)
        }
        link.value.phase = .serving(pipeline)
        link.value.failures = 0
        link.value.hasToldOfAbsence = false
        for (script, digest) in zip(configuration.scripts, greeting.digests) {
            link.value.digests[script] = digest
        }
        runID.withLock { $0 = greeting.runID }
        connected.store(true, ordering: .relaxed)
        onEvent(.connected)
        probeLater()
    }

    private func ended(_ attempt: Int, _ reason: RedisError) {
        guard attempt == link.value.attempt else { return }
        switch link.value.phase {
        case .connecting, .serving: break
        case .idle, .waiting, .closed: return
        }
        connected.store(false, ordering: .relaxed)
        runID.withLock { $0 = nil }
        link.value.probe?.cancel()
        var random = SystemRandomNumberGenerator()
        let pause = RedisClient.reconnect.delayNanoseconds(attempt: link.value.failures, using: &random)
        link.value.failures += 1
        let task = eventLoop.scheduleTask(in: .nanoseconds(Int64(pause))) { [weak self] in
            guard let self, case .waiting = link.value.phase else { return }
            connect()
        }
        link.value.phase = .waiting(task)
        guard !link.value.hasToldOfAbsence else { return }
        link.value.hasToldOfAbsence = true
        onEvent(.disconnected(reason))
    }

    /// A connection that only listens would not notice that the other end has gone.
    private func probeLater() {
        link.value.probe = eventLoop.scheduleTask(in: configuration.probeInterval) { [weak self] in
            guard let self, let pipeline = serving else { return }
            pipeline.send(RedisCommand("PING"), within: configuration.patience) { _ in }
            probeLater()
        }
    }
}
