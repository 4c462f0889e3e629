import JSON

/// A value in a form in which two are the same bytes exactly when JSON Schema calls the values equal: the order of
/// members and the way a number is written make no difference.
struct Canonical: Hashable, Sendable {
    private let bytes: [UInt8]

    /// `nil` when arrays and objects stand in each other more than `depth` levels deep.
    init?(_ value: JSON, depth: Int) {
        var bytes: [UInt8] = []
        guard Canonical.append(value, depth: depth, to: &bytes) else { return nil }
        self.bytes = bytes
    }

    private static func append(_ value: JSON, depth: Int, to bytes: inout [UInt8]) -> Bool {
        guard depth >= 0 else { return false }
        switch value.kind {
        case .null, .bool: bytes.append(contentsOf: value.sourceBytes)
        case .number: append(number: value, to: &bytes)
        case .string: append(text: value, to: &bytes)
        case .array:
            bytes.append(UInt8(ascii: "["))
            for element in value.elements {
                guard append(element, depth: depth - 1, to: &bytes) else { return false }
            }
            bytes.append(UInt8(ascii: "]"))
        case .object: return append(object: value, depth: depth, to: &bytes)
        }
        return true
    }

    private static func append(number: JSON, to bytes: inout [UInt8]) {
        guard let number = Decimal(number) else { return }
        bytes.append(UInt8(ascii: number.isNegative ? "-" : "+"))
        bytes.append(contentsOf: number.digits.lazy.map { $0 | UInt8(ascii: "0") })
        if number.exponent != 0 { bytes.append(contentsOf: "e\(number.exponent)".utf8) }
        bytes.append(UInt8(ascii: ";"))
    }

    /// Its length comes first, so that no text can look like something beside it.
    private static func append(text: JSON, to bytes: inout [UInt8]) {
        let text = text.string ?? ""
        bytes.append(UInt8(ascii: "\""))
        withUnsafeBytes(of: text.utf8.count.littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: text.utf8)
    }

    private static func append(object: JSON, depth: Int, to bytes: inout [UInt8]) -> Bool {
        var members: [(name: [UInt8], value: [UInt8])] = []
        members.reserveCapacity(object.count)
        for (key, value) in object.members {
            var member: (name: [UInt8], value: [UInt8]) = ([], [])
            append(text: key, to: &member.name)
            guard append(value, depth: depth - 1, to: &member.value) else { return false }
            members.append(member)
        }
        members.sort { $0.name.lexicographicallyPrecedes($1.name) }
        bytes.append(UInt8(ascii: "{"))
        for member in members {
            bytes.append(contentsOf: member.name)
            bytes.append(contentsOf: member.value)
        }
        bytes.append(UInt8(ascii: "}"))
        return true
    }
}
