import NIOCore
import Resilience
import Synchronization

/// One client for each event loop, so that who is on one of them has a connection without a hop; told of as one.
public final class RedisGroup: Sendable {
    /// What happened since the start.
    public struct Metrics: Sendable {
        public let isConnected: Bool
        public let commands: Int
        /// Commands without an answer that could be used.
        public let failures: Int
    }

    public enum Standing: String, Sendable {
        case ok, away
        /// It is there and does not do what it is asked: it is full, or a copy, or its rules do not let this user.
        case refuses
    }

    private struct State {
        var onEvent: (@Sendable (RedisClient.Event) -> Void)?
        var away: Set<Int>
        /// Whether the absence of one has been told.
        var isTold = false
        /// When a command was last refused.
        var refusedAt: UInt64?
    }

    /// A refusal stands for so long: what is only read goes on meanwhile.
    private static let refusalNanoseconds: UInt64 = 10_000_000_000

    /// Number of the database on the server.
    public let database: Int
    private let clients: [RedisClient]
    private let state: Box
    private let commands = Atomic(0)
    private let failures = Atomic(0)

    /// Shared by the group and by what its clients call.
    private final class Box: Sendable {
        let state: Mutex<State>
        init(_ count: Int) { state = Mutex(State(away: Set(0..<count))) }
    }

    /// Connects nothing before ``start(onEvent:)``. Only the first hears the channels.
    /// - Throws: ``RedisError/notConnected(_:)`` when the certificates to trust cannot be read.
    public init(_ configuration: RedisConfiguration, on loops: [any EventLoop]) throws(RedisError) {
        database = configuration.url.database
        let box = Box(loops.count)
        var clients: [RedisClient] = []
        for (number, loop) in loops.enumerated() {
            var own = configuration
            if number > 0 { own.channels = [] }
            clients.append(
                try RedisClient(own, on: loop) { RedisGroup.hear($0, of: number, box) })
        }
        self.clients = clients
        state = box
    }

    /// Begins to connect.
    /// - Parameter onEvent: told when all are connected, when the first of them is not any more, when one is refused what it asks, and of
    ///   messages; on any of the event loops.
    public func start(onEvent: @escaping @Sendable (RedisClient.Event) -> Void) {
        state.state.withLock { $0.onEvent = onEvent }
        for client in clients { client.start() }
    }

    public func close() {
        for client in clients { client.close() }
    }

    private static func hear(_ event: RedisClient.Event, of number: Int, _ box: Box) {
        let tell = box.state.withLock { state -> (@Sendable (RedisClient.Event) -> Void)? in
            switch event {
            case .connected:
                state.away.remove(number)
                guard state.away.isEmpty else { return nil }
                state.isTold = false
            case .disconnected:
                state.away.insert(number)
                guard !state.isTold else { return nil }
                state.isTold = true
            case .refused:
                let now = MonotonicClock.now
                let isStanding = RedisGroup.stands(state.refusedAt, at: now)
                state.refusedAt = now
                guard !isStanding else { return nil }
            case .message: break
            }
            return state.onEvent
        }
        tell?(event)
    }

    /// Of the event loop that the caller is on, else the first.
    public var atHand: RedisClient? { clients.first { $0.eventLoop.inEventLoop } ?? clients.first }

    /// Whether the one at hand serves now.
    public var isAtHand: Bool { atHand?.isConnected ?? false }

    /// Whether all serve.
    public var isConnected: Bool { state.state.withLock { $0.away.isEmpty } }

    public var standing: Standing {
        guard isConnected else { return .away }
        let refusedAt = state.state.withLock(\.refusedAt)
        return RedisGroup.stands(refusedAt, at: MonotonicClock.now) ? .refuses : .ok
    }

    private static func stands(_ refusedAt: UInt64?, at now: UInt64) -> Bool {
        refusedAt.map { now - min(now, $0) < refusalNanoseconds } ?? false
    }

    public var metrics: Metrics {
        Metrics(
            isConnected: isConnected, commands: commands.load(ordering: .relaxed),
            failures: failures.load(ordering: .relaxed))
    }

    /// Sends a command by the client at hand; see ``RedisClient/send(_:within:completion:)``.
    public func send(
        _ command: RedisCommand, withinMs timeout: Int64, completion: @escaping RedisClient.Completion
    ) {
        guard let client = atHand else { return completion(.failure(.closed)) }
        client.send(command, within: .milliseconds(timeout), completion: counted(completion))
    }

    /// The same for tasks.
    public func call(_ command: RedisCommand, withinMs timeout: Int64) async throws(RedisError) -> RESPValue {
        let result = await withCheckedContinuation { continuation in
            send(command, withinMs: timeout) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Runs a script by the client at hand; see ``RedisClient/run(_:keys:_:within:completion:)``.
    public func run(
        _ script: RedisScript, keys: [String], _ arguments: [any RedisArgument], withinMs timeout: Int64,
        completion: @escaping RedisClient.Completion
    ) {
        guard let client = atHand else { return completion(.failure(.closed)) }
        client.run(
            script, keys: keys, arguments, within: .milliseconds(timeout), completion: counted(completion))
    }

    private func counted(_ completion: @escaping RedisClient.Completion) -> RedisClient.Completion {
        commands.add(1, ordering: .relaxed)
        return { [self] result in
            if case .failure(let error) = result {
                failures.add(1, ordering: .relaxed)
                if case .refused(let code) = error { RedisGroup.hear(.refused(code: code), of: 0, state) }
            }
            completion(result)
        }
    }
}
