import NIOCore
import NIOHTTP1
import RPC
import Resilience

/// Raw JSON-RPC: a message of calls, and its answer.
extension HTTPHandler {
    private final class MessageSink: ReplySink {
        private let eventLoop: any EventLoop
        private let bound: NIOLoopBound<(HTTPHandler, ChannelHandlerContext)>

        init(_ handler: HTTPHandler, _ context: ChannelHandlerContext) {
            eventLoop = context.eventLoop
            bound = NIOLoopBound((handler, context), eventLoop: context.eventLoop)
        }

        func deliver(_ reply: Reply, for ticket: Conversation.Ticket) {
            eventLoop.execute {
                let (handler, context) = self.bound.value
                handler.conversation?.complete(ticket, reply)
                handler.finishMessage(context)
            }
        }
    }

    func answerMessage(
        _ head: HTTPRequestHead, _ body: [UInt8], _ peer: Peer, _ context: ChannelHandlerContext
    ) throws(CallError) {
        guard !body.isEmpty else { throw CallError(.parseError, "The body is empty") }
        let defaults = try HTTPArguments.defaults(head.headers, dispatcher.limits)
        let conversation = Conversation(
            dispatcher: dispatcher, peer: peer, concurrency: dispatcher.limits.inFlight,
            sink: MessageSink(self, context))
        self.conversation = conversation
        conversation.receiveOnly(body, defaults: defaults)
        watchDeadlines(context)
        finishMessage(context)
    }

    func finishMessage(_ context: ChannelHandlerContext) {
        guard let conversation, conversation.isFinished, case .answering(let head) = phase else { return }
        self.conversation = nil
        let output = conversation.takeOutput()
        write(output.isEmpty ? HTTPAnswer(.noContent) : HTTPAnswer(json: output), head, context)
    }

    private func watchDeadlines(_ context: ChannelHandlerContext) {
        guard let conversation, !conversation.isFinished else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        clock = context.eventLoop.scheduleTask(in: .milliseconds(20)) {
            let (handler, context) = bound.value
            handler.conversation?.expire(now: MonotonicClock.now)
            handler.watchDeadlines(context)
        }
    }
}
