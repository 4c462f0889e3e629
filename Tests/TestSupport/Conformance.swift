import Foundation
import JSON

/// The conformance corpus: what is sent, and what has to come back.
public struct ConformanceCase: Sendable {
    public let name: String
    public let bytes: [UInt8]
    private let expected: JSON?
    private let comparesCodes: Bool

    public static func all() throws -> [ConformanceCase] {
        try Vectors.lines(of: "conformance/jsonrpc.jsonl").map { entry in
            let base64 = entry["send_b64"]?.string.flatMap { Data(base64Encoded: $0) }
            return ConformanceCase(
                name: entry["name"]?.string ?? "",
                bytes: base64.map { [UInt8]($0) } ?? Array((entry["send"]?.string ?? "").utf8),
                expected: entry["expect"].flatMap { $0.isNull ? nil : $0 },
                comparesCodes: entry["match"]?.string == "error-code")
        }
    }

    /// Whether these answers, none or one, are what the corpus holds for right.
    public func accepts(_ answers: [JSON]) -> Bool {
        answers.map(shape) == (expected.map { [$0] } ?? []).map(shape)
    }

    /// A text that is equal for values that the corpus holds for equal: members sorted, batches in any order.
    private func shape(_ json: JSON) -> String {
        if json.kind == .array { return "[" + json.elements.map(shape).sorted().joined(separator: ",") + "]" }
        if comparesCodes, let code = json["error"]?["code"] {
            return "\(json["jsonrpc"]?.source ?? "-") \(json["id"].map(canonical) ?? "-") \(code.source)"
        }
        return canonical(json)
    }

    private func canonical(_ json: JSON) -> String {
        switch json.kind {
        case .null, .bool, .number: json.source
        case .string: "\"" + (json.string ?? "") + "\""
        case .array: "[" + json.elements.map(canonical).joined(separator: ",") + "]"
        case .object:
            "{"
                + json.members.map { ($0.key.string ?? "") + ":" + canonical($0.value) }.sorted()
                .joined(separator: ",") + "}"
        }
    }
}
