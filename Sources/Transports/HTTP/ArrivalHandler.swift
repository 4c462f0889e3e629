import NIOCore

/// Tells the handlers behind it that bytes have arrived, before the decoder has made anything of them: a request that comes a byte at a time
/// is one that has begun.
final class ArrivalHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    struct BytesArrived: Sendable {}

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireUserInboundEventTriggered(BytesArrived())
        context.fireChannelRead(data)
    }
}
