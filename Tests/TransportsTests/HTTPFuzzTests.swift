import Foundation
import TestSupport
import Testing

/// Of the number that RPCD_FUZZ_INPUTS says, a twentieth: each needs connections. A short run is part of the tests.
private let inputs =
    ProcessInfo.processInfo.environment["RPCD_FUZZ_INPUTS"].flatMap { Int($0) }.map { $0 / 20 } ?? 400

@Suite("Hostile input, over HTTP")
struct HTTPFuzzTests {
    private static let samples: [[UInt8]] = [
        "GET /api/v1/fixtures/x?count=3 HTTP/1.1\r\nHost: h\r\n\r\n",
        "HEAD /api/v1/fixtures/x HTTP/1.1\r\nHost: h\r\nX-Request-Id: r\r\nX-Timeout-Ms: 50\r\n\r\n",
        "POST /api/v1/fixtures HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"name\":\"x\"}",
        "POST /api/v1/fixtures HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{\"name\":\"x\"}\r\n0\r\n\r\n",
        "POST /api/v1/rpc HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 50\r\n\r\n[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"test.void\"}    ]",
        "OPTIONS /api/v1/fixtures HTTP/1.1\r\nHost: h\r\nOrigin: https://a.example\r\n\r\n",
    ].map { Array($0.utf8) }

    @Test(
        "Whatever arrives, it is answered in HTTP or closed, and the next honest request works",
        arguments: Seed.some(2))
    func adapter(seed: Seed) async throws {
        try await Server.run { server in
            var hostile = HostileInput(seed.generator, samples: HTTPFuzzTests.samples)
            for _ in 0..<inputs / 2 {
                let socket = try RawSocket(port: server.port)
                try await socket.send(hostile.next())
                socket.endWriting()
                // A peer that has sent a part and gone is owed nothing; one that is answered is answered in HTTP.
                let answer = try await socket.receiveAll()
                #expect(answer.isEmpty || answer.hasPrefix("HTTP/1."))
                let honest = try RawSocket(port: server.port)
                try await honest.send(
                    "GET /api/v1/fixtures/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                #expect(try await honest.receiveAll().hasPrefix("HTTP/1.1 200"))
            }
        }
    }
}
