import JSON
import RPC
import Resilience
import TestSupport
import Testing
import Transports

@Suite("The HTTP adapter")
struct HTTPTests {
    /// Sends text as it is and reads to the end.
    private func exchange(_ server: Server, _ text: String) async throws -> String {
        let socket = try RawSocket(port: server.port)
        try await socket.send(text)
        return try await socket.receiveAll()
    }

    private func get(_ server: Server, _ path: String, _ headers: String = "", verb: String = "GET")
        async throws
        -> String
    {
        try await exchange(
            server, "\(verb) /api/v1\(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(headers)\r\n")
    }

    private func post(_ server: Server, _ path: String, _ body: [UInt8], type: String = "application/json")
        async throws -> String
    {
        let socket = try RawSocket(port: server.port)
        try await socket.send(
            "POST /api/v1\(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\n\r\n"
        )
        try await socket.send(body)
        return try await socket.receiveAll()
    }

    private func status(_ answer: String) -> String { String(answer.dropFirst(9).prefix(3)) }

    private func body(_ answer: String) throws -> JSON {
        let text = answer.split(separator: "\r\n\r\n", maxSplits: 1).last.map(String.init) ?? ""
        return try JSON.parse(text, maxDepth: 512)
    }

    @Test("Every case of the conformance corpus holds on POST /rpc", .enabled(if: Vectors.areHere))
    func conformance() async throws {
        try await Server.run { server in
            // A blank line is no message on a stream; an empty HTTP body is refused.
            for entry in try ConformanceCase.all() where !["empty-line", "blank-line"].contains(entry.name) {
                let answer = try await post(server, "/rpc", entry.bytes)
                switch status(answer) {
                case "204": #expect(entry.accepts([]), "\(entry.name)")
                case "200": #expect(entry.accepts([try body(answer)]), "\(entry.name)")
                default: Issue.record("\(entry.name): \(answer.prefix(200))")
                }
            }
        }
    }

    @Test("Path, query and body become params, typed as the declaration says; what does not fit is named")
    func params() async throws {
        try await Server.run { server in
            let found = try await get(server, "/fixtures/a%20b?count=2")
            #expect(status(found) == "200")
            #expect(try body(found)["data"]?["name"]?.string == "a b!!")
            #expect(try body(found)["success"]?.bool == true)
            #expect(try body(found)["error"]?.isNull == true)
            let wrong = try await get(server, "/fixtures/x?count=many&other=1&name=y")
            #expect(status(wrong) == "400")
            let fields = try #require(try body(wrong)["error"]?["details"]?["fields"])
            #expect(Set(fields.elements.map { $0["path"]?.string }) == ["count", "other", "name"])
            #expect(status(try await get(server, "/fixtures/%ff")) == "400")
            #expect(status(try await post(server, "/fixtures", Array(#"{"name":"x"}"#.utf8))) == "201")
            #expect(status(try await post(server, "/fixtures", Array(#"{"name":"#.utf8))) == "400")
            #expect(status(try await post(server, "/fixtures", Array("[]".utf8))) == "400")
            #expect(
                status(try await post(server, "/fixtures", Array("{}".utf8), type: "text/plain")) == "415")
        }
    }

    @Test("An unknown route is 404, a wrong verb 405 with Allow, HEAD is GET without the body")
    func routes() async throws {
        try await Server.run { server in
            #expect(status(try await get(server, "/nope")) == "404")
            #expect(
                status(try await exchange(server, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
                    == "404")
            let wrong = try await get(server, "/fixtures/x", verb: "DELETE")
            #expect(status(wrong) == "405")
            #expect(wrong.contains("Allow: GET, HEAD, OPTIONS\r\n"))
            let head = try await get(server, "/fixtures/x", verb: "HEAD")
            #expect(status(head) == "200")
            #expect(head.hasSuffix("\r\n\r\n"))
            #expect(head.contains("X-Content-Type-Options: nosniff"))
        }
    }

    @Test("A page of an allowed origin may call, another may not")
    func cors() async throws {
        var options = HTTPOptions()
        options.corsOrigins = ["https://app.example.org"]
        try await Server.run(options: options) { server in
            let allowed = try await get(server, "/fixtures/x", "Origin: https://app.example.org\r\n")
            #expect(allowed.contains("Access-Control-Allow-Origin: https://app.example.org\r\n"))
            #expect(allowed.contains("Vary: Origin"))
            let other = try await get(server, "/fixtures/x", "Origin: https://evil.example.org\r\n")
            #expect(!other.contains("Access-Control"))
            let preflight = try await get(
                server, "/fixtures/x", "Origin: https://app.example.org\r\n", verb: "OPTIONS")
            #expect(status(preflight) == "204")
            #expect(preflight.contains("Access-Control-Allow-Methods"))
        }
    }

    @Test("Request ids are echoed or made, deadlines kept, rates told")
    func metadata() async throws {
        let rates = Rates(auth: .off, general: try #require(RateLimit(parsing: "3/hour")))
        try await Server.run(rates: rates) { server in
            let mine = try await get(server, "/fixtures/x", "X-Request-Id: abc\r\n")
            #expect(try body(mine)["meta"]?["requestId"]?.string == "abc")
            #expect(mine.contains("X-Request-Id: abc\r\n"))
            #expect(status(try await get(server, "/fixtures/x", "X-Timeout-Ms: soon\r\n")) == "400")
            _ = try await get(server, "/fixtures/x")
            let refused = try await get(server, "/fixtures/x")
            #expect(status(refused) == "429")
            #expect(refused.contains("Retry-After: "))
            #expect(refused.contains("RateLimit-Limit: 3\r\n"))
        }
    }

    @Test("Large answers are compressed where asked for, small ones never")
    func compression() async throws {
        try await Server.run { server in
            let padding = String(repeating: "x", count: 3000)
            let socket = try RawSocket(port: server.port)
            try await socket.send(
                "GET /api/v1/fixtures/x?padding=\(padding) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n"
            )
            let answer = try await socket.receiveAll()
            #expect(answer.lowercased().contains("content-encoding: gzip"))
            #expect(answer.utf8.count < 2000)
            #expect(
                !(try await get(server, "/fixtures/x", "Accept-Encoding: gzip\r\n")).lowercased().contains(
                    "content-encoding"))
        }
    }

    @Test("Chunked bodies and Expect: 100-continue work; pipelined requests are answered in order")
    func http11() async throws {
        try await Server.run { server in
            let chunked = try await exchange(
                server,
                "POST /api/v1/fixtures HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"nam\r\n7\r\ne\":\"x\"}\r\n0\r\n\r\n"
            )
            #expect(status(chunked) == "201")
            let socket = try RawSocket(port: server.port)
            try await socket.send(
                "POST /api/v1/fixtures HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 12\r\n\r\n"
            )
            #expect(String(decoding: try await socket.receive(), as: UTF8.self).hasPrefix("HTTP/1.1 100"))
            try await socket.send(#"{"name":"x"}"#)
            #expect(status(try await socket.receiveAll()) == "201")
            let two = try await exchange(
                server,
                "GET /api/v1/fixtures/first HTTP/1.1\r\nHost: x\r\n\r\nGET /api/v1/fixtures/second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            )
            let names = two.split(separator: "\"name\":\"").dropFirst().map { $0.prefix { $0 != "\"" } }
            #expect(names == ["first", "second"])
        }
    }

    @Test("A body over the limit is refused before it is read, told or not", arguments: [true, false])
    func tooLarge(isTold: Bool) async throws {
        var limits = Limits()
        limits.messageBytes = 2048
        try await Server.run(limits: limits) { server in
            let head = "POST /api/v1/fixtures HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            let large = String(repeating: "x", count: 4096)
            let answer = try await exchange(
                server,
                isTold
                    ? head + "Content-Length: 999999999\r\n\r\n{"
                    : head + "Transfer-Encoding: chunked\r\n\r\n1000\r\n\(large)\r\n0\r\n\r\n")
            #expect(status(answer) == "413")
            #expect(try body(answer)["error"]?["code"]?.string == "PAYLOAD_TOO_LARGE")
        }
    }

    @Test(
        "Shapes of request smuggling are refused, and the connection ends",
        arguments: [
            "POST /api/v1/rpc HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
            "POST /api/v1/rpc HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
            "POST /api/v1/rpc HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "POST /api/v1/rpc HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            "POST /api/v1/rpc HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
            "GET /api/v1/fixtures/x HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
            "GET /api/v1/fixtures/x HTTP/1.1\r\nHost: x\r\nBad\u{0}Name: y\r\n\r\n", "nonsense\r\n\r\n",
        ])
    func smuggling(text: String) async throws {
        try await Server.run { server in
            let answer = try await exchange(server, text)
            #expect(answer.hasPrefix("HTTP/1.1 400") || answer.isEmpty, "\(answer.prefix(60))")
            #expect(answer.components(of: "HTTP/1.1 ") <= 1)
            #expect(status(try await get(server, "/fixtures/x")) == "200")
        }
    }

    @Test("A request that stops in the middle is put out")
    func slow() async throws {
        var limits = Limits()
        limits.messageTimeoutMs = 50
        limits.httpIdleTimeoutMs = 100
        try await Server.run(limits: limits) { server in
            let body =
                "POST /api/v1/rpc HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
            let cut = try await exchange(server, body)
            #expect(cut == "")
            let idle = try await exchange(server, "GET /api/v1/fixtures")
            #expect(idle == "")
        }
        // A head that never ends is a message that has begun: it does not have the time of a connection that waits.
        limits.httpIdleTimeoutMs = 3_600_000
        try await Server.run(limits: limits) { server in
            let cut = try await exchange(server, "GET /api/v1/fixtures HTTP/1.1\r\nX-Slow: ")
            #expect(cut == "")
        }
    }

    @Test("A client that goes away cancels its call")
    func vanishing() async throws {
        try await Server.run { server in
            do {
                let socket = try RawSocket(port: server.port)
                let body = request(1, "hold")
                try await socket.send(
                    "POST /api/v1/rpc HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                )
                await server.open.reach(1)
            }
            await server.open.reach(0)
        }
    }

    @Test("X-Forwarded-For is believed of trusted proxies alone, from the right")
    func forwarded() throws {
        var options = HTTPOptions()
        #expect(options.client(of: "10.0.0.1", forwarded: ["192.0.2.9"]) == "10.0.0.1")
        options.trustedProxies = [try #require(AddressRange("10.0.0.0/8"))]
        #expect(
            options.client(of: "10.0.0.1", forwarded: ["198.51.100.1, 192.0.2.9, 10.1.1.1"]) == "192.0.2.9")
        #expect(options.client(of: "192.0.2.1", forwarded: ["198.51.100.1"]) == "192.0.2.1")
        #expect(options.client(of: "10.0.0.1", forwarded: ["nonsense"]) == "10.0.0.1")
        #expect(AddressRange("10.0.0.0/33") == nil)
        #expect(AddressRange("2001:db8::/32") != nil)
    }
}

extension String {
    /// How often `part` stands in it.
    fileprivate func components(of part: String) -> Int {
        split(separator: part, omittingEmptySubsequences: false).count - 1
    }

    @Test("Over the limit of connections one is told so in HTTP and closed; the others go on")
    func tooMany() async throws {
        var limits = Limits()
        limits.connectionsPerPeer = 1
        try await Server.run(limits: limits) { server in
            let first = try RawSocket(port: server.port)
            try await first.send("GET /api/v1/fixtures/x HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try await first.receive()
            let second = try await RawSocket(port: server.port).receiveAll()
            #expect(second.hasPrefix("HTTP/1.1 429 "))
            #expect(second.contains(#""code":"RATE_LIMIT_EXCEEDED""#))
            try await first.send("GET /api/v1/fixtures/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(try await first.receiveAll().hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test(
        "What only looks like a route is none",
        arguments: [
            "/", "/api/v1", "/api/v10/fixtures/x", "/api/v1fixtures/x", "/api/v2/fixtures/x",
            "/api/v1//fixtures/x",
            "/api/v1/fixtures/x/", "/api/v1/fixtures/", "/fixtures/x", "/metrics", "/api/v1/metrics",
        ])
    func noRoutes(path: String) async throws {
        try await Server.run { server in
            let socket = try RawSocket(port: server.port)
            try await socket.send("GET \(path) HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            let answer = try await socket.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 404 "))
            #expect(answer.contains(#""code":"METHOD_NOT_FOUND""#))
        }
    }

    @Test("A request of HTTP/1.1 names its host, once", arguments: ["", "Host: a\r\nHost: b\r\n"])
    func host(header: String) async throws {
        try await Server.run { server in
            let socket = try RawSocket(port: server.port)
            try await socket.send("GET /api/v1/fixtures/x HTTP/1.1\r\n\(header)Connection: close\r\n\r\n")
            #expect(try await socket.receiveAll().hasPrefix("HTTP/1.1 400 "))
        }
    }
}
