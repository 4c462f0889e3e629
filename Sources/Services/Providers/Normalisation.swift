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
        var rest = text[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }

    /// Byte by byte: what separates the parts is ASCII, and each lookup of each record comes by here.
    private static func domain(_ text: String) -> String {
        var rest = Array(trimmed(text).lowercased().utf8)[...]
        if let scheme = rest.indices.first(where: { rest[$0...].starts(with: "://".utf8) }) {
            rest = rest[(scheme + 3)...]
        }
        rest = rest.prefix { !"/?#".utf8.contains($0) }
        if let at = rest.lastIndex(of: UInt8(ascii: "@")) { rest = rest[(at + 1)...] }
        rest = rest.prefix { $0 != UInt8(ascii: ":") }
        if rest.starts(with: "www.".utf8), rest.dropFirst(4).contains(UInt8(ascii: ".")) {
            rest = rest.dropFirst(4)
        }
        while rest.last == UInt8(ascii: ".") { rest.removeLast() }
        return String(decoding: rest, as: UTF8.self)
    }
}
