import JSON

/// What a value looks like, as JSON Schema 2020-12 says it in the documents.
public indirect enum Schema: Sendable {
    case any
    case boolean
    case integer(ClosedRange<Int64>)
    case number
    /// `length` in Unicode scalars; `format` as JSON Schema names it (`uuid`, `date-time`, `email`).
    case string(length: ClosedRange<Int>?, format: String?, pattern: String? = nil)
    case choice([String])
    case list(Schema, count: ClosedRange<Int>?)
    /// An object; with a `name` it becomes a component of the documents.
    case object(name: String?, [Member], open: Bool)
    case nullable(Schema)

    /// One member of an object.
    public struct Member: Sendable {
        public let name: String
        public let schema: Schema
        public let summary: String
        public let isRequired: Bool

        public init(_ name: String, _ schema: Schema, _ summary: String, isRequired: Bool = true) {
            self.name = name
            self.schema = schema
            self.summary = summary
            self.isRequired = isRequired
        }
    }

    public static let uuid = Schema.string(length: nil, format: "uuid")
    public static let timestamp = Schema.string(length: nil, format: "date-time")
    public static let text = Schema.string(length: nil, format: nil)
    /// The format of what must not be seen.
    public static let secretFormat = "secret"

    /// Writes the schema; named objects as `$ref` into `components/schemas`.
    func write(to writer: inout JSONWriter) {
        guard case .object(let name?, _, _) = self else { return writeDefinition(to: &writer) }
        writer.beginObject()
        writer.key("$ref")
        writer.string("#/components/schemas/" + name)
        writer.endObject()
    }

    /// Writes the schema itself, also of a named object.
    func writeDefinition(to writer: inout JSONWriter, summary: String? = nil) {
        writer.beginObject()
        if let summary {
            writer.key("description")
            writer.string(summary)
        }
        writeKeywords(to: &writer)
        writer.endObject()
    }

    private func writeKeywords(to writer: inout JSONWriter) {
        switch self {
        case .any: break
        case .boolean: Schema.writeType("boolean", to: &writer)
        case .number: Schema.writeType("number", to: &writer)
        case .integer(let range):
            Schema.writeType("integer", to: &writer)
            writer.key("minimum")
            writer.int(range.lowerBound)
            writer.key("maximum")
            writer.int(range.upperBound)
        case .string(let length, let format, let pattern):
            Schema.writeType("string", to: &writer)
            if let length {
                writer.key("minLength")
                writer.int(length.lowerBound)
                writer.key("maxLength")
                writer.int(length.upperBound)
            }
            if let format {
                writer.key("format")
                writer.string(format)
            }
            if let pattern {
                writer.key("pattern")
                writer.string(pattern)
            }
        case .choice(let names):
            Schema.writeType("string", to: &writer)
            writer.key("enum")
            writer.beginArray()
            for name in names { writer.string(name) }
            writer.endArray()
        case .list(let element, let count):
            Schema.writeType("array", to: &writer)
            writer.key("items")
            element.write(to: &writer)
            if let count {
                writer.key("minItems")
                writer.int(count.lowerBound)
                writer.key("maxItems")
                writer.int(count.upperBound)
            }
        case .object(_, let members, let open):
            Schema.writeType("object", to: &writer)
            Schema.writeMembers(members, open: open, to: &writer)
        case .nullable(let inner):
            writer.key("anyOf")
            writer.beginArray()
            inner.write(to: &writer)
            writer.beginObject()
            Schema.writeType("null", to: &writer)
            writer.endObject()
            writer.endArray()
        }
    }

    private static func writeType(_ name: String, to writer: inout JSONWriter) {
        writer.key("type")
        writer.string(name)
    }

    /// The keywords of an object with these members.
    static func writeMembers(_ members: [Member], open: Bool, to writer: inout JSONWriter) {
        if !members.isEmpty {
            writer.key("properties")
            writer.beginObject()
            for member in members {
                writer.key(member.name)
                member.schema.writeDescribed(member.summary, to: &writer)
            }
            writer.endObject()
            let required = members.filter(\.isRequired)
            if !required.isEmpty {
                writer.key("required")
                writer.beginArray()
                for member in required { writer.string(member.name) }
                writer.endArray()
            }
        }
        if !open {
            writer.key("additionalProperties")
            writer.bool(false)
        }
    }

    /// A `$ref` may carry a description beside it (JSON Schema 2020-12 §8.2.3.1).
    func writeDescribed(_ summary: String, to writer: inout JSONWriter) {
        guard case .object(let name?, _, _) = self else {
            return writeDefinition(to: &writer, summary: summary)
        }
        writer.beginObject()
        writer.key("$ref")
        writer.string("#/components/schemas/" + name)
        writer.key("description")
        writer.string(summary)
        writer.endObject()
    }

    /// Every named object in this schema, this one included, by name.
    func collectComponents(into components: inout [String: Schema]) {
        switch self {
        case .any, .boolean, .integer, .number, .string, .choice: break
        case .list(let element, _): element.collectComponents(into: &components)
        case .nullable(let inner): inner.collectComponents(into: &components)
        case .object(let name, let members, _):
            if let name { components[name] = self }
            for member in members { member.schema.collectComponents(into: &components) }
        }
    }

    /// A few words for a table: `string, 1–80 characters`.
    public var words: String {
        switch self {
        case .any: "any JSON"
        case .boolean: "boolean"
        case .integer(let range):
            range == Int64.min...Int64.max ? "integer" : "integer, \(range.lowerBound)–\(range.upperBound)"
        case .number: "number"
        case .string(let length, let format, _):
            (format ?? "string") + (length.map { ", \($0.lowerBound)–\($0.upperBound) characters" } ?? "")
        case .choice(let names): names.joined(separator: " \\| ")
        case .list(let element, let count):
            "list of " + element.words + (count.map { ", \($0.lowerBound)–\($0.upperBound) entries" } ?? "")
        case .object(let name, _, _): name ?? "object"
        case .nullable(let inner): inner.words + " or null"
        }
    }
}
