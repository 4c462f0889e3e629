import Foundation
import JSON
import JSONSchema
import TestSupport
import Testing

@Suite("The public suite of JSON Schema 2020-12", .enabled(if: Vectors.areHere))
struct SuiteTests {
    /// One test of the suite, and what came of it.
    private struct Outcome {
        let file: String
        let title: String
        let isRight: Bool
        let detail: String
    }

    @Test("Every test of the required part comes out as marked")
    func required() throws {
        let outcomes = try SuiteTests.outcomes { !$0.hasPrefix("optional/") }
        #expect(outcomes.count > 1_200)
        for outcome in outcomes where !outcome.isRight {
            Issue.record("\(outcome.file): \(outcome.title): \(outcome.detail)")
        }
    }

    /// What the suite leaves open and this validator does in full. The rest asserts formats that are remarks here,
    /// keywords of older drafts, or needs one of these drafts.
    private static let optional: Set<String> = [
        "anchor", "bignum", "dynamicRef", "ecmascript-regex", "float-overflow", "format-assertion", "id",
        "no-schema", "non-bmp-regex", "refOfUnknownKeyword", "unknownKeyword", "format/date-time",
        "format/date",
        "format/email", "format/ipv4", "format/ipv6", "format/time", "format/unknown", "format/uri",
        "format/uri-reference", "format/uuid",
    ]

    @Test("Of the optional part, whole files come out as marked, and no less of the others than before")
    func optional() throws {
        let outcomes = try SuiteTests.outcomes { $0.hasPrefix("optional/") }
        let complete = Dictionary(grouping: outcomes, by: \.file).filter { $0.value.allSatisfy(\.isRight) }
            .keys
            .map { $0.dropFirst("optional/".count).dropLast(".json".count) }
        #expect(Set(complete.map(String.init)) == SuiteTests.optional)
        let right = outcomes.filter(\.isRight).count
        print("JSON Schema: \(right) of \(outcomes.count) optional tests come out as marked")
        #expect(right >= 743)
    }

    @Test("Every schema of the suite fits the meta-schema, which comes along")
    func metaSchema() throws {
        let meta = try JSONSchema(try JSON.parse(#"{"$ref":"https://json-schema.org/draft/2020-12/schema"}"#))
        for group in try Vectors.lines(of: "vectors/json-schema-2020-12.jsonl") {
            let violations = meta.violations(of: try #require(group["schema"]))
            #expect(violations.isEmpty, "\(group["description"]?.string ?? "")")
        }
    }

    private static func outcomes(_ isWanted: (String) -> Bool) throws -> [Outcome] {
        let text = try String(
            contentsOfFile: Vectors.path(of: "vectors/json-schema-remotes.json"), encoding: .utf8)
        var documents: [String: JSON] = [:]
        for (key, value) in try JSON.parse(text).members { documents[try #require(key.string)] = value }
        var outcomes: [Outcome] = []
        for group in try Vectors.lines(of: "vectors/json-schema-2020-12.jsonl") {
            let file = try #require(group["file"]?.string)
            guard isWanted(file) else { continue }
            let title = try #require(group["description"]?.string)
            let schema = Result {
                try JSONSchema(
                    try #require(group["schema"]), documents: documents,
                    assertsFormat: file.hasPrefix("optional/format/"))
            }
            for test in try #require(group["tests"]).elements {
                let name = title + ": " + (try #require(test["description"]?.string))
                let data = try #require(test["data"])
                let isValid = try #require(test["valid"]?.bool as Bool?)
                switch schema {
                case .success(let schema):
                    let violations = schema.violations(of: data)
                    outcomes.append(
                        Outcome(
                            file: file, title: name,
                            isRight: violations.isEmpty == isValid && schema.isValid(data) == isValid,
                            detail: violations.map(\.description).joined(separator: "; ")))
                case .failure(let error):
                    outcomes.append(Outcome(file: file, title: name, isRight: false, detail: "\(error)"))
                }
            }
        }
        return outcomes
    }
}
