import JSON
import JSONSchema
import Resilience
import TestSupport
import Testing

/// Schemas and values at random: small, of few names and values, so that they often fit.
private struct Generator {
    var random: SplitMix64

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }

    private mutating func name() -> String { pick(["a", "b", "ab", "é"]) }

    mutating func value(_ depth: Int = 0) -> String {
        switch Int.random(in: depth > 3 ? 3...8 : 0...8, using: &random) {
        case 0, 1:
            let members = (0..<Int.random(in: 0...3, using: &random)).map { _ in (name(), value(depth + 1)) }
            let unique = Dictionary(members) { first, _ in first }
            return "{" + unique.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
        case 2:
            let elements = (0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth + 1) }
            return "[" + elements.joined(separator: ",") + "]"
        case 3: return pick(["null", "true", "false"])
        case 4, 5, 6:
            return pick(["0", "1", "1.0", "2", "-3", "1.5", "1e1", "0.30", "123456789012345678901"])
        default: return pick([#""""#, #""a""#, #""ab""#, #""é""#, #""\u0061""#, #""aaaa""#])
        }
    }

    mutating func schema(_ depth: Int = 0) -> String {
        if depth > 3 { return pick(["true", "false", #"{"type":"integer"}"#, #"{"minimum":1}"#]) }
        let count = Int.random(in: 0...4, using: &random)
        var keywords: [String: String] = [:]
        for _ in 0..<count {
            let (keyword, text) = keyword(depth)
            keywords[keyword] = text
        }
        return "{" + keywords.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    private mutating func list(_ depth: Int) -> String {
        "["
            + (0...Int.random(in: 0...2, using: &random)).map { _ in schema(depth + 1) }.joined(
                separator: ",") + "]"
    }

    private mutating func map(_ depth: Int, _ names: [String]) -> String {
        "{" + names.map { "\"\($0)\":" + schema(depth + 1) }.joined(separator: ",") + "}"
    }

    private mutating func keyword(_ depth: Int) -> (String, String) {
        let child = [
            "additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then",
            "unevaluatedItems", "unevaluatedProperties",
        ]
        switch Int.random(in: 0..<16, using: &random) {
        case 0, 1, 2: return (pick(child), schema(depth + 1))
        case 3, 4: return (pick(["allOf", "anyOf", "oneOf", "prefixItems"]), list(depth))
        case 5, 6: return ("properties", map(depth, ["a", name()].uniqued))
        case 7: return ("patternProperties", map(depth, [pick(["a", "^a$", "b|é"])]))
        case 8: return ("dependentSchemas", map(depth, [name()]))
        case 9:
            return (
                "type", pick([#""object""#, #""array""#, #"["integer","string"]"#, #"["number","object"]"#])
            )
        case 10:
            return (
                pick(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]), pick(["0", "1", "1.5"])
            )
        case 11: return ("multipleOf", pick(["1", "0.1", "2", "0.3"]))
        case 12:
            let keyword = pick([
                "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
            ])
            return (keyword, pick(["0", "1", "2"]))
        case 13: return (pick(["minContains", "maxContains"]), pick(["0", "1", "2"]))
        case 14: return ("required", "[\"\(name())\"]")
        default:
            return pick([
                ("const", value(3)), ("enum", "[\(value(3)),\(value(2))]"), ("uniqueItems", "true"),
                ("$ref", "\"#/$defs/x\""),
            ])
        }
    }
}

extension [String] {
    fileprivate var uniqued: [String] { Array(Set(self)) }
}

@Suite("Laws that hold for any schema and value")
struct LawTests {
    @Test(
        "Applied twice, in another guise or from another schema, a schema says the same",
        arguments: Seed.some(100))
    func laws(seed: Seed) throws {
        var generator = Generator(random: seed.generator)
        for _ in 0..<5 {
            let text = generator.schema()
            let other = generator.schema()
            func compiled(_ schema: String) throws -> JSONSchema {
                let definitions = #"{"x":{"type":["integer","string","object"],"minLength":1}}"#
                return try JSONSchema(try JSON.parse(#"{"$defs":\#(definitions),"allOf":[\#(schema)]}"#))
            }
            let schema = try compiled(text)
            let opposite = try compiled(#"{"not":\#(text)}"#)
            let twice = try compiled(#"{"not":{"not":\#(text)}}"#)
            let either = try compiled(#"{"anyOf":[{"not":\#(text)},\#(text)]}"#)
            let exactlyOne = try compiled(#"{"oneOf":[{"not":\#(text)},\#(text)]}"#)
            let condition = try compiled(#"{"if":\#(text),"then":\#(other),"else":false}"#)
            let both = try compiled(#"{"allOf":[\#(text),\#(other)],"unevaluatedProperties":true}"#)
            let second = try compiled(other)
            for _ in 0..<5 {
                let value = try JSON.parse(generator.value())
                let fits = schema.isValid(value)
                let comment = Comment(rawValue: "\(text) \(value.source)")
                let violations = schema.violations(of: value)
                #expect(violations.isEmpty == fits, comment)
                #expect(schema.violations(of: value) == violations, comment)
                #expect(opposite.isValid(value) != fits, comment)
                #expect(twice.isValid(value) == fits, comment)
                #expect(either.isValid(value), comment)
                #expect(exactlyOne.isValid(value), comment)
                let fitsBoth = fits && second.isValid(value)
                #expect(condition.isValid(value) == fitsBoth, comment)
                #expect(both.isValid(value) == fitsBoth, comment)
            }
        }
    }

    @Test(
        "How a value is written makes no difference: numbers, escapes, the order of members",
        arguments: Seed.some(100))
    func guises(seed: Seed) throws {
        var generator = Generator(random: seed.generator)
        for _ in 0..<5 {
            let text = #"{"$defs":{"x":{"type":"integer"}},"allOf":[\#(generator.schema())]}"#
            let schema = try JSONSchema(try JSON.parse(text))
            for _ in 0..<5 {
                let value = try JSON.parse(generator.value())
                let again = try JSON.parse(LawTests.rewritten(value))
                #expect(schema.isValid(value) == schema.isValid(again), "\(text) \(value.source)")
            }
        }
    }

    /// The same value in other bytes.
    private static func rewritten(_ value: JSON) -> String {
        switch value.kind {
        case .null, .bool: return " \(value.source) "
        case .number: return value.source.contains("e") ? value.source + "" : "\(value.source)e0"
        case .string:
            let escapes = (value.string ?? "").utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
            return "\"" + escapes.joined() + "\""
        case .array: return "[" + value.elements.map(rewritten).joined(separator: " , ") + "]"
        case .object:
            let members = value.members.map { rewritten($0.key) + ":" + rewritten($0.value) }
            return "{" + members.reversed().joined(separator: ",") + "}"
        }
    }
}
