import NIOCore
import NIOPosix
import Postgres

/// A NIO event loop that watches an eventfd(2): to NIO it is a pipe, of which it reads eight bytes whenever it was raised.
struct EventLoopReactor: Reactor {
    let eventLoop: any EventLoop

    var isCurrent: Bool { eventLoop.inEventLoop }

    func execute(_ work: @escaping @Sendable () -> Void) {
        eventLoop.execute(work)
    }

    func watch(eventDescriptor: Int32, _ onRaised: @escaping @Sendable () -> Void) async throws {
        _ = try await NIOPipeBootstrap(group: eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Watcher(onRaised))
                }
            }
            .takingOwnershipOfDescriptor(input: eventDescriptor).get()
    }

    private final class Watcher: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let onRaised: @Sendable () -> Void

        init(_ onRaised: @escaping @Sendable () -> Void) {
            self.onRaised = onRaised
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            onRaised()
        }
    }
}
