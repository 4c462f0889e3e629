import NIOCore
import NIOSSL

/// One connection: commands go out as they come, answers come back in their order, pushes beside them. Confined to its event loop.
final class CommandPipeline: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    typealias Completion = @Sendable (Result<RESPValue, RedisError>) -> Void

    private let limits: RESPLimits
    private let maximumInFlight: Int
    private let patience: TimeAmount
    private let onPush: ([RESPValue]) -> Void
    private var onEnd: ((RedisError) -> Void)?

    private var context: ChannelHandlerContext?
    private var parser: RESPParser
    private var queue = CommandQueue<Completion>()
    private var flushIsDue = false
    private var timer: (at: UInt64, task: Scheduled<Void>)?
    /// Why it was closed from this side.
    private var reason: RedisError?

    /// - Parameters:
    ///   - patience: how long the server may keep an answer back before the connection is given up.
    ///   - onEnd: called once, before what waits is told.
    init(
        limits: RESPLimits, maximumInFlight: Int, patience: TimeAmount,
        onPush: @escaping ([RESPValue]) -> Void, onEnd: @escaping (RedisError) -> Void
    ) {
        self.limits = limits
        self.maximumInFlight = maximumInFlight
        self.patience = patience
        self.onPush = onPush
        self.onEnd = onEnd
        parser = RESPParser(limits)
    }

    /// Sends a command. Everything of one turn of the event loop goes out together.
    /// - Parameter confirmations: of a subscription, how many channels it names.
    func send(
        _ command: RedisCommand, within timeout: TimeAmount, confirmations: Int = 0,
        completion: @escaping Completion
    ) {
        guard let context, reason == nil else { return completion(.failure(.away)) }
        let now = NIODeadline.now()
        // Behind one that is late already, this one would be late, too.
        let isStuck = queue.oldest.map { $0.isExpired || $0.deadline <= now.uptimeNanoseconds } ?? false
        guard !isStuck, queue.count < maximumInFlight, context.channel.isWritable else {
            return completion(.failure(.busy))
        }
        var buffer = context.channel.allocator.buffer(capacity: 256)
        command.write(to: &buffer)
        let deadline = now + timeout
        queue.append(
            .init(
                completion, deadline: deadline.uptimeNanoseconds,
                patience: (now + max(patience, timeout)).uptimeNanoseconds, confirmations: confirmations))
        context.write(wrapOutboundOut(buffer), promise: nil)
        flushSoon(context)
        watch(from: deadline.uptimeNanoseconds)
    }

    /// Ends the connection; what waits is told that it was lost.
    func close(_ reason: RedisError) {
        guard self.reason == nil else { return }
        self.reason = reason
        context?.close(promise: nil)
    }

    private func flushSoon(_ context: ChannelHandlerContext) {
        guard !flushIsDue else { return }
        flushIsDue = true
        context.eventLoop.assumeIsolated().execute {
            self.flushIsDue = false
            self.context?.flush()
        }
    }

    // MARK: Deadlines

    /// One timer for all: it is set anew only when somebody's time is up earlier.
    private func watch(from deadline: UInt64) {
        if let timer {
            guard deadline < timer.at else { return }
            timer.task.cancel()
        }
        guard let context else { return }
        let task = context.eventLoop.assumeIsolated().scheduleTask(
            deadline: .uptimeNanoseconds(deadline)
        ) { self.timeIsUp() }
        timer = (deadline, task)
    }

    private func timeIsUp() {
        timer = nil
        let now = NIODeadline.now().uptimeNanoseconds
        for completion in queue.expire(now: now) { completion(.failure(.timeout)) }
        if let oldest = queue.oldest, oldest.patience <= now { return close(.timeout) }
        if timer == nil, let next = queue.nextDeadline { watch(from: next) }
    }

    // MARK: What comes in

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelActive(context: ChannelHandlerContext) {
        // It was closed while it was being made.
        if reason != nil { context.close(promise: nil) }
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard reason == nil else { return }
        parser.append(unwrapInboundIn(data))
        do throws(RESPViolation) {
            while reason == nil, let value = try parser.next() { take(value) }
        } catch {
            close(.violation(error.description))
        }
    }

    private func take(_ value: RESPValue) {
        if case .push(let elements) = value {
            guard elements.first?.text == "subscribe" else { return onPush(elements) }
            guard queue.confirm() else { return }
        }
        guard let completion = queue.answer() else {
            return close(.violation("an answer that nobody asked for"))
        }
        guard let completion else { return }
        if case .error(let failure) = value {
            completion(.failure(.refused(code: failure.code)))
        } else {
            completion(.success(value))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let isAboutTLS = error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError
        close(
            isAboutTLS ? .notConnected("TLS was not agreed upon: check the certificate") : .connectionLost)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func end() {
        context = nil
        timer?.task.cancel()
        timer = nil
        let reason = self.reason ?? .connectionLost
        self.reason = reason
        onEnd.take()?(reason)
        for completion in queue.removeAll() { completion(.failure(.connectionLost)) }
    }
}
