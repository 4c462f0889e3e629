import JSON

extension RPCD {
    /// JSON whose shape is the caller's own, as the fields of a record: `["email": "ada@example.org", "age": 36]`.
    public enum Value: Sendable, Hashable {
        case null
        case bool(Bool)
        case integer(Int64)
        case number(Double)
        case string(String)
        case list([Value])
        case object([String: Value])

        public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
        public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
        public var string: String? { if case .string(let value) = self { value } else { nil } }
        public var list: [Value]? { if case .list(let value) = self { value } else { nil } }
        public var object: [String: Value]? { if case .object(let value) = self { value } else { nil } }
        /// Of an integer, too.
        public var number: Double? {
            switch self {
            case .number(let value): value
            case .integer(let value): Double(value)
            case .null, .bool, .string, .list, .object: nil
            }
        }

        public subscript(name: String) -> Value? { object?[name] }
    }
}

extension RPCD.Value: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: RPCD.Value...) { self = .list(elements) }

    /// Of a name that stands there twice the last value counts.
    public init(dictionaryLiteral elements: (String, RPCD.Value)...) {
        self = .object(Dictionary(elements) { $1 })
    }
}

extension RPCD.Value: Readable, Writable {
    init(_ json: JSON) {
        switch json.kind {
        case .null: self = .null
        case .bool: self = .bool(json.bool ?? false)
        case .number: self = json.int64.map { .integer($0) } ?? .number(json.double ?? .infinity)
        case .string: self = .string(json.string ?? "")
        case .array: self = .list(json.elements.map { RPCD.Value($0) })
        case .object:
            let members = json.members.map { ($0.key.string ?? "", RPCD.Value($0.value)) }
            self = .object(Dictionary(members) { first, _ in first })
        }
    }

    init(reading json: JSON) { self.init(json) }

    func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .integer(let value): writer.int(value)
        case .number(let value): writer.double(value)
        case .string(let value): writer.string(value)
        case .list(let values): values.write(to: &writer)
        case .object(let members): members.write(to: &writer)
        }
    }
}
