/// The formats that can be asserted.
enum Format: String, Sendable {
    case dateTime = "date-time"
    case date, time, email, uuid, uri
    case uriReference = "uri-reference"
    case ipv4, ipv6

    /// As "has to be …".
    var description: String {
        switch self {
        case .dateTime: "a moment by RFC 3339, as 2030-01-31T12:00:00Z"
        case .date: "a date by RFC 3339, as 2030-01-31"
        case .time: "a time by RFC 3339, as 12:00:00Z"
        case .email: "an email address, as ada@example.org"
        case .uuid: "a UUID, as 6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10"
        case .uri: "a URI, as https://example.org/"
        case .uriReference: "a URI or a relative reference, as /path"
        case .ipv4: "an IPv4 address, as 192.0.2.1"
        case .ipv6: "an IPv6 address, as 2001:db8::1"
        }
    }

    func accepts(_ text: String) -> Bool {
        let bytes = Array(text.utf8)[...]
        return switch self {
        case .dateTime:
            bytes.count > 11 && Format.isDate(bytes.prefix(10)) && bytes[10] | 0x20 == UInt8(ascii: "t")
                && Format.isTime(bytes.dropFirst(11))
        case .date: Format.isDate(bytes)
        case .time: Format.isTime(bytes)
        case .email: Format.isEmail(bytes)
        case .uuid: Format.isUUID(bytes)
        case .uri: Format.isURI(text, isAbsolute: true)
        case .uriReference: Format.isURI(text, isAbsolute: false)
        case .ipv4: Format.isIPv4(bytes)
        case .ipv6: Format.isIPv6(bytes)
        }
    }
}

private typealias Bytes = ArraySlice<UInt8>

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
private func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }

extension Format {
    /// The number that exactly `count` digits at the start are, which are taken away.
    private static func number(_ rest: inout Bytes, _ count: Int) -> Int? {
        guard rest.count >= count, rest.prefix(count).allSatisfy(isDigit) else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count).reduce(0) { $0 * 10 + Int($1 & 0xF) }
    }

    private static func take(_ rest: inout Bytes, _ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// RFC 3339 §5.6 `full-date`.
    private static func isDate(_ bytes: Bytes) -> Bool {
        var rest = bytes
        guard let year = number(&rest, 4), take(&rest, "-"), let month = number(&rest, 2), take(&rest, "-"),
            let day = number(&rest, 2), rest.isEmpty, (1...12).contains(month)
        else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...days[month - 1]).contains(day)
    }

    /// RFC 3339 §5.6 `full-time`. A second 60 is there only at the end of a day in UTC.
    private static func isTime(_ bytes: Bytes) -> Bool {
        var rest = bytes
        guard let hour = number(&rest, 2), take(&rest, ":"), let minute = number(&rest, 2), take(&rest, ":"),
            let second = number(&rest, 2), hour < 24, minute < 60, second <= 60
        else { return false }
        if take(&rest, ".") {
            guard let first = rest.first, isDigit(first) else { return false }
            rest = rest.drop(while: isDigit)
        }
        var offset = 0
        if !take(&rest, "Z"), !take(&rest, "z") {
            let isEast = take(&rest, "+")
            guard isEast || take(&rest, "-"), let hours = number(&rest, 2), take(&rest, ":"),
                let minutes = number(&rest, 2), hours < 24, minutes < 60
            else { return false }
            offset = (hours * 60 + minutes) * (isEast ? 1 : -1)
        }
        let dayMinutes = 24 * 60
        let isLastMinute = (hour * 60 + minute - offset + dayMinutes) % dayMinutes == dayMinutes - 1
        return rest.isEmpty && (second < 60 || isLastMinute)
    }

    /// RFC 4122 §3.
    private static func isUUID(_ bytes: Bytes) -> Bool {
        bytes.count == 36
            && zip(0..., bytes).allSatisfy { position, byte in
                [8, 13, 18, 23].contains(position)
                    ? byte == UInt8(ascii: "-") : byte.hexadecimalValue != nil
            }
    }

    /// RFC 3986 §3.2.2 `IPv4address`.
    private static func isIPv4(_ bytes: Bytes) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.count), part.allSatisfy(isDigit) else { return false }
                let value = part.reduce(0) { $0 * 10 + Int($1 & 0xF) }
                return value < 256 && (part.count == 1 || part.first != UInt8(ascii: "0"))
            }
    }

    /// RFC 4291 §2.2.
    private static func isIPv6(_ bytes: Bytes) -> Bool {
        guard bytes.count <= 45 else { return false }
        let colon = UInt8(ascii: ":")
        let gaps = zip(bytes.indices, bytes.indices.dropFirst()).filter {
            bytes[$0] == colon && bytes[$1] == colon
        }
        guard gaps.count <= 1 else { return false }
        guard let gap = gaps.first else { return groups(bytes, mayEndWithIPv4: true) == 8 }
        let (before, after) = (bytes[..<gap.0], bytes[(gap.1 + 1)...])
        guard let first = before.isEmpty ? 0 : groups(before, mayEndWithIPv4: false),
            let last = after.isEmpty ? 0 : groups(after, mayEndWithIPv4: true)
        else { return false }
        return first + last < 8
    }

    /// How many groups of 16 bits are written there.
    private static func groups(_ bytes: Bytes, mayEndWithIPv4: Bool) -> Int? {
        var parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var count = 0
        if mayEndWithIPv4, let last = parts.last, isIPv4(last) {
            parts.removeLast()
            count = 2
        }
        guard parts.allSatisfy({ (1...4).contains($0.count) && $0.allSatisfy { $0.hexadecimalValue != nil } })
        else { return nil }
        return count + parts.count
    }

    /// RFC 5321 §4.1.2 `Mailbox`, in ASCII.
    private static func isEmail(_ bytes: Bytes) -> Bool {
        guard bytes.count <= 320, let at = bytes.lastIndex(of: UInt8(ascii: "@")) else { return false }
        let (local, domain) = (bytes[..<at], bytes[(at + 1)...])
        return local.count <= 64 && (isDotString(local) || isQuoted(local))
            && (isDomain(domain) || isAddressLiteral(domain))
    }

    private static func isDotString(_ bytes: Bytes) -> Bool {
        bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty
                && atom.allSatisfy { isLetter($0) || isDigit($0) || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0) }
        }
    }

    private static func isQuoted(_ bytes: Bytes) -> Bool {
        let quote = UInt8(ascii: "\"")
        guard bytes.count > 2, bytes.first == quote, bytes.last == quote else { return false }
        var isEscaped = false
        for byte in bytes.dropFirst().dropLast() {
            guard (0x20...0x7E).contains(byte), isEscaped || byte != quote else { return false }
            isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        }
        return !isEscaped
    }

    private static func isDomain(_ bytes: Bytes) -> Bool {
        let hyphen = UInt8(ascii: "-")
        return bytes.count <= 255
            && bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy {
                label in
                (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
                    && label.allSatisfy { isLetter($0) || isDigit($0) || $0 == hyphen }
            }
    }

    private static func isAddressLiteral(_ bytes: Bytes) -> Bool {
        guard bytes.first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]"), bytes.count > 2 else {
            return false
        }
        let address = bytes.dropFirst().dropLast()
        return isIPv4(address) || address.starts(with: "IPv6:".utf8) && isIPv6(address.dropFirst(5))
    }

    /// RFC 3986 appendix A, `URI` or `URI-reference`.
    private static func isURI(_ text: String, isAbsolute: Bool) -> Bool {
        let reference = URIReference(text)
        if let scheme = reference.scheme {
            guard let first = scheme.utf8.first, isLetter(first),
                scheme.utf8.allSatisfy({ isLetter($0) || isDigit($0) || "+-.".utf8.contains($0) })
            else { return false }
        } else if isAbsolute || reference.path.hasPrefix(":") {
            return false
        }
        if let authority = reference.authority, !isAuthority(authority) { return false }
        return consists(reference.path, of: ":@/") && consists(reference.query ?? "", of: ":@/?")
            && consists(reference.fragment ?? "", of: ":@/?")
    }

    private static func isAuthority(_ authority: String) -> Bool {
        var host = Array(authority.utf8)[...]
        if let at = host.lastIndex(of: UInt8(ascii: "@")) {
            guard consists(String(decoding: host[..<at], as: UTF8.self), of: ":") else { return false }
            host = host[(at + 1)...]
        }
        if let bracket = host.lastIndex(of: UInt8(ascii: "]")) {
            guard host.first == UInt8(ascii: "["), isIPv6(host[..<bracket].dropFirst()) else { return false }
            host = host[(bracket + 1)...]
            return host.isEmpty || host.first == UInt8(ascii: ":") && host.dropFirst().allSatisfy(isDigit)
        }
        if let colon = host.lastIndex(of: UInt8(ascii: ":")) {
            guard host[(colon + 1)...].allSatisfy(isDigit) else { return false }
            host = host[..<colon]
        }
        return consists(String(decoding: host, as: UTF8.self), of: "")
    }

    /// Whether there is nothing but `unreserved`, `sub-delims`, %-escapes and `others`.
    private static func consists(_ text: String, of others: String) -> Bool {
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard rest.popFirst()?.hexadecimalValue != nil, rest.popFirst()?.hexadecimalValue != nil
                else {
                    return false
                }
            } else if !isLetter(byte), !isDigit(byte), !"-._~!$&'()*+,;=".utf8.contains(byte),
                !others.utf8.contains(byte)
            {
                return false
            }
        }
        return true
    }
}
