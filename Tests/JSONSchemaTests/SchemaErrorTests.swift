import JSON
import JSONSchema
import TestSupport
import Testing

@Suite("What is not a schema")
struct SchemaErrorTests {
    private static let faults: [(schema: String, pointer: String, words: String)] = [
        ("1", "", "has to be a schema"),
        (#"{"type":"text"}"#, "/type", "has to be one of string, integer"),
        (#"{"type":["string","string"]}"#, "/type", "has to be one of"),
        (#"{"type":[]}"#, "/type", "has to be one of"),
        (#"{"properties":{"a/b":{"items":[true]}}}"#, "/properties/a~1b/items", "has to be a schema"),
        (#"{"properties":[]}"#, "/properties", "has to be an object of schemas"),
        (#"{"$defs":{"a":{"$defs":{"b":7}}}}"#, "/$defs/a/$defs/b", "has to be a schema"),
        (#"{"anyOf":[]}"#, "/anyOf", "one or more schemas"),
        (#"{"anyOf":[true,null]}"#, "/anyOf/1", "has to be a schema"),
        (#"{"minLength":-1}"#, "/minLength", "has to be an integer that is not negative"),
        (#"{"maxItems":1.5}"#, "/maxItems", "has to be an integer that is not negative"),
        (#"{"minimum":"1"}"#, "/minimum", "has to be a number"),
        (#"{"multipleOf":0}"#, "/multipleOf", "above 0"),
        (#"{"multipleOf":-2}"#, "/multipleOf", "above 0"),
        (#"{"multipleOf":1.234567890123456789}"#, "/multipleOf", "at most 18 digits"),
        (#"{"uniqueItems":1}"#, "/uniqueItems", "has to be true or false"),
        (#"{"required":["a","a"]}"#, "/required", "has to be an array of different strings"),
        (#"{"dependentRequired":{"a":["b",1]}}"#, "/dependentRequired/a", "has to be an array of different"),
        (#"{"enum":"a"}"#, "/enum", "has to be an array"),
        (#"{"pattern":"(a"}"#, "/pattern", "has to be a pattern of ECMA-262: a ( without its )"),
        (#"{"patternProperties":{"[z-a]":true}}"#, "/patternProperties/[z-a]", "has to be a pattern"),
        (#"{"type":"string","type":"null"}"#, "/type", "stands there twice"),
        (#"{"properties":{"a":true,"\u0061":true}}"#, "/properties/a", "stands there twice"),
        (##"{"$ref":"#/$defs/a"}"##, "/$ref", "refers to a place where no schema is"),
        (#"{"items":{"$ref":"other.json"}}"#, "/items/$ref", "not among the documents: other.json"),
        (##"{"$ref":"#a"}"##, "/$ref", "refers to an anchor that its schema does not have"),
        (##"{"$ref":"#/%zz"}"##, "/$ref", "has a %"),
        (#"{"$ref":1}"#, "/$ref", "has to be a string"),
        (#"{"$id":"https://example.org/a#b"}"#, "/$id", "must not have a fragment"),
        (#"{"$defs":{"a":{"$id":"x"},"b":{"$id":"x"}}}"#, "/$defs/b/$id", "is the URL of another schema"),
        (#"{"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}}"#, "/$defs/b/$anchor", "names another schema"),
        (#"{"$anchor":"1"}"#, "/$anchor", "has to be a letter"),
        (#"{"$schema":"http://json-schema.org/draft-07/schema#"}"#, "/$schema", "2020-12/schema, or"),
    ]

    @Test("The error says what is wrong, and where in the schema", arguments: faults)
    func places(schema: String, pointer: String, words: String) throws {
        let json = try JSON.parse(schema)
        let error = #expect(throws: JSONSchemaError.self) { try JSONSchema(json) }
        #expect(error?.pointer == pointer)
        #expect(error?.document == "")
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test("A fault in another document is given with its URL, and only when something refers to it")
    func otherDocument() throws {
        let documents = ["https://example.org/b": try JSON.parse(#"{"$defs":{"c":{"type":1}}}"#)]
        let root = try JSON.parse(#"{"$ref":"https://example.org/b"}"#)
        let error = #expect(throws: JSONSchemaError.self) { try JSONSchema(root, documents: documents) }
        #expect(error?.document == "https://example.org/b")
        #expect(error?.pointer == "/$defs/c/type")
        _ = try JSONSchema(try JSON.parse("true"), documents: documents)
    }

    @Test("A vocabulary that is not known stops a schema only where its meta-schema requires it")
    func vocabularies() throws {
        let schema = try JSON.parse(#"{"$schema":"https://example.org/meta","type":"string"}"#)
        func documents(_ required: Bool) throws -> [String: JSON] {
            let meta = #"{"$vocabulary":{"https://example.org/money":\#(required)}}"#
            return ["https://example.org/meta": try JSON.parse(meta)]
        }
        let error = #expect(throws: JSONSchemaError.self) {
            try JSONSchema(schema, documents: try documents(true))
        }
        #expect(error?.pointer == "/$schema")
        #expect(error?.message == "needs a vocabulary that is not known: https://example.org/money")
        // Without the vocabulary of validation `type` is but a remark.
        #expect(try JSONSchema(schema, documents: try documents(false)).isValid(try JSON.parse("1")))
    }

    @Test(
        "A schema that leads back to itself without going into the value is refused",
        arguments: [
            (##"{"$ref":"#"}"##, ""),
            (
                ##"{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"items":{"$ref":"#/$defs/a"}}"##,
                "/$defs/b"
            ),
            (##"{"allOf":[{"anyOf":[true,{"not":{"$ref":"#"}}]}]}"##, "/allOf/0/anyOf/1/not"),
            (##"{"if":{"else":true,"if":{"$ref":"#"}}}"##, "/if/if"),
            (##"{"dependentSchemas":{"a":{"oneOf":[{"$ref":"#"}]}}}"##, "/dependentSchemas/a/oneOf/0"),
            (##"{"$dynamicAnchor":"a","then":true,"if":true,"else":{"$dynamicRef":"#a"}}"##, "/else"),
        ])
    func endless(schema: String, pointer: String) throws {
        let json = try JSON.parse(schema)
        let error = #expect(throws: JSONSchemaError.self) { try JSONSchema(json) }
        #expect(error?.pointer == pointer)
        #expect(error?.message.contains("never ends") == true)
    }

    @Test("A loop that shows only when dynamic references are followed ends at the depth that is allowed")
    func endlessAtRunTime() throws {
        let schema = try JSONSchema(
            try JSON.parse(
                ##"""
                {"$id":"https://example.org/a","$dynamicAnchor":"x","$ref":"b",
                "$defs":{"b":{"$id":"b","$dynamicRef":"#x","$defs":{"x":{"$dynamicAnchor":"x"}}}}}
                """##))
        let violations = schema.violations(of: try JSON.parse("1"))
        #expect(violations.map(\.message) == ["leads through more than 512 schemas"])
        #expect(!schema.isValid(try JSON.parse("1")))
    }

    @Test("Schemas nested beyond reason are refused, not run into")
    func deepSchema() throws {
        let text =
            String(repeating: #"{"not":"#, count: 5_000) + "true" + String(repeating: "}", count: 5_000)
        let json = try JSON.parse(text, maxDepth: 10_000)
        let error = #expect(throws: JSONSchemaError.self) { try JSONSchema(json) }
        #expect(error?.message == "stands in more than 128 other schemas")
        let value = String(repeating: "[", count: 5_000) + String(repeating: "]", count: 5_000)
        let const = try JSON.parse(#"{"const":\#(value)}"#, maxDepth: 10_000)
        #expect(throws: JSONSchemaError.self) { try JSONSchema(const) }
    }

    @Test("Broken schemas never crash the compiler", arguments: Seed.some(100))
    func hostile(seed: Seed) throws {
        let samples = SchemaErrorTests.faults.map { [UInt8]($0.schema.utf8) }
        var input = HostileInput(seed.generator, samples: samples)
        let value = try JSON.parse(#"{"a":[1,"b",null],"c":{"a":2}}"#)
        for _ in 0..<100 {
            guard let json = try? JSON.parse(input.next(), maxDepth: 512) else { continue }
            do throws(JSONSchemaError) {
                _ = try JSONSchema(json).violations(of: value)
            } catch {
                #expect(!error.message.isEmpty)
            }
        }
    }
}
