import TestSupport
import Testing

@testable import Egress

@Suite("Calls to outside services")
struct HTTPClientTests {
    @Test("Connections are kept for the next request")
    func reuse() async throws {
        let server = try await HostileServer("127.0.0.1")
        let client = try HTTPClient.forTests()
        let first = try await client.get(server.url("/ok"))
        #expect(first.status == 200 && first.text == "ok" && first.version == .http11)
        #expect(
            first.remoteAddress == "127.0.0.1" && first.origin == server.url("") && !first.isConnectionReused)
        #expect(first.timings.connectedMicroseconds > 0 && first.timings.totalMicroseconds > 0)
        for _ in 0..<20 {
            let next = try await client.get(server.url("/ok"))
            #expect(next.isConnectionReused && next.remoteAddress == "127.0.0.1")
        }
        #expect(try await server.counts() == (1, 21))
    }

    @Test("Methods, headers and bodies arrive as they were given, and nothing comes along that was not")
    func echo() async throws {
        let server = try await HostileServer("127.0.0.1")
        let client = try HTTPClient.forTests()
        func head(_ method: HTTPRequest.Method, _ body: String, _ headers: [(String, String)] = [])
            async throws
            -> [String]
        {
            let request = try HTTPRequest(
                method, server.url("/echo?a=%20b#fragment"), headers: headers, body: Array(body.utf8))
            let answer = try await client.send(request).body
            #expect(answer.suffix(body.utf8.count) == Array(body.utf8)[...])
            let head = String(decoding: answer.dropLast(body.utf8.count), as: UTF8.self)
            return head.split(separator: "\r\n").map(String.init)
        }
        let host = "Host: 127.0.0.1:\(server.port)"
        let common = [host, "Accept: */*", "Accept-Encoding: gzip, deflate, br", "User-Agent: rpcd"]
        #expect(try await Set(head(.get, "")) == Set(["GET /echo?a=%20b HTTP/1.1"] + common))
        #expect(try await Set(head(.delete, "")) == Set(["DELETE /echo?a=%20b HTTP/1.1"] + common))
        #expect(
            try await Set(head(.post, ""))
                == Set(["POST /echo?a=%20b HTTP/1.1", "Content-Length: 0"] + common))
        let big = String(repeating: "x", count: 2_000_000)
        let put = try await head(
            .put, big, [("Content-Type", "text/x"), ("X-Empty", ""), ("User-Agent", "other")])
        #expect(
            Set(put)
                == Set(
                    [
                        "PUT /echo?a=%20b HTTP/1.1", "Content-Length: 2000000", "Content-Type: text/x",
                        "X-Empty:",
                    ]
                        + common.dropLast() + ["User-Agent: other"]))
        #expect(try await head(.patch, "\0\u{FF}").contains("Content-Length: 3"))
    }

    @Test("HEAD, 204 and 304 end without a body, and the connection goes on")
    func withoutBody() async throws {
        let server = try await HostileServer("127.0.0.1")
        let client = try HTTPClient.forTests()
        let head = try await client.send(HTTPRequest(.head, server.url("/ok")))
        #expect(head.status == 200 && head.body.isEmpty && head.headers["content-length"] == "2")
        #expect(try await client.get(server.url("/status?204")).status == 204)
        #expect(try await client.get(server.url("/status?304")).status == 304)
        #expect(try await client.get(server.url("/ok")).text == "ok")
        #expect(try await server.counts().connections == 1)
    }

    @Test("Headers are found in any case, those that come twice too; hints and trailers are none")
    func fields() async throws {
        let server = try await HostileServer("127.0.0.1")
        let response = try await HTTPClient.forTests().get(server.url("/fields"))
        #expect(response.headers.values(of: "SET-COOKIE") == ["a=1", "b=2"])
        #expect(response.headers["x-one"] == "spaced" && response.headers["X-Folded"] == "first second")
        #expect(response.headers["x-empty"] == "" && response.headers["x-none"] == nil)
        #expect(response.headers["x-hint"] == nil && response.headers["x-trailer"] == nil)
        #expect(response.text == "ok" && !"\(response.headers)".contains("a=1"))
    }

    @Test("Compressed answers come decoded")
    func compressed() async throws {
        let server = try await HostileServer("127.0.0.1")
        let response = try await HTTPClient.forTests().get(server.url("/gzip"))
        #expect(response.text == String(repeating: "hello", count: 100))
    }

    @Test("Cancelling the task ends the transfer, and the server sees it")
    func cancel() async throws {
        let server = try await HostileServer("127.0.0.1")
        let client = try HTTPClient.forTests()
        let url = server.url("/silent")
        let task = Task { await client.failure(url) }
        try await server.says("got /silent")
        task.cancel()
        #expect(await task.value?.reason == .cancelled)
        try await server.says("gone /silent")
        let early = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await client.failure(url)
        }
        #expect(await early.value?.reason == .cancelled)
        #expect(try await server.counts() == (1, 1))
    }

    @Test(
        "However requests are cancelled, each ends once, and all places are free again",
        arguments: Seed.some(100))
    func cancelStorm(seed: Seed) async throws {
        let server = try await CancelStorm.server()
        let client = try HTTPClient.forTests {
            $0.maximumInFlight = 3
            $0.maximumWaiting = 29
        }
        var random = seed.generator
        await withTaskGroup(of: HTTPFailure.Reason?.self) { group in
            for _ in 0..<32 {
                let (path, yields) = (
                    Bool.random(using: &random) ? "/silent" : "/ok", Int.random(in: 0...50, using: &random)
                )
                let url = server.url(path)
                group.addTask {
                    let task = Task { await client.failure(url) { $0.timeoutMs = 20_000 } }
                    for _ in 0..<yields { await Task.yield() }
                    task.cancel()
                    return await task.value?.reason
                }
            }
            for await reason in group { #expect(reason == nil || reason == .cancelled) }
        }
        for _ in 0..<4 { #expect(try await client.get(server.url("/ok")).status == 200) }
    }

    @Test(
        "Beyond what may run and wait it is busy at once; who waits in vain times out unsent; closing fails the rest"
    )
    func bounds() async throws {
        let server = try await HostileServer("127.0.0.1")
        let client = try HTTPClient.forTests {
            $0.maximumInFlight = 1
            $0.maximumWaiting = 1
        }
        let url = server.url("/silent")
        let running = Task { await client.failure(url) }
        try await server.says("got /silent")
        let late = await client.failure(url) { $0.timeoutMs = 100 }
        #expect(late?.reason == .timeout && late?.mayHaveBeenSent == false)
        try await withThrowingTaskGroup(of: HTTPFailure?.self) { group in
            for _ in 0..<2 { group.addTask { await client.failure(url) } }
            let busy = try await group.next()
            #expect(busy??.reason == .busy && busy??.mayHaveBeenSent == false)
            client.close()
            let closed = try await group.next()
            #expect(closed??.reason == .closed && closed??.mayHaveBeenSent == false)
        }
        let ended = await running.value
        #expect(ended?.reason == .closed && ended?.mayHaveBeenSent == true)
        try await server.says("gone /silent")
        #expect(await client.failure(url)?.reason == .closed)
    }

    @Test("A client that nobody holds any more lets its connections go")
    func released() async throws {
        let server = try await HostileServer("127.0.0.1")
        #expect(try await HTTPClient.forTests().get(server.url("/ok")).status == 200)
        try await server.says("closed")
    }

    @Test("On a kept connection that dies, only what may be repeated is sent again")
    func repetition() async throws {
        let server = try await HostileServer("127.0.0.1")
        let client = try HTTPClient.forTests()
        let url = server.url("/dies-when-reused")
        func post(repeatable: Bool) async throws -> Int {
            var request = try HTTPRequest(.post, url, body: [1])
            request.isRepeatable = repeatable
            return try await client.send(request).status
        }
        #expect(try await post(repeatable: false) == 200)
        let failure = await #expect(throws: HTTPFailure.self) { try await post(repeatable: false) }
        #expect(failure?.reason == .truncated && failure?.mayHaveBeenSent == true)
        #expect(try await server.counts().requests == 2)
        #expect(try failure?.isSafeToRetry(HTTPRequest(.post, url)) == false)
        #expect(try failure?.isSafeToRetry(HTTPRequest(.put, url)) == true)
        #expect(try await post(repeatable: false) == 200)
        #expect(try await post(repeatable: true) == 200)
        #expect(try await server.counts().requests == 5)
    }

    @Test("Nobody there is a failure that may be tried again; so is a name that has no address")
    func nobody() async throws {
        let free = try await HostileServer("127.0.0.1")
        free.process.send(9)
        await free.process.end()
        let client = try HTTPClient.forTests()
        let failure = await client.failure(free.url("/"))
        #expect(failure?.reason == .connect && failure?.mayHaveBeenSent == false)
        #expect(try failure?.isSafeToRetry(HTTPRequest(.post, free.url("/"))) == true)
        #expect(failure?.description == "\(free.url("")): the connection cannot be made")
    }

    @Test("Only what the certificate proves is believed; a file of authorities is what is trusted then")
    func certificates() async throws {
        try await withTemporaryFolder { folder in
            let certificate = try await Certificate(in: folder)
            let server = try await HostileServer("127.0.0.1", tls: certificate)
            func client(_ authorities: String?) throws -> HTTPClient {
                try HTTPClient.forTests("127.0.0.0/8,::1/128") { $0.authorities = authorities }
            }
            let url = server.url("/ok", host: "localhost", scheme: "https")
            #expect(try await client(nil).failure(url)?.reason == .tls(.untrusted))
            let response = try await client(certificate.file).get(url)
            #expect(response.text == "ok" && response.timings.securedMicroseconds > 0)
            let byAddress = server.url("/ok", scheme: "https")
            let failure = try await client(certificate.file).failure(byAddress)
            #expect(failure?.reason == .tls(.untrusted) && failure?.mayHaveBeenSent == false)
            #expect(try await client(folder + "/none").failure(url)?.reason == .tls(.authorities))
            #expect(try await server.counts().requests == 1)
        }
    }

    @Test("https never is redirected to http")
    func downgrade() async throws {
        try await withTemporaryFolder { folder in
            let certificate = try await Certificate(in: folder)
            let server = try await HostileServer("127.0.0.1", tls: certificate)
            let plain = try await HostileServer("127.0.0.1")
            let client = try HTTPClient.forTests("127.0.0.0/8,::1/128") { $0.authorities = certificate.file }
            let url = server.url("/redirect?302&" + plain.url("/ok"), host: "localhost", scheme: "https")
            let failure = await client.failure(url)
            #expect(failure?.reason == .refusedURL("a redirect leads from https to http"))
            #expect(try await plain.counts() == (0, 0))
        }
    }

    @Test("HTTP/2 carries requests side by side on one connection")
    func http2() async throws {
        try await withTemporaryFolder { folder in
            let certificate = try await Certificate(in: folder)
            let server = try await HostileServer(http2: certificate)
            let client = try HTTPClient.forTests("localhost:\(server.port)") {
                $0.authorities = certificate.file
            }
            let url = server.url("/", host: "localhost", scheme: "https")
            #expect(try await client.get(url).version == .http2)
            try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
                for _ in 0..<20 { group.addTask { try await client.get(url) } }
                for _ in 0..<20 {
                    group.addTask { try await client.send(HTTPRequest(.post, url, body: [1, 2, 3])) }
                }
                for try await response in group {
                    #expect(
                        response.version == .http2 && response.text == "ok" && response.isConnectionReused)
                }
            }
            #expect(try await server.counts() == (1, 41))
        }
    }
}

/// One server for all seeds.
private actor CancelStorm {
    private static let shared = CancelStorm()
    private var running: Task<HostileServer, any Error>?

    static func server() async throws -> HostileServer { try await shared.server() }

    private func server() async throws -> HostileServer {
        let task = running ?? Task { try await HostileServer("127.0.0.1", isQuiet: true) }
        running = task
        return try await task.value
    }
}
