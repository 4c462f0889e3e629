/// A text with places that are filled in for each call: `{name}` for what a record says, `{key}` and `{secret}` for the two parts of a
/// credential, `{{` and `}}` for the brackets themselves.
struct Template: Sendable, Equatable {
    enum Piece: Sendable, Equatable {
        case literal(String)
        case input(String)
        case key
        case secret
    }

    let pieces: [Piece]

    /// Why a text is no template.
    struct Fault: Error, Equatable {
        let message: String
    }

    init(_ text: String) throws(Fault) {
        var pieces: [Piece] = []
        var literal = ""
        var rest = text[...]
        func flush() {
            if !literal.isEmpty { pieces.append(.literal(literal)) }
            literal = ""
        }
        while let character = rest.first {
            if rest.hasPrefix("{{") || rest.hasPrefix("}}") {
                literal.append(character)
                rest = rest.dropFirst(2)
            } else if character == "{" {
                guard let end = rest.firstIndex(of: "}") else {
                    throw Fault(message: "has a { that is not closed; write {{ for the bracket itself")
                }
                let name = String(rest[rest.index(after: rest.startIndex)..<end])
                guard Template.isName(name) else {
                    throw Fault(message: "has a place whose name is not 1 to 64 letters and digits")
                }
                flush()
                pieces.append(name == "key" ? .key : name == "secret" ? .secret : .input(name))
                rest = rest[rest.index(after: end)...]
            } else {
                guard character != "}" else {
                    throw Fault(message: "has a } that closes nothing; write }} for the bracket itself")
                }
                literal.append(character)
                rest = rest.dropFirst()
            }
        }
        flush()
        self.pieces = pieces
    }

    /// The inputs that it needs.
    var inputs: Set<String> {
        Set(
            pieces.compactMap {
                guard case .input(let name) = $0 else { return nil }
                return name
            })
    }

    var holdsKey: Bool { pieces.contains(.key) }
    var holdsCredential: Bool { holdsKey || pieces.contains(.secret) }

    /// Whether it is one place for an input and nothing else.
    var onlyInput: String? {
        guard pieces.count == 1, case .input(let name) = pieces[0] else { return nil }
        return name
    }

    /// - Parameter encode: makes a text safe for where it goes; told whether it is a credential's. The template's own text is as it should be.
    /// - Returns: nil where something that it needs is not there.
    func filled(_ filling: Filling, encode: (_ text: String, _ isCredential: Bool) -> String) -> String? {
        var text = ""
        for piece in pieces {
            switch piece {
            case .literal(let literal): text += literal
            case .input(let name):
                guard let value = filling.inputs[name] else { return nil }
                text += encode(value.text, false)
            case .key: text += encode(filling.key, true)
            case .secret:
                guard let secret = filling.secret else { return nil }
                text += encode(secret, true)
            }
        }
        return text
    }

    static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}

/// What goes into the places of templates.
struct Filling: Sendable {
    let inputs: [String: InputValue]
    let key: String
    let secret: String?
}

/// One thing that a record says, normalised.
struct InputValue: Sendable, Equatable {
    /// As it stands in a URL or a header.
    let text: String
    /// As it stands in JSON.
    let json: [UInt8]
}

extension Filling: CustomStringConvertible, CustomReflectable {
    var description: String { "***" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
