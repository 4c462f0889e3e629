/// Where the daemon may connect to: public addresses, by https; beyond that what the operator's list names.
///
/// It judges the address that a socket is about to connect to, so neither the spelling of a URL nor what a name resolves to, nor
/// a redirect can lead elsewhere. A name may resolve to several addresses; those that are refused are passed over.
///
/// What the list names may be spoken to in plain http as well: an operator who lets the daemon into his own network says by that
/// that he trusts it. Whatever calls with addresses of strangers, as webhooks do, gets a client of its own with a list of its own.
public struct EgressPolicy: Sendable, Equatable {
    /// One entry of the list.
    enum Entry: Sendable, Hashable {
        /// Every port of these addresses.
        case range(IPRange)
        /// One port of one address.
        case endpoint(IPAddress, port: Int)
        /// One port of a host, whatever its name resolves to. In lower case, without a dot at the end.
        case name(String, port: Int)
    }

    let entries: [Entry]

    public static let maximumEntries = 256

    /// Public addresses by https, nothing else.
    public static let publicOnly = EgressPolicy(entries: [])

    private init(entries: [Entry]) {
        self.entries = entries
    }

    /// - Parameter text: entries separated by commas, spaces around them ignored: ranges as `10.0.0.0/8` or `fd00::/8`, and
    ///   single ports as `127.0.0.1:8123`, `[::1]:8123` or `clickhouse.internal:8123`. Empty names nothing.
    public init(parsing text: String) throws(EgressPolicyError) {
        var entries: [Entry] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let entry = part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            if entry.isEmpty {
                guard text.allSatisfy({ $0 == " " }) else {
                    throw EgressPolicyError("there is nothing between two commas")
                }
                continue
            }
            entries.append(try EgressPolicy.entry(String(entry)))
        }
        guard entries.count <= EgressPolicy.maximumEntries else {
            throw EgressPolicyError(
                "there are \(entries.count) entries, at most \(EgressPolicy.maximumEntries) are taken")
        }
        self.entries = entries
    }

    /// Why this address must not be connected to; nil when it may.
    ///
    /// - Parameters:
    ///   - host: of the URL, in lower case, IPv6 in brackets or without.
    ///   - isPlain: whether http is spoken, not https.
    public func refusal(of address: IPAddress, port: Int, host: String, isPlain: Bool) -> String? {
        if entries.contains(where: { $0.covers(address, port: port, host: EgressPolicy.bare(host)) }) {
            return nil
        }
        if let kind = SpecialRanges.kind(of: address) { return "\(address) is \(kind)" }
        return isPlain ? "\(address) is not on the list of addresses that plain http may go to" : nil
    }

    /// Why this URL must not be called, as far as it tells by itself: where a name leads is seen when it is called. Nil when it may.
    public func refusal(of url: HTTPURL) -> String? {
        let host = EgressPolicy.bare(url.host)
        // RFC 6761 §6.3: such names are this machine's.
        let isLocal = host == "localhost" || host.hasSuffix(".localhost")
        let spellings = isLocal ? ["127.0.0.1", "::1"] : [host.filter { $0 != "[" && $0 != "]" }]
        let addresses = spellings.compactMap { IPAddress($0) }
        guard addresses.isEmpty else {
            let refusals = addresses.map { refusal(of: $0, port: url.port, host: host, isPlain: url.isPlain) }
            return refusals.contains(nil) ? nil : refusals[0]
        }
        guard url.isPlain, !mayAllowPlain(host: host, port: url.port) else { return nil }
        return "plain http goes only to what the list of allowed addresses names"
    }

    /// Whether http to this host could be allowed once its address is known.
    func mayAllowPlain(host: String, port: Int) -> Bool {
        entries.contains {
            switch $0 {
            case .range: true
            case .endpoint(_, let own): own == port
            case .name(let name, let own): own == port && name == EgressPolicy.bare(host)
            }
        }
    }

    private static func bare(_ host: String) -> String {
        var host = host.lowercased()[...]
        if host.hasSuffix(".") { host.removeLast() }
        return String(host)
    }
}

extension EgressPolicy.Entry {
    fileprivate func covers(_ address: IPAddress, port: Int, host: String) -> Bool {
        switch self {
        case .range(let range): range.contains(address)
        case .endpoint(let own, let ownPort): own == address && ownPort == port
        case .name(let name, let ownPort): name == host && ownPort == port
        }
    }
}

/// An entry of the list that is none. The text names it and what it should be.
public struct EgressPolicyError: Error, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension EgressPolicy {
    private static func entry(_ text: String) throws(EgressPolicyError) -> Entry {
        if let slash = text.lastIndex(of: "/") {
            return .range(try range(text, text[..<slash], text[text.index(after: slash)...]))
        }
        guard IPAddress(text) == nil, let colon = text.lastIndex(of: ":") else {
            throw EgressPolicyError(
                "'\(text)' has neither a prefix nor a port: write it as 192.0.2.1/32 or as example.org:443")
        }
        guard let port = number(text[text.index(after: colon)...]), (1...65_535).contains(port) else {
            throw EgressPolicyError("'\(text)' ends in no port from 1 to 65535")
        }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]"), let six = IPAddress(String(host.dropFirst().dropLast())),
            case .v6 = six
        {
            return .endpoint(six, port: port)
        }
        if let four = IPAddress(String(host)), case .v4 = four { return .endpoint(four, port: port) }
        let name = bare(String(host))
        guard isName(name) else {
            throw EgressPolicyError("'\(text)': '\(host)' is neither an address nor the name of a host")
        }
        return .name(name, port: port)
    }

    private static func range(_ text: String, _ address: Substring, _ prefix: Substring)
        throws(EgressPolicyError)
        -> IPRange
    {
        guard let address = IPAddress(String(address)) else {
            throw EgressPolicyError("'\(text)' does not begin with an IP address")
        }
        guard let length = number(prefix), let range = IPRange(address, prefixLength: length) else {
            throw EgressPolicyError(
                "'\(text)' ends in no prefix length: it is up to 32 for IPv4, up to 128 for IPv6")
        }
        // Somebody who writes more than the range has another range in mind.
        guard range.first == address else {
            throw EgressPolicyError("'\(text)' has bits beyond its prefix: '\(range)' is the range")
        }
        return range
    }

    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
    }

    /// Labels of letters, digits, hyphens and underscores (RFC 1123 §2.1); the last has a letter, or it would be an address in
    /// one of the old spellings.
    private static func isName(_ text: String) -> Bool {
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...253).contains(text.utf8.count), let last = labels.last else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-")
                && label.last != UInt8(ascii: "-")
                && label.allSatisfy(isNameByte)
        } && last.contains { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } && !isHexadecimal(last)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isHexadecimal(_ label: Substring.UTF8View) -> Bool {
        label.starts(with: "0x".utf8)
    }
}
