import Foundation
import TestSupport
import Testing

@testable import Egress

/// Requests that mean to reach what is inside (server-side request forgery).
@Suite("Requests that mean to go inward")
struct InwardTests {
    /// Hosts that are, or lead to, this machine or what is near it. `metadata` and the like are fixed resolutions.
    private static let hosts = [
        "127.0.0.1", "127.0.0.2", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1",
        "0x7F.0.0.1",
        "017700000001", "0177.0.0.1", "0177.0.0.0x1", "00000177.1", "127.0.0.1.", "0", "0.0.0.0", "0x0",
        "localhost",
        "LOCALHOST", "a.localhost", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000::0001]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001::1]", "[fe80::1]", "[fec0::1]", "[fc00::1]",
        "[fd00::2]", "[ff02::1]",
        "[100::1]", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "2852039166", "0xa9fea9fe",
        "100.100.100.200", "192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "metadata.example",
        "evil.example", "mapped.example", "many.example", "xn--evil-example",
        "%31%32%37.0.0.1", "127%2e0%2e0%2e1",
    ]

    private static func resolutions(_ port: Int) -> [String] {
        [
            "metadata.example:\(port):169.254.169.254", "evil.example:\(port):127.0.0.1",
            "mapped.example:\(port):[::ffff:127.0.0.1]",
            "many.example:\(port):127.0.0.1,10.0.0.1,[::1],192.168.0.1",
            "xn--evil-example:\(port):127.0.0.1",
        ]
    }

    private func expectRefusal(_ failure: HTTPFailure?, _ url: String) {
        switch failure?.reason {
        case .refusedAddress, .refusedURL: #expect(failure?.mayHaveBeenSent == false, "\(url)")
        default: Issue.record("\(url): \(String(describing: failure))")
        }
    }

    @Test("The page about outgoing calls shows every one of these hosts")
    func page() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("docs/egress.md"), encoding: .utf8)
        for host in InwardTests.hosts { #expect(text.contains("`\(host)`"), "\(host)") }
        #expect(InwardTests.hosts.count >= 40)
    }

    @Test("However the host is written or resolved, it is refused and nothing connects")
    func hosts() async throws {
        let server = try await HostileServer("127.0.0.1", "127.0.0.2", "::1")
        // One list is empty, which refuses plain http before anything else; the other makes it look at the address.
        for allowed in ["", "127.0.0.77/32"] {
            let client = try HTTPClient.forTests(allowed) {
                $0.resolutions = InwardTests.resolutions(server.port)
            }
            for host in InwardTests.hosts {
                for scheme in ["http", "https"] {
                    let url = server.url("/ok", host: host, scheme: scheme)
                    expectRefusal(await client.failure(url), url)
                }
            }
        }
        #expect(try await server.counts() == (0, 0))
        // The server is there, and the same client would reach it.
        #expect(try await HTTPClient.forTests().get(server.url("/ok")).text == "ok")
    }

    @Test(
        "What is no http or https URL, or has a user in it, is refused before anything is resolved",
        arguments: [
            "", "localhost", "//localhost", "/path", "http:", "http://", "https://", "https:///",
            "http://:80",
            "file:///etc/passwd", "ftp://example.org", "gopher://example.org:70/_x",
            "dict://127.0.0.1:11211/stat",
            "ldap://example.org", "smb://example.org/share", "smtp://example.org", "telnet://example.org",
            "scp://example.org",
            "ws://example.org", "javascript:alert(1)", "data:text/plain,x", "jar:http://example.org!/",
            "unix:///run/x.sock",
            "https://user@example.org", "https://user:password@example.org", "https://@example.org",
            "https://:@example.org",
            "https://127.0.0.1@example.org", "https://example.org@127.0.0.1",
            "https://example.org\\@127.0.0.1",
            "https://example.org%40127.0.0.1", "https://example.org:0",
            "https://example.org:65536",
            "https://example.org:-1", "https://example.org:80:80", "https://example.org:8O", "https://[::1",
            "https://::1",
            "https://[fe80::1%25lo", "https://exa mple.org", "https://example.org/ HTTP/1.1",
            "https://example.org/\r\nX: y",
            "https://example.org/\0", "https://example.org\t", " https://example.org",
            "https://b\u{FC}cher.example",
            "https://\u{2460}\u{2461}\u{2466}.0.0.1", "https://127\u{3002}0\u{3002}0\u{3002}1",
            "https://\u{FF11}27.0.0.1", "https://exa%00mple.org",
            "https://exa%0d%0ample.org", "https://example.org%2f@127.0.0.1", "https://exam\u{AD}ple.org",
            "http+unix://x", "https://example.org<", "https://ex\"ample.org", "HTTPS\u{200B}://example.org",
        ])
    func urls(text: String) {
        let failure = #expect(throws: HTTPFailure.self) { try HTTPURL(text) }
        guard case .refusedURL = failure?.reason else {
            Issue.record("\(text): \(String(describing: failure))")
            return
        }
    }

    @Test(
        "Where URLs are ambiguous, the host that is checked is the one that is called",
        arguments: [
            ("https://example.org/@127.0.0.1", "example.org", 443),
            ("https://example.org?@127.0.0.1", "example.org", 443),
            ("https://example.org#@127.0.0.1", "example.org", 443),
            ("HTTPS://EXAMPLE.org:0444/", "example.org", 444),
            ("https:/example.org", "example.org", 443), ("https:///example.org", "example.org", 443),
            ("https://example.org:", "example.org", 443), ("https://0x7f.1/", "127.0.0.1", 443),
            ("http://[::FFFF:127.0.0.1]/", "[::ffff:127.0.0.1]", 80),
            ("https://example.org.", "example.org.", 443),
        ])
    func ambiguous(text: String, host: String, port: Int) throws {
        let url = try HTTPURL(text)
        #expect(url.host == host && url.port == port)
    }

    @Test("A name is called at the address that is allowed, when only some of its addresses are")
    func someAllowed() async throws {
        let server = try await HostileServer("127.0.0.1", "127.0.0.2", "127.0.0.3")
        let client = try HTTPClient.forTests("127.0.0.2/32") {
            $0.resolutions = ["some.example:\(server.port):127.0.0.1,[::1],127.0.0.3,127.0.0.2,10.0.0.1"]
        }
        let response = try await client.get(server.url("/ok", host: "some.example"))
        #expect(response.remoteAddress == "127.0.0.2")
        #expect(try await server.counts() == (1, 1))
    }

    @Test("A name on the list is called wherever it leads, at its own port alone")
    func namedHost() async throws {
        let server = try await HostileServer("127.0.0.1")
        let other = try await HostileServer("127.0.0.1")
        let client = try HTTPClient.forTests("inside.example:\(server.port)") {
            $0.resolutions = [server, other].map { "inside.example:\($0.port):127.0.0.1" }
        }
        #expect(try await client.get(server.url("/ok", host: "Inside.Example")).text == "ok")
        let wrongPort = other.url("/ok", host: "inside.example")
        expectRefusal(await client.failure(wrongPort), wrongPort)
        let byAddress = server.url("/ok")
        expectRefusal(await client.failure(byAddress), byAddress)
        #expect(try await other.counts() == (0, 0))
    }

    @Test("The environment sets no proxy")
    func proxies() async throws {
        let server = try await HostileServer("127.0.0.1")
        let proxy = try await HostileServer("127.0.0.1")
        var environment = ["RPCD_TEST_PROXIED": server.url("")]
        for name in ["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
            environment[name] = proxy.url("")
        }
        // In a process of its own: the environment is everybody's.
        let result = try await ServedProcess.run(
            "/proc/self/exe", ["--testing-library", "swift-testing", "--filter", "InwardTests/proxied"],
            environment: environment)
        #expect(result.status == 0, "\(result.output)")
        #expect(try await server.counts() == (1, 1))
        #expect(try await proxy.counts() == (0, 0))
    }

    private static let proxiedOrigin = ProcessInfo.processInfo.environment["RPCD_TEST_PROXIED"]

    @Test("Run by the test above, with proxies in the environment", .enabled(if: proxiedOrigin != nil))
    func proxied() async throws {
        let origin = try #require(InwardTests.proxiedOrigin)
        let client = try HTTPClient.forTests()
        #expect(try await client.get(origin + "/ok").text == "ok")
        let failure = await client.failure("https://127.0.0.9/")
        #expect(failure?.reason == .refusedAddress("127.0.0.9 is loopback"))
    }
}
