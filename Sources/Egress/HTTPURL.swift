import CCurl

/// A URL that may be asked for: http or https, a host, nothing about users. libcurl's own parser reads it, so what was checked is
/// what is connected to.
public struct HTTPURL: Sendable, Equatable {
    /// The whole, as libcurl writes it: without a fragment, IPv4 in four decimal parts. To keep, not to show.
    public let text: String
    /// In lower case, IPv6 in brackets.
    public let host: String
    public let port: Int
    /// Whether it is http, not https.
    public let isPlain: Bool

    public static let maximumBytes = 8 * 1024

    /// - Throws: `.refusedURL`, which says what is wrong and repeats nothing.
    public init(_ text: String) throws(HTTPFailure) {
        self = try HTTPURL.parse(text, from: nil)
    }

    /// Where a redirect from here leads (RFC 3986 §5).
    func resolving(_ location: String) throws(HTTPFailure) -> HTTPURL {
        try HTTPURL.parse(location, from: self)
    }

    /// Scheme, host and port, as `https://example.org:443` (RFC 6454).
    public var origin: String { "\(isPlain ? "http" : "https")://\(host):\(port)" }

    private static func parse(_ text: String, from base: HTTPURL?) throws(HTTPFailure) -> HTTPURL {
        func refused(_ why: String) -> HTTPFailure { HTTPFailure(.refusedURL(why), origin: base?.origin) }
        guard text.utf8.count <= maximumBytes else {
            throw refused("it is longer than \(maximumBytes) bytes")
        }
        // Where parsers differ, attacks begin: what a URL must not have is not mended.
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !#"\"<>^`{|}"#.utf8.contains($0) }) else {
            throw refused("it has characters that have to be percent-encoded, or in punycode")
        }
        guard let handle = curl_url() else { throw HTTPFailure(.broken("no memory")) }
        defer { curl_url_cleanup(handle) }
        let flags = UInt32(CURLU_DISALLOW_USER)
        if let base, curl_url_set(handle, CURLUPART_URL, base.text, flags) != CURLUE_OK {
            throw refused("it does not parse")
        }
        switch curl_url_set(handle, CURLUPART_URL, text, flags) {
        case CURLUE_OK: break
        case CURLUE_USER_NOT_ALLOWED: throw refused("it has a user name in it")
        case CURLUE_UNSUPPORTED_SCHEME: throw refused("it is neither http nor https")
        default: throw refused("it does not parse")
        }
        let scheme = part(CURLUPART_SCHEME, of: handle)
        guard scheme == "http" || scheme == "https" else { throw refused("it is neither http nor https") }
        guard let host = part(CURLUPART_HOST, of: handle)?.lowercased(), !host.isEmpty,
            let port = part(CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT), of: handle).flatMap({ Int($0) }),
            (1...65_535).contains(port)
        else { throw refused("it has no host or no port from 1 to 65535") }
        guard part(CURLUPART_USER, of: handle) == nil, part(CURLUPART_PASSWORD, of: handle) == nil,
            part(CURLUPART_OPTIONS, of: handle) == nil
        else { throw refused("it has a user name in it") }
        // libcurl takes an escape for what it stands for, in the name of the host too.
        guard host.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw refused("its host has characters that no name has")
        }
        guard !isNumeric(host) || IPAddress(host) != nil else {
            throw refused("its host is an address that is none")
        }
        guard curl_url_set(handle, CURLUPART_FRAGMENT, nil, 0) == CURLUE_OK,
            let whole = part(CURLUPART_URL, of: handle)
        else { throw refused("it does not parse") }
        return HTTPURL(text: whole, host: host, port: port, isPlain: scheme == "http")
    }

    /// Whether the last label is a number: then it is an IPv4 address or nothing (WHATWG URL, "ends in a number"), and getaddrinfo(3) is
    /// not asked what it makes of it.
    private static func isNumeric(_ host: String) -> Bool {
        guard let last = host.split(separator: ".").last else { return true }
        return last.hasPrefix("0x")
            || last.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private init(text: String, host: String, port: Int, isPlain: Bool) {
        self.text = text
        self.host = host
        self.port = port
        self.isPlain = isPlain
    }

    private static func part(_ part: CURLUPart, _ flags: UInt32 = 0, of handle: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}

extension HTTPURL: CustomStringConvertible, CustomReflectable {
    /// The origin alone: paths and queries are often secret.
    public var description: String { origin }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
