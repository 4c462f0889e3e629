import Foundation
import JSON
import NIOCore
import NIOPosix
import RPC
import Resilience
import Synchronization
import TestSupport
import Testing
import Transports

/// Calls that stay open until they are interrupted or let go, and how many of them there are.
final class Open: Sendable {
    private struct State {
        var count = 0
        var calls: [Call] = []
        var waiters: [(target: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.count } }

    var method: Method { Method(fixture: "hold") { self.hold($0) } }

    /// The same with a route of server-sent events.
    var stream: Method {
        Method(
            "fixture.watch", "A fixture that tells of its progress.", role: .public, streams: .integer(0...1),
            route: .get("/watched"), params: Params(), result: .string,
            example: Example("{}", gives: #""x""#),
            run: Handler { call, _, _ in
                call.report(Array("0".utf8))
                self.hold(call)
            })
    }

    /// Takes no notice of an interruption.
    var deaf: Method {
        Method(fixture: "deaf") { call in
            self.state.withLock { $0.calls.append(call) }
            self.add(1)
        }
    }

    private func hold(_ call: Call) {
        state.withLock { $0.calls.append(call) }
        add(1)
        call.onInterruption {
            self.add(-1)
            call.fail(CallError(wrapping: CancellationError(), in: call))
        }
    }

    /// Returns as soon as so many are open.
    func reach(_ target: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.count != target { state.waiters.append((target, continuation)) }
                return state.count == target
            }
            if isThere { continuation.resume() }
        }
    }

    /// All that are open succeed.
    func letGo() {
        let calls = state.withLock { state in
            defer { state.calls = [] }
            return state.calls
        }
        for call in calls { call.succeed(Body(.json(Array("null".utf8)))) }
    }

    private func add(_ difference: Int) {
        let due = state.withLock { state in
            state.count += difference
            let count = state.count
            defer { state.waiters.removeAll { $0.target == count } }
            return state.waiters.filter { $0.target == count }
        }
        for waiter in due { waiter.continuation.resume() }
    }
}

/// Socket and HTTP server of the fixture methods, for the time of `body`.
struct Server {
    let path: String
    let port: Int
    let open: Open
    /// Of the socket.
    let gate: ConnectionGate
    let socketServer: UnixSocketServer
    let httpServer: HTTPServer

    /// How busy the machine is with all tests at once is no test's question.
    static var patient: Limits {
        var limits = Limits()
        limits.defaultTimeoutMs = 3_600_000
        limits.messageTimeoutMs = 3_600_000
        return limits
    }

    static func run(
        limits: Limits = Server.patient, rates: Rates = Rates(auth: .off, general: .off),
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
            Fixtures.methods + [open.method, open.stream, open.deaf, routed, made], limits: limits,
            rates: rates,
            now: { MonotonicClock.now })
        let gate = ConnectionGate(limits)
        let socketServer = try await UnixSocketServer.start(
            at: path, dispatcher, operators: operators, gate: gate, on: group)
        let httpServer = try await HTTPServer.start(
            host: "127.0.0.1", port: 0, dispatcher, options, on: group)
        let port = try #require(httpServer.address.split(separator: ":").last.flatMap { Int($0) })
        let server = Server(
            path: path, port: port, open: open, gate: gate, socketServer: socketServer, httpServer: httpServer
        )
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
