import NIOCore
import NIOHTTP1
import NIOHTTPCompression

/// Puts a compressor behind itself when the first request comes that accepts compressed answers: a connection that never asks does
/// not pay for one. Requests come here one at a time, so no answer is under way then.
final class CompressionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    /// Answers smaller than this are not worth the time to compress.
    private static let threshold = 1024

    private var isThere = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isThere, case .head(let head) = unwrapInboundIn(data),
            head.headers.contains(name: "accept-encoding")
        {
            isThere = true
            let compressor = HTTPResponseCompressor(responseCompressionPredicate: { head, _ in
                let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
                return length >= CompressionHandler.threshold ? .compressIfPossible : .doNotCompress
            })
            do {
                try context.pipeline.syncOperations.addHandler(compressor, position: .after(self))
            } catch {
                context.fireErrorCaught(error)
            }
        }
        context.fireChannelRead(data)
    }
}
