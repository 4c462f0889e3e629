import ClickHouse
import NIOCore
import NIOPosix

/// Finds out whether a PostgreSQL, or a pooler in front of one, listens where something else should: by whatever name or address it is reached,
/// its answer to SSLRequest is one letter (PostgreSQL, Message Formats). No name and no password is sent.
enum PostgresProbe {
    private static let sslRequest: [UInt8] = [0, 0, 0, 8, 4, 210, 22, 47]

    /// False also where nobody answers.
    static func answers(at place: ClickHouseConfiguration, milliseconds: Int64 = 2_000) async -> Bool {
        let group = MultiThreadedEventLoopGroup.singleton
        let answer = group.next().makePromise(of: UInt8.self)
        let connecting = ClientBootstrap(group: group).connectTimeout(.milliseconds(milliseconds))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(FirstByte(answer))
                }
            }
        do {
            let channel = try await connecting.connect(host: place.host, port: place.port).get()
            let patience = channel.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
                answer.fail(ChannelError.connectTimeout(.milliseconds(milliseconds)))
            }
            defer {
                patience.cancel()
                channel.close(promise: nil)
            }
            try await channel.writeAndFlush(ByteBuffer(bytes: sslRequest))
            return [UInt8(ascii: "S"), UInt8(ascii: "N")].contains(try await answer.futureResult.get())
        } catch {
            answer.fail(error)
            return false
        }
    }

    private final class FirstByte: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let answer: EventLoopPromise<UInt8>

        init(_ answer: EventLoopPromise<UInt8>) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard let byte = unwrapInboundIn(data).readableBytesView.first else { return }
            answer.succeed(byte)
        }

        func channelInactive(context: ChannelHandlerContext) { answer.fail(ChannelError.eof) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { answer.fail(error) }
    }
}
