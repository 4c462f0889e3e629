import Glibc

/// What an operator says of the HTTP adapter.
public struct HTTPOptions: Sendable {
    /// Origins whose pages may call; `*` for all.
    public var corsOrigins: Set<String> = []
    /// Proxies whose `X-Forwarded-For` is believed.
    public var trustedProxies: [AddressRange] = []
    public var openAPI: [UInt8] = []
    /// Set on the operator's own listener: tells whether a bearer token is the operator's. There every request needs it.
    public var isOperatorToken: (@Sendable (String) -> Bool)?

    public init() {}

    /// Before every route.
    static let prefix = "/api/v1"

    /// The route in a path. On the operator's listener it may do without the prefix: `/metrics` is where scrapers look.
    /// - Returns: nil for none.
    func path(in whole: Substring) -> Substring? {
        let path =
            whole.utf8.starts(with: HTTPOptions.prefix.utf8)
            ? whole.dropFirst(HTTPOptions.prefix.count) : isOperatorToken == nil ? "" : whole
        return path.utf8.first == UInt8(ascii: "/") ? path : nil
    }

    /// What exists only on the operator's listener.
    func hides(path: Substring) -> Bool {
        isOperatorToken == nil && (path == "/metrics" || path == "/admin" || path.hasPrefix("/admin/"))
    }

    func allows(origin: String) -> Bool { corsOrigins.contains(origin) || corsOrigins.contains("*") }

    /// The client's address: the last one in `forwarded` that no trusted proxy has, or the connection's own.
    package func client(of connection: String, forwarded: [String]) -> String {
        var client = connection
        let hops = forwarded.flatMap { $0.split(separator: ",") }.map { $0.filter { !$0.isWhitespace } }
        for hop in hops.reversed() {
            guard trustedProxies.contains(where: { $0.contains(client) }), AddressRange(hop) != nil else {
                break
            }
            client = hop
        }
        return client
    }
}

/// An IP address, or a range of them in CIDR form.
public struct AddressRange: Sendable, Equatable {
    private let bytes: [UInt8]
    private let prefix: Int

    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1)
        guard let address = parts.first, let bytes = AddressRange.bytes(of: String(address)) else {
            return nil
        }
        self.bytes = bytes
        guard parts.count == 2 else {
            prefix = bytes.count * 8
            return
        }
        guard let prefix = Int(parts[1]), (0...bytes.count * 8).contains(prefix) else { return nil }
        self.prefix = prefix
    }

    func contains(_ address: String) -> Bool {
        guard let other = AddressRange.bytes(of: address), other.count == bytes.count else { return false }
        return (0..<prefix).allSatisfy { bit in
            let mask: UInt8 = 0x80 >> UInt8(bit % 8)
            return bytes[bit / 8] & mask == other[bit / 8] & mask
        }
    }

    private static func bytes(of text: String) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &buffer) == 1 { return Array(buffer.prefix(4)) }
        return inet_pton(AF_INET6, text, &buffer) == 1 ? buffer : nil
    }
}
