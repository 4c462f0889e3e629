import Glibc
import NIOCore
import NIOHTTP1

/// One connection: reads a request, asks what happens to it, and makes that happen.
final class SimulatorHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Of a body, in bytes.
    static let maximumBody = 4 * 1024 * 1024
    private static let maximumHangMs: Int64 = 600_000
    /// Per millisecond, of a body without an end.
    private static let endlessPart = ByteBuffer(repeating: UInt8(ascii: "a"), count: 16 * 1024)

    private let simulator: Simulator
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var isTooLong = false
    /// What this connection waits for.
    private var timer: Scheduled<Void>?

    init(_ simulator: Simulator) {
        self.simulator = simulator
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            isTooLong = false
        case .body(let part):
            isTooLong = isTooLong || body.count + part.readableBytes > Self.maximumBody
            if !isTooLong { body.append(contentsOf: part.readableBytesView) }
        case .end:
            guard let head = head.take() else { return }
            let body = self.body
            self.body = []
            react(to: head, body, context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func react(to head: HTTPRequestHead, _ body: [UInt8], _ context: ChannelHandlerContext) {
        guard !isTooLong else {
            let refusal = HTTPAnswer(
                .payloadTooLarge, "payload_too_large", "A body has at most \(Self.maximumBody) bytes")
            return write(refusal, head, context)
        }
        let reaction = simulator.react(to: Request(head, body: body))
        guard reaction.delayMs > 0 else { return perform(reaction.act, head, context) }
        after(.nanoseconds(Int64(reaction.delayMs * 1_000_000)), context) {
            self.perform(reaction.act, head, context)
        }
    }

    private func after(_ time: TimeAmount, _ context: ChannelHandlerContext, _ body: @escaping () -> Void) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: time, body)
    }

    private func perform(_ act: Reaction.Act, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        switch act {
        case .answer(let answer): write(answer, head, context)
        case .truncated(let answer):
            writeHead(answer, head, length: answer.body.readableBytes + 1_000, context)
            writePart(answer.body, context)
            context.close(promise: nil)
        case .drip(let answer, let intervalMs):
            writeHead(answer, head, length: answer.body.readableBytes, context)
            context.flush()
            drip(answer.body, every: .milliseconds(Int64(intervalMs)), head, context)
        case .endless:
            writeHead(HTTPAnswer(.ok, []), head, length: nil, context)
            writePart(ByteBuffer(string: #"{"email":""#), context)
            goOn(context)
        case .hang:
            after(.milliseconds(Self.maximumHangMs), context) { context.close(promise: nil) }
        case .reset:
            // Without a time to linger, closing resets the connection (socket(7)).
            let abrupt = linger(l_onoff: 1, l_linger: 0)
            _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(abrupt)
            context.close(promise: nil)
        }
    }

    private func write(_ answer: HTTPAnswer, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        writeHead(answer, head, length: answer.body.readableBytes, context)
        if answer.body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil)
        }
        end(head, context)
    }

    /// - Parameter length: what Content-Length says; without one the body is chunked.
    private func writeHead(
        _ answer: HTTPAnswer, _ request: HTTPRequestHead, length: Int?, _ context: ChannelHandlerContext
    ) {
        var headers = answer.headers
        if let length, answer.status != .noContent { headers.add(name: "Content-Length", value: "\(length)") }
        if !request.isKeepAlive { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(version: request.version, status: answer.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
    }

    private func writePart(_ part: ByteBuffer, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(part))), promise: nil)
    }

    private func end(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        if !request.isKeepAlive { context.close(promise: nil) }
    }

    private func drip(
        _ rest: ByteBuffer, every interval: TimeAmount, _ head: HTTPRequestHead,
        _ context: ChannelHandlerContext
    ) {
        var rest = rest
        guard let byte = rest.readSlice(length: 1) else { return end(head, context) }
        writePart(byte, context)
        after(interval, context) { self.drip(rest, every: interval, head, context) }
    }

    /// Sends what the client takes, and looks again.
    private func goOn(_ context: ChannelHandlerContext) {
        if context.channel.isWritable { writePart(Self.endlessPart, context) }
        after(.milliseconds(1), context) { self.goOn(context) }
    }
}
