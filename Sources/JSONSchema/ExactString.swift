/// A text that is equal to another only code point by code point, as RFC 8259 §8.3 has it for names: Swift's own `==`
/// would make `é` and `e◌́` the same.
struct ExactString: Hashable, Sendable {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    static func == (left: ExactString, right: ExactString) -> Bool {
        left.text.utf8.count == right.text.utf8.count && left.text.utf8.elementsEqual(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

/// A JSON pointer, RFC 6901: a way from the root of a document to one of its values.
enum JSONPointer {
    /// One more step on the way, as it is written.
    static func step(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
            return "/" + name
        }
        var step = "/"
        for scalar in name.unicodeScalars {
            switch scalar {
            case "~": step += "~0"
            case "/": step += "~1"
            default: step.unicodeScalars.append(scalar)
            }
        }
        return step
    }

    /// The names of the steps; `nil` when `pointer` is not one.
    static func steps(of pointer: String) -> [String]? {
        guard !pointer.isEmpty else { return [] }
        var steps: [String] = []
        var step = ""
        var scalars = pointer.unicodeScalars.makeIterator()
        guard scalars.next() == "/" else { return nil }
        while let scalar = scalars.next() {
            switch scalar {
            case "/":
                steps.append(step)
                step = ""
            case "~":
                switch scalars.next() {
                case "0": step.unicodeScalars.append("~")
                case "1": step.unicodeScalars.append("/")
                default: return nil
                }
            default: step.unicodeScalars.append(scalar)
            }
        }
        return steps + [step]
    }
}
