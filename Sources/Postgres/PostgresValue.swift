import Identifiers

/// What can be bound to a statement, in PostgreSQL's text format.
public protocol PostgresParameter: Sendable {
    /// `nil` is NULL.
    var postgresText: String? { get }
}

/// What can be read from a column, in PostgreSQL's binary format.
public protocol PostgresDecodable: Sendable {
    /// `nil` when the bytes are not of this type.
    init?(postgresBinary bytes: UnsafeRawBufferPointer)
}

extension String: PostgresParameter, PostgresDecodable {
    public var postgresText: String? { self }

    /// The server converts to UTF-8, so nothing has to be checked.
    public init?(postgresBinary bytes: UnsafeRawBufferPointer) {
        self.init(decoding: bytes, as: UTF8.self)
    }
}

extension Int64: PostgresParameter, PostgresDecodable {
    public var postgresText: String? { String(self) }

    /// From `int8`, `int4` or `int2`.
    public init?(postgresBinary bytes: UnsafeRawBufferPointer) {
        switch bytes.count {
        case 8: self = Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
        case 4: self = Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
        case 2: self = Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
        default: return nil
        }
    }
}

extension Int: PostgresParameter, PostgresDecodable {
    public var postgresText: String? { String(self) }

    public init?(postgresBinary bytes: UnsafeRawBufferPointer) {
        guard let value = Int64(postgresBinary: bytes) else { return nil }
        self = Int(value)
    }
}

extension Double: PostgresParameter, PostgresDecodable {
    /// The shortest text that reads back as the same number.
    public var postgresText: String? { description }

    /// From `float8`.
    public init?(postgresBinary bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 8 else { return nil }
        self = Double(bitPattern: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
    }
}

extension Bool: PostgresParameter, PostgresDecodable {
    public var postgresText: String? { self ? "t" : "f" }

    public init?(postgresBinary bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 1, let byte = bytes.first, byte <= 1 else { return nil }
        self = byte == 1
    }
}

extension UUID: PostgresParameter, PostgresDecodable {
    public var postgresText: String? { description }

    public init?(postgresBinary bytes: UnsafeRawBufferPointer) {
        self.init(bytes: bytes)
    }
}

extension Timestamp: PostgresParameter, PostgresDecodable {
    /// From 1970 to PostgreSQL's own epoch, 2000-01-01, in microseconds.
    private static let postgresEpoch: Int64 = 946_684_800_000_000

    /// With all six digits, which ``description`` leaves out.
    public var postgresText: String? {
        let text = description.dropLast()
        let micros = ((microseconds % 1000) + 1000) % 1000
        return text + String(repeating: "0", count: 3 - String(micros).count) + String(micros) + "Z"
    }

    /// `infinity` and what no ``Timestamp`` holds are not read.
    public init?(postgresBinary bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 8 else { return nil }
        let value = Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
        let (sum, overflow) = value.addingReportingOverflow(Timestamp.postgresEpoch)
        guard !overflow, value != .min else { return nil }
        self.init(microseconds: sum)
    }
}

extension [UInt8]: PostgresParameter, PostgresDecodable {
    /// `bytea` in its hex form.
    public var postgresText: String? {
        let digits = [UInt8]("0123456789abcdef".utf8)
        var text: [UInt8] = [UInt8(ascii: "\\"), UInt8(ascii: "x")]
        text.reserveCapacity(2 + count * 2)
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 0xF)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    public init?(postgresBinary bytes: UnsafeRawBufferPointer) {
        self.init(bytes)
    }
}

extension Optional: PostgresParameter where Wrapped: PostgresParameter {
    public var postgresText: String? { self?.postgresText }
}

/// A `jsonb` value as its text.
public struct JSONText: PostgresParameter, PostgresDecodable, Equatable {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    public var postgresText: String? { text }

    /// `jsonb` on the wire is a version byte, 1, and the text.
    public init?(postgresBinary bytes: UnsafeRawBufferPointer) {
        guard bytes.first == 1,
            let text = String(validating: UnsafeRawBufferPointer(rebasing: bytes.dropFirst()), as: UTF8.self)
        else { return nil }
        self.text = text
    }
}

/// A `bigint[]` of one dimension, without NULL.
public struct IntegerArray: PostgresParameter, PostgresDecodable {
    public let values: [Int64]

    public init(_ values: [Int64]) {
        self.values = values
    }

    public var postgresText: String? { "{" + values.map(String.init).joined(separator: ",") + "}" }

    /// On the wire (array_send of PostgreSQL): dimensions, whether there are NULLs, the element's type; of each dimension its length and
    /// lower bound; then each element with its length before it. An empty array has no dimension.
    public init?(postgresBinary bytes: UnsafeRawBufferPointer) {
        func word(_ offset: Int) -> Int? {
            guard offset + 4 <= bytes.count else { return nil }
            return Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
        }
        guard let dimensions = word(0), let nulls = word(4), nulls == 0 else { return nil }
        guard dimensions == 1 else {
            guard dimensions == 0 else { return nil }
            values = []
            return
        }
        let (head, stride) = (20, 12)
        guard let count = word(12), count >= 0, bytes.count == head + count * stride else { return nil }
        var values: [Int64] = []
        for index in 0..<count {
            let start = head + index * stride
            guard word(start) == 8 else { return nil }
            values.append(Int64(bigEndian: bytes.loadUnaligned(fromByteOffset: start + 4, as: Int64.self)))
        }
        self.values = values
    }
}

/// A `uuid[]`.
public struct UUIDArray: PostgresParameter {
    private let values: [UUID]

    public init(_ values: [UUID]) {
        self.values = values
    }

    public var postgresText: String? { "{" + values.map(\.description).joined(separator: ",") + "}" }
}

/// An array of anything that has a text form; the statement says of what, as `$1::uuid[]`.
public struct TextArray: PostgresParameter {
    private let values: [String?]

    public init(_ values: [some PostgresParameter]) {
        self.values = values.map(\.postgresText)
    }

    /// PostgreSQL documentation, 8.15.2: every element in quotes, quotes and backslashes escaped.
    public var postgresText: String? {
        var text: [UInt8] = [UInt8(ascii: "{")]
        text.reserveCapacity(2 + values.reduce(0) { $0 + ($1?.utf8.count ?? 2) + 3 })
        for (index, value) in values.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            guard let value else {
                text += "NULL".utf8
                continue
            }
            text.append(UInt8(ascii: "\""))
            for byte in value.utf8 {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                    text.append(UInt8(ascii: "\\"))
                }
                text.append(byte)
            }
            text.append(UInt8(ascii: "\""))
        }
        text.append(UInt8(ascii: "}"))
        return String(decoding: text, as: UTF8.self)
    }
}
