import JSON
import JSONSchema
import TestSupport
import Testing

@Suite("Values that nobody honest sends")
struct HostileValueTests {
    private func violations(_ schema: String, _ value: String) throws -> [String] {
        let schema = try JSONSchema(try JSON.parse(schema))
        let json = try JSON.parse(value, maxDepth: 100_000)
        let violations = schema.violations(of: json)
        #expect(schema.isValid(json) == violations.isEmpty)
        return violations.map(\.message)
    }

    private static func many(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    @Test(
        "A pattern that would run away is stopped: the value does not fit, and the violation says why",
        arguments: [
            ("^(a+)+$", "a", 50), ("^(a|a)*$", "a", 60), ("^(.*)*[xy]$", "a", 5_000),
            (".*.*.*.*[xy]", "a", 2_000), ("[ab]*[cd]", "a", 300_000),
            ("a{500,}[bd]", many("a", 499) + "c", 2_000), ("(?=.*[xz])[ab]", "a", 300_000),
            (#"(.*)\\1[xy]"#, "a", 100_000), (#"(\\w+\\s?)*[.?]$"#, "word ", 20_000),
            ("^(?:a?){1000}$", "a", 999),
        ])
    func patterns(pattern: String, piece: String, count: Int) throws {
        let text = HostileValueTests.many(piece, count) + "!"
        let expected = ["takes too much work to match with the pattern"]
        #expect(try violations(#"{"pattern":"\#(pattern)"}"#, #""\#(text)""#) == expected)
        // Nor does it fit the opposite: what cannot be decided is not let through.
        #expect(try violations(#"{"not":{"pattern":"\#(pattern)"}}"#, #""\#(text)""#) == expected)
        #expect(
            try violations(#"{"patternProperties":{"\#(pattern)":true}}"#, #"{"\#(text)":1}"#) == expected)
    }

    @Test("Patterns of honest values are matched to the end, long texts among them")
    func honestPatterns() throws {
        let base64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
        let text = HostileValueTests.many("QUJD", 100_000)
        #expect(try violations(#"{"pattern":"\#(base64)"}"#, #""\#(text)""#) == [])
        let lines = HostileValueTests.many("some words and another line ", 20_000)
        #expect(try violations(#"{"pattern":"^[^\\u0000-\\u001f]*$"}"#, #""\#(lines)""#) == [])
        let items = (0..<2_000).map { #""item-\#($0)@example.org""# }.joined(separator: ",")
        #expect(try violations(#"{"items":{"pattern":"^\\S+@\\S+\\.\\S+$"}}"#, "[\(items)]") == [])
    }

    @Test("Alternatives that double the work on each level are stopped")
    func doubling() throws {
        let half = ##"{"allOf":[{"properties":{"n":{"$ref":"#"}}},{"required":["x"]}]}"##
        let schema = #"{"anyOf":[\#(half),\#(half)]}"#
        let value = HostileValueTests.many(#"{"n":"#, 60) + "{}" + HostileValueTests.many("}", 60)
        #expect(try violations(schema, value) == ["takes too much work to check"])
        #expect(
            try violations(#"{"not":\#(half),"anyOf":[\#(half),\#(half)]}"#, value) == [
                "takes too much work to check"
            ])
    }

    @Test(
        "A value that is nested too deeply does not fit, whichever keyword goes down",
        arguments: [
            ##"{"items":{"$ref":"#"}}"##, ##"{"items":{"anyOf":[{"type":"null"},{"$ref":"#"}]}}"##,
            ##"{"items":{"not":{"not":{"$ref":"#"}}},"unevaluatedItems":false}"##, #"{"const":[]}"#,
            #"{"enum":[[1],[2]]}"#, ##"{"contains":{"$ref":"#"}}"##,
        ])
    func depth(schema: String) throws {
        let value = HostileValueTests.many("[", 5_000) + HostileValueTests.many("]", 5_000)
        let found = try violations(schema, value)
        #expect(
            found == ["leads through more than 512 schemas"]
                || found == ["is nested more than 512 levels deep"])
        let pair = "[\(value),\(value)]"
        #expect(try violations(#"{"uniqueItems":true}"#, pair) == ["is nested more than 512 levels deep"])
    }

    @Test("Many elements that all differ are found different without comparing each with each")
    func unique() throws {
        // 100 000 elements would be 5 000 000 000 pairs.
        let numbers = (0..<100_000).map { "\($0)" }.joined(separator: ",")
        #expect(try violations(#"{"uniqueItems":true}"#, "[\(numbers)]") == [])
        #expect(
            try violations(#"{"uniqueItems":true}"#, "[\(numbers),5e0]") == [
                "must not have two equal elements"
            ])
        let objects = (0..<20_000).map { #"{"a":{"x":\#($0)},"b":1}"# }.joined(separator: ",")
        #expect(try violations(#"{"uniqueItems":true}"#, "[\(objects)]") == [])
    }

    @Test("A number of a million digits, an object of a hundred thousand members: no trouble")
    func large() throws {
        let digits = HostileValueTests.many("9", 1_000_000)
        #expect(try violations(#"{"type":"integer","multipleOf":9,"minimum":1}"#, digits) == [])
        #expect(try violations(#"{"maximum":1}"#, digits) == ["has to be at most 1"])
        let members = (0..<100_000).map { #""m\#($0)":\#($0)"# }.joined(separator: ",")
        let schema =
            #"{"required":["m1","m99999"],"additionalProperties":{"type":"integer"},"propertyNames":{"maxLength":6}}"#
        #expect(try violations(schema, "{\(members)}") == [])
    }

    @Test("A member that stands there twice is checked twice")
    func duplicates() throws {
        let schema = #"{"properties":{"a":{"type":"integer"}}}"#
        #expect(try violations(schema, #"{"a":1,"a":"x"}"#) == ["has to be an integer"])
        #expect(try violations(schema, #"{"a":"x","a":1}"#) == ["has to be an integer"])
    }

    @Test("Whatever a value holds, checking it ends, and no message quotes it", arguments: Seed.some(200))
    func broken(seed: Seed) throws {
        let schema = try JSONSchema(
            try JSON.parse(
                ##"""
                {"$defs":{"text":{"type":"string","minLength":30,"pattern":"^(x+x+)+y$","format":"uri"}},
                "type":"object","properties":{"a":{"$ref":"#/$defs/text"},"b":{"items":{"enum":["p","q"]},
                "uniqueItems":true,"contains":{"type":"null"}},"c":{"const":{"d":1}},"e":{"multipleOf":0.3,
                "maximum":2},"n":{"$ref":"#"}},"required":["z"],"anyOf":[{"required":["a"]},{"required":["b"]}],
                "propertyNames":{"maxLength":1},"dependentRequired":{"a":["b"]},"unevaluatedProperties":false}
                """##), assertsFormat: true)
        let secret = "5ecre7"
        let sample = """
            {"a":"\(secret)xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","b":["\(secret)",null,"\(secret)"],
            "c":{"d":"\(secret)"},"e":987654321e-1,"n":{"a":{"\(secret)":1},"n":["\(secret)"]},"ff":"\(secret)"}
            """
        var input = HostileInput(seed.generator, samples: [[UInt8](sample.utf8)])
        var checked = 0
        while checked < 20 {
            guard let json = try? JSON.parse(input.next(), maxDepth: 512) else { continue }
            checked += 1
            let violations = schema.violations(of: json)
            #expect(schema.isValid(json) == violations.isEmpty)
            #expect(violations == schema.violations(of: json))
            for violation in violations {
                #expect(!violation.message.contains(secret))
                #expect(!violation.message.contains("987654321"))
            }
        }
    }
}
