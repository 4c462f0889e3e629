import JSON
import Tabular
import TestSupport
import Testing

@Suite("NDJSON")
struct NDJSONTests {
    @Test(
        "A line is a value; blank ones are none",
        arguments: [
            ("{\"a\":1}\n[2]\n", ["1: {\"a\":1}", "2: [2]"]), ("1\r\n2\r\n", ["1: 1", "2: 2"]),
            ("\u{FEFF}1\n", ["1: 1"]), ("\n \t\r\n1\n\n2", ["3: 1", "5: 2"]),
            (" {\"a\": 1} ", ["1: {\"a\": 1}"]),
            ("", []), ("\n\n", []), ("\r", []),
        ])
    func lines(text: String, expected: [String]) {
        for pieces in [Pieces.whole, .byByte] {
            #expect(NDJSONReader().reading(Array(text.utf8), pieces).map(\.description) == expected)
        }
    }

    @Test(
        "A line that is no value is a fault, and the next is read",
        arguments: [
            ("{\"a\":}", JSONError.Kind.unexpectedByte), ("{\"a\":1", .unexpectedEnd), ("1 2", .trailingData),
            ("[[[[1]]]]", .tooDeep), ("\"\\ud800\"", .loneSurrogate), ("1\r2", .trailingData),
            ("nul", .unexpectedEnd),
        ])
    func faults(line: String, kind: JSONError.Kind) throws {
        for lineEnd in ["\n", "\r\n"] {
            let bytes = Array("1\n\(line)\(lineEnd)2".utf8)
            let items = NDJSONReader(maxDepth: 3).reading(bytes)
            #expect(items.count == 3)
            let fault = try #require(items[1].fault)
            guard case .notJSON(let error) = fault.reason else {
                Issue.record("\(fault)")
                continue
            }
            #expect(error.kind == kind)
            #expect(fault.raw == Array(line.utf8))
            #expect(fault.start == FilePosition(offset: 2, line: 2))
            #expect(fault.end == FilePosition(offset: bytes.count - 1, line: 3))
            #expect(items[2].description == "3: 2")
        }
        let items = NDJSONReader().reading(Array("\"".utf8) + [0xFF] + Array("\"\n1".utf8))
        #expect(items.map(\.description) == ["1! not JSON: not UTF-8 at byte 1", "2: 1"])
    }

    @Test("A line as long as the limit is taken; a longer one is skipped", arguments: ["\n", "\r\n", ""])
    func limit(lineEnd: String) throws {
        for pieces in [Pieces.whole, .byByte] {
            let fits = NDJSONReader(lineBytes: 10).reading(Array("\"12345678\"\(lineEnd)".utf8), pieces)
            #expect(fits.map(\.description) == ["1: \"12345678\""])
            let text = "\"123456789\"\(lineEnd)" + (lineEnd.isEmpty ? "" : "7")
            let items = NDJSONReader(lineBytes: 10).reading(Array(text.utf8), pieces)
            let fault = try #require(items.first?.fault)
            #expect(fault.reason == .rowTooLong(limit: 10))
            #expect(fault.raw == Array("\"123456789".utf8))
            #expect(fault.isTruncated)
            #expect(fault.end.offset == 11 + lineEnd.utf8.count)
            #expect(items.count == (lineEnd.isEmpty ? 1 : 2))
        }
    }

    @Test("Lines of any kind are read the same in any pieces and after any line", arguments: Seed.some(150))
    func pieces(seed: Seed) throws {
        var random = seed.generator
        let tokens = [
            "\n", "\r\n", "{}", "[1]", "{\"a\":\"é\"}", "\"", "1", " ", "\r", "nul", "\u{FEFF}", "\0",
        ]
        let bytes = (0..<Int.random(in: 0...80, using: &random)).flatMap { _ in
            Array(tokens[Int.random(in: 0..<tokens.count, using: &random)].utf8)
        }
        let limit = Int.random(in: 1...20, using: &random)
        let items = NDJSONReader(lineBytes: limit).reading(bytes)
        #expect(NDJSONReader(lineBytes: limit).reading(bytes, .byByte) == items)
        #expect(NDJSONReader(lineBytes: limit).reading(bytes, .random(seed)) == items)
        for (index, item) in items.enumerated() {
            let start = try #require(item.start)
            let end = try #require(item.end)
            #expect(start.line == 1 + bytes[..<start.offset].count { $0 == 0x0A })
            #expect(end.offset == bytes.count || end.line == start.line + 1)
            let again = NDJSONReader(at: end, lineBytes: limit).reading(Array(bytes[end.offset...]))
            #expect(again == Array(items[(index + 1)...]))
        }
    }

    @Test("What the writer writes, the reader reads; a value stays on its line", arguments: Seed.some(100))
    func roundTrip(seed: Seed) throws {
        var random = seed.generator
        var bytes: [UInt8] = []
        var compact: [UInt8] = []
        let texts = (0..<20).map { _ in Table.text(&random) }
        func append(_ text: String, raw: String, to output: inout [UInt8]) {
            NDJSONWriter.append(to: &output) { writer in
                writer.beginObject()
                writer.key("text")
                writer.string(text)
                writer.key("raw")
                writer.raw(raw.utf8)
                writer.endObject()
            }
        }
        for text in texts {
            append(text, raw: "[1,\r\n 2]", to: &bytes)
            append(text, raw: "[1,2]", to: &compact)
        }
        #expect(bytes.count { $0 == 0x0A } == texts.count)
        #expect(!bytes.contains(0x0D))
        var reader = NDJSONReader()
        reader.append(bytes)
        reader.finish()
        var again: [UInt8] = []
        for text in texts {
            guard case .row(let row) = reader.next() else {
                Issue.record("a row is missing")
                return
            }
            #expect(row.value["text"]?.string.map { Array($0.utf8) } == Array(text.utf8))
            #expect(row.value["raw"]?[1]?.int64 == 2)
            #expect((try? JSON.parse(row.raw)) != nil)
            NDJSONWriter.append(row.value, to: &again)
        }
        #expect(reader.next().map(Read.init) == nil)
        #expect(again == compact)
    }
}
