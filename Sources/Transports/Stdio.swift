import Glibc
import NIOCore
import NIOPosix
import RPC

/// JSON-RPC on standard input and output.
///
/// The conversation runs on one end of a socket pair; two threads pump between the other end and the standard streams,
/// which may be files that no event loop can watch. `rpcd stdio --connect` pumps to a daemon's socket in the same way.
public enum Stdio {
    /// Serves until standard input ends and everything is answered.
    public static func serve(_ dispatcher: Dispatcher, concurrency: Int, on group: any EventLoopGroup)
        async throws
    {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw SocketError("Opening a pair of sockets for", "standard input")
        }
        let peer = Peer(.stdio, isOperator: true)
        let channel = try await ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        ConversationHandler(dispatcher: dispatcher, peer: peer, concurrency: concurrency))
                }
            }
            .withConnectedSocket(ends[0]).get()
        await pump(ends[1])
        try? await channel.closeFuture.get()
    }

    /// Carries standard input and output to and from a running daemon.
    /// - Throws: ``SocketError`` when nobody listens there.
    public static func bridge(to path: String) async throws {
        let descriptor = try UnixSocketListener.connected(to: path)
        await pump(descriptor)
    }

    /// Returns when the other side has closed. Only frames reach standard output: what a library prints there by accident
    /// goes to standard error.
    private static func pump(_ descriptor: Int32) async {
        let output = dup(STDOUT_FILENO)
        dup2(STDERR_FILENO, STDOUT_FILENO)
        let pool = NIOThreadPool(numberOfThreads: 2)
        pool.start()
        pool.submit { _ in
            copy(from: STDIN_FILENO, to: descriptor)
            shutdown(descriptor, Int32(SHUT_WR))
        }
        try? await pool.runIfActive { copy(from: descriptor, to: output) }
        close(output)
    }

    /// Until either side ends.
    private static func copy(from source: Int32, to target: Int32) {
        withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 16) { buffer in
            while true {
                let count = read(source, buffer.baseAddress, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                var sent = 0
                while sent < count {
                    let written = write(target, buffer.baseAddress?.advanced(by: sent), count - sent)
                    if written < 0, errno == EINTR { continue }
                    guard written > 0 else { return }
                    sent += written
                }
            }
        }
    }
}
