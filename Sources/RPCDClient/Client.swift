import JSON
import NIOCore
import NIOPosix
import Resilience
import Synchronization

extension RPCD {
    /// Calls a daemon over its Unix socket. Calls run side by side on one connection, which is made when it is needed and made anew when it
    /// has ended; what streams has a connection of its own.
    ///
    /// A call that gets no answer is made again as long as that does no harm: when nothing had been sent, when the method changes nothing,
    /// or when it has an idempotency key. Anything else fails with what is known of its outcome.
    public final class Client: Sendable {
        /// How a client behaves.
        public struct Settings: Sendable {
            /// How often a call is made that gets no answer, or `SERVICE_UNAVAILABLE`; at least 1.
            public var attempts = 4
            /// Whether calls that change something and come without an idempotency key get one of their own, so that they may be repeated.
            public var makesIdempotencyKeys = false
            /// Beyond this an answer is no longer waited for, where a call does not say how long it may take: the daemon's default.
            public var timeoutMs: Int64 = 30_000

            public init() {}
        }

        private let path: String
        private let settings: Settings
        private let group: any EventLoopGroup
        private let state: Mutex<State>

        private struct State {
            var token: String?
            var connection: EventLoopFuture<Connection>?
            var isClosed = false
        }

        /// Nothing is connected yet.
        /// - Parameters:
        ///   - token: an access token, or an API key, for calls that bring none. Without one the daemon goes by the uid of this process.
        public init(
            socket path: String = "/run/rpcd/rpcd.sock", token: String? = nil,
            settings: Settings = Settings(),
            group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
        ) {
            self.path = path
            self.settings = settings
            self.group = group
            state = Mutex(State(token: token))
        }

        /// Of the calls from now on that bring none.
        public var token: String? {
            get { state.withLock(\.token) }
            set { state.withLock { $0.token = newValue } }
        }

        /// Ends the connection. What is under way is cancelled, later calls fail.
        public func close() {
            let connection = state.withLock { state in
                state.isClosed = true
                return state.connection.take()
            }
            connection?.whenSuccess { $0.close() }
        }

        /// Calls a method by its name, also one that this client has no function for.
        /// - Parameters:
        ///   - mutates: whether it changes something.
        ///   - isIdempotent: whether it takes an idempotency key.
        public func call(
            _ method: String, _ params: [String: Value] = [:], mutates: Bool = true,
            isIdempotent: Bool = true,
            options: CallOptions = CallOptions()
        ) async throws(Failure) -> Value {
            try await call(Operation(method, mutates: mutates, isIdempotent: isIdempotent), options) {
                for (name, value) in params.sorted(by: { $0.key < $1.key }) {
                    $0.writer.key(name)
                    value.write(to: &$0.writer)
                }
            }
        }

        func call<Result: Readable>(
            _ operation: Operation, _ options: CallOptions, params: (inout Arguments) -> Void
        ) async throws(Failure) -> Result {
            let request = Request(
                operation, complete(options, operation), timeoutMs: settings.timeoutMs, params: params)
            let answer = try await repeating(request) { () async throws(Failure) in
                try await sharedConnection().call(request)
            }
            return try read(answer, operation)
        }

        func stream<Progress: Readable, Result: Readable>(
            _ operation: Operation, _ options: CallOptions, params: (inout Arguments) -> Void
        ) -> Stream<Progress, Result> {
            let request = Request(operation, complete(options, operation), timeoutMs: nil, params: params)
            return Stream(
                request,
                open: { [self] () async throws(Failure) in
                    try await repeating(request) { () async throws(Failure) in try await newConnection() }
                },
                progress: { [self] json throws(Failure) in try read(json, operation) },
                result: { [self] json throws(Failure) in try read(json, operation) })
        }

        private func complete(_ options: CallOptions, _ operation: Operation) -> CallOptions {
            var options = options
            options.token = options.token ?? token
            if settings.makesIdempotencyKeys, operation.isIdempotent, options.idempotencyKey == nil {
                options.idempotencyKey = CallOptions.newIdempotencyKey()
            }
            return options
        }

        private func read<Result: Readable>(_ json: JSON, _ operation: Operation) throws(Failure) -> Result {
            do {
                return try Result(reading: json)
            } catch {
                throw .unexpectedAnswer("\(operation.method): \(error)")
            }
        }

        // MARK: again

        private static let backoff = Backoff(baseNanoseconds: 50_000_000, capNanoseconds: 2_000_000_000)

        private func repeating<Result: Sendable>(
            _ request: Request, _ body: () async throws(Failure) -> Result
        ) async throws(Failure) -> Result {
            var attempt = 1
            // The last of the attempts of which nobody knows what came of them.
            var lost: Failure?
            while true {
                do throws(Failure) {
                    return try await body()
                } catch {
                    var failure = error
                    if let lost { failure = error.following(lost) }
                    if failure.isOutcomeUnknown { lost = failure }
                    let isSafe = error.wasNotSent || request.isRepeatable
                    guard isSafe, error.mayPass, attempt < settings.attempts, !state.withLock(\.isClosed)
                    else { throw failure }
                    var random = SystemRandomNumberGenerator()
                    let pause = Client.backoff.delayNanoseconds(attempt: attempt - 1, using: &random)
                    // It throws at once when the task is cancelled: then what is known of the call is its end.
                    guard (try? await Task.sleep(nanoseconds: pause)) != nil else { throw failure }
                    attempt += 1
                }
            }
        }

        private func newConnection() async throws(Failure) -> Connection {
            try await wait(for: Connection.open(path, on: group))
        }

        private func sharedConnection() async throws(Failure) -> Connection {
            while true {
                let opening = try state.withLock { state throws(Failure) in
                    guard !state.isClosed else { throw .notSent("the client is closed") }
                    if let connection = state.connection { return connection }
                    let connection = Connection.open(path, on: group)
                    state.connection = connection
                    return connection
                }
                do throws(Failure) {
                    let connection = try await wait(for: opening)
                    if connection.isOpen { return connection }
                    forget(opening)
                } catch {
                    forget(opening)
                    throw error
                }
            }
        }

        private func wait(for opening: EventLoopFuture<Connection>) async throws(Failure) -> Connection {
            do {
                return try await opening.get()
            } catch {
                throw .notSent("no daemon can be reached at \(path): \(error)")
            }
        }

        private func forget(_ opening: EventLoopFuture<Connection>) {
            state.withLock { if $0.connection === opening { $0.connection = nil } }
        }
    }
}
