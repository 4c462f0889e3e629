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

    @Test("optional")
    func optional() throws {
        let outcomes = try SuiteTests.outcomes { $0.hasPrefix("optional/") }
        let files = Dictionary(grouping: outcomes, by: \.file)
        for (file, outcomes) in files.sorted(by: { $0.key < $1.key }) {
            print(file, outcomes.filter(\.isRight).count, outcomes.count)
            for outcome in outcomes where !outcome.isRight { print("    ", outcome.title, outcome.detail) }
        }
    }

    private static func outcomes(_ isWanted: (String) -> Bool) throws -> [Outcome] {
        let text = try String(contentsOfFile: Vectors.path(of: "vectors/json-schema-remotes.json"), encoding: .utf8)
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
