/// A JSON value (RFC 8259): a place in a parsed document. Copying one copies two references, not the value.
///
/// Numbers keep their digits until somebody asks for an ``int64`` or a ``double``; strings are unescaped when read.
public struct JSON: Sendable {
    public enum Kind: UInt8, Sendable {
        case null, bool, number, string, array, object
    }

    let document: Document
    let index: Int

    var node: Node { document.nodes[index] }

    /// Reads one JSON text. Containers deeper than `maxDepth` are refused.
    /// - Throws: ``JSONError`` with the kind of fault and the offset of the byte.
    public static func parse(_ bytes: UnsafeRawBufferPointer, maxDepth: Int = 64) throws(JSONError) -> JSON {
        try parse([UInt8](bytes), maxDepth: maxDepth)
    }

    public static func parse(_ text: String, maxDepth: Int = 64) throws(JSONError) -> JSON {
        try parse([UInt8](text.utf8), maxDepth: maxDepth)
    }

    public static func parse(_ bytes: [UInt8], maxDepth: Int = 64) throws(JSONError) -> JSON {
        guard bytes.count < Int(UInt32.max) else { throw JSONError(.tooLong, at: 0) }
        var nodes: [Node] = []
        nodes.reserveCapacity(16)
        let fault: JSONError? = bytes.withUnsafeBufferPointer { buffer in
            var parser = Parser(buffer, maxDepth: maxDepth)
            do throws(JSONError) {
                try parser.run(into: &nodes)
                return nil
            } catch {
                return error
            }
        }
        if let fault { throw fault }
        return JSON(document: Document(bytes: bytes, nodes: nodes), index: 0)
    }

    public var kind: Kind { node.kind }
    public var isNull: Bool { kind == .null }

    public var bool: Bool? {
        kind == .bool ? document.bytes[Int(node.start)] == UInt8(ascii: "t") : nil
    }

    /// The number when it is written as a whole number and fits: `5`, not `5.0` or `5e0`.
    public var int64: Int64? {
        guard kind == .number else { return nil }
        var digits = sourceBytes[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        var value: Int64 = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let digit = Int64(byte - UInt8(ascii: "0"))
            let (sum, overflow) = product.addingReportingOverflow(isNegative ? -digit : digit)
            guard !tooLarge, !overflow else { return nil }
            value = sum
        }
        return value
    }

    /// The nearest double, when there is a finite one.
    public var double: Double? {
        guard kind == .number, let value = Double(source), value.isFinite else { return nil }
        return value
    }

    /// The text of a string, escapes resolved.
    public var string: String? {
        guard kind == .string else { return nil }
        return withContent { content in
            node.hasEscapes
                ? String(decoding: unescaped(content), as: UTF8.self)
                : String(decoding: content, as: UTF8.self)
        }
    }

    /// Whether this is the string `literal`; makes no `String` for a value without escapes.
    public func isString(_ literal: StaticString) -> Bool {
        guard kind == .string else { return false }
        let expected = UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        return withContent { content in
            node.hasEscapes
                ? unescaped(content).elementsEqual(expected)
                : content.count == expected.count && content.elementsEqual(expected)
        }
    }

    /// Gives `body` the text of a string as UTF-8, escapes resolved, without making a `String` of it; `nil` for anything else.
    public func withUTF8<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result? {
        guard kind == .string else { return nil }
        return withContent { content in
            node.hasEscapes ? unescaped(content).withUnsafeBufferPointer(body) : body(content)
        }
    }

    /// The exact bytes of this value in its document, quotes of a string included.
    public var sourceBytes: ArraySlice<UInt8> { document.bytes[Int(node.start)..<Int(node.end)] }

    /// ``sourceBytes`` as text.
    public var source: String { String(decoding: sourceBytes, as: UTF8.self) }

    /// How many elements or members; 0 for anything else.
    public var count: Int { Int(node.count) }

    /// The element at `position` of an array.
    public subscript(position: Int) -> JSON? {
        guard kind == .array, position >= 0, position < count else { return nil }
        var child = index + 1
        for _ in 0..<position { child = Int(document.nodes[child].next) }
        return JSON(document: document, index: child)
    }

    /// The first member of that name of an object.
    public subscript(name: String) -> JSON? {
        guard kind == .object else { return nil }
        for (key, value) in members where key.isEqual(to: name) { return value }
        return nil
    }

    /// The elements of an array, in order; nothing for anything else.
    public var elements: Elements {
        Elements(document: document, position: index + 1, remaining: kind == .array ? count : 0)
    }

    /// The members of an object, in order, duplicates included; nothing for anything else.
    public var members: Members {
        Members(document: document, position: index + 1, remaining: kind == .object ? count : 0)
    }

    /// The name of a member that stands in this object more than once.
    public func duplicatedMember() -> String? {
        guard kind == .object, count > 1 else { return nil }
        if count <= 8 { return duplicateAmongFew() }
        var seen = Set<String>(minimumCapacity: count)
        for (key, _) in members {
            guard let name = key.string, seen.insert(name).inserted else { return key.string }
        }
        return nil
    }

    private func duplicateAmongFew() -> String? {
        var earlier: [JSON] = []
        earlier.reserveCapacity(count)
        for (key, _) in members {
            if earlier.contains(where: { $0.hasSameText(as: key) }) { return key.string }
            earlier.append(key)
        }
        return nil
    }

    private func hasSameText(as other: JSON) -> Bool {
        node.hasEscapes || other.node.hasEscapes ? string == other.string : sourceBytes == other.sourceBytes
    }

    /// By code points, as RFC 8259 §8.3 has it: Swift's own `==` on strings would make `é` and `e◌́` the same name.
    private func isEqual(to name: String) -> Bool {
        withContent { content in
            node.hasEscapes
                ? unescaped(content).elementsEqual(name.utf8)
                : content.count == name.utf8.count && content.elementsEqual(name.utf8)
        }
    }

    /// The bytes between the quotes of a string.
    func withContent<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        document.bytes.withUnsafeBufferPointer { buffer in
            body(UnsafeBufferPointer(rebasing: buffer[Int(node.start) + 1..<Int(node.end) - 1]))
        }
    }

    /// The text of a string as UTF-8.
    var contentBytes: [UInt8] {
        withContent { node.hasEscapes ? unescaped($0) : Array($0) }
    }
}

extension JSON {
    /// The bytes of a text and its values in the order in which they stand there, a container before its content.
    final class Document: Sendable {
        let bytes: [UInt8]
        let nodes: [Node]

        init(bytes: [UInt8], nodes: [Node]) {
            self.bytes = bytes
            self.nodes = nodes
        }
    }

    struct Node: Sendable {
        let start: UInt32
        var end: UInt32
        /// The node after this value and all that is in it.
        var next: UInt32
        var count: UInt32
        let kind: Kind
        let hasEscapes: Bool
    }

    public struct Elements: Sequence, IteratorProtocol, Sendable {
        let document: Document
        var position: Int
        var remaining: Int

        public mutating func next() -> JSON? {
            guard remaining > 0 else { return nil }
            remaining -= 1
            defer { position = Int(document.nodes[position].next) }
            return JSON(document: document, index: position)
        }
    }

    public struct Members: Sequence, IteratorProtocol, Sendable {
        let document: Document
        var position: Int
        var remaining: Int

        public mutating func next() -> (key: JSON, value: JSON)? {
            guard remaining > 0 else { return nil }
            remaining -= 1
            let key = position
            position = Int(document.nodes[key + 1].next)
            return (JSON(document: document, index: key), JSON(document: document, index: key + 1))
        }
    }
}

/// Why a text is not JSON, and where.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        case unexpectedEnd = "the text ends too early"
        case unexpectedByte = "unexpected byte"
        case invalidUTF8 = "not UTF-8"
        case loneSurrogate = "half of a surrogate pair"
        case tooDeep = "nested too deeply"
        case trailingData = "more than one value"
        case tooLong = "too long"
    }

    public let kind: Kind
    /// Of the byte that does not fit, from 0.
    public let offset: Int

    init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    public var description: String { "\(kind.rawValue) at byte \(offset)" }
}
