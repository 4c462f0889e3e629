/// How a record's text is made the same before anybody is asked, so that one thing is one question. Its raw value is its name in a manifest.
enum Normalisation: String, CaseIterable, Sendable {
    /// Without blanks at its ends.
    case trim
    /// Without blanks at its ends, and with one for several inside.
    case squeeze
    /// In small letters.
    case lower
    case upper
    /// The domain of an address, URL or name: small letters, without scheme, user, `www.`, port, path and dot at the end.
    case domain
    /// Its digits, with the plus sign before them where one was.
    case phone

    func apply(_ text: String) -> String {
        switch self {
        case .trim: Normalisation.trimmed(text)
        case .squeeze: text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        case .lower: text.lowercased()
        case .upper: text.uppercased()
        case .domain: Normalisation.domain(text)
        case .phone:
            (Normalisation.trimmed(text).hasPrefix("+") ? "+" : "")
                + String(text.unicodeScalars.filter { ("0"..."9").contains($0) }.map(Character.init))
        }
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop(while: \.isWhitespace)
        return String(start.reversed().drop(while: \.isWhitespace).reversed())
    }

    private static func domain(_ text: String) -> String {
        var rest = trimmed(text).lowercased()[...]
        if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
        rest = rest.prefix { !"/?#".contains($0) }
        if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        rest = rest.prefix { $0 != ":" }
        if rest.hasPrefix("www."), rest.dropFirst(4).contains(".") { rest = rest.dropFirst(4) }
        while rest.hasSuffix(".") { rest.removeLast() }
        return String(rest)
    }
}
