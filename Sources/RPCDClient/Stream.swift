import JSON
import Synchronization

extension RPCD {
    /// A call that tells how far it is, on a connection of its own: the daemon waits for who reads slowly. It begins when it is first asked for
    /// something, and is cancelled when nobody holds it any more.
    ///
    /// ```swift
    /// let watch = client.jobs.watch(workspaceId: workspace, jobId: id)
    /// for try await job in watch { print(job.counts.found) }
    /// let job = try await watch.result()
    /// ```
    ///
    /// One task reads it.
    public final class Stream<Progress: Sendable, Result: Sendable>: AsyncSequence, Sendable {
        public typealias Element = Progress

        private let request: Request
        private let open: @Sendable () async throws(Failure) -> Connection
        private let progress: @Sendable (JSON) throws(Failure) -> Progress
        private let readResult: @Sendable (JSON) throws(Failure) -> Result
        private let inflow = Inflow()
        private let running = Mutex<Task<Void, Never>?>(nil)

        init(
            _ request: Request, open: @escaping @Sendable () async throws(Failure) -> Connection,
            progress: @escaping @Sendable (JSON) throws(Failure) -> Progress,
            result: @escaping @Sendable (JSON) throws(Failure) -> Result
        ) {
            self.request = request
            self.open = open
            self.progress = progress
            readResult = result
        }

        deinit { cancel() }

        /// Has the daemon stop. The end is then a ``Failure`` whose `isCancellation` is true, save when the call was done before.
        public func cancel() {
            inflow.discard()
            running.withLock { $0 }?.cancel()
        }

        /// What the call gives when it is done. Progress that nobody has read is passed over.
        public func result() async throws(Failure) -> Result {
            while try await next() != nil {}
            guard case .success(let json) = inflow.end else {
                throw .unexpectedAnswer("\(request.operation.method): no result")
            }
            return try readResult(json)
        }

        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: self) }

        public struct AsyncIterator: AsyncIteratorProtocol {
            let stream: Stream

            public func next() async throws(RPCD.Failure) -> Progress? { try await stream.next() }
        }

        private func next() async throws(Failure) -> Progress? {
            begin()
            let next = await withTaskCancellationHandler {
                await inflow.next()
            } onCancel: {
                cancel()
            }
            switch next {
            case .value(let json): return try progress(json)
            case .end(.success): return nil
            case .end(.failure(let failure)): throw failure
            }
        }

        private func begin() {
            running.withLock { running in
                guard running == nil else { return }
                // It holds what it needs and not the stream: then the stream can go, and cancel it.
                running = Task { [request, open, inflow] in
                    do throws(Failure) {
                        let connection = try await open()
                        inflow.connect(connection)
                        let answer = try await connection.call(request) { inflow.put($0) }
                        inflow.finish(.success(answer))
                    } catch {
                        inflow.finish(.failure(error))
                    }
                }
            }
        }
    }
}

/// Progress between the connection, which puts it here, and who reads it.
private final class Inflow: Sendable {
    enum Next: Sendable {
        case value(JSON)
        case end(Answer)
    }

    private struct State {
        var values: [JSON] = []
        var taken = 0
        var end: Answer?
        var reader: CheckedContinuation<Next, Never>?
        var connection: Connection?
        var isPaused = false
        var isDiscarding = false

        var count: Int { values.count - taken }
    }

    /// So many wait at most, and what one more read of the socket brings.
    private static let most = 64

    private let state = Mutex(State())

    var end: Answer? { state.withLock(\.end) }

    func connect(_ connection: Connection) { state.withLock { $0.connection = connection } }

    /// On the event loop of the connection.
    func put(_ value: JSON) {
        let (reader, pauses) = state.withLock { state -> (CheckedContinuation<Next, Never>?, Connection?) in
            guard !state.isDiscarding else { return (nil, nil) }
            if let reader = state.reader.take() { return (reader, nil) }
            state.values.append(value)
            guard state.count >= Inflow.most, !state.isPaused else { return (nil, nil) }
            state.isPaused = true
            return (nil, state.connection)
        }
        reader?.resume(returning: .value(value))
        pauses?.setReading(false)
    }

    func finish(_ end: Answer) {
        let reader = state.withLock { state in
            state.end = end
            state.connection = nil
            return state.reader.take()
        }
        reader?.resume(returning: .end(end))
    }

    func next() async -> Next {
        await withCheckedContinuation { continuation in
            let (next, resumes) = state.withLock { state -> (Next?, Connection?) in
                guard state.count > 0 else {
                    if let end = state.end { return (.end(end), nil) }
                    state.reader = continuation
                    return (nil, nil)
                }
                let value = state.values[state.taken]
                state.taken += 1
                if state.count == 0 || state.taken == Inflow.most {
                    state.values.removeFirst(state.taken)
                    state.taken = 0
                }
                guard state.isPaused, state.count == 0 else { return (.value(value), nil) }
                state.isPaused = false
                return (.value(value), state.connection)
            }
            resumes?.setReading(true)
            if let next { continuation.resume(returning: next) }
        }
    }

    /// Nobody wants progress any more, only the end.
    func discard() {
        let resumes = state.withLock { state -> Connection? in
            state.isDiscarding = true
            (state.values, state.taken) = ([], 0)
            guard state.isPaused else { return nil }
            state.isPaused = false
            return state.connection
        }
        resumes?.setReading(true)
    }
}
