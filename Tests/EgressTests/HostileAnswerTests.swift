import TestSupport
import Testing

@testable import Egress

@Suite("Answers that mean harm")
struct HostileAnswerTests {
    @Test("A body or a header stream without end is stopped at its bound, and the server sees us go")
    func endless() async throws {
        let server = try await HostileServer("127.0.0.1")
        let client = try HTTPClient.forTests()
        let cases: [(path: String, part: HTTPFailure.Part)] = [
            ("/endless-body", .body), ("/endless-until-close", .body), ("/bomb?1", .body), ("/bomb?2", .body),
            ("/bomb?4", .body), ("/endless-headers", .headers), ("/endless-hints", .headers),
            ("/endless-trailers", .headers), ("/size?65537", .body),
        ]
        for (path, part) in cases {
            let failure = await client.failure(server.url(path)) { $0.maximumBodyBytes = 65_536 }
            #expect(failure?.reason == .tooLarge(part), "\(path)")
            #expect(failure?.mayHaveBeenSent == true && failure?.isTransient == false, "\(path)")
            if !path.hasPrefix("/size") { try await server.says("gone \(path)") }
        }
        #expect(
            try await client.get(server.url("/size?65536")) { $0.maximumBodyBytes = 65_536 }.body.count
                == 65_536)
    }

    @Test(
        "Where the status will do, a body that is too large, cut or endless is no failure; one without headers is"
    )
    func statusAlone() async throws {
        let server = try await HostileServer("127.0.0.1")
        let client = try HTTPClient.forTests()
        func status(_ path: String) async throws(HTTPFailure) -> Int {
            var request = try HTTPRequest(.get, server.url(path))
            request.maximumBodyBytes = 65_536
            request.needsWholeBody = false
            request.timeoutMs = path.contains("drip") || path == "/endless-hints" ? 300 : 30_000
            let response = try await client.send(request)
            #expect(response.body.count <= 65_536)
            return response.status
        }
        for path in [
            "/endless-body", "/bomb?1", "/size?65537", "/truncated", "/cut-chunk", "/drip", "/status?204",
        ] {
            #expect(try await status(path) == (path == "/status?204" ? 204 : 200), "\(path)")
        }
        for path in [
            "/nothing", "/cut-headers", "/drip-headers", "/endless-headers", "/endless-hints", "/garbage",
        ] {
            await #expect(throws: HTTPFailure.self, "\(path)") { try await status(path) }
        }
        #expect(try await client.get(server.url("/ok")).text == "ok")
    }

    @Test("One header line without end does not fill the memory")
    func endlessLine() async throws {
        let server = try await HostileServer("127.0.0.1")
        let client = try HTTPClient.forTests()
        let failure = await client.failure(server.url("/endless-header"))
        #expect(failure != nil)
        try await server.says("gone /endless-header")
    }

    @Test("More layers of compression than anybody needs are not unpacked")
    func layers() async throws {
        let server = try await HostileServer("127.0.0.1")
        let client = try HTTPClient.forTests()
        let failure = await client.failure(server.url("/bomb?7"))
        guard case .unreadable = failure?.reason else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test(
        "An answer that is cut is no answer",
        arguments: ["/truncated", "/cut-chunk", "/cut-chunks", "/nothing", "/cut-headers", "/bad-chunk"])
    func cut(path: String) async throws {
        let server = try await HostileServer("127.0.0.1")
        let client = try HTTPClient.forTests()
        let failure = await client.failure(server.url(path))
        #expect(failure?.reason == .truncated)
        #expect(failure?.mayHaveBeenSent == true)
    }

    @Test(
        "What is no HTTP is unreadable",
        arguments: ["/garbage", "/bad-gzip", "/unknown-encoding"])
    func unreadable(path: String) async throws {
        let server = try await HostileServer("127.0.0.1")
        let client = try HTTPClient.forTests()
        let failure = await client.failure(server.url(path))
        guard case .unreadable = failure?.reason else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(failure?.mayHaveBeenSent == true)
    }

    @Test("A server that drips or is silent gets the time of the request, not more")
    func slow() async throws {
        let server = try await HostileServer("127.0.0.1")
        let client = try HTTPClient.forTests()
        for path in ["/drip", "/drip-headers", "/silent"] {
            let failure = await client.failure(server.url(path)) { $0.timeoutMs = 300 }
            #expect(failure?.reason == .timeout, "\(path)")
            #expect(failure?.mayHaveBeenSent == true, "\(path)")
            try await server.says("gone \(path)")
        }
    }

    @Test("Redirects are followed to their bound, and no longer")
    func redirects() async throws {
        let server = try await HostileServer("127.0.0.1")
        let client = try HTTPClient.forTests()
        let failure = await client.failure(server.url("/loop"))
        #expect(failure?.reason == .tooManyRedirects)
        #expect(try await server.counts().requests == 4)
        let kept = try await client.get(server.url("/loop")) { $0.maximumRedirects = 0 }
        #expect(kept.status == 302 && kept.headers["location"] == "/loop")
        let there = try await client.get(server.url("/redirect?302&/ok"))
        #expect(there.text == "ok" && there.redirects == 1)
    }

    @Test("A redirect to an address that is not allowed ends there, without a connection")
    func redirectInward() async throws {
        let server = try await HostileServer("127.0.0.1", "127.0.0.2")
        let client = try HTTPClient.forTests("127.0.0.2/32")
        for target in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"] {
            let url = server.url("/redirect?302&" + server.url("/ok", host: target), host: "127.0.0.2")
            let failure = await client.failure(url)
            guard case .refusedAddress = failure?.reason else {
                Issue.record("\(target): \(String(describing: failure))")
                continue
            }
            #expect(failure?.mayHaveBeenSent == true)
        }
        #expect(try await server.counts() == (1, 5))
        for target in [
            "file:///etc/passwd", "ftp://127.0.0.2/", "gopher://127.0.0.2/", "http://user@127.0.0.2/",
            "http://",
        ] {
            let failure = await client.failure(server.url("/redirect?302&" + target, host: "127.0.0.2"))
            guard case .refusedURL = failure?.reason else {
                Issue.record("\(target): \(String(describing: failure))")
                continue
            }
        }
        #expect(try await server.counts() == (1, 10))
    }

    @Test("What is secret stays with the origin that it was meant for")
    func secrets() async throws {
        let first = try await HostileServer("127.0.0.1")
        let other = try await HostileServer("127.0.0.1")
        let client = try HTTPClient.forTests()
        let headers = [
            ("X-API-Key", "key-1"), ("Authorization", "Bearer key-2"), ("Cookie", "c=key-3"),
            ("X-Plain", "seen"),
        ]
        func ask(_ target: String) async throws -> String {
            let url = first.url("/redirect?307&" + target)
            var request = try HTTPRequest(.get, url, headers: headers)
            request.secretHeaders = ["x-api-key"]
            return try await client.send(request).text
        }
        let away = try await ask(other.url("/echo"))
        #expect(away.contains("X-Plain: seen") && !away.contains("key-"))
        let home = try await ask("/echo")
        #expect(home.contains("X-API-Key: key-1") && home.contains("key-2") && home.contains("key-3"))
        // Back again they stay away.
        let back = try await ask(other.url("/redirect?302&" + first.url("/echo")))
        #expect(back.contains("X-Plain: seen") && !back.contains("key-"))
    }
}
