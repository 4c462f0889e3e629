import Foundation
import Glibc
import JSON
import RPC
import TestSupport
import Testing
import Transports

@Suite("The Unix socket")
struct UnixSocketTests {
    @Test("Every case of the conformance corpus holds", .enabled(if: Vectors.areHere))
    func conformance() async throws {
        try await Server.run { server in
            let socket = try RawSocket(path: server.path)
            for (number, entry) in try ConformanceCase.all().enumerated() {
                try await socket.send(entry.bytes + Array("\n".utf8))
                try await socket.send(
                    #"{"jsonrpc":"2.0","method":"test.echo","params":[],"id":"sentinel\#(number)"}"# + "\n")
                var answers: [JSON] = []
                while let line = try await socket.line() {
                    let json = try JSON.parse(line, maxDepth: 512)
                    if json["id"]?.string == "sentinel\(number)" { break }
                    answers.append(json)
                }
                #expect(entry.accepts(answers), "\(entry.name)")
            }
        }
    }

    @Test("A thousand requests in one write, then silence: all are answered")
    func pipelined() async throws {
        try await Server.run { server in
            let socket = try RawSocket(path: server.path)
            try await socket.send((0..<1000).map { request($0, "test.echo", "[\($0)]") }.joined())
            for number in 0..<1000 {
                let line = try #require(try await socket.line())
                #expect(try JSON.parse(line)["id"]?.int64 == Int64(number))
            }
        }
    }

    @Test("A peer that stops writing gets its answers, then the end")
    func halfClosed() async throws {
        try await Server.run { server in
            let socket = try RawSocket(path: server.path)
            try await socket.send(String(request(1, "test.void").dropLast()))
            socket.endWriting()
            #expect(try await socket.receiveAll() == #"{"jsonrpc":"2.0","id":1,"result":null}"# + "\n")
        }
    }

    @Test("A cancel behind 64 requests in flight arrives; a client that goes away cancels all of them")
    func cancelling() async throws {
        try await Server.run { server in
            do {
                let socket = try RawSocket(path: server.path)
                try await socket.send((0..<70).map { request($0, "hold") }.joined())
                await server.open.reach(64)
                try await socket.send(
                    #"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":69}}"# + "\n")
                let line = try #require(try await socket.line())
                #expect(try JSON.parse(line)["id"]?.int64 == 69)
                #expect(try JSON.parse(line)["error"]?["code"]?.int64 == -32800)
                #expect(server.open.count == 64)
            }
            await server.open.reach(0)
        }
    }

    @Test("A deadline interrupts a call")
    func deadline() async throws {
        try await Server.run { server in
            let socket = try RawSocket(path: server.path)
            try await socket.send(request(1, "hold", #"{"_meta":{"timeoutMs":20}}"#))
            #expect(try await socket.line() != nil)
            await server.open.reach(0)
        }
    }

    @Test(
        "A peer that begins a message and stops, and one that does not read, are put out; the next honest call works"
    )
    func slowPeers() async throws {
        var limits = Limits()
        limits.messageTimeoutMs = 50
        limits.writeTimeoutMs = 50
        limits.writeBufferBytes = 10_000
        try await Server.run(limits: limits) { server in
            let slow = try RawSocket(path: server.path)
            try await slow.send(#"{"jsonrpc":"#)
            #expect(try await slow.receiveAll() == "")
            let deaf = try RawSocket(path: server.path)
            let large = request(1, "test.echo", #"["\#(String(repeating: "x", count: 100_000))"]"#)
            for _ in 0..<50 { try await deaf.send(large) }
            #expect(try await deaf.receiveAll().utf8.count < 50 * 100_000)
            let honest = try RawSocket(path: server.path)
            try await honest.send(request(1, "test.void"))
            #expect(try await honest.line() != nil)
        }
    }

    @Test("Over the limit of connections one is told so and closed; the others go on")
    func tooMany() async throws {
        var limits = Limits()
        limits.connections = 2
        try await Server.run(limits: limits, operators: .none) { server in
            let (first, second) = (try RawSocket(path: server.path), try RawSocket(path: server.path))
            for socket in [first, second] {
                try await socket.send(request(1, "test.void"))
                #expect(try await socket.line() != nil)
            }
            let third = try RawSocket(path: server.path)
            #expect(try await third.receiveAll().contains("SERVICE_UNAVAILABLE"))
            try await first.send(request(2, "test.void"))
            #expect(try await first.line() != nil)
        }
    }

    @Test(
        "The file has mode 0660; a live daemon is never replaced, a dead one's file is, another file is left alone"
    )
    func files() async throws {
        try await Server.run { server in
            var status = stat()
            #expect(stat(server.path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o660)
            await #expect(throws: SocketError.self) {
                try await UnixSocketServer.start(
                    at: server.path, try .forTests(), operators: .init(),
                    on: .singletonMultiThreadedEventLoopGroup)
            }
            let honest = try RawSocket(path: server.path)
            try await honest.send(request(1, "test.void"))
            #expect(try await honest.line() != nil)
        }
        let path = NSTemporaryDirectory() + "/rpcd-file-\(UInt32.random(in: .min ... .max))"
        try "precious".write(toFile: path, atomically: true, encoding: .utf8)
        await #expect(throws: SocketError.self) {
            try await UnixSocketServer.start(
                at: path, try .forTests(), operators: .init(), on: .singletonMultiThreadedEventLoopGroup)
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
        try FileManager.default.removeItem(atPath: path)
        let stale = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(stale, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        close(stale)
        let server = try await UnixSocketServer.start(
            at: path, try .forTests(), operators: .init(), on: .singletonMultiThreadedEventLoopGroup)
        await server.drain(within: .milliseconds(10))
    }

    @Test("A draining daemon finishes what runs, answers the rest, and ends")
    func draining() async throws {
        try await Server.run { server in
            let socket = try RawSocket(path: server.path)
            try await socket.send((0..<65).map { request($0, "hold") }.joined())
            await server.open.reach(64)
            async let drained: Void = server.socketServer.drain(within: .seconds(10))
            let refused = try JSON.parse(try #require(try await socket.line()))
            #expect(refused["id"]?.int64 == 64)
            #expect(refused["error"]?["data"]?["error"]?["code"]?.string == "SERVICE_UNAVAILABLE")
            server.open.letGo()
            for _ in 0..<64 {
                #expect(try JSON.parse(try #require(try await socket.line()))["result"] != nil)
            }
            #expect(try await socket.line() == nil)
            await drained
            #expect(throws: RawSocket.Failure.self) { try RawSocket(path: server.path) }
        }
    }

    @Test(
        "A connection that has just been made is heard by a draining daemon, one that has been served is closed"
    )
    func lateRequest() async throws {
        try await Server.run { server in
            let served = try RawSocket(path: server.path)
            try await served.send(request(1, "hold"))
            await server.open.reach(1)
            let fresh = try RawSocket(path: server.path)
            // Half a message: its connection is there, and more is to come.
            let late = request(2, "fixture.make", #"{"name":"x"}"#)
            try await fresh.send(String(late.dropLast(10)))
            // Who has not been accepted yet is refused, like who comes later.
            while server.gate.count < 2 { await Task.yield() }
            async let drained: Void = server.socketServer.drain(within: .seconds(10))
            server.open.letGo()
            #expect(try JSON.parse(try #require(try await served.line()))["id"]?.int64 == 1)
            #expect(try await served.line() == nil)
            try await fresh.send(String(late.suffix(10)))
            #expect(try JSON.parse(try #require(try await fresh.line()))["result"]?.string == "x")
            await drained
        }
    }
}
