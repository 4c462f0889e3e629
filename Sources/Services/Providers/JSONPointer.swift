import JSON

/// A place in a JSON value (RFC 6901), as `/data/email`.
struct JSONPointer: Sendable, Equatable {
    private let names: [String]

    /// - Returns: nil for what is no pointer: it is empty, or begins with `/`, and `~` is followed by 0 or 1.
    init?(_ text: String) {
        guard text.isEmpty || text.hasPrefix("/") else { return nil }
        var names: [String] = []
        for part in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .dropFirst()
        {
            guard let name = JSONPointer.unescaped(part) else { return nil }
            names.append(name)
        }
        self.names = names
    }

    /// What is there; nil when nothing is.
    func resolve(in json: JSON) -> JSON? {
        var place = json
        for name in names {
            let next = place.kind == .array ? JSONPointer.position(name).flatMap { place[$0] } : place[name]
            guard let next else { return nil }
            place = next
        }
        return place
    }

    /// A name as a pointer spells it.
    static func escaped(_ name: String) -> String {
        let isPlain = !name.utf8.contains { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }
        return isPlain ? name : name.replacing("~", with: "~0").replacing("/", with: "~1")
    }

    private static func position(_ name: String) -> Int? {
        guard name == "0" || (name.first != "0" && name.utf8.allSatisfy { (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(name)
    }

    private static func unescaped(_ part: Substring.UTF8View) -> String? {
        var bytes: [UInt8] = []
        var isEscaped = false
        for byte in part {
            switch (isEscaped, byte) {
            case (true, UInt8(ascii: "0")): bytes.append(UInt8(ascii: "~"))
            case (true, UInt8(ascii: "1")): bytes.append(UInt8(ascii: "/"))
            case (true, _): return nil
            case (false, UInt8(ascii: "~")):
                isEscaped = true
                continue
            case (false, _): bytes.append(byte)
            }
            isEscaped = false
        }
        return isEscaped ? nil : String(decoding: bytes, as: UTF8.self)
    }
}

extension JSON {
    /// Whether it says nothing: null, or a text, list or object without content.
    var isEmptyOrNull: Bool {
        switch kind {
        case .null: true
        case .bool, .number: false
        case .string: string?.isEmpty ?? true
        case .array, .object: count == 0
        }
    }
}

extension JSONWriter {
    /// Writes a value so that the same content is the same bytes: members in the order of their names, of two with one name the first. Numbers stay
    /// digit for digit.
    mutating func canonical(_ json: JSON) {
        switch json.kind {
        case .null, .bool, .number: raw(json.sourceBytes)
        case .string: string(json.string ?? "")
        case .array:
            beginArray()
            for element in json.elements { canonical(element) }
            endArray()
        case .object:
            var members: [String: JSON] = [:]
            for (name, value) in json.members {
                guard let name = name.string, members[name] == nil else { continue }
                members[name] = value
            }
            beginObject()
            // By bytes: the order of Swift's strings goes by what characters mean.
            for (name, value) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                key(name)
                canonical(value)
            }
            endObject()
        }
    }
}
