/// A URI or a relative reference, taken apart as by RFC 3986 appendix B. Any text has some reading.
struct URIReference: Sendable {
    var scheme: String?
    var authority: String?
    var path: String
    var query: String?
    var fragment: String?

    init(_ text: String) {
        var rest = text.utf8[...]
        fragment = URIReference.cut(&rest, from: UInt8(ascii: "#"))
        query = URIReference.cut(&rest, from: UInt8(ascii: "?"))
        if let colon = rest.firstIndex(of: UInt8(ascii: ":")), colon > rest.startIndex,
            !rest[..<colon].contains(UInt8(ascii: "/"))
        {
            scheme = String(Substring(rest[..<colon]))
            rest = rest[rest.index(after: colon)...]
        }
        if rest.starts(with: "//".utf8) {
            rest = rest.dropFirst(2)
            let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
            authority = String(Substring(rest[..<end]))
            rest = rest[end...]
        }
        path = String(Substring(rest))
    }

    /// Shortens `rest` to what stands before the first `mark` and gives what stands after it.
    private static func cut(_ rest: inout Substring.UTF8View, from mark: UInt8) -> String? {
        guard let start = rest.firstIndex(of: mark) else { return nil }
        defer { rest = rest[..<start] }
        return String(Substring(rest[rest.index(after: start)...]))
    }

    /// What the reference means in a document at `base`: RFC 3986 §5.2.2.
    func resolved(against base: URIReference) -> URIReference {
        var result = self
        if scheme != nil || authority != nil {
            result.path = URIReference.withoutDotSegments(path)
        } else {
            result.authority = base.authority
            if path.isEmpty {
                result.path = base.path
                result.query = query ?? base.query
            } else {
                result.path = URIReference.withoutDotSegments(path.hasPrefix("/") ? path : merged(with: base))
            }
        }
        result.scheme = scheme ?? base.scheme
        return result
    }

    /// Everything but the fragment: the name of a schema resource.
    var resource: String {
        (scheme.map { $0 + ":" } ?? "") + (authority.map { "//" + $0 } ?? "") + path
            + (query.map { "?" + $0 } ?? "")
    }

    private func merged(with base: URIReference) -> String {
        if base.authority != nil && base.path.isEmpty { return "/" + path }
        guard let slash = base.path.lastIndex(of: "/") else { return path }
        return base.path[...slash] + path
    }

    /// RFC 3986 §5.2.4.
    private static func withoutDotSegments(_ path: String) -> String {
        let isAbsolute = path.hasPrefix("/")
        var segments: [String] = []
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .dropFirst(isAbsolute ? 1 : 0)
        for position in parts.indices {
            let isLast = position == parts.endIndex - 1
            let part = String(Substring(parts[position]))
            switch part {
            case ".": if isLast { segments.append("") }
            case "..":
                if !segments.isEmpty { segments.removeLast() }
                if isLast { segments.append("") }
            default: segments.append(part)
            }
        }
        return (isAbsolute ? "/" : "") + segments.joined(separator: "/")
    }

    /// The fragment with its %-escapes resolved; `nil` when these are broken.
    var decodedFragment: String? {
        var bytes: [UInt8] = []
        var rest = (fragment ?? "").utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst()?.hexadecimalValue, let low = rest.popFirst()?.hexadecimalValue
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    /// What the character stands for as a hexadecimal digit.
    var hexadecimalValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
