import JSON
import JSONSchema
import TestSupport
import Testing

@Suite("What is wrong with a value")
struct ViolationTests {
    private static let faults: [(schema: String, value: String, expected: String)] = [
        (#"{"type":"string"}"#, "1", "the value has to be a string"),
        (#"{"type":["object","null"]}"#, "[]", "the value has to be an object or null"),
        (#"{"type":"boolean"}"#, "1", "the value has to be true or false"),
        (
            #"{"properties":{"a":{"items":{"type":"integer"}}}}"#, #"{"a":[1,1.5]}"#,
            "/a/1 has to be an integer"
        ),
        (#"{"properties":{"a/~":false}}"#, #"{"a/~":1}"#, "/a~1~0 is not allowed"),
        (#"{"additionalProperties":false}"#, #"{"é":1}"#, "/é is not allowed"),
        (#"{"required":["a"]}"#, "{}", "/a is required"),
        (#"{"items":{"dependentRequired":{"a":["b"]}}}"#, #"[{"a":1}]"#, "/0/b is required"),
        (#"{"const":"red"}"#, #""blue""#, "the value has to be red"),
        (#"{"enum":["red","green",3]}"#, #""blue""#, "the value has to be one of red, green, 3"),
        (#"{"enum":[[1],[2]]}"#, "[3]", "the value has to be one of the 2 values that the schema has"),
        (#"{"minimum":1.50}"#, "1.49", "the value has to be at least 1.50"),
        (#"{"exclusiveMaximum":3}"#, "3.0", "the value has to be below 3"),
        (#"{"multipleOf":0.01}"#, "19.999", "the value has to be a multiple of 0.01"),
        (#"{"minLength":2}"#, #""é""#, "the value has to be at least 2 characters long"),
        (#"{"maxLength":1}"#, #""日本""#, "the value has to be at most 1 characters long"),
        (#"{"pattern":"^a+$"}"#, #""b""#, "the value has to match the pattern ^a+$"),
        (
            #"{"propertyNames":{"maxLength":3}}"#, #"{"long":1}"#,
            "/long has a name that has to be at most 3 characters long"
        ),
        (
            #"{"uniqueItems":true}"#, #"[{"a":1,"b":[]},{"b":[],"a":1.0}]"#,
            "the value must not have two equal elements"
        ),
        (#"{"prefixItems":[true],"items":false}"#, "[1,2]", "/1 is not allowed"),
        (
            #"{"contains":{"const":1},"minContains":2}"#, "[1,2]",
            "the value has to have at least 2 elements of the kind that the schema asks for"
        ),
        (
            #"{"anyOf":[{"type":"null"},{"minimum":5}]}"#, "1",
            "the value has to fit at least one of the 2 schemas to choose from"
        ),
        (
            #"{"oneOf":[{"minimum":1},{"minimum":0}]}"#, "1",
            "the value has to fit exactly one of the 2 schemas to choose from, and fits several"
        ),
        (#"{"not":{"type":"null"}}"#, "null", "the value must not fit the schema that is ruled out"),
        (#"{"if":{"required":["a"]},"then":{"required":["b"]}}"#, #"{"a":1}"#, "/b is required"),
        (
            #"{"allOf":[{"properties":{"a":true}}],"unevaluatedProperties":false}"#, #"{"a":1,"b":2}"#,
            "/b is not allowed"
        ),
    ]

    @Test("A violation says where, and what is expected", arguments: faults)
    func messages(schema: String, value: String, expected: String) throws {
        let violations = try JSONSchema(try JSON.parse(schema)).violations(of: try JSON.parse(value))
        #expect(violations.map(\.description) == [expected])
    }

    @Test("All that is wrong is told, in the order of the value, up to the limit")
    func limit() throws {
        let schema = try JSONSchema(try JSON.parse(#"{"items":{"type":"string"},"minItems":200}"#))
        let value = try JSON.parse("[" + (0..<100).map(String.init).joined(separator: ",") + "]")
        let violations = schema.violations(of: value, limit: 1_000)
        #expect(violations.count == 101)
        #expect(violations.first?.keyword == "minItems")
        #expect(violations.dropFirst().map(\.path) == (0..<100).map { "/\($0)" })
        #expect(schema.violations(of: value).count == 32)
        #expect(schema.violations(of: value, limit: 0).count == 1)
    }

    @Test("What failed by one keyword is not blamed a second time for being unevaluated")
    func noEcho() throws {
        let choice = #"{"anyOf":[{"properties":{"a":{"type":"string"}}}],"unevaluatedProperties":false}"#
        let schema = try JSONSchema(try JSON.parse(choice))
        #expect(schema.violations(of: try JSON.parse(#"{"a":1}"#)).map(\.keyword) == ["anyOf"])
        #expect(schema.violations(of: try JSON.parse(#"{"a":""}"#)) == [])
        let list = try JSONSchema(
            try JSON.parse(#"{"anyOf":[{"prefixItems":[{"type":"string"}]}],"unevaluatedItems":false}"#))
        #expect(list.violations(of: try JSON.parse("[1]")).map(\.keyword) == ["anyOf"])
    }

    @Test("A very long name is cut in the path")
    func longName() throws {
        let schema = try JSONSchema(try JSON.parse(#"{"additionalProperties":false}"#))
        let name = String(repeating: "x", count: 100_000)
        let violations = schema.violations(of: try JSON.parse(#"{"\#(name)":1}"#))
        #expect(violations.map(\.path) == ["/" + String(repeating: "x", count: 32) + "…"])
    }

    @Test(
        "Numbers are compared exactly, whatever their size and however they are written",
        arguments: [
            (#"{"const":1}"#, "1.0", true), (#"{"const":100}"#, "1e2", true),
            (#"{"const":0}"#, "-0.0e7", true),
            (#"{"const":1e400}"#, "10e399", true), (#"{"const":1e400}"#, "1e401", false),
            (#"{"const":9007199254740993}"#, "9007199254740992", false),
            (#"{"enum":[0.1]}"#, "0.10000000000000000001", false),
            (#"{"maximum":9007199254740992}"#, "9007199254740993", false),
            (#"{"minimum":-1e-400}"#, "0", true), (#"{"exclusiveMinimum":1e-400}"#, "1e-401", false),
            (#"{"maximum":-5}"#, "-4.99", false), (#"{"minimum":-5}"#, "-5.01", false),
            (#"{"multipleOf":0.01}"#, "19.99", true), (#"{"multipleOf":0.0001}"#, "0.00751", false),
            (#"{"multipleOf":0.1}"#, "1e1000000", true), (#"{"multipleOf":3}"#, "1e1000000", false),
            (#"{"multipleOf":7}"#, "123456789012345678901234567890123456789", false),
            (#"{"multipleOf":9}"#, "123456789012345678901234567890123456789123456780", true),
            (#"{"multipleOf":1e300}"#, "3e300", true), (#"{"multipleOf":1e300}"#, "3e299", false),
            (#"{"multipleOf":999999999999999999}"#, "1999999999999999998", true),
            (#"{"type":"integer"}"#, "1.50e1", true), (#"{"type":"integer"}"#, "1e-1", false),
            (#"{"type":"integer"}"#, "1e99999999999999999999999999", true),
            (#"{"maximum":5}"#, "1e99999999999999999999999999", false),
            (#"{"maximum":5}"#, "1e-99999999999999999999999999", true),
            (#"{"minLength":1e99}"#, #""a""#, false), (#"{"maxLength":1e99}"#, #""a""#, true),
        ])
    func numbers(schema: String, value: String, fits: Bool) throws {
        #expect(try JSONSchema(try JSON.parse(schema)).isValid(try JSON.parse(value)) == fits)
    }

    @Test("Names and texts are equal by code points: é and e with an accent are two")
    func codePoints() throws {
        let schema = try JSONSchema(
            try JSON.parse(
                #"{"properties":{"é":{"const":"é"}},"additionalProperties":false,"required":["é"]}"#))
        #expect(schema.isValid(try JSON.parse(#"{"\u00e9":"\u00e9"}"#)))
        #expect(!schema.isValid(try JSON.parse(#"{"\u00e9":"e\u0301"}"#)))
        #expect(schema.violations(of: try JSON.parse(#"{"e\u0301":"\u00e9"}"#)).count == 2)
    }

    @Test("A format decides only where that is asked for")
    func formats() throws {
        let json = try JSON.parse(#"{"format":"ipv4"}"#)
        let value = try JSON.parse(#""localhost""#)
        #expect(try JSONSchema(json).isValid(value))
        let violations = try JSONSchema(json, assertsFormat: true).violations(of: value)
        #expect(violations.map(\.message) == ["has to be an IPv4 address, as 192.0.2.1"])
    }

    @Test(
        "Documents refer to each other by their URLs, in circles too; their own $id does not have to be that URL"
    )
    func documents() throws {
        let documents = [
            "https://example.org/tree": try JSON.parse(
                #"{"$id":"urn:example:tree","properties":{"leaf":{"$ref":"https://example.org/leaf#size"}}}"#),
            "https://example.org/leaf": try JSON.parse(
                #"{"$defs":{"size":{"$anchor":"size","type":"integer"},"up":{"$ref":"tree"}}}"#),
        ]
        let root = try JSON.parse(#"{"$id":"https://example.org/root","items":{"$ref":"tree"}}"#)
        let schema = try JSONSchema(root, documents: documents)
        #expect(
            schema.violations(of: try JSON.parse(#"[{"leaf":1},{"leaf":"x"}]"#)).map(\.path) == ["/1/leaf"])
    }

    @Test("A schema under a keyword that nobody knows has the base URL of what is around it")
    func unknownKeyword() throws {
        let schema = try JSONSchema(
            try JSON.parse(
                ##"""
                {"$id":"https://example.org/root","$ref":"#/$defs/a/x/y",
                "$defs":{"a":{"$id":"dir/a","x":{"y":{"$ref":"b"}}},"b":{"$id":"dir/b","type":"string"}}}
                """##))
        #expect(schema.violations(of: try JSON.parse("1")).map(\.message) == ["has to be a string"])
    }
}
