import NIOCore
import NIOEmbedded
import RPC
import TestSupport
import Testing

@testable import Transports

@Suite("What a connection leaves behind")
struct ReleaseTests {
    @Test(
        "Nothing stays of a connection that has ended, wherever in a message it did",
        arguments: ["", "{", "no message\n", #"{"jsonrpc":"2.0","id":1,"method":"nowhere"}"# + "\n[{"])
    func socket(text: String) throws {
        weak var handler: ConversationHandler?
        do {
            let made = ConversationHandler(
                dispatcher: try Dispatcher.forTests(), peer: Peer(.uid(1000), isOperator: false),
                concurrency: 8)
            handler = made
            let channel = EmbeddedChannel()
            try channel.pipeline.syncOperations.addHandler(made)
            try channel.connect(to: SocketAddress(unixDomainSocketPath: "/here")).wait()
            try channel.writeInbound(ByteBuffer(string: text))
            channel.embeddedEventLoop.run()
            _ = try channel.finish(acceptAlreadyClosed: true)
        }
        #expect(handler == nil)
    }
}
