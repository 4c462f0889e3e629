import Identifiers

/// A value for a place `{name:Type}` in a statement. The server parses it as that type, so nothing in it can become SQL.
///
/// It travels as `param_name` in the escaping of TabSeparated (ClickHouse, "Formats for input and output data").
public struct ClickHouseParameter: Sendable {
    let name: String
    /// Escaped.
    let value: String
    /// What must not be seen in a message: what text there is in the value, as it was given.
    let hidden: [String]

    private init(_ name: StaticString, _ value: String, hiding hidden: [String] = []) {
        self.name = "\(name)"
        self.value = value
        self.hidden = hidden
    }

    /// For `String`, and whatever is written as text: `Date` as `2026-01-31`, a time zone, an interval.
    public static func text(_ name: StaticString, _ value: String) -> ClickHouseParameter {
        ClickHouseParameter(name, escape(value), hiding: [value])
    }

    /// For integers of any width.
    public static func integer(_ name: StaticString, _ value: Int64) -> ClickHouseParameter {
        ClickHouseParameter(name, String(value))
    }

    /// For `UUID`.
    public static func uuid(_ name: StaticString, _ value: UUID) -> ClickHouseParameter {
        ClickHouseParameter(name, value.description, hiding: [value.description])
    }

    /// For `DateTime64(6)`, in whatever time zone the type has: the moment is the same. Of `DateTime64(3)` the last three digits are cut off.
    public static func moment(_ name: StaticString, _ value: Timestamp) -> ClickHouseParameter {
        let (seconds, micros) = value.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        let digits = String(micros.magnitude)
        let sign = value.microseconds < 0 ? "-" : ""
        return ClickHouseParameter(
            name,
            "\(sign)\(seconds.magnitude).\(String(repeating: "0", count: 6 - digits.count))\(digits)")
    }

    /// For `Array(String)`.
    public static func texts(_ name: StaticString, _ values: some Collection<String>) -> ClickHouseParameter {
        let list = values.lazy.map { "'" + escape($0) + "'" }.joined(separator: ",")
        return ClickHouseParameter(name, "[" + list + "]", hiding: Array(values))
    }

    /// For arrays of integers.
    public static func integers(_ name: StaticString, _ values: some Collection<Int64>) -> ClickHouseParameter
    {
        ClickHouseParameter(name, "[" + values.lazy.map { String($0) }.joined(separator: ",") + "]")
    }

    /// For `Array(UUID)`.
    public static func uuids(_ name: StaticString, _ values: some Collection<UUID>) -> ClickHouseParameter {
        texts(name, values.map(\.description))
    }

    /// For any `Nullable(…)`.
    public static func null(_ name: StaticString) -> ClickHouseParameter {
        ClickHouseParameter(name, #"\N"#)
    }

    /// As TabSeparated has it, with the quote escaped too: so it serves between quotes as well.
    private static func escape(_ text: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            let escaped: UInt8? =
                switch byte {
                case 0x00: UInt8(ascii: "0")
                case 0x08: UInt8(ascii: "b")
                case 0x09: UInt8(ascii: "t")
                case 0x0A: UInt8(ascii: "n")
                case 0x0C: UInt8(ascii: "f")
                case 0x0D: UInt8(ascii: "r")
                case UInt8(ascii: "'"), UInt8(ascii: "\\"): byte
                default: nil
                }
            if escaped != nil { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(escaped ?? byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension ClickHouseParameter: CustomStringConvertible, CustomReflectable {
    /// The name alone.
    public var description: String { "\(name): ***" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
