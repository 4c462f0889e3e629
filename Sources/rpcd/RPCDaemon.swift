import ArgumentParser
import Glibc
import NIOCore
import NIOPosix
import RPC
import Resilience
import Services
import Systemd
import Transports

@main
struct RPCDaemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpcd", abstract: "JSON-RPC 2.0 over a Unix socket and over standard input and output.",
        version: Release.version, subcommands: [Serve.self, StdioCommand.self])
}

/// Which release this is.
enum Release {
    static let version = "0.1.0"
    static let commit = "unknown"
}

/// Puts the parts together.
enum Assembly {
    static func dispatcher() throws -> Dispatcher {
        let limits = Limits()
        let system = System(version: Release.version, commit: Release.commit, limits: limits)
        return Dispatcher(
            registry: try Registry(system.methods), limits: limits,
            rates: Rates(
                auth: RateLimit(parsing: "5/min") ?? .off, general: RateLimit(parsing: "100/min") ?? .off),
            authenticator: NoAccounts())
    }

    /// There are no accounts, so there is no token that is good.
    private struct NoAccounts: Authenticator {
        func authenticate(_ token: String) throws(CallError) -> Caller {
            throw CallError(.authentication, "No token is valid here")
        }
    }
}

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves on a Unix socket until SIGTERM or SIGINT.",
        discussion: "A socket that the service manager hands over (LISTEN_FDS) goes before --socket.")

    @Option(help: "The socket's path.")
    var socket = "/run/rpcd/rpcd.sock"

    func run() async throws {
        let dispatcher = try Assembly.dispatcher()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let signals = StopSignals()
        let operators = UnixSocketServer.Operators()
        let server: UnixSocketServer
        if let activated = try SocketActivation.take().first(where: { $0.family == .unix && $0.isListening })
        {
            server = try await .start(
                descriptor: activated.descriptor, dispatcher, operators: operators, on: group)
        } else {
            server = try await .start(at: socket, dispatcher, operators: operators, on: group)
        }
        print("ready socket=\(socket)")
        fflush(nil)
        try Notifier().ready(status: "Serving")
        await signals.next()
        try Notifier().stopping()
        await server.drain(within: .milliseconds(dispatcher.limits.drainTimeoutMs))
        try await group.shutdownGracefully()
    }
}

struct StdioCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stdio",
        abstract: "Serves JSON-RPC on standard input and output; in order, one request at a time.")

    @Option(help: ArgumentHelp("Carry it to the daemon at this socket instead.", valueName: "socket"))
    var connect: String?

    @Option(help: "How many requests run at once.")
    var concurrency = 1

    func run() async throws {
        if let connect {
            try await Stdio.bridge(to: connect)
        } else {
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            try await Stdio.serve(try Assembly.dispatcher(), concurrency: concurrency, on: group)
            try await group.shutdownGracefully()
        }
    }
}
