import Dispatch
import Resilience
import Synchronization

/// How a pool connects and how much it holds.
public struct PoolConfiguration: Sendable {
    public var server: Server
    /// Connections, each with a thread of its own.
    public var size: Int
    /// Work that may wait for a connection; more is refused at once.
    public var queueLimit: Int
    /// For one attempt to connect.
    public var connectTimeoutNanoseconds: UInt64

    public init(
        server: Server, size: Int = 8, queueLimit: Int = 1024,
        connectTimeoutNanoseconds: UInt64 = 5_000_000_000
    ) {
        self.server = server
        self.size = max(1, size)
        self.queueLimit = queueLimit
        self.connectTimeoutNanoseconds = connectTimeoutNanoseconds
    }

    /// - Parameter conninfo: a libpq connection string (libpq documentation, 34.1.1).
    public init(conninfo: String, size: Int = 8, queueLimit: Int = 1024) {
        self.init(server: Server(conninfo), size: size, queueLimit: queueLimit)
    }
}

/// Connections to PostgreSQL with a thread each: blocking is confined to these. Work is served in the order in which it came.
///
/// While the database is away, work that waits fails as soon as an attempt to connect has failed; the attempts go on, so
/// service is back within a quarter of a second of the database.
public final class Pool: Pausing {
    private let configuration: PoolConfiguration
    private let queue: JobQueue
    private let canceller = Canceller()
    private let workers = DispatchGroup()
    private let isClosing = Atomic(false)
    private let busyCount = Atomic(0)
    private let connectedCount = Atomic(0)
    private let signs: [ThreadSign]
    private let attachment = Attachment()

    /// Between attempts to connect.
    private static let reconnect = Backoff(baseNanoseconds: 10_000_000, capNanoseconds: 250_000_000)
    private static let demotionPause: UInt64 = 50_000_000
    /// How often an idle worker looks whether the pool closes, and waiting work is checked against its deadline.
    private static let tick = 20_000_000
    /// Attempts of one transaction that PostgreSQL asks to repeat.
    private static let attempts = 10
    private static let retry = Backoff(baseNanoseconds: 1_000_000, capNanoseconds: 100_000_000)

    public convenience init(_ configuration: PoolConfiguration) {
        self.init(idle: configuration)
        for sign in signs.dropLast() { startThread { $0.work(sign) } }
        if let last = signs.last { startThread { $0.watchDeadlines(last) } }
    }

    /// Whether every thread of it is where it may be: none has been away for longer than its work allows. What the database does is
    /// not asked.
    public var isAlive: Bool {
        let now = MonotonicClock.now
        return signs.allSatisfy { $0.isDue(after: now) }
    }

    /// A pool that has been shut down: for whoever needs the methods but calls none.
    public static let closed: Pool = {
        let pool = Pool(idle: PoolConfiguration(conninfo: ""))
        pool.close(within: 0)
        return pool
    }()

    private init(idle configuration: PoolConfiguration) {
        self.configuration = configuration
        queue = JobQueue(limit: configuration.queueLimit)
        signs = (0...configuration.size).map { _ in ThreadSign() }
    }

    /// What a pool does at this moment.
    public struct Metrics: Sendable {
        public let size: Int
        public let connected: Int
        public let busy: Int
        public let waiting: Int
    }

    public var metrics: Metrics {
        Metrics(
            size: configuration.size, connected: connectedCount.load(ordering: .relaxed),
            busy: busyCount.load(ordering: .relaxed), waiting: queue.count)
    }

    /// Runs `body` in a transaction on a database thread. It may run again: after a serialization failure or a deadlock.
    /// - Parameter completion: called exactly once, on any thread.
    public func transaction<Value: Sendable>(
        _ bound: any Interruptible, _ options: TransactionOptions = .readCommitted,
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        transaction(bound, options, body, afterwards: { $0 }, completion: completion)
    }

    /// The same, where what `body` gives can only be read when the transaction has been committed, as ``Later`` can.
    /// - Parameter afterwards: runs once, on the same thread.
    public func transaction<Made, Value: Sendable>(
        _ bound: any Interruptible, _ options: TransactionOptions = .readCommitted,
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Made,
        afterwards: @escaping @Sendable (Made) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        let asked = MonotonicClock.now
        queue.add(
            JobQueue.Job(
                bound: bound,
                run: { connection in
                    let began = MonotonicClock.now
                    let result = Result { try afterwards(Pool.attempt(on: connection, bound, options, body)) }
                    bound.noteDatabase(waited: began - asked, worked: MonotonicClock.now - began)
                    completion(result)
                },
                abandon: { completion(.failure($0)) }))
    }

    /// Lets go of every connection as soon as what runs on it is done, and begins nothing until ``resume()``: what comes waits, within its
    /// deadline.
    public func pause() { attachment.pause() }

    public func resume() { attachment.resume() }

    /// Whether it has no connection any more.
    public var isQuiet: Bool { attachment.isQuiet }

    /// Stops when all work that was taken in is done, or `seconds` have passed. Returns whether it is.
    @discardableResult
    public func close(within seconds: Int) -> Bool {
        queue.close()
        isClosing.store(true, ordering: .releasing)
        attachment.resume()
        let isDone = workers.wait(timeout: .now() + .seconds(seconds)) == .success
        queue.fail(PostgresError(.poolClosed, "the pool is closed"))
        return isDone
    }

    private static func attempt<Value>(
        on connection: Connection, _ bound: any Interruptible, _ options: TransactionOptions,
        _ body: (borrowing Transaction) throws -> Value
    ) throws -> Value {
        var random = SystemRandomNumberGenerator()
        connection.setBound(bound)
        defer { connection.setBound(nil) }
        for attempt in 0... {
            guard !bound.isInterrupted else { throw PostgresError(.interrupted, "cancelled before it began") }
            do {
                return try Transaction.run(on: connection, options, body)
            } catch let error as PostgresError {
                guard case .server(let state) = error.kind, state.isWorthRetrying, attempt + 1 < attempts
                else {
                    throw error
                }
                let delay = retry.delayNanoseconds(attempt: attempt, using: &random)
                guard MonotonicClock.now + delay < bound.deadlineNanoseconds else { throw error }
                WorkerThread.pause(nanoseconds: delay)
                connection.setBound(bound)
            }
        }
        throw PostgresError(.connectionLost, "no attempt was made")
    }

    // MARK: threads

    /// Each keeps the pool alive until it has been closed.
    private func startThread(_ body: @escaping @Sendable (Pool) -> Void) {
        workers.enter()
        WorkerThread.start(name: "rpcd-pool") { [self] in
            body(self)
            workers.leave()
        }
    }

    private var mayEnd: Bool { isClosing.load(ordering: .acquiring) && queue.count == 0 }

    private func work(_ sign: ThreadSign) {
        defer { sign.end() }
        var random = SystemRandomNumberGenerator()
        var failures = 0
        var next: JobQueue.Job?
        while next != nil || !mayEnd {
            guard attachment.attach() else {
                sign.give(for: UInt64(Pool.tick))
                WorkerThread.pause(nanoseconds: UInt64(Pool.tick))
                continue
            }
            sign.give(for: configuration.connectTimeoutNanoseconds)
            do throws(PostgresError) {
                let isDemoted = try connectAndServe(&next, sign) { failures = 0 }
                attachment.detach()
                // It may be the only server there is.
                if isDemoted { WorkerThread.pause(nanoseconds: Pool.demotionPause) }
            } catch {
                attachment.detach()
                next?.abandon(error)
                next = nil
                if connectedCount.load(ordering: .relaxed) == 0 { queue.fail(error) }
                WorkerThread.pause(
                    nanoseconds: Pool.reconnect.delayNanoseconds(attempt: failures, using: &random))
                failures += 1
            }
        }
    }

    /// When it returns the connection has been freed.
    /// - Returns: whether the server takes no changes any more.
    private func connectAndServe(
        _ next: inout JobQueue.Job?, _ sign: ThreadSign, connected: () -> Void
    ) throws(PostgresError) -> Bool {
        let connection = try Connection(
            configuration.server, canceller: canceller,
            timeoutNanoseconds: configuration.connectTimeoutNanoseconds)
        connected()
        connectedCount.add(1, ordering: .relaxed)
        next = serve(connection, first: next, sign)
        connectedCount.subtract(1, ordering: .relaxed)
        return connection.isDemoted
    }

    /// Until the connection breaks or the pool closes.
    /// - Returns: work that was taken but not begun, because the server had closed the connection meanwhile.
    private func serve(_ connection: Connection, first: JobQueue.Job?, _ sign: ThreadSign) -> JobQueue.Job? {
        var next = first
        while next != nil || !mayEnd {
            guard !connection.isBroken, !attachment.isPaused else { return next }
            sign.give(for: UInt64(Pool.tick))
            let job = next ?? queue.next(waitNanoseconds: Pool.tick)
            // The server may have closed it meanwhile: an idle one is made anew at once, so that the next work finds it.
            guard connection.isStillOpen() else { return job }
            guard let job else { continue }
            next = nil
            busyCount.add(1, ordering: .relaxed)
            sign.give(until: job.bound.deadlineNanoseconds)
            job.run(connection)
            busyCount.subtract(1, ordering: .relaxed)
        }
        return nil
    }

    private func watchDeadlines(_ sign: ThreadSign) {
        defer { sign.end() }
        while !mayEnd {
            sign.give(for: UInt64(Pool.tick))
            queue.expire(now: MonotonicClock.now)
            WorkerThread.pause(nanoseconds: UInt64(Pool.tick))
        }
    }
}
