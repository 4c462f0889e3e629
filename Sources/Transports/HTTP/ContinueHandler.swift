import NIOCore
import NIOHTTP1

/// Answers `Expect: 100-continue` (RFC 9110 §10.1.1), unless the body that is announced will be refused.
///
/// It stands nearer to the network than the compressor, which takes any response head for the one answer to a request.
final class ContinueHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let limit: Int

    /// - Parameter limit: the largest body, in bytes.
    init(limit: Int) {
        self.limit = limit
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data), head.announcedLength <= limit,
            head.headers.first(name: "expect")?.lowercased() == "100-continue"
        {
            let answer = HTTPResponseHead(version: head.version, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(answer)), promise: nil)
        }
        context.fireChannelRead(data)
    }
}

extension HTTPRequestHead {
    /// The length of the body, 0 when it is not told.
    var announcedLength: Int { headers.first(name: "content-length").flatMap { Int($0) } ?? 0 }
}
