import JSON
import NIOCore
import NIOPosix
import Synchronization

/// One connection to a daemon, on which many calls may be under way.
final class Connection: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<ConnectionHandler>
    private let lastID = Atomic<Int64>(0)

    private init(_ channel: any Channel, _ handler: NIOLoopBound<ConnectionHandler>) {
        self.channel = channel
        self.handler = handler
    }

    deinit { channel.close(promise: nil) }

    static func open(_ path: String, on group: any EventLoopGroup) -> EventLoopFuture<Connection> {
        ClientBootstrap(group: group)
            .connectTimeout(.seconds(5))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ConnectionHandler())
                }
            }
            .connect(unixDomainSocketPath: path)
            .flatMapThrowing { channel in
                let handler = try channel.pipeline.syncOperations.handler(type: ConnectionHandler.self)
                return Connection(channel, NIOLoopBound(handler, eventLoop: channel.eventLoop))
            }
    }

    var isOpen: Bool { channel.isActive }

    func close() { channel.close(promise: nil) }

    /// Whether what the daemon sends is taken up. What is not fills the socket, and then the daemon waits.
    func setReading(_ reads: Bool) { channel.setOption(.autoRead, value: reads).whenFailure { _ in } }

    /// Makes a call and waits for its answer. When the task is cancelled, so is the call: what comes then is the daemon's word for it.
    func call(_ request: Request, onProgress: (@Sendable (JSON) -> Void)? = nil) async throws(RPCD.Failure)
        -> JSON
    {
        let id = lastID.add(1, ordering: .relaxed).newValue
        let isCancelled = Cancellation()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                channel.eventLoop.execute { [handler] in
                    // A cancel that comes after this finds the call.
                    guard !isCancelled.flag.load(ordering: .sequentiallyConsistent) else {
                        return continuation.resume(returning: Answer.failure(.cancelled))
                    }
                    handler.value.start(id, request, onProgress) { continuation.resume(returning: $0) }
                }
            }
        } onCancel: {
            isCancelled.flag.store(true, ordering: .sequentiallyConsistent)
            channel.eventLoop.execute { [handler] in handler.value.cancel(id) }
        }
        return try result.get()
    }

    private final class Cancellation: Sendable {
        let flag = Atomic(false)
    }
}

typealias Answer = Result<JSON, RPCD.Failure>

/// The calls of one connection and their answers. Confined to its event loop.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private struct Pending {
        let request: Request
        let onProgress: (@Sendable (JSON) -> Void)?
        let complete: @Sendable (Answer) -> Void
        var deadline: Scheduled<Void>?
    }

    /// An answer that is longer is no answer of a daemon.
    private static let longestAnswer = 256 << 20
    private static let deepestAnswer = 512
    /// How long after its deadline, or after a cancel, an answer is still waited for.
    private static let grace = TimeAmount.seconds(5)

    private var context: ChannelHandlerContext?
    private var pending: [Int64: Pending] = [:]
    private var received: [UInt8] = []
    /// How far `received` has been looked through for the end of a line.
    private var scanned = 0
    /// What the daemon said of the connection.
    private var farewell: String?

    func start(
        _ id: Int64, _ request: Request, _ onProgress: (@Sendable (JSON) -> Void)?,
        complete: @escaping @Sendable (Answer) -> Void
    ) {
        guard let context, context.channel.isActive else {
            return complete(.failure(.notSent("the connection to the daemon has ended")))
        }
        let deadline = request.answerIsDueMs.map { watch(id, .milliseconds($0) + Self.grace, context) }
        pending[id] = Pending(
            request: request, onProgress: onProgress, complete: complete, deadline: deadline)
        send(request.bytes(id: id), context)
    }

    func cancel(_ id: Int64) {
        guard let context, let call = pending[id] else { return }
        call.deadline?.cancel()
        pending[id]?.deadline = watch(id, Self.grace, context)
        send(Array(#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":\#(id)}}"#.utf8), context)
    }

    private func send(_ message: [UInt8], _ context: ChannelHandlerContext) {
        var buffer = context.channel.allocator.buffer(capacity: message.count + 1)
        buffer.writeBytes(message)
        buffer.writeInteger(UInt8(ascii: "\n"))
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    private func watch(_ id: Int64, _ time: TimeAmount, _ context: ChannelHandlerContext) -> Scheduled<Void> {
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        return context.eventLoop.scheduleTask(in: time) {
            let handler = handler.value
            handler.finish(id, .failure(.lost("the daemon did not answer in time")))
            // Who does not answer one call is not asked for another.
            handler.context?.close(promise: nil)
        }
    }

    private func finish(_ id: Int64, _ answer: Answer) {
        guard let call = pending.removeValue(forKey: id) else { return }
        call.deadline?.cancel()
        call.complete(answer)
    }

    // MARK: what comes in

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received.append(contentsOf: unwrapInboundIn(data).readableBytesView)
        var start = 0
        while let end = received[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
            take(Array(received[start..<end]), context)
            start = end + 1
            scanned = start
        }
        received.removeFirst(start)
        scanned = received.count
        if received.count > Self.longestAnswer { context.close(promise: nil) }
    }

    private func take(_ line: [UInt8], _ context: ChannelHandlerContext) {
        guard let message = try? JSON.parse(line, maxDepth: Self.deepestAnswer) else {
            farewell = "the daemon sent what is not JSON"
            return context.close(promise: nil)
        }
        if message["method"]?.isString("$/progress") == true {
            guard let params = message["params"], let id = params["token"]?.int64, let value = params["value"]
            else { return }
            pending[id]?.onProgress?(value)
        } else if let id = message["id"]?.int64 {
            if let result = message["result"] { return finish(id, .success(result)) }
            guard let error = message["error"], error["code"]?.int64 != nil else {
                farewell = "what came is no JSON-RPC 2.0 response"
                return context.close(promise: nil)
            }
            finish(id, .failure(.call(RPCD.CallError(error))))
        } else if let error = message["error"] {
            refused(RPCD.CallError(error))
        }
    }

    /// Something that was sent could not be read: it is one of those that wait, nobody knows which.
    private func refused(_ error: RPCD.CallError) {
        farewell = error.message
        // Parse error and invalid request (JSON-RPC 2.0, section 5.1).
        guard error.rpcCode == -32700 || error.rpcCode == -32600 else { return }
        let waiting = pending.keys.sorted()
        for id in waiting {
            finish(id, .failure(waiting.count == 1 ? .call(error) : .lost(error.message)))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let failure = RPCD.Failure.lost(farewell ?? "the connection to the daemon ended before its answer")
        for id in pending.keys.sorted() { finish(id, .failure(failure)) }
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        farewell = farewell ?? "\(error)"
        context.close(promise: nil)
    }
}
