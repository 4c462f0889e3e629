import JSON
import JSONSchema
import TestSupport
import Testing

@Suite("Patterns of ECMA-262")
struct PatternTests {
    private func schema(_ pattern: String) throws -> JSONSchema {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("pattern")
        writer.string(pattern)
        writer.endObject()
        return try JSONSchema(try JSON.parse(writer.bytes))
    }

    private func value(_ text: String) throws -> JSON {
        var writer = JSONWriter()
        writer.string(text)
        return try JSON.parse(writer.bytes)
    }

    @Test(
        "They match what ECMA-262 has them match",
        arguments: [
            ("b", "abc", true), ("^b", "abc", false), ("^abc$", "abc\n", false), ("^a.c$", "a\nc", false),
            ("^a.c$", "a\u{2028}c", false), ("^.$", "🚀", true), (#"^\d+$"#, "١٢", false),
            (#"^\w$"#, "é", false),
            (#"^\s$"#, "\u{feff}", true), (#"^\S$"#, "\u{3000}", false), (#"^[\S]$"#, "é", true),
            (#"^[^\s]$"#, "\u{a0}", false), (#"^[^\S\n]$"#, " ", true), (#"^[^\S\n]$"#, "\n", false),
            (#"^\v$"#, "\u{b}", true), (#"^\v$"#, "\n", false), (#"^\0$"#, "\0", true),
            (#"^\cJ$"#, "\n", true),
            (#"^\x41\u0042\u{43}$"#, "ABC", true), (#"^\ud83d\ude80$"#, "🚀", true),
            (#"^[\ud83d\ude80]$"#, "🚀", true), (#"^[\u{1F680}-\u{1F6FF}]+$"#, "🚀🚁", true),
            (#"^\p{Lu}\P{Lu}$"#, "Éa", true), (#"^\p{Script=Greek}+$"#, "αβγ", true),
            (#"^[\p{Letter}_]+$"#, "é_", true), (#"^\p{General_Category=Decimal_Number}$"#, "٣", true),
            (#"^\p{L}$"#, "1", false), ("^[]$", "a", false), ("^a[^]c$", "a\nc", true),
            ("^[[:alpha:]]$", ":]", true),
            (#"^[\w-.]+$"#, "a-b.c", true), (#"^[a\-z]+$"#, "a-z", true), (#"^[a\-z]+$"#, "b", false),
            ("^[+--]$", ",", true), (#"^[\b]$"#, "\u{8}", true), (#"^a{,2}$"#, "a{,2}", true),
            ("^{$", "{", true),
            ("^a{2}$", "aa", true), ("^a{2,3}?$", "aaa", true), ("^(?<x>a)\\k<x>$", "aa", true),
            (#"^(a)?\1b$"#, "b", true), (#"^(?:(a)|b)\1$"#, "b", true), ("^(?!ab)a", "ac", true),
            ("(?<=a)b", "ab", true), ("(?<!a)b", "ab", false), (#"^\/\.\-\@$"#, "/.-@", true),
            (#"\bfoo\b"#, "a foo b", true), ("^#x $", "#x ", true), ("^é$", "e\u{301}", false),
            ("", "", true),
        ])
    func matching(pattern: String, text: String, matches: Bool) throws {
        #expect(try schema(pattern).isValid(try value(text)) == matches)
    }

    @Test(
        "What ECMA-262 does not have, or nobody can carry out, is refused",
        arguments: [
            #"\a"#, #"\A"#, #"\z"#, #"\Z"#, #"\Q.\E"#, #"\R"#, #"\K"#, #"\h"#, #"\e"#, #"\g{1}"#, #"\N"#,
            #"\X"#,
            "(?i)a", "(?P<n>a)", "(?#c)", "(?>a)", "(?|a)", "(?R)", "(*UTF)a", "(*ACCEPT)", "a*+", "a++",
            "a**",
            "a{2}{3}", "*a", "^*", "(?:", ")", "(", "[", "[z-a]", "\\", #"\u12"#, #"\u{110000}"#, #"\ud800"#,
            #"\ud83d\u0041"#, #"\x4"#, #"\c1"#, #"\p"#, #"\p{Nonsense}"#, #"\pL"#, #"\p{^L}"#, #"\k<x>"#,
            #"\k"#,
            #"(a)\2"#, #"\01"#, "a{3,2}", "(?<1>a)", "(?<>a)", "a{99999}", #"[\B]"#,
            String(repeating: "(", count: 1_000) + String(repeating: ")", count: 1_000),
            "(?:(?:a{1,1000}){1,1000}){1,1000}", String(repeating: "a", count: 100_000),
        ])
    func refused(pattern: String) throws {
        let error = #expect(throws: JSONSchemaError.self) { try schema(pattern) }
        #expect(error?.pointer == "/pattern")
        #expect(error?.message.hasPrefix("has to be a pattern of ECMA-262: ") == true)
    }

    @Test("Any text is a pattern or is not, and any pattern can be matched", arguments: Seed.some(100))
    func anything(seed: Seed) throws {
        var random = seed.generator
        let parts = [
            "a", "b", ".", "*", "+", "?", "{2}", "{1,", "}", "(", "(?:", "(?=", "(?<!", "(?<n>", ")", "[",
            "[^", "]",
            "-", "|", "^", "$", "\\", "\\d", "\\s", "\\S", "\\b", "\\1", "\\k<n>", "\\u", "\\u0061", "\\p{L}",
            "é",
            "🚀", "\0", "\n", ",", "/", "{", "1",
        ]
        for _ in 0..<200 {
            let pattern = (0..<Int.random(in: 0...10, using: &random)).map { _ in
                parts[Int.random(in: 0..<parts.count, using: &random)]
            }.joined()
            guard let schema = try? schema(pattern) else { continue }
            for text in ["", "aab", "ab\né🚀1", "}{,/-]["] { _ = schema.isValid(try value(text)) }
        }
    }
}
