import Foundation
import JSON
import NIOCore
import NIOPosix
import RPC
import Synchronization
import TestSupport
import Testing
import Transports

/// Calls that stay open until they are interrupted, and how many of them there are.
final class Open: Sendable {
    let count = Atomic(0)

    var method: Method {
        Method(fixture: "hold") { call in
            self.count.add(1, ordering: .relaxed)
            call.onInterruption {
                self.count.subtract(1, ordering: .relaxed)
                call.fail(CallError(.cancelled))
            }
        }
    }

    /// Returns as soon as so many are open.
    func reach(_ target: Int) async {
        while count.load(ordering: .relaxed) != target { await Task.yield() }
    }
}

/// Socket and HTTP server of the fixture methods, for the time of `body`.
struct Server {
    let path: String
    let port: Int
    let open: Open
    let socketServer: UnixSocketServer
    let httpServer: HTTPServer

    static func run(
        limits: Limits = Limits(), rates: Rates = Rates(auth: .off, general: .off),
        options: HTTPOptions = HTTPOptions(),
        operators: UnixSocketServer.Operators = .init(), _ body: (Server) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let open = Open()
        let counts: ClosedRange<Int64> = 0...9
        let routed = Method(
            "fixture.get", "A fixture with a route.", role: .public, route: .get("/fixtures/{name}"),
            params: Params(
                .text("name", 1...20, "A name."), .optional(.integer("count", counts, "A count.")),
                .optional(.text("padding", 0...10_000, "Makes the answer long."))),
            result: .object("Fixture", Field("name", .string, "The name.") { $0 }),
            example: Example(#"{"name":"x"}"#, gives: #"{"name":"x"}"#),
            run: .immediate { (_: Call, name: String, count: Int64?, padding: String?) -> String in
                let marks = String(repeating: "!", count: Int(count ?? 0))
                return name + marks + (padding ?? "")
            })
        let made = Method(
            "fixture.make", "A fixture with a body.", role: .public, mutates: true, creates: true,
            route: .post("/fixtures"), params: Params(.text("name", 1...20, "A name.")), result: .string,
            example: Example(#"{"name":"x"}"#, gives: #""x""#), run: .immediate { _, name in name })
        let path = NSTemporaryDirectory() + "/rpcd-\(UInt32.random(in: .min ... .max)).sock"
        let dispatcher = try Dispatcher.forTests(
            Fixtures.methods + [open.method, routed, made], limits: limits, rates: rates)
        let socketServer = try await UnixSocketServer.start(
            at: path, dispatcher, operators: operators, on: group)
        let httpServer = try await HTTPServer.start(
            host: "127.0.0.1", port: 0, dispatcher, options, on: group)
        let port = try #require(httpServer.address.split(separator: ":").last.flatMap { Int($0) })
        let server = Server(
            path: path, port: port, open: open, socketServer: socketServer, httpServer: httpServer)
        do {
            try await body(server)
        } catch {
            try await server.stop(group)
            throw error
        }
        try await server.stop(group)
    }

    private func stop(_ group: MultiThreadedEventLoopGroup) async throws {
        await socketServer.drain(within: .milliseconds(10))
        await httpServer.drain(within: .milliseconds(10))
        try await group.shutdownGracefully()
    }
}

func request(_ id: Int, _ method: String, _ params: String = "[]") -> String {
    #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"# + "\n"
}
