import JSON

/// A schema by JSON Schema draft 2020-12, read once and applied to any number of values from any number of threads.
///
/// All vocabularies of the draft are there; `format` decides only where asked to. `$ref` reaches the schema itself, the
/// documents given along with it and the meta-schemas of the draft; nothing is ever fetched.
///
/// The schema is trusted, the values are not: checking one takes time and memory in proportion to its length, whatever
/// it holds. See ``Limits``.
public struct JSONSchema: Sendable {
    public enum Limits {
        /// How many schemas may be applied within each other on the way to one part of a value. Each level of the value
        /// takes at least one, each `$ref` and each `allOf`, `anyOf` and so on another. All take less than 1 MB of stack.
        public static let depth = 512
        /// The work that checking a value may take beside ``stepsPerByte``, in steps: one for each schema that is
        /// applied, each member looked at and each item of a pattern tried.
        public static let steps = 200_000
        /// The further work for each byte of the value's text.
        public static let stepsPerByte = 8
        /// The bytes of a member's name in the path of a violation; what is longer is cut.
        public static let nameLength = 128
    }

    let graph: Graph

    /// Reads a schema.
    /// - Parameters:
    ///   - documents: by their URLs without a fragment, other schemas that this one and they themselves may refer to.
    ///   - assertsFormat: whether `format` decides. It does for date-time, date, time, email, uuid, uri, uri-reference,
    ///     ipv4 and ipv6; any other is a remark.
    /// - Throws: ``JSONSchemaError`` with the place of what is not a schema of the draft or cannot be carried out.
    public init(
        _ schema: JSON, documents: [String: JSON] = [:], assertsFormat: Bool = false
    ) throws(JSONSchemaError) {
        var compiler = try Compiler(schema, documents: documents, assertsFormat: assertsFormat)
        graph = try compiler.compiled()
    }

    /// What is wrong with `instance`, at most `limit` of it and at least one; empty when it fits.
    ///
    /// A value on which checking does not come to an end within ``Limits`` does not fit, and the last violation says so.
    public func violations(of instance: JSON, limit: Int = 32) -> [JSONSchemaViolation] {
        var evaluation = Evaluation(graph, of: instance, limit: max(limit, 1))
        return evaluation.run(instance)
    }

    /// Whether `instance` fits; faster than asking for ``violations(of:limit:)``.
    public func isValid(_ instance: JSON) -> Bool {
        var evaluation = Evaluation(graph, of: instance, limit: 0)
        return evaluation.run(instance).isEmpty
    }
}

/// One thing that is wrong with a value. It names members, but never quotes a value: that may be a secret.
public struct JSONSchemaViolation: Sendable, Equatable, CustomStringConvertible {
    /// A JSON pointer (RFC 6901) to the part that does not fit; to where it would be when it is missing.
    public let path: String
    /// Of the schema, as `maxLength`. Empty when a limit was reached beside any keyword.
    public let keyword: String
    /// What is expected, as "has to be a string".
    public let message: String

    public var description: String { "\(path.isEmpty ? "the value" : path) \(message)" }
}

/// Why something is not a schema, and where.
public struct JSONSchemaError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The URL of the document at fault; empty for the schema itself.
    public let document: String
    /// A JSON pointer (RFC 6901) to the fault within its document.
    public let pointer: String
    /// As "has to be a string".
    public let message: String

    public var description: String {
        (document.isEmpty ? "" : document + " ") + (pointer.isEmpty ? "the schema" : pointer) + " " + message
    }
}
