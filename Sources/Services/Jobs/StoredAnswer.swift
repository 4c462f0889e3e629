import Identifiers
import JSON
import Postgres

/// A provider's answer as it is kept for whoever asks the same.
extension FoundField {
    static func stored(_ answer: JSON, answeredAt: Timestamp? = nil) -> [FoundField] {
        answer.elements.compactMap { entry in
            guard let name = entry["name"]?.string, let value = entry["value"],
                let confidence = entry["confidence"]?.double
            else { return nil }
            return FoundField(
                name: name, value: Array(value.sourceBytes), confidence: confidence, answeredAt: answeredAt)
        }
    }

    static func text(of fields: [FoundField]) -> JSONText {
        var writer = JSONWriter()
        writer.beginArray()
        for field in fields {
            writer.beginObject()
            writer.key("name")
            writer.string(field.name)
            writer.key("value")
            writer.raw(field.value)
            writer.key("confidence")
            writer.double(field.confidence)
            writer.endObject()
        }
        writer.endArray()
        return JSONText(String(decoding: writer.bytes, as: UTF8.self))
    }

    /// As a column holds it.
    var text: JSONText { JSONText(String(decoding: value, as: UTF8.self)) }
}
