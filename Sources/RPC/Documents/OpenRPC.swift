import JSON

/// The OpenRPC 1.3 document (https://spec.open-rpc.org) of a list of methods.
public enum OpenRPC {
    /// `rpc.discover`, which describes `methods` and itself.
    public static func discover(describing methods: [Method], version: String) -> Method {
        func declared(_ document: Document) -> Method {
            Method(
                "rpc.discover", "Gives this document.", role: .public, route: .get("/openrpc.json"),
                mediaType: "application/json", params: Params(), result: .document,
                example: Example("{}", gives: #"{"openrpc":"1.3.2"}"#), run: .immediate { _ in document })
        }
        let all = methods + [declared(Document(json: []))]
        return declared(Document(json: document(of: all, version: version)))
    }

    /// The document of exactly these methods.
    public static func document(of methods: [Method], version: String) -> [UInt8] {
        JSONWriter.object { writer in
            writer.key("openrpc")
            writer.string("1.3.2")
            writer.key("info")
            writer.beginObject()
            writer.key("title")
            writer.string("rpcd")
            writer.key("version")
            writer.string(version)
            writer.endObject()
            writer.key("methods")
            writer.beginArray()
            for method in methods { write(method, to: &writer) }
            writer.endArray()
            writer.key("components")
            writer.beginObject()
            Components.writeSchemas(of: methods, to: &writer)
            writer.endObject()
        }
    }

    private static func write(_ method: Method, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.string(method.name)
        writer.key("summary")
        writer.string(method.summary)
        writer.key("description")
        writer.string(method.requirement)
        writer.key("paramStructure")
        writer.string("either")
        writer.key("params")
        writer.beginArray()
        for param in method.params {
            writer.beginObject()
            writer.key("name")
            writer.string(param.name)
            writer.key("summary")
            writer.string(param.summary)
            writer.key("required")
            writer.bool(param.isRequired)
            writer.key("schema")
            param.schema.write(to: &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.key("result")
        writer.beginObject()
        writer.key("name")
        writer.string("result")
        writer.key("schema")
        method.result.write(to: &writer)
        writer.endObject()
        writer.key("errors")
        writer.beginArray()
        for code in method.possibleErrors {
            writer.beginObject()
            writer.key("code")
            writer.int(code.rpcCode)
            writer.key("message")
            writer.string(code.defaultMessage)
            writer.endObject()
        }
        writer.endArray()
        writeExtensions(of: method, to: &writer)
        writer.endObject()
    }

    /// What generated clients have to know and OpenRPC has no word for.
    private static func writeExtensions(of method: Method, to writer: inout JSONWriter) {
        writer.key("x-mutates")
        writer.bool(method.mutates)
        writer.key("x-idempotent")
        writer.bool(method.isIdempotent)
        if let progress = method.progress {
            writer.key("x-progress")
            progress.write(to: &writer)
        }
        if let route = method.route {
            writer.key("x-route")
            writer.beginObject()
            writer.key("verb")
            writer.string(route.verb.rawValue)
            writer.key("path")
            writer.string(route.path)
            writer.endObject()
        }
        if let mediaType = method.mediaType {
            writer.key("x-media-type")
            writer.string(mediaType)
        }
    }
}

/// The named schemas of both documents.
enum Components {
    /// The envelope of every failure: HTTP's body, and `error.data` of JSON-RPC.
    static let failure = Schema.object(
        name: "Failure",
        [
            Schema.Member("success", .boolean, "Always false."),
            Schema.Member("data", .nullable(.any), "Always null."),
            Schema.Member(
                "error",
                .object(
                    name: nil,
                    [
                        Schema.Member("code", .choice(codes), "What a program switches on."),
                        Schema.Member("message", .text, "What a person reads."),
                        Schema.Member(
                            "details", .any, "What the code's documentation says.", isRequired: false),
                    ], open: false), "What went wrong."),
            Schema.Member(
                "meta",
                .object(
                    name: nil, [Schema.Member("requestId", .text, "Under which the daemon's log has it.")],
                    open: true), "Of the call."),
        ], open: false)

    private static let codes = ErrorCode.all.map(\.name).reduce(into: [String]()) { names, name in
        if !names.contains(name) { names.append(name) }
    }

    static func writeSchemas(of methods: [Method], to writer: inout JSONWriter) {
        var schemas: [String: Schema] = [:]
        failure.collectComponents(into: &schemas)
        for method in methods {
            method.result.collectComponents(into: &schemas)
            for param in method.params { param.schema.collectComponents(into: &schemas) }
            method.progress?.collectComponents(into: &schemas)
        }
        writer.key("schemas")
        writer.beginObject()
        for (name, schema) in schemas.sorted(by: { $0.key < $1.key }) {
            writer.key(name)
            schema.writeDefinition(to: &writer)
        }
        writer.endObject()
    }
}

extension Method {
    /// Who may call it, as a sentence.
    var requirement: String {
        switch role {
        case .public: "For everybody."
        case .user where admitsAPIKeys: "For everybody who has logged in, and for API keys."
        case .user: "For everybody who has logged in; not for API keys."
        case .operator: "For the operator of the host."
        default: "For members of the workspace, from the role \(role.name) up."
        }
    }

    /// What its declaration makes possible.
    var possibleErrors: [ErrorCode] {
        var codes: [ErrorCode] = [.rateLimitExceeded, .serviceUnavailable, .timeout, .internalError]
        if !params.isEmpty { codes.append(.validation) }
        // What is rated as `auth`, or binds a token, checks a password or a token of its own.
        if role != .public || rate == .auth || bindsToken { codes.append(.authentication) }
        if role != .public { codes += [.authorization, .notFound] }
        if mutates { codes.append(.conflict) }
        if spends { codes.append(.insufficientCredits) }
        if isIdempotent { codes.append(.idempotencyKeyReused) }
        return codes
    }
}
