import JSON
import JSONSchema

/// What a provider's answers look like, and where in them the fields are. Nothing is taken from an answer that does not fit whole.
struct AnswerTemplate: Sendable {
    enum Confidence: Sendable {
        case always(Double)
        case stated(JSONPointer, scale: Double, otherwise: Double)
    }

    struct Field: Sendable {
        let name: String
        let from: JSONPointer
        let schema: JSONSchema
        let schemaJSON: [UInt8]
        let transform: [Normalisation]
        let confidence: Confidence
    }

    let schema: JSONSchema
    let errorAt: JSONPointer?
    let notFoundStatuses: Set<Int>
    let notFoundAt: [JSONPointer]
    /// In the order of the manifest.
    let fields: [Field]

    /// A value that is longer than this is none that a record could hold.
    static let maximumValueBytes = 16 * 1024

    /// Reads an answer of status 2xx.
    func read(contentType: String?, body: [UInt8]) -> LookupOutcome {
        guard let contentType, AnswerTemplate.isJSON(contentType) else {
            return .failed(.badAnswer("its content type is not that of JSON", isTransient: true))
        }
        let json: JSON
        do throws(JSONError) {
            json = try JSON.parse(body)
        } catch {
            return .failed(.badAnswer("it is not JSON: \(error)", isTransient: true))
        }
        if let errorAt, let error = errorAt.resolve(in: json), !error.isEmptyOrNull {
            return .failed(LookupFailure(.providerError, "The provider tells of an error", isTransient: true))
        }
        let violations = schema.violations(of: json, limit: 1)
        if let violation = violations.first {
            return .failed(.badAnswer("\(violation)", isTransient: false))
        }
        if notFoundAt.contains(where: { $0.resolve(in: json)?.isEmptyOrNull ?? true }) { return .notFound }
        var found: [FoundField] = []
        for field in fields {
            switch field.value(in: json) {
            case .nothing: break
            case .value(let value):
                found.append(
                    FoundField(name: field.name, value: value, confidence: field.confidence(in: json)))
            case .unfit:
                return .failed(.badAnswer("\(field.name) holds what cannot be kept", isTransient: false))
            }
        }
        return found.isEmpty ? .notFound : .found(found)
    }

    /// `application/json`, and what is written as JSON (RFC 6839 §3.1).
    static func isJSON(_ contentType: String) -> Bool {
        let type = Normalisation.trim.apply(contentType.prefix { $0 != ";" }.lowercased())
        return type == "application/json" || type == "text/json"
            || (type.hasPrefix("application/") && type.hasSuffix("+json"))
    }
}

extension AnswerTemplate.Field {
    fileprivate enum Reading {
        /// The answer gives none that is worth having.
        case nothing
        case value([UInt8])
        /// What no record can hold.
        case unfit
    }

    fileprivate func value(in json: JSON) -> Reading {
        guard let place = from.resolve(in: json), !place.isEmptyOrNull else { return .nothing }
        var writer = JSONWriter()
        if let text = place.string {
            let text = transform.reduce(text) { $1.apply($0) }
            guard !text.isEmpty else { return .nothing }
            writer.string(text)
        } else {
            writer.canonical(place)
        }
        guard writer.bytes.count <= AnswerTemplate.maximumValueBytes,
            let value = try? JSON.parse(writer.bytes),
            isKept(value)
        else { return .unfit }
        return schema.isValid(value) ? .value(writer.bytes) : .nothing
    }

    /// PostgreSQL holds no NUL, and writes a number out to its last digit.
    private func isKept(_ value: JSON) -> Bool {
        switch value.kind {
        case .string: !(value.string?.utf8.contains(0) ?? true)
        case .number: value.double != nil
        case .array: value.elements.allSatisfy(isKept)
        case .object: value.members.allSatisfy { isKept($0) && isKept($1) }
        case .null, .bool: true
        }
    }

    /// 0 to 1.
    fileprivate func confidence(in json: JSON) -> Double {
        switch confidence {
        case .always(let value): return value
        case .stated(let pointer, let scale, let otherwise):
            guard let stated = pointer.resolve(in: json)?.double else { return otherwise }
            return min(max(stated / scale, 0), 1)
        }
    }
}
