/// A statement without the values in it: what stands between quotes, numbers and comments.
enum SQLShape {
    private static let most = 2000

    static func of(_ text: String) -> String {
        var shape = ""
        var rest = Array(text.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "'":
                shape += "?"
                skipQuoted(&rest, by: "'")
            case "\"":
                // A name, which may be anything.
                shape += "?"
                skipQuoted(&rest, by: "\"")
            case "-" where rest.first == "-": rest = rest.drop { $0 != "\n" }
            case "/" where rest.first == "*": skip(&rest, past: Array("*/".unicodeScalars))
            case "$" where rest.first.map(isDigit) != true:
                shape += "?"
                let tag = rest.prefix { $0 != "$" }
                rest = rest.dropFirst(tag.count + 1)
                skip(&rest, past: ["$"] + Array(tag) + ["$"])
            case "$":
                shape += "$" + String(String.UnicodeScalarView(rest.prefix(while: isDigit)))
                rest = rest.drop(while: isDigit)
            case _ where isDigit(scalar) && shape.unicodeScalars.last.map(isWord) != true:
                shape += "?"
                rest = rest.drop { isWord($0) || $0 == "." }
            case _ where scalar.properties.isWhitespace:
                if shape.last != " " { shape += " " }
            default: shape.unicodeScalars.append(scalar)
            }
        }
        return String(shape.prefix(most))
    }

    /// What is not closed hides all that follows. A backslash may hide a quote: better too much is left out than too little.
    private static func skipQuoted(_ rest: inout ArraySlice<Unicode.Scalar>, by quote: Unicode.Scalar) {
        while let scalar = rest.popFirst() {
            if scalar == "\\" {
                rest = rest.dropFirst()
            } else if scalar == quote {
                guard rest.first == quote else { return }
                rest = rest.dropFirst()
            }
        }
    }

    private static func skip(_ rest: inout ArraySlice<Unicode.Scalar>, past end: [Unicode.Scalar]) {
        while !rest.isEmpty, !rest.starts(with: end) { rest = rest.dropFirst() }
        rest = rest.dropFirst(end.count)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || isDigit(scalar)
    }
}
