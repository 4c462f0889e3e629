/// One value of RESP3 (https://redis.io/docs/latest/develop/reference/protocol-spec/). Attributes are skipped, and errors of both
/// notations are one case.
public indirect enum RESPValue: Sendable, Hashable {
    case simple(String)
    /// What the server has to say against a command, or an element of an array that failed.
    case error(RESPFailure)
    case integer(Int64)
    case bulk([UInt8])
    case array([RESPValue])
    case null
    case double(Double)
    case boolean(Bool)
    /// A whole number of any size, in decimal digits.
    case bigNumber(String)
    /// - format: three characters, as `txt`.
    case verbatim(format: String, [UInt8])
    /// In the order in which it came; keys may be anything, and may come twice.
    case map([Pair])
    case set([RESPValue])
    /// What nobody asked for, as a message of a channel.
    case push([RESPValue])

    /// An entry of a map.
    public struct Pair: Sendable, Hashable {
        public let key: RESPValue
        public let value: RESPValue

        public init(_ key: RESPValue, _ value: RESPValue) {
            self.key = key
            self.value = value
        }
    }
}

/// A server's refusal.
public struct RESPFailure: Sendable, Hashable {
    /// The whole of it. It may quote what was sent: not for logs.
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    /// Its first word, as `WRONGTYPE`; `ERR` for one that does not begin with a word in capitals.
    public var code: String {
        let word = text.prefix { $0 != " " }
        let isCode =
            (1...24).contains(word.utf8.count)
            && word.utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        return isCode ? String(word) : "ERR"
    }
}

extension RESPFailure: CustomStringConvertible, CustomReflectable {
    /// The code alone.
    public var description: String { code }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension RESPValue {
    /// Of an integer.
    public var int64: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    /// Of a text in any of its notations.
    public var bytes: [UInt8]? {
        switch self {
        case .bulk(let bytes), .verbatim(_, let bytes): bytes
        case .simple(let text): Array(text.utf8)
        default: nil
        }
    }

    /// Of a text in any of its notations; what is not UTF-8 is replaced.
    public var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    /// Of an array, a set or a push.
    public var elements: [RESPValue]? {
        switch self {
        case .array(let elements), .set(let elements), .push(let elements): elements
        default: nil
        }
    }
}
