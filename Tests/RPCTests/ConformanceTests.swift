import Foundation
import JSON
import RPC
import TestSupport
import Testing

@Suite("The conformance corpus", .enabled(if: Vectors.areHere))
struct ConformanceTests {
    @Test("Each case gets the answer it expects, and the connection goes on")
    func corpus() throws {
        let cases = try Vectors.lines(of: "conformance/jsonrpc.jsonl")
        #expect(cases.count == 145)
        let loopback = Loopback(try .forTests())
        for (number, entry) in cases.enumerated() {
            let name = try #require(entry["name"]?.string)
            var bytes = Array(try #require(entry["send"]?.string).utf8)
            if let base64 = entry["send_b64"]?.string {
                bytes = [UInt8](try #require(Data(base64Encoded: base64)))
            }
            loopback.send(bytes + [UInt8(ascii: "\n")])
            loopback.send(
                #"{"jsonrpc":"2.0","method":"test.echo","params":[],"id":"sentinel\#(number)"}"# + "\n")
            let received = try loopback.received()
            let (sentinels, answers) = split(received) { $0["id"]?.string == "sentinel\(number)" }
            #expect(sentinels.count == 1, "\(name)")
            let comparesCodes = entry["match"]?.string == "error-code"
            let expected = entry["expect"].flatMap { $0.isNull ? nil : [$0] } ?? []
            #expect(
                answers.map { shape($0, comparesCodes) } == expected.map { shape($0, comparesCodes) },
                "\(name)")
        }
    }

    private func split(_ values: [JSON], by isFirst: (JSON) -> Bool) -> ([JSON], [JSON]) {
        (values.filter(isFirst), values.filter { !isFirst($0) })
    }

    /// A text that is equal for values that the corpus holds for equal: members sorted, batches in any order.
    private func shape(_ json: JSON, _ comparesCodes: Bool) -> String {
        if json.kind == .array {
            return "[" + json.elements.map { shape($0, comparesCodes) }.sorted().joined(separator: ",") + "]"
        }
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
