import JSON
import RPC
import Resilience
import TestSupport
import Testing
import Transports

@Suite("Calls that last longer than a stop waits")
struct DrainTests {
    private let unavailable = "SERVICE_UNAVAILABLE"

    private func code(_ answer: JSON) -> String? { answer["error"]?["data"]?["error"]?["code"]?.string }

    @Test("On the socket each is answered, then the connection is closed")
    func socket() async throws {
        try await Server.run { server in
            let socket = try RawSocket(path: server.path)
            try await socket.send(request(1, "hold") + request(2, "hold"))
            await server.open.reach(2)
            await server.socketServer.drain(within: .milliseconds(50))
            for _ in 1...2 {
                let answer = try JSON.parse(try #require(try await socket.line()))
                #expect(code(answer) == unavailable)
            }
            #expect(try await socket.line() == nil)
        }
    }

    @Test("Over HTTP, too: a call, a message of calls, and a stream of events")
    func http() async throws {
        try await Server.run { server in
            let batch = "[" + request(1, "hold") + "," + request(2, "hold") + "]"
            let message = try RawSocket(port: server.port)
            try await message.send(
                "POST /api/v1/rpc HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                    + "Content-Length: \(batch.utf8.count)\r\n\r\n\(batch)")
            let stream = try RawSocket(port: server.port)
            try await stream.send("GET /api/v1/watched HTTP/1.1\r\nHost: x\r\n\r\n")
            await server.open.reach(3)
            async let drained: Void = server.httpServer.drain(within: .milliseconds(50))
            let answer = try await message.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            #expect(answer.contains("Connection: close"))
            let answers = try JSON.parse(String(try #require(answer.split(separator: "\r\n\r\n").last)))
            #expect(answers.elements.map(code) == [unavailable, unavailable])
            let events = try await stream.receiveAll()
            #expect(events.contains("event: progress"))
            #expect(events.contains("event: error"))
            #expect(events.contains(unavailable))
            await drained
        }
    }

    @Test("One that does not react is not waited for")
    func deaf() async throws {
        try await Server.run { server in
            let socket = try RawSocket(path: server.path)
            try await socket.send(request(1, "deaf"))
            await server.open.reach(1)
            await server.socketServer.drain(within: .milliseconds(10))
            #expect(try await socket.line() == nil)
            server.open.letGo()
        }
    }
}
