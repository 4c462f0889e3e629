import Egress

/// Where ClickHouse is and who asks it. It prints without the password.
public struct ClickHouseConfiguration: Sendable {
    /// Scheme, host and port, as `http://127.0.0.1:8123`.
    public let origin: String
    /// A name or an address, without brackets.
    public let host: String
    public let port: Int
    /// What statements without the name of a database mean.
    public let database: String
    /// A file of PEM certificates that are trusted instead of the system's.
    public let authorities: String?
    let policy: EgressPolicy
    let user: String?
    let password: String?

    /// - Parameter url: `http(s)://[user[:password]@]host[:port]/[database]`, percent-encoded (RFC 3986) where need be. The port is
    ///   8123, or 8443 for https, and the database `default` unless they say otherwise. Nil when it is no such URL.
    public init?(url: String, authorities: String? = nil) {
        guard let scheme = ["http://", "https://"].first(where: { url.lowercased().hasPrefix($0) }) else {
            return nil
        }
        let rest = url.dropFirst(scheme.count)
        guard !rest.contains(where: { $0 == "?" || $0 == "#" }) else { return nil }
        let authority = rest.prefix { $0 != "/" }
        var host = authority
        var names: [String] = []
        if let at = authority.lastIndex(of: "@") {
            host = authority[authority.index(after: at)...]
            let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            for part in parts {
                guard let name = PercentEncoding.decode(part) else { return nil }
                names.append(name)
            }
            guard names.first?.isEmpty == false else { return nil }
        }
        guard names.allSatisfy(ClickHouseConfiguration.fitsHeader),
            let database = PercentEncoding.decode(rest.dropFirst(authority.count + 1)),
            !database.contains("/"), !database.utf8.contains(0)
        else { return nil }
        let hasPort = host.last?.isNumber == true && host.split(separator: "]").last?.contains(":") == true
        let place = hasPort ? String(host) : "\(host):\(scheme == "http://" ? 8123 : 8443)"
        guard let parsed = try? HTTPURL(scheme + place + "/"),
            let policy = try? EgressPolicy(parsing: "\(parsed.host):\(parsed.port)")
        else { return nil }
        origin = parsed.origin
        self.host = parsed.host.filter { $0 != "[" && $0 != "]" }
        port = Int(parsed.port)
        self.database = database.isEmpty ? "default" : database
        self.authorities = authorities
        self.policy = policy
        user = names.first
        password = names.count > 1 ? names[1] : nil
    }

    /// Credentials go as headers of their own (ClickHouse, HTTP interface): a URL ends up in logs.
    var headers: [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        if let user { headers.append(("X-ClickHouse-User", user)) }
        if let password { headers.append(("X-ClickHouse-Key", password)) }
        return headers
    }

    private static func fitsHeader(_ text: String) -> Bool {
        text.utf8.count <= 1024 && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
            && text.first != " " && text.last != " "
    }
}

extension ClickHouseConfiguration: CustomStringConvertible, CustomReflectable {
    public var description: String { "\(origin)/\(database)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
