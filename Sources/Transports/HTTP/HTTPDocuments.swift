import NIOCore
import NIOHTTP1
import RPC

/// A connection that sends a document in parts as they are made.
extension HTTPHandler {
    /// Where the parts of a method's answer go; nil for a method that answers at once.
    func outlet(for method: Method, _ ticket: UInt64, _ context: ChannelHandlerContext) -> Outlet? {
        guard method.streams, method.mediaType != nil else { return nil }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        let flow = Outflow()
        return Outlet(flow) { chunk in
            flow.add(chunk.count)
            eventLoop.execute {
                let (handler, context) = bound.value
                handler.send(part: chunk, ticket, flow, context)
            }
        }
    }

    private func send(part: [UInt8], _ ticket: UInt64, _ flow: Outflow, _ context: ChannelHandlerContext) {
        guard ticket == self.ticket, case .answering(let head) = phase, let method else {
            return flow.sent(part.count)
        }
        if !hasBegunDocument {
            hasBegunDocument = true
            var answer = HTTPAnswer(.ok)
            answer.headers = [
                "Content-Type": method.mediaType ?? "", "Cache-Control": "no-store",
                "X-Request-Id": requestID(of: head),
            ]
            writeHead(answer, head, context, length: nil)
        }
        // Whoever asks for the head alone has it now.
        guard head.method != .HEAD else {
            flow.sent(part.count)
            self.ticket += 1
            call?.interrupt(.cancelled)
            return endAnswer(head, context)
        }
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenComplete { _ in flow.sent(part.count) }
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: part)))), promise: promise)
    }

    /// A document that breaks off does not end: so the client sees that it is not whole.
    func endDocument(_ reply: Reply, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        switch reply.result {
        case .success: endAnswer(head, context)
        case .failure: context.close(promise: nil)
        }
    }
}
