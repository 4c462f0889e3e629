import NIOCore
import RPC
import Resilience

/// Carries one conversation over one channel: bytes in, bytes out. Socket and stdio alike.
final class ConversationHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// Brings replies to the event loop of the channel.
    private final class Sink: ReplySink {
        private let eventLoop: any EventLoop
        private let handler: NIOLoopBound<ConversationHandler>
        let outflow: Outflow?

        init(_ handler: ConversationHandler, _ eventLoop: any EventLoop) {
            self.eventLoop = eventLoop
            self.handler = NIOLoopBound(handler, eventLoop: eventLoop)
            outflow = handler.outflow
        }

        func deliver(_ reply: Reply, for ticket: Conversation.Ticket) {
            guard eventLoop.inEventLoop else {
                return eventLoop.execute { self.handler.value.complete(ticket, reply) }
            }
            handler.value.complete(ticket, reply)
        }

        func deliver(progress value: [UInt8], for ticket: Conversation.Ticket) {
            outflow?.add(value.count)
            eventLoop.execute { self.handler.value.report(ticket, value) }
        }
    }

    private let dispatcher: Dispatcher
    private let peer: Peer
    private let concurrency: Int
    private var conversation: Conversation?
    private var context: ChannelHandlerContext?
    /// A read that the channel asked for while the conversation wanted no more.
    private var readIsHeld = false
    private var flushIsScheduled = false
    private var deadlines: RepeatedTask?
    private var messageTimeout: Scheduled<Void>?
    private var writeTimeout: Scheduled<Void>?
    private var unwrittenBytes = 0
    private let outflow = Outflow()
    /// Of progress that has not been written.
    private var progressBytes = 0
    private var hasHeard = false
    private var isDraining = false

    /// How late a deadline may be noticed.
    private static let deadlineTick = TimeAmount.milliseconds(20)

    init(dispatcher: Dispatcher, peer: Peer, concurrency: Int) {
        self.dispatcher = dispatcher
        self.peer = peer
        self.concurrency = concurrency
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        conversation = Conversation(
            dispatcher: dispatcher, peer: peer, concurrency: concurrency, sink: Sink(self, context.eventLoop))
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        buffer.withUnsafeReadableBytes { conversation?.receive($0) }
        hasHeard = true
        if isDraining { drain(context) }
        watchDeadlines(context)
        watchStartedMessage(context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        send(context)
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        guard mayRead else {
            readIsHeld = true
            return
        }
        context.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            conversation?.endOfInput()
            messageTimeout?.cancel()
            watchDeadlines(context)
            send(context)
        } else if event is DrainEvent {
            isDraining = true
            drain(context)
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            for (milliseconds, patience) in [
                (DrainEvent.hearingMs, Patience.restOfMessage), (DrainEvent.messageMs, .none),
            ] {
                context.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
                    let (handler, context) = bound.value
                    if handler.context != nil { handler.drain(context, patience) }
                }
            }
        } else if event is PatienceEnds {
            isDraining = true
            conversation?.giveUp()
            send(context)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// For what a connection is listened to still.
    private enum Patience {
        case firstMessage, restOfMessage, none
    }

    private func drain(_ context: ChannelHandlerContext, _ patience: Patience = .firstMessage) {
        if patience == .firstMessage, !hasHeard { return }
        if patience != .none, conversation?.hasStartedMessage == true { return }
        conversation?.drain()
        send(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        conversation?.vanish()
        // It knows this handler, as long as this handler knows it.
        conversation = nil
        deadlines?.cancel()
        messageTimeout?.cancel()
        writeTimeout?.cancel()
        self.context = nil
        context.fireChannelInactive()
    }

    /// The peer broke the connection off: there is nobody to tell.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private var mayRead: Bool {
        (conversation?.wantsInput ?? true) && unwrittenBytes < dispatcher.limits.writeBufferBytes
    }

    private func complete(_ ticket: Conversation.Ticket, _ reply: Reply) {
        conversation?.complete(ticket, reply)
        sendSoon()
    }

    private func report(_ ticket: Conversation.Ticket, _ value: [UInt8]) {
        progressBytes += value.count
        conversation?.report(ticket, value)
        sendSoon()
    }

    private func sendSoon() {
        guard let context, !flushIsScheduled else { return }
        // Once for all replies of this turn of the event loop.
        flushIsScheduled = true
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.execute {
            let (handler, context) = bound.value
            handler.flushIsScheduled = false
            if handler.context != nil { handler.send(context) }
        }
    }

    private func send(_ context: ChannelHandlerContext) {
        guard let conversation else { return }
        let output = conversation.takeOutput()
        if output.isEmpty {
            outflow.sent(progressBytes)
            progressBytes = 0
        } else {
            write(output, context)
        }
        if conversation.isFinished, unwrittenBytes == 0 {
            context.close(promise: nil)
        } else if readIsHeld, mayRead {
            readIsHeld = false
            context.read()
        }
    }

    private func write(_ output: [UInt8], _ context: ChannelHandlerContext) {
        unwrittenBytes += output.count
        let told = progressBytes
        progressBytes = 0
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenSuccess {
            let (handler, context) = bound.value
            handler.unwrittenBytes -= output.count
            handler.outflow.sent(told)
            handler.writeTimeout?.cancel()
            handler.writeTimeout = nil
            guard handler.context != nil else { return }
            if handler.unwrittenBytes > 0 { handler.watchWriting(context) }
            handler.send(context)
        }
        context.writeAndFlush(
            wrapOutboundOut(context.channel.allocator.buffer(bytes: output)), promise: promise)
        if unwrittenBytes > 0 { watchWriting(context) }
    }

    // MARK: what may not take for ever

    private func watchWriting(_ context: ChannelHandlerContext) {
        guard writeTimeout == nil else { return }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        writeTimeout = context.eventLoop.scheduleTask(in: .milliseconds(dispatcher.limits.writeTimeoutMs)) {
            bound.value.close(promise: nil)
        }
    }

    private func watchStartedMessage(_ context: ChannelHandlerContext) {
        guard let conversation, conversation.hasStartedMessage else {
            messageTimeout?.cancel()
            messageTimeout = nil
            return
        }
        guard messageTimeout == nil else { return }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        messageTimeout = context.eventLoop.scheduleTask(in: .milliseconds(dispatcher.limits.messageTimeoutMs))
        {
            bound.value.close(promise: nil)
        }
    }

    private func watchDeadlines(_ context: ChannelHandlerContext) {
        guard deadlines == nil, let conversation, conversation.inFlight > 0 else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let tick = ConversationHandler.deadlineTick
        deadlines = context.eventLoop.scheduleRepeatedTask(initialDelay: tick, delay: tick) { task in
            let handler = bound.value
            handler.conversation?.expire(now: MonotonicClock.now)
            if handler.conversation?.inFlight ?? 0 == 0 {
                task.cancel()
                handler.deadlines = nil
            }
        }
    }
}
