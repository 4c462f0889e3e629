import JSON

/// What a provider is asked about, in the one spelling that all spellings of it share: parameters by name, blanks at the ends
/// and doubled ones gone, letters small. By GET or POST, it is the same input.
struct Input {
    /// Normalised values, by name and then value.
    let pairs: [(name: String, value: String)]
    /// The pairs as a query, each byte but letters, digits and `-._~` escaped (RFC 3986 §2.1).
    let text: String

    static let maximumBytes = 4_096
    /// Parameters that say who asks, not about whom; they are never shown.
    private static let credentials: Set<String> = ["api_key", "apikey", "access_token"]

    /// - Throws: ``BadInput`` when nothing is left, or more than ``maximumBytes``.
    init(_ pairs: [(name: String, value: String)]) throws(BadInput) {
        self.pairs =
            pairs.filter { !Self.credentials.contains($0.name) }
            .map { ($0.name, Self.normalised($0.value)) }
            .filter { !$0.value.isEmpty }
            .sorted { $0 < $1 }
        var bytes: [UInt8] = []
        for (name, value) in self.pairs {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: "&")) }
            Query.encode(name, to: &bytes)
            bytes.append(UInt8(ascii: "="))
            Query.encode(value, to: &bytes)
        }
        guard !bytes.isEmpty else {
            throw BadInput("There is no input; give it as query parameters or as members of a JSON object")
        }
        guard bytes.count <= Self.maximumBytes else {
            throw BadInput("The input has \(bytes.count) bytes; at most \(Self.maximumBytes) are taken")
        }
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// The parameters of a request: of its query, and of its body, which is a JSON object or a form.
    static func pairs(
        query: Substring, body: [UInt8], isForm: Bool
    ) throws(BadInput) -> [(name: String, value: String)] {
        var pairs = try Query.pairs(query.utf8)
        if isForm {
            pairs += try Query.pairs(body)
        } else if !body.isEmpty {
            pairs += try Self.pairs(Place.parse(body, as: "body"))
        }
        return pairs
    }

    /// The members of an object; those that are null are left out.
    static func pairs(_ object: Place) throws(BadInput) -> [(name: String, value: String)] {
        try object.members().filter { !$0.value.json.isNull }.map { name, value in
            if let text = value.json.string { return (name, text) }
            var writer = JSONWriter()
            writer.value(value.json)
            return (name, String(decoding: writer.bytes, as: UTF8.self))
        }
    }

    subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    private static func normalised(_ text: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var isASCII = true
        for byte in text.utf8 {
            switch byte {
            case 0x09...0x0D, 0x20:
                if let last = bytes.last, last != 0x20 { bytes.append(0x20) }
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): bytes.append(byte + 0x20)
            default:
                isASCII = isASCII && byte < 0x80
                bytes.append(byte)
            }
        }
        if bytes.last == 0x20 { bytes.removeLast() }
        let result = String(decoding: bytes, as: UTF8.self)
        return isASCII ? result : result.lowercased()
    }
}

/// Query strings and forms (WHATWG URL §5.1).
enum Query {
    static let maximumPairs = 100

    static func pairs(_ query: some Collection<UInt8>) throws(BadInput) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        for part in query.split(separator: UInt8(ascii: "&")) {
            guard pairs.count < maximumPairs else {
                throw BadInput("At most \(maximumPairs) parameters are taken")
            }
            let end = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            pairs.append((try decoded(part[..<end]), try decoded(part[end...].dropFirst())))
        }
        return pairs
    }

    private static func decoded(_ bytes: some Collection<UInt8>) throws(BadInput) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var rest = bytes.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "+"): result.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else {
                    throw BadInput("A % in the query is followed by two hexadecimal digits")
                }
                result.append(high << 4 | low)
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    static func encode(_ text: String, to bytes: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes.append(UInt8(ascii: "%"))
                bytes.append(hexadecimal(byte >> 4))
                bytes.append(hexadecimal(byte & 0xF))
            }
        }
    }

    /// - Parameter value: below 16.
    static func hexadecimal(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") - 10 + value
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
