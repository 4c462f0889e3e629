import Identifiers
import JSON

/// One param: what it is called, what fits, what it means, and how it is read. Reading it is checking it.
public struct Param<Value: Sendable>: Sendable {
    public let name: String
    public let schema: Schema
    public let summary: String
    public let isRequired: Bool
    let read: @Sendable (JSON?, inout [FieldError]) -> Value?

    /// A param that has to be there. `read` gives what does not fit as a code and a sentence.
    public init(
        _ name: String, _ schema: Schema, _ summary: String,
        read: @escaping @Sendable (JSON) -> Result<Value, Misfit>
    ) {
        self.name = name
        self.schema = schema
        self.summary = summary
        self.isRequired = true
        self.read = { json, errors in
            guard let json else {
                errors.append(FieldError(name, .required, "is required"))
                return nil
            }
            switch read(json) {
            case .success(let value): return value
            case .failure(let misfit):
                errors.append(FieldError(name, misfit))
                return nil
            }
        }
    }

    private init(
        optional name: String, _ schema: Schema, _ summary: String,
        read: @escaping @Sendable (JSON?, inout [FieldError]) -> Value?
    ) {
        self.name = name
        self.schema = schema
        self.summary = summary
        self.isRequired = false
        self.read = read
    }

    /// A param that has to be there. `read` adds every fault that it finds, with its whole path, and then gives `nil`.
    public init(
        _ name: String, _ schema: Schema, _ summary: String,
        collecting read: @escaping @Sendable (JSON, inout [FieldError]) -> Value?
    ) {
        self.name = name
        self.schema = schema
        self.summary = summary
        self.isRequired = true
        self.read = { json, errors in
            guard let json else {
                errors.append(FieldError(name, .required, "is required"))
                return nil
            }
            return read(json, &errors)
        }
    }

    /// A param that may be absent or null: then it is `nil`.
    public static func optional<Wrapped>(_ param: Param<Wrapped>) -> Param where Value == Wrapped? {
        Param(optional: param.name, param.schema, param.summary) { json, errors in
            guard let json, !json.isNull else { return .some(nil) }
            return param.read(json, &errors).map { .some($0) }
        }
    }

    /// The same param, which may be absent or null: then it is `value`.
    public func defaulting(to value: Value) -> Param<Value> {
        Param(optional: name, schema, summary + " Default \(value).") { [read] json, errors in
            guard let json, !json.isNull else { return value }
            return read(json, &errors)
        }
    }
}

/// Why a value does not fit its param.
public struct Misfit: Error, Sendable {
    let code: FieldError.Code
    public let message: String
    /// Below the param, as `.locale` or `[3].email`.
    let path: String?

    public init(_ code: FieldError.Code, _ message: String, at path: String? = nil) {
        self.code = code
        self.message = message
        self.path = path
    }
}

extension FieldError {
    /// A misfit of what stands at `path`.
    public init(_ path: String, _ misfit: Misfit) {
        self.init(misfit.path.map { path + $0 } ?? path, misfit.code, misfit.message)
    }
}

extension Param where Value == String {
    /// Text whose length, in Unicode scalars, is within `length`. NUL is refused: PostgreSQL cannot store it.
    public static func text(_ name: String, _ length: ClosedRange<Int>, _ summary: String) -> Param {
        let mayBeBlank = length.lowerBound == 0
        return Param(name, .string(length: length, format: nil, pattern: mayBeBlank ? nil : #"\S"#), summary)
        { json in
            let text = checkedText(json, length)
            guard !mayBeBlank, case .success(let value) = text, value.allSatisfy(\.isWhitespace) else {
                return text
            }
            return .failure(Misfit(.format, "must not be blank"))
        }
    }

    /// One of `choices`.
    public static func choice(_ name: String, _ choices: [String], _ summary: String) -> Param {
        Param(name, .choice(choices), summary) { json in
            guard let text = json.string else { return .failure(Misfit(.type, "has to be a string")) }
            guard choices.contains(text) else {
                return .failure(Misfit(.choice, "has to be one of " + choices.joined(separator: ", ")))
            }
            return .success(text)
        }
    }
}

extension Param where Value == Int64 {
    /// A whole number within `range`, written without fraction or exponent.
    public static func integer(_ name: String, _ range: ClosedRange<Int64>, _ summary: String) -> Param {
        Param(name, .integer(range), summary) { json in
            guard json.kind == .number, !json.sourceIsFractional else {
                return .failure(Misfit(.type, "has to be an integer"))
            }
            guard let value = json.int64, range.contains(value) else {
                return .failure(
                    Misfit(.range, "has to be between \(range.lowerBound) and \(range.upperBound)"))
            }
            return .success(value)
        }
    }
}

extension Param where Value == Bool {
    public static func boolean(_ name: String, _ summary: String) -> Param {
        Param(name, .boolean, summary) { json in
            json.bool.map { .success($0) } ?? .failure(Misfit(.type, "has to be true or false"))
        }
    }
}

extension Param where Value == UUID {
    /// A UUID in its canonical form.
    public static func uuid(_ name: String, _ summary: String) -> Param {
        Param(name, .uuid, summary) { json in
            guard let text = json.string else { return .failure(Misfit(.type, "has to be a string")) }
            guard let value = UUID(text) else {
                return .failure(Misfit(.format, "has to be a UUID, as 6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10"))
            }
            return .success(value)
        }
    }

    /// The workspace in which the method acts: the role check reads it, too.
    public static let workspace = uuid("workspaceId", "The workspace.")
}

extension Param where Value == Timestamp {
    /// A moment by RFC 3339.
    public static func timestamp(_ name: String, _ summary: String) -> Param {
        Param(name, .timestamp, summary) { json in
            guard let text = json.string else { return .failure(Misfit(.type, "has to be a string")) }
            guard let value = Timestamp(rfc3339: text) else {
                return .failure(Misfit(.format, "has to be a moment by RFC 3339, as 2030-01-31T12:00:00Z"))
            }
            return .success(value)
        }
    }
}

extension Param {
    /// A list of what `element` describes; each that does not fit is named by its place, as `thresholds[3]`.
    public static func list<Element>(
        _ name: String, _ count: ClosedRange<Int>, of element: Param<Element>, _ summary: String
    ) -> Param where Value == [Element] {
        Param(name, .list(element.schema, count: count), summary) { json, errors in
            guard json.kind == .array else {
                errors.append(FieldError(name, .type, "has to be a list"))
                return nil
            }
            guard count.contains(json.count) else {
                errors.append(
                    FieldError(
                        name, .length, "has to have \(count.lowerBound) to \(count.upperBound) entries"))
                return nil
            }
            var values: [Element] = []
            values.reserveCapacity(json.count)
            for (index, entry) in json.elements.enumerated() {
                var misfits: [FieldError] = []
                if let value = element.read(entry, &misfits) { values.append(value) }
                for misfit in misfits {
                    // What is inside an element is named by it alone.
                    let inside = misfit.path.dropFirst(element.name.count)
                    errors.append(FieldError("\(name)[\(index)]\(inside)", misfit.code, misfit.message))
                }
            }
            return values.count == json.count ? values : nil
        }
    }
}

extension Param where Value == JSON {
    /// Anything that is JSON.
    public static func any(_ name: String, _ summary: String) -> Param {
        Param(name, .any, summary) { .success($0) }
    }

    /// A JSON object of at most `bytes`, without duplicate members at its top level, without NUL.
    public static func object(_ name: String, bytes: Int, _ summary: String) -> Param {
        Param(name, .object(name: nil, [], open: true), summary) { json in
            guard json.kind == .object else { return .failure(Misfit(.type, "has to be an object")) }
            if let member = json.duplicatedMember() {
                return .failure(Misfit(.duplicate, "stands there twice", at: "." + member))
            }
            guard json.sourceBytes.count <= bytes else {
                return .failure(Misfit(.length, "has to be at most \(bytes) bytes of JSON"))
            }
            return .success(json)
        }
    }
}

/// The text of a JSON string within `length` Unicode scalars and without NUL.
public func checkedText(_ json: JSON, _ length: ClosedRange<Int>) -> Result<String, Misfit> {
    guard var text = json.string else { return .failure(Misfit(.type, "has to be a string")) }
    // In one pass over the bytes: the views of a string take ten times as long.
    let (characters, hasNUL) = text.withUTF8 { bytes in
        bytes.reduce(into: (0, false)) { found, byte in
            if byte & 0xC0 != 0x80 { found.0 += 1 }
            if byte == 0 { found.1 = true }
        }
    }
    guard length.contains(characters) else {
        return .failure(
            Misfit(.length, "has to have \(length.lowerBound) to \(length.upperBound) characters"))
    }
    guard !hasNUL else {
        return .failure(Misfit(.format, "must not contain the character NUL"))
    }
    return .success(text)
}

extension JSON {
    /// Whether a number token has a fraction or an exponent.
    fileprivate var sourceIsFractional: Bool {
        source.utf8.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
    }
}
