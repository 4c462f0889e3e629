import Foundation
import JSON
import TestSupport
import Testing

@Suite("JSON by RFC 8259")
struct JSONTests {
    @Test(
        "Every document of the public parsing suite is accepted or refused as marked",
        .enabled(if: Vectors.areHere))
    func suite() throws {
        let lines = try Vectors.lines(of: "vectors/json-parsing.jsonl")
        #expect(lines.count == 318)
        for line in lines {
            let name = try #require(line["name"]?.string)
            let base64 = try #require(line["base64"]?.string)
            let bytes = [UInt8](try #require(Data(base64Encoded: base64)))
            let accepted = (try? JSON.parse(bytes, maxDepth: 512)) != nil
            switch line["expect"]?.string {
            case "accept": #expect(accepted, "\(name)")
            case "reject": #expect(!accepted, "\(name)")
            default: break
            }
        }
    }

    @Test("Numbers keep their digits; an Int64 is given only where nothing is lost")
    func numbers() throws {
        let expectations: [(String, Int64?)] = [
            ("0", 0), ("-0", 0), ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("9223372036854775808", nil), ("-9223372036854775809", nil), ("5.0", nil), ("1e3", nil),
            ("9007199254740993", 9_007_199_254_740_993),
        ]
        for (text, value) in expectations {
            let json = try JSON.parse(text)
            #expect(json.int64 == value, "\(text)")
            #expect(json.source == text)
        }
        #expect(try JSON.parse("1e400").double == nil)
        #expect(try JSON.parse("2.5e-1").double == 0.25)
    }

    @Test("Strings are unescaped when read, and surrogate pairs become one character")
    func strings() throws {
        let json = try JSON.parse(#"["a\"\\\/\b\f\n\r\t","\u65e5\uD83D\uDE80","é"]"#)
        #expect(json[0]?.string == "a\"\\/\u{8}\u{c}\n\r\t")
        #expect(json[1]?.string == "日🚀")
        #expect(json[2]?.string == "é")
        #expect(json[3] == nil)
    }

    @Test(
        "An error says what is wrong, and at which byte",
        arguments: [
            ("", JSONError.Kind.unexpectedEnd, 0), ("[1,]", .unexpectedByte, 3), ("1 2", .trailingData, 2),
            ("\"\\ud800\"", .loneSurrogate, 1), ("[[[", .tooDeep, 2), ("{\"a\"", .unexpectedEnd, 4),
        ])
    func errors(text: String, kind: JSONError.Kind, offset: Int) {
        let error = #expect(throws: JSONError.self) { try JSON.parse(text, maxDepth: 2) }
        #expect(error?.kind == kind)
        #expect(error?.offset == offset)
    }

    @Test("A member that stands there twice is found, escapes or not, in small objects and large ones")
    func duplicates() throws {
        #expect(try JSON.parse(#"{"a":1,"b":2}"#).duplicatedMember() == nil)
        #expect(try JSON.parse(#"{"a":1,"\u0061":2}"#).duplicatedMember() == "a")
        let many = (0..<50).map { "\"m\($0)\":0" }.joined(separator: ",")
        #expect(try JSON.parse("{\(many)}").duplicatedMember() == nil)
        #expect(try JSON.parse("{\(many),\"m7\":1}").duplicatedMember() == "m7")
    }

    @Test("What the writer writes, the parser reads back as the same tree", arguments: Seed.some(200))
    func roundTrip(seed: Seed) throws {
        var random = seed.generator
        var writer = JSONWriter()
        writeTree(depth: 0, to: &writer, &random)
        let first = try JSON.parse(writer.bytes)
        var again = JSONWriter()
        again.value(first)
        #expect(again.bytes == writer.bytes)
    }

    @Test("Broken texts never crash the parser, and a cut one is always refused", arguments: Seed.some(200))
    func hostile(seed: Seed) throws {
        var random = seed.generator
        var writer = JSONWriter()
        writer.beginArray()
        writeTree(depth: 0, to: &writer, &random)
        writer.endArray()
        for length in 0..<writer.bytes.count {
            #expect(throws: JSONError.self) { try JSON.parse(Array(writer.bytes.prefix(length))) }
        }
        for _ in 0..<50 {
            var bytes = writer.bytes
            for _ in 0...3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            guard let json = try? JSON.parse(bytes) else { continue }
            var again = JSONWriter()
            again.value(json)
            #expect((try? JSON.parse(again.bytes)) != nil)
        }
    }

    @Test("The bytes of a string are those of its text; nothing else has any", arguments: Seed.some(100))
    func stringBytes(seed: Seed) throws {
        var random = seed.generator
        var writer = JSONWriter()
        writeTree(depth: 0, to: &writer, &random)
        let json = try JSON.parse(writer.bytes)
        #expect(json.withUTF8 { Array($0) } == json.string.map { Array($0.utf8) })
        let escaped = try JSON.parse(#""\u0061\n\ud83d\ude00""#)
        #expect(escaped.withUTF8 { Array($0) } == Array("a\n\u{1F600}".utf8))
    }

    private func writeTree(
        depth: Int, to writer: inout JSONWriter, _ random: inout some RandomNumberGenerator
    ) {
        switch Int.random(in: depth > 5 ? 2...6 : 0...6, using: &random) {
        case 0:
            writer.beginObject()
            for index in 0..<Int.random(in: 0...4, using: &random) {
                writer.key("k\(index)\n")
                writeTree(depth: depth + 1, to: &writer, &random)
            }
            writer.endObject()
        case 1:
            writer.beginArray()
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                writeTree(depth: depth + 1, to: &writer, &random)
            }
            writer.endArray()
        case 2: writer.int(Int64.random(in: .min ... .max, using: &random))
        case 3: writer.bool(.random(using: &random))
        case 4: writer.null()
        case 5: writer.double(Double.random(in: -1e9...1e9, using: &random))
        default:
            let scalars = (0..<Int.random(in: 0...8, using: &random)).compactMap { _ in
                Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &random))
            }
            writer.string(String(String.UnicodeScalarView(scalars)))
        }
    }
}
