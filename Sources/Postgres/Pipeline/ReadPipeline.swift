import CPostgres
import Dispatch
import Resilience
import Synchronization

/// Reads by key on one connection that an event loop watches: reads that arrive together share a round trip, and none needs a
/// thread. For statements that an index bounds; a slow one would hold up those behind it.
///
/// It is an accelerator. Where the kernel cannot watch, or while there is no connection, ``isAtHand`` is false, and readers
/// take the ``Pool``.
///
/// `@unchecked Sendable`: what changes is touched on the reactor's thread only. Every entry point gets there by `execute` or
/// asks `isCurrent` first; `hasLine` and `isClosed` are atomics; `waitsForResume` is the connector's.
public final class ReadPipeline: Pausing, @unchecked Sendable {
    /// A connection and what watches it. `@unchecked Sendable`: on its way from the thread that made it to the reactor, and from
    /// there to the one that ends it, nobody else holds it.
    private struct Line: @unchecked Sendable {
        let connection: Connection
        let readiness: SocketReadiness
    }

    private let server: Server
    private let reactor: any Reactor
    private let wakeup: Wakeup
    private let canceller = Canceller()
    /// Connects and disconnects, which may block.
    private let connector = DispatchQueue(label: "rpcd.read-pipeline")
    private let hasLine = Atomic(false)
    private let isClosed = Atomic(false)
    private let attachment = Attachment()
    /// Whether nothing is tried any more until then.
    private var waitsForResume = false

    private var line: Line?
    private var pending: [Read] = []
    private var sendIsScheduled = false
    private var batches: [Batch] = []
    private var isBetweenResults = false

    /// Reads of one Sync: few enough that the server works on the first while this side still takes in others.
    private static let batchSize = 4
    /// Batches that may be under way; then reads wait for the next.
    private static let batchLimit = 64
    private static let pendingLimit = 4096
    /// A server that leaves a batch unanswered for this long has lost the connection.
    private static let patienceNanoseconds: UInt64 = 5_000_000_000
    private static let reconnect = Backoff(baseNanoseconds: 10_000_000, capNanoseconds: 250_000_000)

    /// - Throws: `.notConnected` when no descriptor is free.
    public init(_ server: Server, reactor: any Reactor) throws(PostgresError) {
        self.server = server
        self.reactor = reactor
        wakeup = try Wakeup()
    }

    /// Returns after the first attempt to connect. The attempts go on until ``close()``.
    public func start() async throws {
        try await reactor.watch(eventDescriptor: wakeup.duplicate()) { [weak self] in self?.onReady() }
        await withCheckedContinuation { continuation in
            connector.async {
                self.connect(attempt: 0)
                self.reactor.execute { continuation.resume() }
            }
        }
    }

    /// Whether a read from this thread is sent at once, without a hop: it runs on the pipeline's loop, and there is a connection.
    public var isAtHand: Bool { hasLine.load(ordering: .relaxed) && reactor.isCurrent }

    /// What is under way goes to the pool; there is no connection until ``resume()``.
    public func pause() {
        attachment.pause()
        reactor.execute { self.lose(PostgresError(.connectionLost, "paused")) }
    }

    public func resume() {
        attachment.resume()
        connector.async {
            guard self.waitsForResume else { return }
            self.waitsForResume = false
            self.connect(attempt: 0)
        }
    }

    public var isQuiet: Bool { attachment.isQuiet }

    /// What is under way fails; nothing more is taken.
    public func close() {
        isClosed.store(true, ordering: .relaxed)
        reactor.execute { self.lose(PostgresError(.poolClosed, "the pipeline is closed")) }
    }

    /// Runs both queries and gives the first row of each.
    /// - Parameter completion: called exactly once, on the reactor's thread. Fails with `.connectionLost` or `.notConnected` when
    ///   the same may well succeed on the pool.
    public func read<First: Sendable, Second: Sendable>(
        _ first: Query<First>?, _ second: Query<Second>?,
        completion: @escaping @Sendable (Result<(First?, Second?), any Error>) -> Void
    ) {
        guard reactor.isCurrent else {
            return reactor.execute { self.read(first, second, completion: completion) }
        }
        guard first != nil || second != nil else { return completion(.success((nil, nil))) }
        var rows: (First?, Second?) = (nil, nil)
        let take = { (result: OpaquePointer, command: Int) in
            if command == 0, let first {
                rows.0 = try first.statement.first(of: result)
            } else {
                rows.1 = try second?.statement.first(of: result)
            }
        }
        submit(
            Read([first?.command, second?.command].compactMap { $0 }, take: take) { failure in
                completion(failure.map { .failure($0) } ?? .success(rows))
            })
    }

    // MARK: sending

    private func submit(_ read: Read) {
        do throws(PostgresError) {
            guard line != nil else { throw PostgresError(.notConnected, "no connection") }
            guard pending.count < ReadPipeline.pendingLimit else {
                throw PostgresError(.poolExhausted, "\(pending.count) reads wait already")
            }
            for command in read.commands { try command.check() }
        } catch {
            return read.finish(error)
        }
        pending.append(read)
        if pending.count >= ReadPipeline.batchSize { return sendPending() }
        guard !sendIsScheduled else { return }
        // After everything else that has arrived in this turn of the loop.
        sendIsScheduled = true
        reactor.execute { self.sendPending() }
    }

    private func sendPending() {
        sendIsScheduled = false
        guard let line, !pending.isEmpty else { return }
        guard !line.connection.isOutdated else {
            return lose(PostgresError(.connectionLost, "the server is a standby by now"))
        }
        let now = MonotonicClock.now
        if let oldest = batches.first, now - oldest.sent > ReadPipeline.patienceNanoseconds {
            return lose(PostgresError(.connectionLost, "the server does not answer"))
        }
        while !pending.isEmpty, batches.count < ReadPipeline.batchLimit {
            let reads = nextReads()
            do throws(PostgresError) {
                if !line.connection.isSession {
                    try line.connection.addSettings(SessionSettings.localReads)
                }
                for read in reads {
                    for command in read.commands { try line.connection.add(command) }
                }
                batches.append(Batch(reads, expected: try line.connection.sync(), sent: now))
            } catch {
                lose(error)
                for read in reads { read.finish(error) }
                return
            }
        }
        do throws(PostgresError) {
            try line.readiness.arm(writing: try line.connection.flush())
        } catch {
            lose(error)
        }
    }

    /// What goes with the next Sync. A read that has been dropped with its neighbour goes alone, so that happens to it once.
    private func nextReads() -> [Read] {
        let isAlone = pending[0].wasDropped
        let count = isAlone ? 1 : pending.prefix(ReadPipeline.batchSize).prefix { !$0.wasDropped }.count
        defer { pending.removeFirst(count) }
        return Array(pending.prefix(count))
    }

    // MARK: receiving

    private func onReady() {
        guard let line else { return }
        line.readiness.take()
        do throws(PostgresError) {
            try line.connection.consumeInput()
            while !batches.isEmpty, !line.connection.isBusy { try takeResult(line.connection) }
            try line.readiness.arm(writing: try line.connection.flush())
        } catch {
            return lose(error)
        }
        if !pending.isEmpty { sendPending() }
    }

    /// Of each command comes one result and then nothing; the Sync's comes alone.
    private func takeResult(_ connection: Connection) throws(PostgresError) {
        guard let result = connection.takeResult() else {
            guard isBetweenResults else { throw PostgresError(.connectionLost, "a result is missing") }
            isBetweenResults = false
            return
        }
        defer { PQclear(result) }
        guard batches[0].next < batches[0].expected.count else {
            batches.removeFirst()
            return
        }
        isBetweenResults = true
        if let (read, failure) = batches[0].accept(result, on: connection) { settle(read, failure) }
    }

    /// A read whose neighbour made the server drop the batch is sent again.
    private func settle(_ read: Read, _ failure: (any Error)?) {
        if let failure = failure as? PostgresError, failure.kind == .aborted, !read.wasDropped {
            read.wasDropped = true
            pending.append(read)
        } else {
            read.finish(failure)
        }
    }

    // MARK: the connection

    /// On the connector's queue.
    private func connect(attempt: Int) {
        guard !isClosed.load(ordering: .relaxed) else { return }
        guard attachment.attach() else {
            waitsForResume = true
            return
        }
        let presence = Presence(attachment)
        do throws(PostgresError) {
            let connection = try Connection(
                server, canceller: canceller, timeoutNanoseconds: ReadPipeline.patienceNanoseconds)
            connection.isForChanges = false
            connection.presence = presence
            if connection.isSession { try connection.script(SessionSettings.readsScript) }
            let line = Line(
                connection: connection,
                readiness: try SocketReadiness(socket: connection.socket, raising: wakeup.descriptor))
            reactor.execute { self.adopt(line) }
        } catch {
            var random = SystemRandomNumberGenerator()
            let delay = ReadPipeline.reconnect.delayNanoseconds(attempt: attempt, using: &random)
            connector.asyncAfter(deadline: .now() + .nanoseconds(Int(delay))) {
                self.connect(attempt: attempt + 1)
            }
        }
    }

    private func adopt(_ new: Line) {
        do throws(PostgresError) {
            guard !isClosed.load(ordering: .relaxed) else {
                throw PostgresError(.poolClosed, "the pipeline is closed")
            }
            line = new
            guard !attachment.isPaused else { throw PostgresError(.connectionLost, "paused") }
            try new.readiness.arm(writing: false)
            hasLine.store(true, ordering: .relaxed)
        } catch {
            lose(error)
        }
    }

    /// Fails everything that is under way, and connects anew.
    private func lose(_ error: PostgresError) {
        guard let lost = line.take() else { return }
        hasLine.store(false, ordering: .relaxed)
        let reads = batches.flatMap { $0.reads[$0.read...] } + pending
        batches = []
        pending = []
        isBetweenResults = false
        connector.async {
            // Both are freed here, where waiting holds up nobody.
            _ = lost
            self.connect(attempt: 0)
        }
        for read in reads { read.finish(error) }
    }
}

/// One caller's commands, and where their results go.
private final class Read {
    let commands: [Connection.Command]
    let take: (OpaquePointer, _ command: Int) throws -> Void
    let finish: ((any Error)?) -> Void
    /// With its batch, because a neighbour failed.
    var wasDropped = false

    init(
        _ commands: [Connection.Command], take: @escaping (OpaquePointer, Int) throws -> Void,
        finish: @escaping ((any Error)?) -> Void
    ) {
        self.commands = commands
        self.take = take
        self.finish = finish
    }
}

/// Reads that were sent with one Sync, and how far their results have come.
private struct Batch {
    let reads: [Read]
    let expected: [Connection.Expected]
    let sent: UInt64
    private(set) var next = 0
    /// The read whose results come.
    private(set) var read = 0
    private var command = 0
    private var failure: (any Error)?

    init(_ reads: [Read], expected: [Connection.Expected], sent: UInt64) {
        self.reads = reads
        self.expected = expected
        self.sent = sent
    }

    /// Takes the next result in.
    /// - Returns: the read that it ends, with its failure.
    mutating func accept(
        _ result: OpaquePointer, on connection: Connection
    ) -> (Read, failure: (any Error)?)? {
        let entry = expected[next]
        next += 1
        let current = reads[read]
        do {
            try connection.check(result, entry)
            if case .command = entry { try current.take(result, command) }
        } catch {
            failure = failure ?? error
        }
        guard case .command = entry else { return nil }
        command += 1
        guard command == current.commands.count else { return nil }
        defer {
            command = 0
            read += 1
            failure = nil
        }
        return (current, failure)
    }
}
