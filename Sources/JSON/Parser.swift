/// One pass over the bytes, without recursion: what is open is kept in `open`.
struct Parser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let maxDepth: Int
    private var position = 0
    /// The nodes of the containers around the current place, outermost first.
    private var open: [Int] = []

    init(_ bytes: UnsafeBufferPointer<UInt8>, maxDepth: Int) {
        self.bytes = bytes
        self.maxDepth = maxDepth
    }

    mutating func run(into nodes: inout [JSON.Node]) throws(JSONError) {
        try value(into: &nodes)
        while let container = open.last {
            try skipBlanks()
            let byte = bytes[position]
            let isObject = nodes[container].kind == .object
            if byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                position += 1
                nodes[container].end = UInt32(position)
                nodes[container].next = UInt32(nodes.count)
                open.removeLast()
                continue
            }
            if nodes[container].count > 0 {
                try expect(UInt8(ascii: ","))
                try skipBlanks()
            }
            nodes[container].count += 1
            if isObject {
                guard bytes[position] == UInt8(ascii: "\"") else { throw fault(.unexpectedByte) }
                try string(into: &nodes)
                try skipBlanks()
                try expect(UInt8(ascii: ":"))
            }
            try value(into: &nodes)
        }
        while position < bytes.count {
            guard isBlank(bytes[position]) else { throw fault(.trailingData) }
            position += 1
        }
    }

    private mutating func value(into nodes: inout [JSON.Node]) throws(JSONError) {
        try skipBlanks()
        switch bytes[position] {
        case UInt8(ascii: "\""): try string(into: &nodes)
        case UInt8(ascii: "{"): try begin(.object, &nodes)
        case UInt8(ascii: "["): try begin(.array, &nodes)
        case UInt8(ascii: "t"): try literal("true", .bool, &nodes)
        case UInt8(ascii: "f"): try literal("false", .bool, &nodes)
        case UInt8(ascii: "n"): try literal("null", .null, &nodes)
        default: try number(into: &nodes)
        }
    }

    private mutating func begin(_ kind: JSON.Kind, _ nodes: inout [JSON.Node]) throws(JSONError) {
        guard open.count < maxDepth else { throw fault(.tooDeep) }
        open.append(nodes.count)
        append(kind, from: position, to: position, &nodes)
        position += 1
    }

    private mutating func literal(
        _ text: StaticString, _ kind: JSON.Kind, _ nodes: inout [JSON.Node]
    ) throws(JSONError) {
        let start = position
        for offset in 0..<text.utf8CodeUnitCount { try expect(text.utf8Start[offset]) }
        append(kind, from: start, to: position, &nodes)
    }

    private mutating func number(into nodes: inout [JSON.Node]) throws(JSONError) {
        let start = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        if position < bytes.count, bytes[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            try digits()
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count,
                bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
            {
                position += 1
            }
            try digits()
        }
        append(.number, from: start, to: position, &nodes)
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
            position += 1
        }
        guard position > start else {
            throw position < bytes.count ? fault(.unexpectedByte) : fault(.unexpectedEnd)
        }
    }

    private mutating func string(into nodes: inout [JSON.Node]) throws(JSONError) {
        let start = position
        var hasEscapes = false
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                append(.string, from: start, to: position, hasEscapes: hasEscapes, &nodes)
                return
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try escape()
            case 0..<0x20: throw fault(.unexpectedByte)
            case 0x20..<0x80: position += 1
            default: try multibyte(byte)
            }
        }
        throw fault(.unexpectedEnd)
    }

    private mutating func escape() throws(JSONError) {
        guard position + 1 < bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
        switch bytes[position + 1] {
        case UInt8(ascii: "u"):
            let unit = try hexadecimal(at: position + 2)
            if (0xD800...0xDBFF).contains(unit) {
                guard position + 7 < bytes.count, bytes[position + 6] == UInt8(ascii: "\\"),
                    bytes[position + 7] == UInt8(ascii: "u"),
                    (0xDC00...0xDFFF).contains(try hexadecimal(at: position + 8))
                else { throw fault(.loneSurrogate) }
                position += 12
            } else {
                guard !(0xDC00...0xDFFF).contains(unit) else { throw fault(.loneSurrogate) }
                position += 6
            }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        default: throw JSONError(.unexpectedByte, at: position + 1)
        }
    }

    private func hexadecimal(at start: Int) throws(JSONError) -> UInt32 {
        guard start + 4 <= bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
        var value: UInt32 = 0
        for offset in start..<start + 4 {
            guard let digit = hexadecimalValue(of: bytes[offset]) else {
                throw JSONError(.unexpectedByte, at: offset)
            }
            value = value << 4 | digit
        }
        return value
    }

    /// One character of two to four bytes: the table of well-formed sequences of RFC 3629 §4.
    private mutating func multibyte(_ first: UInt8) throws(JSONError) {
        let second: ClosedRange<UInt8>
        let length: Int
        switch first {
        case 0xC2...0xDF: (second, length) = (0x80...0xBF, 2)
        case 0xE0: (second, length) = (0xA0...0xBF, 3)
        case 0xED: (second, length) = (0x80...0x9F, 3)
        case 0xE1...0xEF: (second, length) = (0x80...0xBF, 3)
        case 0xF0: (second, length) = (0x90...0xBF, 4)
        case 0xF1...0xF3: (second, length) = (0x80...0xBF, 4)
        case 0xF4: (second, length) = (0x80...0x8F, 4)
        default: throw fault(.invalidUTF8)
        }
        guard position + length <= bytes.count, second.contains(bytes[position + 1]) else {
            throw fault(.invalidUTF8)
        }
        for offset in 2..<max(length, 2) where bytes[position + offset] & 0xC0 != 0x80 {
            throw fault(.invalidUTF8)
        }
        position += length
    }

    /// Afterwards there is a byte at `position`.
    private mutating func skipBlanks() throws(JSONError) {
        while position < bytes.count, isBlank(bytes[position]) { position += 1 }
        guard position < bytes.count else { throw fault(.unexpectedEnd) }
    }

    private func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard position < bytes.count else { throw fault(.unexpectedEnd) }
        guard bytes[position] == byte else { throw fault(.unexpectedByte) }
        position += 1
    }

    private func append(
        _ kind: JSON.Kind, from start: Int, to end: Int, hasEscapes: Bool = false, _ nodes: inout [JSON.Node]
    ) {
        nodes.append(
            JSON.Node(
                start: UInt32(start), end: UInt32(end), next: UInt32(nodes.count + 1), count: 0, kind: kind,
                hasEscapes: hasEscapes))
    }

    private func fault(_ kind: JSONError.Kind) -> JSONError {
        JSONError(kind, at: position)
    }
}

/// Resolves the escapes of a string that was parsed, so that each of them is known to be whole.
func unescaped(_ content: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(content.count)
    var position = 0
    func unit(at start: Int) -> UInt32 {
        content[start..<start + 4].reduce(0) { $0 << 4 | (hexadecimalValue(of: $1) ?? 0) }
    }
    while position < content.count {
        let byte = content[position]
        guard byte == UInt8(ascii: "\\") else {
            result.append(byte)
            position += 1
            continue
        }
        let escape = content[position + 1]
        position += 2
        switch escape {
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"):
            var scalar = unit(at: position)
            position += 4
            if (0xD800...0xDBFF).contains(scalar) {
                scalar = 0x10000 + (scalar - 0xD800) << 10 + (unit(at: position + 2) - 0xDC00)
                position += 6
            }
            if let scalar = Unicode.Scalar(scalar) {
                result.append(contentsOf: UTF8.encode(scalar) ?? .init())
            }
        default: result.append(escape)
        }
    }
    return result
}

private func hexadecimalValue(of byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
}
