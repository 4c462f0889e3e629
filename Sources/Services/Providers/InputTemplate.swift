import JSON
import JSONSchema

/// What a provider has to know of a record, and how that is made the same each time.
struct InputTemplate: Sendable {
    struct Part: Sendable {
        let name: String
        let steps: [Normalisation]
    }

    /// In the order of their names' bytes, which is that of the canonical input.
    let parts: [Part]
    let schema: JSONSchema
    let schemaJSON: [UInt8]

    /// What is not there or does not fit, by its place; nothing of what a record holds is quoted.
    enum Misfit: Error, Sendable, Equatable {
        /// The record does not have what the provider needs.
        case lacking([String])
    }

    /// A text of a record that is longer than this is none to ask about.
    static let maximumTextBytes = 4096

    /// - Parameter record: an object of the record's fields.
    func read(_ record: JSON) throws(Misfit) -> (canonical: [UInt8], values: [String: InputValue]) {
        var values: [String: InputValue] = [:]
        var faults: [String] = []
        for part in parts {
            guard let field = record[part.name], !field.isNull else { continue }
            switch InputTemplate.value(field, part.steps) {
            case .success(let value?): values[part.name] = value
            case .success(nil): break
            case .failure(let fault): faults.append("/\(part.name) \(fault.message)")
            }
        }
        guard faults.isEmpty else { throw .lacking(faults) }
        let canonical = JSONWriter.object { writer in
            for part in parts {
                guard let value = values[part.name] else { continue }
                writer.key(part.name)
                writer.raw(value.json)
            }
        }
        guard let json = try? JSON.parse(canonical) else { throw .lacking(["the record cannot be read"]) }
        let violations = schema.violations(of: json, limit: 8)
        guard violations.isEmpty else { throw .lacking(violations.map(\.description)) }
        return (canonical, values)
    }

    private struct Fault: Error {
        let message: String
    }

    /// - Returns: nil for a text that says nothing.
    private static func value(_ field: JSON, _ steps: [Normalisation]) -> Result<InputValue?, Fault> {
        switch field.kind {
        case .number, .bool:
            return .success(InputValue(text: field.source, json: Array(field.sourceBytes)))
        case .string:
            guard field.sourceBytes.count <= maximumTextBytes else {
                return .failure(Fault(message: "is longer than \(maximumTextBytes) bytes"))
            }
            let text = steps.reduce(field.string ?? "") { $1.apply($0) }
            guard !text.isEmpty else { return .success(nil) }
            var writer = JSONWriter(reserving: text.utf8.count + 2)
            writer.string(text)
            return .success(InputValue(text: text, json: writer.bytes))
        case .null, .array, .object:
            return .failure(Fault(message: "has to be a text, a number, true or false"))
        }
    }
}
