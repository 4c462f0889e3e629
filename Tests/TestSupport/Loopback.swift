import JSON
import RPC
import Resilience
import Synchronization

/// Lets everybody in: nobody, for there are no tokens.
public struct NoTokens: Authenticator {
    public init() {}

    public func authenticate(_ token: String) throws(CallError) -> Caller {
        throw CallError(.authentication)
    }
}

extension Dispatcher {
    /// A dispatcher of these methods, without rates unless some are given.
    public static func forTests(
        _ methods: [Method] = Fixtures.methods, limits: Limits = Limits(),
        rates: Rates = Rates(auth: .off, general: .off), authenticator: any Authenticator = NoTokens(),
        now: @escaping @Sendable () -> UInt64 = { 0 }
    ) throws -> Dispatcher {
        Dispatcher(
            registry: try Registry(methods), limits: limits, rates: rates, authenticator: authenticator,
            now: now)
    }
}

/// A conversation on the test's own thread: bytes in, messages out.
public final class Loopback {
    /// Keeps replies until the test's thread takes them.
    private final class Sink: ReplySink {
        private struct State {
            var replies: [(Conversation.Ticket, Reply)] = []
            var progress: [[UInt8]] = []
            var waiter: CheckedContinuation<Void, Never>?
        }

        private let state = Mutex(State())
        let outflow: Outflow? = Outflow()

        func deliver(progress value: [UInt8], for ticket: Conversation.Ticket) {
            state.withLock { $0.progress.append(value) }
        }

        func takeProgress() -> [[UInt8]] {
            state.withLock { state in
                defer { state.progress.removeAll() }
                return state.progress
            }
        }

        func deliver(_ reply: Reply, for ticket: Conversation.Ticket) {
            let waiter = state.withLock { state in
                state.replies.append((ticket, reply))
                return state.waiter.take()
            }
            waiter?.resume()
        }

        func take() -> [(Conversation.Ticket, Reply)] {
            state.withLock { state in
                defer { state.replies.removeAll() }
                return state.replies
            }
        }

        /// Returns when there is a reply.
        func wait() async {
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    if state.replies.isEmpty { state.waiter = continuation }
                    return !state.replies.isEmpty
                }
                if isThere { continuation.resume() }
            }
        }
    }

    public let conversation: Conversation
    private let sink = Sink()
    /// What has to live as long as this.
    private let server: (any Sendable)?

    public init(
        _ dispatcher: Dispatcher, peer: Peer = Peer(.uid(1000), isOperator: false), concurrency: Int = 64,
        of server: (any Sendable)? = nil
    ) {
        self.server = server
        conversation = Conversation(dispatcher: dispatcher, peer: peer, concurrency: concurrency, sink: sink)
    }

    /// What calls have told of their progress since the last time, as JSON.
    public func takeProgress() -> [[UInt8]] { sink.takeProgress() }

    public func send(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { conversation.receive($0) }
        settle()
    }

    /// One call, and its answer, for which it waits.
    public func call(_ method: String, _ params: String = "{}", token: String? = nil) async throws -> JSON {
        var params = params
        if let token {
            let meta = #""_meta":{"token":"\#(token)"}}"#
            params = params.dropLast() + (params == "{}" ? "" : ",") + meta
        }
        send(#"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(params)}"# + "\n")
        return try await next()
    }

    /// The next message that comes back, for which it waits.
    public func next() async throws -> JSON {
        while true {
            settle()
            if let answer = try received().first { return answer }
            await sink.wait()
        }
    }

    /// Whatever comes back next: one message or several, for which it waits.
    public func nextAll() async throws -> [JSON] {
        while true {
            settle()
            let answers = try received()
            if !answers.isEmpty { return answers }
            await sink.wait()
        }
    }

    public func send(_ text: String) { send(Array(text.utf8)) }

    /// Brings home every reply that has been given.
    public func settle() {
        while true {
            let replies = sink.take()
            guard !replies.isEmpty else { return }
            for (ticket, reply) in replies { conversation.complete(ticket, reply) }
        }
    }

    /// What came back so far, a line a message.
    public func received() throws -> [JSON] {
        try conversation.takeOutput().split(separator: UInt8(ascii: "\n")).map {
            try JSON.parse(Array($0), maxDepth: 512)
        }
    }
}
