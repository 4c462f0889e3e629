import JSON
import NIOHTTP1
import RPC

/// Makes the params of a call from a request: headers, path, query and body become one JSON object, which is then checked like any
/// other. A name that stands in two places is in that object twice, and refused as such.
enum HTTPArguments {
    /// - Throws: `INVALID_REQUEST`, `PARSE_ERROR`.
    static func make(
        _ method: Method, _ head: HTTPRequestHead, path: [(name: String, value: String)], query: Substring,
        body: [UInt8], limits: Limits
    ) throws(CallError) -> Arguments {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("_meta")
        writeMeta(head.headers, to: &writer)
        for (name, value) in path {
            guard let text = percentDecoded(value[...], plusIsSpace: false) else { throw badEscape }
            writer.key(name)
            writer.string(text)
        }
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = percentDecoded(parts[0], plusIsSpace: true),
                let value = percentDecoded(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
            else { throw badEscape }
            writer.key(name)
            write(value, as: method.params.first { $0.name == name }?.schema, to: &writer)
        }
        if let version = ifMatch(head.headers) {
            // Where there is no version to compare, a condition that is not looked at would be a lie: it is an unknown param.
            writer.key("ifVersion")
            write(version, as: .integer(0...1), to: &writer)
        }
        if !body.isEmpty { try writeMembers(of: body, limits, to: &writer) }
        writer.endObject()
        guard writer.bytes != nothing else { return .none }
        return .named(try parse(writer.bytes, limits))
    }

    /// What is written of a request that says nothing.
    private static let nothing = Array(#"{"_meta":{}}"#.utf8)

    /// The metadata of a raw JSON-RPC message.
    static func defaults(_ headers: HTTPHeaders, _ limits: Limits) throws(CallError) -> Metadata.Defaults {
        var writer = JSONWriter()
        writeMeta(headers, to: &writer)
        return try Metadata.Defaults(try parse(writer.bytes, limits), limits)
    }

    /// The token of `Authorization: Bearer …` (RFC 6750 §2.1).
    static func bearerToken(_ headers: HTTPHeaders) -> String? {
        let parts = headers.first(name: "authorization")?.split(separator: " ", maxSplits: 1) ?? []
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }

    private static func writeMeta(_ headers: HTTPHeaders, to writer: inout JSONWriter) {
        writer.beginObject()
        if headers.contains(name: "authorization") {
            writer.key("token")
            writer.string(bearerToken(headers) ?? "none")
        }
        if let key = headers.first(name: "idempotency-key") {
            writer.key("idempotencyKey")
            writer.string(key)
        }
        if let id = headers.first(name: "x-request-id") {
            writer.key("requestId")
            writer.string(id)
        }
        if let timeout = headers.first(name: "x-timeout-ms") {
            writer.key("timeoutMs")
            write(timeout, as: .integer(0...1), to: &writer)
        }
        if let traceparent = headers.first(name: "traceparent") {
            writer.key("traceparent")
            writer.string(traceparent)
        }
        writer.endObject()
    }

    private static func writeMembers(of body: [UInt8], _ limits: Limits, to writer: inout JSONWriter)
        throws(CallError)
    {
        let json = try parse(body, limits)
        guard json.kind == .object else {
            throw CallError(.invalidRequest, "The body has to be a JSON object")
        }
        for (key, value) in json.members {
            writer.key(key.string ?? "")
            writer.value(value)
        }
    }

    private static func parse(_ bytes: [UInt8], _ limits: Limits) throws(CallError) -> JSON {
        do {
            return try JSON.parse(bytes, maxDepth: limits.nestingDepth)
        } catch {
            throw CallError(.parseError, "Parse error: \(error)")
        }
    }

    /// Text as the schema wants it: what does not look like it stays a string, and is refused as one.
    private static func write(_ text: String, as schema: Schema?, to writer: inout JSONWriter) {
        let wanted: [JSON.Kind] =
            switch schema {
            case .integer, .number: [.number]
            case .boolean: [.bool]
            case .list: [.array]
            case .object: [.object]
            case .any: [.null, .bool, .number, .string, .array, .object]
            case .string, .choice, .nullable, nil: []
            }
        if let json = try? JSON.parse(text), wanted.contains(json.kind) {
            writer.value(json)
        } else {
            writer.string(text)
        }
    }

    /// The version in `If-Match: "3"`; RFC 9110 §13.1.1.
    private static func ifMatch(_ headers: HTTPHeaders) -> String? {
        guard let value = headers.first(name: "if-match"), value != "*" else { return nil }
        return value.hasPrefix("\"") && value.hasSuffix("\"") && value.count > 2
            ? String(value.dropFirst().dropLast()) : value
    }

    private static let badEscape = CallError(.invalidRequest, "A percent escape in the URL is not UTF-8")

    /// RFC 3986 §2.1; `nil` for a broken escape, or bytes that are not UTF-8.
    private static func percentDecoded(_ text: Substring, plusIsSpace: Bool) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.next(), let low = rest.next(),
                    let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16),
                    high != UInt8(ascii: "+")
                else { return nil }
                bytes.append(value)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
