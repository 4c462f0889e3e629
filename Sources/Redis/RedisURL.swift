/// Where a Redis server is and who asks it: `redis://[[user]:password@]host[:port][/db]`, `rediss://…` for TLS, or
/// `unix://[[user]:password@]/path[?db=N]`. User, password and path are percent-decoded (RFC 3986 §2.1).
public struct RedisURL: Sendable, Equatable {
    public enum Address: Sendable, Equatable {
        /// - host: a name, an IPv4 or an IPv6 address without brackets.
        case tcp(host: String, port: Int)
        /// The path of a socket.
        case unix(path: String)
    }

    public struct Login: Sendable, Equatable {
        /// `default` where only a password is given.
        public let user: String
        public let password: String
    }

    public let address: Address
    public let usesTLS: Bool
    public let login: Login?
    /// Number of the database.
    public let database: Int

    /// What does not fit, without a word of the URL: it may hold a password.
    public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        public let description: String
    }

    public static let standardPort = 6379
    /// As many as `databases` in redis.conf can be given sensibly.
    public static let maximumDatabase = 9_999
    public static let maximumBytes = 4 * 1024
    /// What `sockaddr_un` holds (unix(7)).
    private static let pathBytes = 107

    /// - Throws: ``Failure``.
    public init(_ text: String) throws(Failure) {
        guard text.utf8.count <= RedisURL.maximumBytes else { throw RedisURL.failure("it is too long") }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw RedisURL.failure("it has characters that have to be percent-encoded")
        }
        guard !text.utf8.contains(UInt8(ascii: "#")) else { throw RedisURL.failure("it has a fragment") }
        let (scheme, rest) = try RedisURL.scheme(of: text)
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<authorityEnd]
        let at = authority.lastIndex(of: "@")
        login = try at.map { index throws(Failure) in try RedisURL.login(authority[..<index]) }
        let host = at.map { authority[authority.index(after: $0)...] } ?? authority
        let path = rest[authorityEnd...]
        if scheme == "unix" {
            guard host.isEmpty else {
                throw RedisURL.failure("unix:// takes an absolute path, as in unix:///run/redis.sock")
            }
            (address, database) = try RedisURL.socket(path)
        } else {
            address = try RedisURL.host(host)
            database = try RedisURL.number(path)
        }
        usesTLS = scheme == "rediss"
    }

    private static func failure(_ why: String) -> Failure { Failure(description: why) }

    private static func scheme(of text: String) throws(Failure) -> (String, Substring) {
        for scheme in ["redis", "rediss", "unix"] {
            let prefix = scheme + "://"
            if text.prefix(prefix.count).lowercased() == prefix {
                return (scheme, text.dropFirst(prefix.count))
            }
        }
        throw failure("it begins with none of redis://, rediss:// and unix://")
    }

    private static func login(_ text: Substring) throws(Failure) -> Login {
        guard let colon = text.firstIndex(of: ":") else { throw failure("it has a user without a password") }
        let user = try decoded(text[..<colon])
        let password = try decoded(text[text.index(after: colon)...])
        guard !password.isEmpty else { throw failure("it has an empty password") }
        return Login(user: user.isEmpty ? "default" : user, password: password)
    }

    private static func host(_ text: Substring) throws(Failure) -> Address {
        let host: Substring
        var rest: Substring
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { throw failure("its host has no end") }
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
        } else {
            let end = text.firstIndex(of: ":") ?? text.endIndex
            host = text[..<end]
            rest = text[end...]
        }
        guard !host.isEmpty, !host.contains("%") else { throw failure("it has no host") }
        guard !rest.isEmpty else { return .tcp(host: String(host), port: standardPort) }
        guard rest.removeFirst() == ":", let port = Int(rest), (1...65_535).contains(port) else {
            throw failure("its port is no number from 1 to 65535")
        }
        return .tcp(host: String(host), port: port)
    }

    private static func number(_ path: Substring) throws(Failure) -> Int {
        guard !path.contains("?") else { throw failure("it has a query") }
        return path.count <= 1 ? 0 : try database(path.dropFirst())
    }

    private static func database(_ text: Substring) throws(Failure) -> Int {
        guard let number = Int(text), (0...maximumDatabase).contains(number) else {
            throw failure("its database is no number from 0 to \(maximumDatabase)")
        }
        return number
    }

    private static func socket(_ text: Substring) throws(Failure) -> (Address, Int) {
        let mark = text.firstIndex(of: "?") ?? text.endIndex
        let path = try decoded(text[..<mark])
        guard path.hasPrefix("/"), path.utf8.count > 1 else { throw failure("it has no absolute path") }
        guard path.utf8.count <= pathBytes else {
            throw failure("its path is longer than \(pathBytes) bytes")
        }
        guard mark < text.endIndex else { return (.unix(path: path), 0) }
        let query = text[text.index(after: mark)...]
        guard query.hasPrefix("db=") else { throw failure("its query is another than db=N") }
        return (.unix(path: path), try database(query.dropFirst(3)))
    }

    private static func decoded(_ text: Substring) throws(Failure) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit)
            else { throw failure("it has a % that is not followed by two hexadecimal digits") }
            bytes.append(high << 4 | low)
        }
        guard !bytes.contains(0), let decoded = String(validating: bytes, as: UTF8.self) else {
            throw failure("what it percent-encodes is no text")
        }
        return decoded
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) }
    }
}

extension RedisURL: CustomStringConvertible, CustomReflectable {
    /// The kind of address alone.
    public var description: String {
        switch address {
        case .tcp: usesTLS ? "rediss://***" : "redis://***"
        case .unix: "unix://***"
        }
    }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension RedisURL.Login: CustomStringConvertible, CustomReflectable {
    public var description: String { "***" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
