import TestSupport
import Testing

@testable import Egress

@Suite("Where the daemon may connect to")
struct EgressPolicyTests {
    private static let inward = [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
        "127.255.255.254", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1",
        "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "254.1.1.1",
        "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::8.8.8.8", "::ffff:0:8.8.8.8",
        "64:ff9b::a00:1",
        "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:53aa:64c:0:7bff:f5f5:f5f5",
        "2001:2::1",
        "2001:10::1", "2001:20::1", "2001:1ff::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1",
        "3fff::1",
        "3fff:fff::1", "fc00::1", "fd00::1", "fdff::1", "fe80::1", "febf::1", "fec0::1", "feff::1", "ff02::1",
        "ff0e::1", "5f00::1", "4000::1", "1000::1", "200::1",
    ]
    private static let outward = [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0",
        "192.0.3.0",
        "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "203.0.112.0", "203.0.114.0",
        "223.255.255.255", "2001:200::1", "2001:4860:4860::8888", "2001:db7::1", "2001:db9::1", "2003::1",
        "2606:4700::1111", "2a00::1", "3ffe::1", "3fff:1000::1",
    ]

    @Test("Of a URL is refused beforehand what its own text tells; a name is not resolved for that")
    func urls() throws {
        func refusal(_ text: String, _ allowed: String = "") throws -> String? {
            try EgressPolicy(parsing: allowed).refusal(of: HTTPURL(text))
        }
        for host in [
            "127.0.0.1", "127.1", "[::1]", "10.1.2.3", "localhost", "LOCALHOST.", "a.b.localhost",
            "[::ffff:10.0.0.1]",
        ] {
            #expect(try refusal("https://\(host)/") != nil, "\(host)")
            #expect(try refusal("https://\(host)/", "198.51.100.0/24") != nil, "\(host)")
        }
        #expect(try refusal("https://example.org/") == nil && refusal("https://1.1.1.1/") == nil)
        #expect(try refusal("http://example.org/") != nil && refusal("http://1.1.1.1/") != nil)
        #expect(try refusal("http://localhost:8080/", "127.0.0.1:8080") == nil)
        #expect(try refusal("http://localhost:8080/", "[::1]:8080") == nil)
        #expect(try refusal("http://localhost:8080/", "localhost:8080") == nil)
        #expect(try refusal("http://localhost:8081/", "127.0.0.1:8080,localhost:8080") != nil)
        #expect(try refusal("http://hooks.internal:80/", "hooks.internal:80") == nil)
        #expect(try refusal("http://other.internal:80/", "hooks.internal:80") != nil)
        // A name may lead into a range: that is seen when it is called.
        #expect(try refusal("http://example.org/", "10.0.0.0/8") == nil)
    }

    @Test("What is not on the Internet is refused", arguments: inward)
    func refused(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(EgressPolicy.publicOnly.refusal(of: address, port: 443, host: text, isPlain: false) != nil)
    }

    @Test("What is on the Internet is spoken to by https, not by http", arguments: outward)
    func allowed(text: String) throws {
        let address = try #require(IPAddress(text))
        let policy = EgressPolicy.publicOnly
        #expect(policy.refusal(of: address, port: 443, host: text, isPlain: false) == nil)
        #expect(policy.refusal(of: address, port: 80, host: text, isPlain: true) != nil)
    }

    @Test("No IPv4 address gets through in the clothes of IPv6", arguments: Seed.some(100))
    func embedded(seed: Seed) throws {
        var random = seed.generator
        let four = UInt128(UInt32.random(in: .min ... .max, using: &random))
        let forms: [UInt128] = [
            four, 0xFFFF << 32 | four, 0x64_FF9B << 96 | four, 0x64_FF9B_0001 << 80 | four,
            0x2002 << 112 | four << 80,
            0x2001_0000 << 96 | four << 64, 0x2001_0000 << 96 | ~four & 0xFFFF_FFFF,
        ]
        for form in forms {
            let refusal = EgressPolicy.publicOnly.refusal(of: .v6(form), port: 443, host: "a", isPlain: false)
            #expect(refusal != nil, "\(IPAddress.v6(form))")
        }
    }

    @Test("The list allows what it names, plain http too, and nothing beside it")
    func list() throws {
        let policy = try EgressPolicy(
            parsing: "127.0.0.2/32, 10.0.0.0/8,fd00::/8 ,192.168.1.1:8123,[::1]:80,ClickHouse.Internal.:9000")
        func may(_ text: String, _ port: Int, host: String = "other.example") throws -> Bool {
            let address = try #require(IPAddress(text))
            return policy.refusal(of: address, port: port, host: host, isPlain: true) == nil
        }
        #expect(try may("127.0.0.2", 1) && may("10.200.0.1", 80) && may("fd12::1", 80))
        #expect(
            try !may("127.0.0.1", 1) && !may("127.0.0.3", 1) && !may("11.0.0.1", 80) && !may("fc00::1", 80))
        #expect(try may("192.168.1.1", 8123) && !may("192.168.1.1", 8124) && !may("192.168.1.2", 8123))
        #expect(try may("::1", 80) && !may("::1", 81) && !may("::2", 80))
        #expect(try may("172.16.0.9", 9000, host: "clickhouse.internal"))
        #expect(try may("172.16.0.9", 9000, host: "CLICKHOUSE.internal."))
        #expect(try !may("172.16.0.9", 9001, host: "clickhouse.internal"))
        #expect(try !may("172.16.0.9", 9000, host: "x.clickhouse.internal"))
        // An IPv4 range says nothing about the forms of IPv6 that carry such an address.
        #expect(try !may("::ffff:10.0.0.1", 80) && !may("64:ff9b::a00:1", 80))
        #expect(try !may("1.1.1.1", 80))
    }

    @Test("A form that carries an IPv4 address is allowed by its own range")
    func mapped() throws {
        let policy = try EgressPolicy(parsing: "64:ff9b::/96")
        let address = try #require(IPAddress("64:ff9b::8.8.8.8"))
        #expect(policy.refusal(of: address, port: 443, host: "a", isPlain: false) == nil)
    }

    @Test(
        "What is no entry is refused, and the error says which it was",
        arguments: [
            ("10.0.0.0/33", "up to 32"), ("10.0.0.0/", "no prefix length"),
            ("10.0.0.0/-1", "no prefix length"),
            ("10.0.0.0/+8", "no prefix length"), ("10.0.0.1/8", "10.0.0.0/8"), ("fd00::1/8", "fd00::/8"),
            ("::/129", "up to 128"), ("10.0.0.1", "10.0.0.1"), ("::1", "::1"), ("example.org", "example.org"),
            ("example.org:0", "1 to 65535"), ("example.org:65536", "1 to 65535"),
            ("example.org:", "1 to 65535"),
            ("example.org:x", "1 to 65535"), (":80", "neither"), ("[::1:80", "neither"),
            ("[10.0.0.1]:80", "neither"),
            ("127.1:80", "neither"), ("0x7f.0x1:80", "neither"), ("0x7f000001:80", "neither"),
            ("2130706433:80", "neither"),
            ("user@host:80", "neither"), ("http://example.org:80", "IP address"),
            ("-a.example:80", "neither"),
            ("a..example:80", "neither"), ("b\u{FC}cher.example:443", "neither"),
            ("10.0.0.0/8,,::1/128", "nothing"),
            (",", "nothing"), ("10.0.0.0/8,", "nothing"), ("localhost/8", "IP address"),
            ("10.0. 0.0/8", "IP address"),
        ])
    func noEntry(text: String, says: String) {
        #expect {
            try EgressPolicy(parsing: text)
        } throws: {
            ($0 as? EgressPolicyError)?.description.contains(says) == true
        }
    }

    @Test("An empty list is public addresses only; too long a list is refused")
    func bounds() throws {
        #expect(try EgressPolicy(parsing: "") == .publicOnly)
        #expect(try EgressPolicy(parsing: "  ") == .publicOnly)
        let entries = [String](repeating: "10.0.0.0/8", count: EgressPolicy.maximumEntries)
        #expect(try EgressPolicy(parsing: entries.joined(separator: ",")).entries.count == entries.count)
        #expect(throws: EgressPolicyError.self) {
            try EgressPolicy(parsing: (entries + ["::1/128"]).joined(separator: ","))
        }
    }

    @Test("Any text is an entry list or an error, and never a trap", arguments: Seed.some(100))
    func anything(seed: Seed) {
        var random = seed.generator
        let alphabet = Array("0123456789./:,[]abcdefx -_%\0é")
        for _ in 0..<50 {
            let length = Int.random(in: 0...24, using: &random)
            let text = String((0..<length).map { _ in alphabet.randomElement(using: &random) ?? "0" })
            _ = try? EgressPolicy(parsing: text)
        }
    }

    @Test(
        "A range has the addresses that share its prefix, and prints as it is read", arguments: Seed.some(100)
    )
    func ranges(seed: Seed) throws {
        var random = seed.generator
        let six = UInt128.random(in: .min ... .max, using: &random)
        let length = Int.random(in: 0...128, using: &random)
        let range = try #require(IPRange(.v6(six), prefixLength: length))
        let other = six ^ (length == 0 ? 0 : 1 << UInt128(128 - length))
        #expect(range.contains(.v6(six)))
        #expect(range.contains(.v6(other)) == (length == 0))
        #expect(IPAddress(IPAddress.v6(six).description) == .v6(six))
        #expect(try EgressPolicy(parsing: range.description).entries == [.range(range)])
        let four = UInt32.random(in: .min ... .max, using: &random)
        let short = Int.random(in: 0...32, using: &random)
        let small = try #require(IPRange(.v4(four), prefixLength: short))
        #expect(small.contains(.v4(four)) && !small.contains(.v6(UInt128(four))))
        #expect(small.contains(.v4(four ^ (short == 0 ? 0 : 1 << UInt32(32 - short)))) == (short == 0))
        #expect(IPAddress(IPAddress.v4(four).description) == .v4(four))
        #expect(try EgressPolicy(parsing: small.description).entries == [.range(small)])
    }

    @Test(
        "Only whole addresses are addresses",
        arguments: [
            "", "127.1", "0177.0.0.1", "2130706433", "1.2.3.4 ", "1.2.3.4\0", "::1%lo", "[::1]", "1.2.3.256",
        ])
    func addresses(text: String) {
        #expect(IPAddress(text) == nil)
    }
}
