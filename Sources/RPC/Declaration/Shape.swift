import Identifiers
import JSON

/// What a result looks like and how it is written: one declaration for both.
public struct Shape<Value: Sendable>: Sendable {
    public let schema: Schema
    let write: @Sendable (Value, inout JSONWriter) -> Void
    /// The counter of what can be updated; HTTP sends it as `ETag`.
    var version: (@Sendable (Value) -> Int64?)?
    /// Set for what is not written as one JSON value: a page of a list, a text.
    var makeBody: (@Sendable (Value) -> Body)?

    public init(_ schema: Schema, write: @escaping @Sendable (Value, inout JSONWriter) -> Void) {
        self.schema = schema
        self.write = write
    }

    /// Writes `value` as the body of an answer.
    public func body(of value: Value) -> Body {
        if let makeBody { return makeBody(value) }
        var writer = JSONWriter()
        write(value, &writer)
        return Body(.json(writer.bytes), version: version?(value))
    }
}

/// One member of a result object.
public struct Field<Value>: Sendable {
    let member: Schema.Member
    let write: @Sendable (Value, inout JSONWriter) -> Void

    public init<Content: Sendable>(
        _ name: StaticString, _ shape: Shape<Content>, _ summary: String,
        _ get: @escaping @Sendable (Value) -> Content
    ) {
        member = Schema.Member("\(name)", shape.schema, summary)
        write = { value, writer in
            writer.key(name)
            shape.write(get(value), &writer)
        }
    }
}

extension Shape {
    /// An object with these members; `version` makes it one that can be updated.
    public static func object(
        _ name: String, version: (@Sendable (Value) -> Int64?)? = nil, _ fields: Field<Value>...
    ) -> Shape {
        object(name, version: version, fields)
    }

    /// The same, for objects that have most of their members in common.
    public static func object(
        _ name: String, version: (@Sendable (Value) -> Int64?)? = nil, _ fields: [Field<Value>]
    ) -> Shape {
        var shape = Shape(.object(name: name, fields.map(\.member), open: false)) { value, writer in
            writer.beginObject()
            for field in fields { field.write(value, &writer) }
            writer.endObject()
        }
        shape.version = version
        return shape
    }

    /// The same, or null.
    public var nullable: Shape<Value?> {
        Shape<Value?>(.nullable(schema)) { [write] value, writer in
            guard let value else { return writer.null() }
            write(value, &writer)
        }
    }

    public var list: Shape<[Value]> {
        Shape<[Value]>(.list(schema, count: nil)) { [write] values, writer in
            writer.beginArray()
            for value in values { write(value, &writer) }
            writer.endArray()
        }
    }

    /// A page of a list: `{"items":[…],"nextCursor":string|null}`; over HTTP the items alone, the cursor in `meta`.
    public var page: Shape<Page<Value>> {
        var shape = Shape<Page<Value>>(
            .object(
                name: nil,
                [
                    Schema.Member("items", .list(schema, count: nil), "In the order of the list."),
                    Schema.Member(
                        "nextCursor", .nullable(.text), "Give it as `cursor` to read on; null at the end."),
                ], open: false),
            write: { _, _ in })
        shape.makeBody = { [write] page in
            var writer = JSONWriter()
            writer.beginArray()
            for item in page.items { write(item, &writer) }
            writer.endArray()
            return Body(.page(items: writer.bytes, nextCursor: page.nextCursor, limit: page.limit))
        }
        return shape
    }
}

/// Part of a list.
public struct Page<Item: Sendable>: Sendable {
    public let items: [Item]
    /// Opaque to callers; `nil` at the end.
    public let nextCursor: String?
    public let limit: Int

    public init(items: [Item], nextCursor: String?, limit: Int) {
        self.items = items
        self.nextCursor = nextCursor
        self.limit = limit
    }
}

extension Shape where Value == String {
    public static let string = Shape(.text) { $1.string($0) }
    /// What is shown once and must not be seen: clients print it as `***`.
    public static let secret = Shape(.string(length: nil, format: Schema.secretFormat)) { $1.string($0) }
}

extension Shape where Value == UUID {
    public static let uuid = Shape(.uuid) { $1.string($0.description) }
}

extension Shape where Value == Timestamp {
    /// RFC 3339, UTC, milliseconds.
    public static let timestamp = Shape(.timestamp) { $1.string($0.description) }
}

extension Shape where Value == Int64 {
    public static let integer = Shape(.integer(Int64.min...Int64.max)) { $1.int($0) }
}

extension Shape where Value == Double {
    public static let number = Shape(.number) { $1.double($0) }
}

extension Shape where Value == Bool {
    public static let boolean = Shape(.boolean) { $1.bool($0) }
}

extension Shape where Value == JSON {
    public static let any = Shape(.any) { $1.value($0) }
}

extension Shape where Value == Role {
    public static let workspaceRole = Shape(.choice(Role.allCases.filter(\.isOfWorkspace).map(\.name))) {
        $1.string($0.name)
    }
}

extension Shape where Value: RawRepresentable<String> & CaseIterable {
    /// One of the cases, by its raw value.
    public static func choice(_ type: Value.Type) -> Shape {
        Shape(.choice(type.allCases.map(\.rawValue))) { $1.string($0.rawValue) }
    }
}

/// A result that says only that it was done: `{}`.
public struct Done: Sendable {
    public init() {}
}

extension Shape where Value == Done {
    public static let done = Shape(.object(name: nil, [], open: false)) { _, writer in
        writer.beginObject()
        writer.endObject()
    }
}

/// A document with a media type of its own: over HTTP it stands alone, without the envelope.
public struct Document: Sendable {
    let bytes: [UInt8]

    /// Bytes that are JSON.
    public init(json bytes: [UInt8]) {
        self.bytes = bytes
    }
}

extension Shape where Value == Document {
    public static let document = Shape(.object(name: nil, [], open: true)) { $1.raw($0.bytes) }
}

/// Text with a media type of its own. JSON-RPC: `{contentType, text}`; HTTP: the text.
public struct TextDocument: Sendable {
    let contentType: String
    let text: String

    public init(_ text: String, contentType: String) {
        self.text = text
        self.contentType = contentType
    }
}

extension Shape where Value == TextDocument {
    public static var textDocument: Shape {
        var shape = Shape(
            .object(
                name: nil,
                [
                    Schema.Member("contentType", .text, "The media type."),
                    Schema.Member("text", .text, "The document."),
                ], open: false),
            write: { _, _ in })
        shape.makeBody = { value in Body(.text(value.text, contentType: value.contentType)) }
        return shape
    }
}
