import JSON

/// The OpenAPI 3.1 document of the routes.
public enum OpenAPI {
    public static func document(of methods: [Method], version: String) -> [UInt8] {
        JSONWriter.object { writer in
            writer.key("openapi")
            writer.string("3.1.0")
            writer.key("info")
            writer.beginObject()
            writer.key("title")
            writer.string("rpcd")
            writer.key("version")
            writer.string(version)
            writer.endObject()
            writer.key("servers")
            writer.beginArray()
            writer.beginObject()
            writer.key("url")
            writer.string("/api/v1")
            writer.endObject()
            writer.endArray()
            writer.key("paths")
            writer.beginObject()
            let routed = methods.compactMap { method in method.route.map { (route: $0, method: method) } }
            for (path, entries) in Dictionary(grouping: routed, by: \.route.path).sorted(by: {
                $0.key < $1.key
            }) {
                writer.key(path)
                writer.beginObject()
                for (route, method) in entries {
                    writer.key(route.verb.rawValue.lowercased())
                    write(method, route, to: &writer)
                }
                writer.endObject()
            }
            writer.endObject()
            writer.key("components")
            writer.beginObject()
            Components.writeSchemas(of: methods, to: &writer)
            writer.key("securitySchemes")
            writer.raw(Array(#"{"bearer":{"type":"http","scheme":"bearer"}}"#.utf8))
            writer.endObject()
        }
    }

    private static func write(_ method: Method, _ route: Route, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("operationId")
        writer.string(method.name)
        writer.key("summary")
        writer.string(method.summary)
        writer.key("description")
        writer.string(method.requirement)
        if method.role != .public {
            writer.key("security")
            writer.raw(Array(#"[{"bearer":[]}]"#.utf8))
        }
        let inBody = writeParameters(of: method, route, to: &writer)
        if !inBody.isEmpty {
            writer.key("requestBody")
            writer.beginObject()
            writer.key("required")
            writer.bool(inBody.contains(where: \.isRequired))
            writeContent("application/json", to: &writer) { writer in
                writer.beginObject()
                writer.key("type")
                writer.string("object")
                Schema.writeMembers(inBody, open: false, to: &writer)
                writer.endObject()
            }
            writer.endObject()
        }
        writer.key("responses")
        writer.beginObject()
        writeSuccess(of: method, to: &writer)
        for status in Set(method.possibleErrors.map(\.httpStatus)).sorted() {
            writer.key("\(status)")
            writer.beginObject()
            writer.key("description")
            writer.string(
                method.possibleErrors.filter { $0.httpStatus == status }.map(\.name).joined(separator: ", "))
            writeContent("application/json", to: &writer) { Components.failure.write(to: &$0) }
            writer.endObject()
        }
        writer.endObject()
        writer.endObject()
    }

    /// Those of path and query; a verb with a body has the rest there.
    /// - Returns: what belongs into the body.
    private static func writeParameters(
        of method: Method, _ route: Route, to writer: inout JSONWriter
    ) -> [Schema.Member] {
        let hasBody = route.verb != .get && route.verb != .delete
        let isInPath: (Schema.Member) -> Bool = { route.segments.contains(.param($0.name)) }
        let parameters = method.params.filter { isInPath($0) || !hasBody }
        if !parameters.isEmpty {
            writer.key("parameters")
            writer.beginArray()
            for param in parameters {
                writer.beginObject()
                writer.key("name")
                writer.string(param.name)
                writer.key("in")
                writer.string(isInPath(param) ? "path" : "query")
                writer.key("description")
                writer.string(param.summary)
                writer.key("required")
                writer.bool(param.isRequired)
                writer.key("schema")
                param.schema.write(to: &writer)
                writer.endObject()
            }
            writer.endArray()
        }
        return method.params.filter { !isInPath($0) && hasBody }
    }

    private static func writeSuccess(of method: Method, to writer: inout JSONWriter) {
        writer.key(method.creates ? "201" : "200")
        writer.beginObject()
        writer.key("description")
        writer.string(method.summary)
        writeContent(method.mediaType ?? "application/json", to: &writer) { writer in
            guard method.mediaType == nil else { return method.result.write(to: &writer) }
            writer.beginObject()
            writer.key("type")
            writer.string("object")
            writer.key("properties")
            writer.beginObject()
            writer.key("success")
            writer.raw(Array(#"{"const":true}"#.utf8))
            writer.key("data")
            method.httpData.write(to: &writer)
            writer.key("error")
            writer.raw(Array(#"{"type":"null"}"#.utf8))
            writer.key("meta")
            writer.raw(Array(#"{"type":"object"}"#.utf8))
            writer.endObject()
            writer.endObject()
        }
        writer.endObject()
    }

    private static func writeContent(
        _ type: String, to writer: inout JSONWriter, schema: (inout JSONWriter) -> Void
    ) {
        writer.key("content")
        writer.beginObject()
        writer.key(type)
        writer.beginObject()
        writer.key("schema")
        schema(&writer)
        writer.endObject()
        writer.endObject()
    }
}

extension Method {
    /// Of a page the items alone: the cursor is in `meta`.
    fileprivate var httpData: Schema {
        guard case .object(nil, let members, _) = result, members.map(\.name) == ["items", "nextCursor"]
        else {
            return result
        }
        return members[0].schema
    }
}
