/// Rewrites a pattern of ECMA-262, in its Unicode mode, into one that PCRE2 reads the same way.
///
/// More is let through than ECMA-262 has, where practice does so: `\-` and other escapes of what is no letter or
/// digit, `{` and `}` and `]` that stand for themselves, `[\w-.]`. What only PCRE2 knows is refused.
struct PatternTranslation {
    struct Fault: Error {
        let message: String
    }

    private let input: [Unicode.Scalar]
    private var position = 0
    private(set) var output = ""
    /// The largest number of times that something has to repeat at the least.
    private(set) var longestRun = 1
    private(set) var hasBackreferences = false
    private var openGroups = 0

    init(_ pattern: String) throws(Fault) {
        input = Array(pattern.unicodeScalars)
        // Whether what stands before may be repeated.
        var isAtom = false
        while let scalar = next() {
            switch scalar {
            case "*", "+", "?":
                try repeated(isAtom)
                output.unicodeScalars.append(scalar)
                take("?")
                isAtom = false
            case "{":
                if let times = quantifier() {
                    try repeated(isAtom)
                    output += times
                    take("?")
                    isAtom = false
                } else {
                    output += "\\{"
                    isAtom = true
                }
            case "(":
                try group()
                isAtom = false
            case ")":
                guard openGroups > 0 else { throw Fault(message: "a ) without its (") }
                openGroups -= 1
                output += ")"
                isAtom = true
            case "[":
                try characterClass()
                isAtom = true
            case "\\": isAtom = try escape()
            case ".":
                output += "[^\\n\\r\\x{2028}\\x{2029}]"
                isAtom = true
            case "^", "$", "|":
                output.unicodeScalars.append(scalar)
                isAtom = false
            default:
                output += PatternTranslation.literal(scalar)
                isAtom = true
            }
        }
        guard openGroups == 0 else { throw Fault(message: "a ( without its )") }
    }

    private var following: Unicode.Scalar? { position < input.count ? input[position] : nil }

    private mutating func next() -> Unicode.Scalar? {
        guard let scalar = following else { return nil }
        position += 1
        return scalar
    }

    /// Takes over `scalar` into the output if it follows.
    private mutating func take(_ scalar: Unicode.Scalar) {
        guard following == scalar else { return }
        position += 1
        output.unicodeScalars.append(scalar)
    }

    private func repeated(_ isAtom: Bool) throws(Fault) {
        guard isAtom else { throw Fault(message: "nothing that a quantifier could repeat") }
    }

    private static func literal(_ scalar: Unicode.Scalar) -> String {
        let isPlain = !scalar.isASCII || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
        return isPlain ? String(scalar) : code(scalar)
    }

    private static func code(_ scalar: Unicode.Scalar) -> String {
        "\\x{" + String(scalar.value, radix: 16) + "}"
    }

    /// The rest of `{2}`, `{2,}` or `{2,3}`; `nil`, with nothing read, when it is something else.
    private mutating func quantifier() -> String? {
        let start = position
        let least = digits()
        var text = least
        if following == "," {
            position += 1
            text += "," + digits()
        }
        guard !least.isEmpty, following == "}" else {
            position = start
            return nil
        }
        position += 1
        longestRun = max(longestRun, Int(least) ?? .max)
        return "{" + text + "}"
    }

    private mutating func digits() -> String {
        var digits = ""
        while let scalar = following, ("0"..."9").contains(scalar) {
            digits.unicodeScalars.append(scalar)
            position += 1
        }
        return digits
    }

    /// What follows a `(`: only the kinds of groups that ECMA-262 has.
    private mutating func group() throws(Fault) {
        openGroups += 1
        output += "("
        if following == "*" { throw Fault(message: "nothing that a quantifier could repeat") }
        guard following == "?" else { return }
        position += 1
        output += "?"
        switch next() {
        case ":": output += ":"
        case "=": output += "="
        case "!": output += "!"
        case "<":
            output += "<"
            if let sign = following, sign == "=" || sign == "!" {
                take(sign)
            } else {
                output += try name() + ">"
            }
        default: throw Fault(message: "a kind of group that ECMA-262 does not have")
        }
    }

    /// A name and the `>` behind it, which is not part of the result.
    private mutating func name() throws(Fault) -> String {
        var name = ""
        while let scalar = next() {
            if scalar == ">", !name.isEmpty { return name }
            guard scalar.properties.isAlphabetic || scalar == "_" || ("0"..."9").contains(scalar) else {
                break
            }
            name.unicodeScalars.append(scalar)
        }
        throw Fault(message: "a group whose name is not one")
    }
}

extension PatternTranslation {
    /// ECMA-262 `WhiteSpace` and `LineTerminator`, as ranges of a class.
    private static let blanks =
        #"\x09-\x0d\x20\xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}"#
    private static let nonBlanks =
        #"\x00-\x08\x0e-\x1f\x21-\x9f\xa1-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}"#
        + #"\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff}"#

    /// Something that stands for one character: itself, or one of a set, which is written as inside a class.
    private enum Element {
        case scalar(Unicode.Scalar)
        case set(String)
    }

    /// What follows a `\` outside of classes. Gives whether it may be repeated.
    private mutating func escape() throws(Fault) -> Bool {
        switch following {
        case "b", "B":
            output += following == "b" ? "\\b" : "\\B"
            position += 1
            return false
        case "k":
            position += 1
            guard next() == "<" else { throw Fault(message: "a \\k without the name of a group") }
            output += "\\k<" + (try name()) + ">"
            hasBackreferences = true
        case let digit? where ("1"..."9").contains(digit):
            output += "\\g{" + digits() + "}"
            hasBackreferences = true
        default:
            switch try escapedElement() {
            case .scalar(let scalar): output += PatternTranslation.code(scalar)
            case .set(let set): output += "[" + set + "]"
            }
        }
        return true
    }

    /// What follows a `[`.
    private mutating func characterClass() throws(Fault) {
        let isNegated = following == "^"
        if isNegated { position += 1 }
        var content = ""
        while true {
            guard let scalar = next() else { throw Fault(message: "a [ without its ]") }
            if scalar == "]" { break }
            let first = try classElement(scalar)
            guard following == "-", position + 1 < input.count, input[position + 1] != "]",
                case .scalar(let start) = first
            else {
                content += PatternTranslation.text(first)
                continue
            }
            position += 2
            let last = try classElement(input[position - 1])
            guard case .scalar(let end) = last else {
                content += PatternTranslation.text(first) + "\\-" + PatternTranslation.text(last)
                continue
            }
            guard start <= end else { throw Fault(message: "a range whose end comes before its start") }
            content += PatternTranslation.code(start) + "-" + PatternTranslation.code(end)
        }
        if content.isEmpty {
            output += isNegated ? "[\\x{0}-\\x{10ffff}]" : "(?!)"
        } else {
            output += (isNegated ? "[^" : "[") + content + "]"
        }
    }

    private mutating func classElement(_ scalar: Unicode.Scalar) throws(Fault) -> Element {
        guard scalar == "\\" else { return .scalar(scalar) }
        guard following != "b" else {
            position += 1
            return .scalar("\u{8}")
        }
        return try escapedElement()
    }

    private static func text(_ element: Element) -> String {
        switch element {
        case .scalar(let scalar): code(scalar)
        case .set(let set): set
        }
    }

    private mutating func escapedElement() throws(Fault) -> Element {
        guard let scalar = next() else { throw Fault(message: "a \\ at the end") }
        switch scalar {
        case "d", "D", "w", "W": return .set("\\" + String(scalar))
        case "s": return .set(PatternTranslation.blanks)
        case "S": return .set(PatternTranslation.nonBlanks)
        case "t": return .scalar("\t")
        case "n": return .scalar("\n")
        case "v": return .scalar("\u{b}")
        case "f": return .scalar("\u{c}")
        case "r": return .scalar("\r")
        case "0":
            if let digit = following, ("0"..."9").contains(digit) { break }
            return .scalar("\0")
        case "c":
            guard let letter = next(), letter.isASCII, letter.properties.isAlphabetic else { break }
            return .scalar(Unicode.Scalar(UInt8(letter.value & 0x1F)))
        case "x":
            guard let value = hexadecimal(2), let scalar = Unicode.Scalar(value) else { break }
            return .scalar(scalar)
        case "u": return .scalar(try codePoint())
        case "p", "P": return .set("\\" + String(scalar) + "{" + (try property()) + "}")
        default:
            guard scalar.isASCII, !scalar.properties.isAlphabetic, !("0"..."9").contains(scalar) else {
                break
            }
            return .scalar(scalar)
        }
        throw Fault(message: "an escape that ECMA-262 does not have: \\\(scalar)")
    }

    /// The rest of `\u1F43`, `\u{1F432}` or `\ud83d\udc32`.
    private mutating func codePoint() throws(Fault) -> Unicode.Scalar {
        var value: UInt32?
        if following == "{" {
            position += 1
            var text = ""
            while let scalar = next(), scalar != "}" { text.unicodeScalars.append(scalar) }
            value = input[position - 1] == "}" ? UInt32(text, radix: 16) : nil
        } else {
            value = hexadecimal(4)
            if let high = value, (0xD800...0xDBFF).contains(high), following == "\\" {
                position += 1
                guard next() == "u", let low = hexadecimal(4), (0xDC00...0xDFFF).contains(low) else {
                    throw Fault(message: "half of a surrogate pair")
                }
                value = 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
            }
        }
        guard let value, let scalar = Unicode.Scalar(value) else {
            throw Fault(message: "a \\u that names no character")
        }
        return scalar
    }

    private mutating func hexadecimal(_ count: Int) -> UInt32? {
        guard position + count <= input.count else { return nil }
        var value: UInt32 = 0
        for scalar in input[position..<position + count] {
            guard scalar.isASCII, let digit = UInt8(scalar.value).hexadecimalValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        position += count
        return value
    }

    /// The rest of `\p{Letter}` or `\p{Script=Greek}`, in the words of PCRE2.
    private mutating func property() throws(Fault) -> String {
        guard next() == "{" else { throw Fault(message: "a \\p without the name of a property") }
        var name = ""
        while let scalar = next(), scalar != "}" {
            guard scalar.isASCII,
                scalar == "_" || scalar == "=" || scalar.properties.numericType != nil
                    || scalar.properties.isAlphabetic
            else { throw Fault(message: "a \\p whose property has no such name") }
            name.unicodeScalars.append(scalar)
        }
        guard input[position - 1] == "}" else { throw Fault(message: "a \\p without its }") }
        let parts = name.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return generalCategories[name] ?? name }
        switch parts[0] {
        case "General_Category", "gc": return generalCategories[parts[1]] ?? parts[1]
        case "Script", "sc": return "sc:" + parts[1]
        case "Script_Extensions", "scx": return "scx:" + parts[1]
        default: throw Fault(message: "a \\p whose property has no values")
        }
    }
}

/// The long names of general categories (Unicode, PropertyValueAliases.txt). PCRE2 knows the short ones.
private let generalCategories = [
    "Letter": "L", "Cased_Letter": "L&", "LC": "L&", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll",
    "Titlecase_Letter": "Lt", "Modifier_Letter": "Lm", "Other_Letter": "Lo", "Mark": "M",
    "Combining_Mark": "M",
    "Nonspacing_Mark": "Mn", "Spacing_Mark": "Mc", "Enclosing_Mark": "Me", "Number": "N",
    "Decimal_Number": "Nd", "digit": "Nd", "Letter_Number": "Nl", "Other_Number": "No", "Punctuation": "P",
    "punct": "P", "Connector_Punctuation": "Pc", "Dash_Punctuation": "Pd", "Open_Punctuation": "Ps",
    "Close_Punctuation": "Pe", "Initial_Punctuation": "Pi", "Final_Punctuation": "Pf",
    "Other_Punctuation": "Po", "Symbol": "S", "Math_Symbol": "Sm", "Currency_Symbol": "Sc",
    "Modifier_Symbol": "Sk", "Other_Symbol": "So", "Separator": "Z", "Space_Separator": "Zs",
    "Line_Separator": "Zl", "Paragraph_Separator": "Zp", "Other": "C", "Control": "Cc", "cntrl": "Cc",
    "Format": "Cf", "Surrogate": "Cs", "Private_Use": "Co", "Unassigned": "Cn",
]
