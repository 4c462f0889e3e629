import TestSupport
import Testing

@testable import Egress

@Suite("What is asked of a service")
struct HTTPRequestTests {
    @Test(
        "Headers that could say more than one thing, or say where a message ends, are refused",
        arguments: [
            ("X-A", "a\r\nX-B: b"), ("X-A", "a\nX-B: b"), ("X-A", "a\rb"), ("X-A", "a\0b"), ("X-A", "\u{7F}"),
            ("X-A", "\u{1}"),
            ("", "a"), ("X A", "a"), ("X-A:", "a"), ("X-A\r\nX-B", "a"), ("X-\u{E9}", "a"),
            ("Host", "other.example"),
            ("hOsT", "a"), ("Content-Length", "1"), ("Transfer-Encoding", "chunked"), ("Connection", "close"),
            ("Upgrade", "h2c"),
            ("TE", "trailers"), ("Trailer", "X"), ("Expect", "100-continue"), ("Accept-Encoding", "br"),
            ("Proxy-Authorization", "a"), ("X-A", String(repeating: "a", count: 16 * 1024 + 1)),
            (String(repeating: "a", count: 257), "a"),
        ])
    func headers(name: String, value: String) {
        let failure = #expect(throws: HTTPFailure.self) {
            try HTTPRequest(.get, "https://example.org", headers: [(name, value)])
        }
        guard case .refusedRequest = failure?.reason else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test("Counts and sizes have bounds")
    func bounds() async throws {
        let url = "https://example.org"
        let many = [(name: String, value: String)](repeating: ("X-A", "b"), count: HTTPHeaders.maximumFields)
        #expect(try HTTPRequest(.get, url, headers: many).headers.fields.count == many.count)
        #expect(throws: HTTPFailure.self) { try HTTPRequest(.get, url, headers: many + [("X-A", "b")]) }
        #expect(throws: HTTPFailure.self) { try HTTPRequest(.get, url, body: [1]) }
        #expect(throws: HTTPFailure.self) { try HTTPRequest(.head, url, body: [1]) }
        let tooMuch = [UInt8](repeating: 0, count: HTTPRequest.maximumSentBytes + 1)
        #expect(throws: HTTPFailure.self) { try HTTPRequest(.post, url, body: tooMuch) }
        #expect(throws: HTTPFailure.self) {
            try HTTPURL(url + "/" + String(repeating: "a", count: HTTPURL.maximumBytes))
        }
        let client = try HTTPClient.forTests()
        let changes: [(inout HTTPRequest) -> Void] = [
            { $0.timeoutMs = 0 }, { $0.timeoutMs = -1 }, { $0.timeoutMs = .max }, { $0.connectTimeoutMs = 0 },
            { $0.maximumRedirects = -1 }, { $0.maximumRedirects = 11 }, { $0.maximumBodyBytes = -1 },
            { $0.maximumBodyBytes = .max }, { $0.maximumHeaderBytes = -1 }, { $0.maximumHeaderBytes = .max },
        ]
        for change in changes {
            guard case .refusedRequest = await client.failure("https://127.0.0.1", change: change)?.reason
            else {
                Issue.record("a bound that is none was taken")
                continue
            }
        }
    }

    @Test("Nothing secret shows, however a request or a failure is printed")
    func secrets() async throws {
        let request = try HTTPRequest(
            .post, "https://127.0.0.1/hook/canary?key=canary", headers: [("X-Key", "canary")],
            body: Array("canary".utf8))
        let client = try HTTPClient.forTests("")
        let failure = await #expect(throws: HTTPFailure.self) { try await client.send(request) }
        #expect(
            failure?.description == "https://127.0.0.1:443: the address is refused: 127.0.0.1 is loopback")
        var dumped = ""
        dump(request, to: &dumped)
        let texts = [
            dumped, "\(request)", String(reflecting: request), "\(request.url)",
            String(reflecting: request.url), "\(request.headers)",
            String(reflecting: request.headers), "\(request.headers.fields)", String(reflecting: failure),
        ]
        for text in texts { #expect(!text.contains("canary"), "\(text)") }
        let user = #expect(throws: HTTPFailure.self) { try HTTPURL("https://user:canary@example.org") }
        #expect(user.map { "\($0)".contains("canary") } == false)
    }

    // MARK: - Redirects

    private func answer(_ status: Int, _ location: String?) -> HTTPResponse {
        var response = HTTPResponse()
        response.status = status
        if let location { response.headers.append(received: "location", location) }
        return response
    }

    private func post(_ url: String = "https://a.example/x") throws -> HTTPRequest {
        var request = try HTTPRequest(
            .post, url,
            headers: [
                ("Content-Type", "text/x"), ("X-Key", "k"), ("Authorization", "a"), ("Cookie", "c"),
                ("X", "x"),
            ],
            body: [1])
        request.followsAfterAnyMethod = true
        request.secretHeaders = ["X-KEY"]
        return request
    }

    @Test("301, 302 and 303 make GET of POST, 307 and 308 keep it", arguments: [301, 302, 303, 307, 308])
    func methods(status: Int) throws {
        let next = try #require(try Redirect.next(after: answer(status, "/y"), to: post(), followed: 0))
        #expect(next.url.text == "https://a.example/y")
        let keeps = status >= 307
        #expect(next.method == (keeps ? .post : .get) && next.body == (keeps ? [1] : []))
        #expect((next.headers["content-type"] != nil) == keeps)
        #expect(next.headers["x-key"] == "k" && next.headers["authorization"] == "a")
        var put = try post()
        put.method = .put
        #expect(
            try Redirect.next(after: answer(status, "/y"), to: put, followed: 0)?.method
                == (status == 303 ? .get : .put))
        put.method = .head
        put.body = []
        #expect(try Redirect.next(after: answer(status, "/y"), to: put, followed: 0)?.method == .head)
    }

    @Test(
        "Another scheme, host or port gets no credentials",
        arguments: [
            ("https://b.example/", false), ("https://a.example:444/", false), ("https://x.a.example/", false),
            ("//b.example/", false), ("https://a.example./", false), ("https://a.example:443/", true),
            ("HTTPS://A.EXAMPLE/", true),
            ("/", true), ("?q", true), ("", true),
        ])
    func origins(location: String, isSame: Bool) throws {
        let next = try #require(try Redirect.next(after: answer(307, location), to: post(), followed: 0))
        for name in ["x-key", "authorization", "cookie"] {
            #expect((next.headers[name] != nil) == isSame, "\(name)")
        }
        #expect(next.headers["x"] == "x" && next.headers["content-type"] == "text/x")
        let upgraded = try Redirect.next(
            after: answer(307, "https://a.example/"), to: post("http://a.example/"), followed: 0)
        #expect(upgraded?.headers["x-key"] == nil)
    }

    @Test("What is no redirect, or not to be followed, is the answer")
    func kept() throws {
        for status in [200, 300, 304, 305, 306, 309, 404] {
            #expect(try Redirect.next(after: answer(status, "/y"), to: post(), followed: 0) == nil)
        }
        #expect(try Redirect.next(after: answer(302, nil), to: post(), followed: 0) == nil)
        var request = try post()
        request.followsAfterAnyMethod = false
        #expect(try Redirect.next(after: answer(307, "/y"), to: request, followed: 0) == nil)
        request.followsAfterAnyMethod = true
        request.maximumRedirects = 0
        #expect(try Redirect.next(after: answer(307, "/y"), to: request, followed: 0) == nil)
    }

    @Test(
        "A redirect that must not be followed is a failure, and the request has been sent",
        arguments: [
            "http://a.example/", "file:///etc/passwd", "https://u@a.example/", "https://[", "\u{E9}", "/a b",
        ])
    func refused(location: String) {
        let failure = #expect(throws: HTTPFailure.self) {
            try Redirect.next(after: answer(302, location), to: post(), followed: 0)
        }
        guard case .refusedURL = failure?.reason else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(failure?.mayHaveBeenSent == true && failure?.origin == "https://a.example:443")
    }
}

extension HTTPRequest: Equatable {
    public static func == (one: HTTPRequest, other: HTTPRequest) -> Bool {
        one.url == other.url && one.method == other.method && one.headers == other.headers
            && one.body == other.body
    }
}
