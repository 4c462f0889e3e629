import NIOCore
import NIOHTTP1
import RPC

/// A connection that tells of a call's progress while it is answered.
extension HTTPHandler {
    /// Where the client does not keep up, what it has not been told yet is told with what comes next.
    func tell(_ value: [UInt8], _ ticket: UInt64, _ context: ChannelHandlerContext) {
        guard ticket == self.ticket, case .answering(let head) = phase, context.channel.isWritable else {
            return
        }
        beginEvents(head, context)
        if let bytes = events?.progress(value) { send(bytes, context) }
    }

    func beginEvents(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard events?.hasBegun == false, let headers = events?.begin(requestID: requestID(of: head)) else {
            return
        }
        var answer = HTTPAnswer(.ok)
        answer.headers = headers
        writeHead(answer, head, context, length: nil)
        keepAlive(ticket, context)
    }

    func keepAlive(_ ticket: UInt64, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .milliseconds(EventStream.keepAliveMs)) {
            let (handler, context) = bound.value
            guard ticket == handler.ticket, case .answering = handler.phase else { return }
            if context.channel.isWritable { handler.send(EventStream.keepAlive, context) }
            handler.keepAlive(ticket, context)
        }
    }

    func send(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
    }
}
