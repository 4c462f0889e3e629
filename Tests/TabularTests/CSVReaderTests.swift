import Tabular
import TestSupport
import Testing

@Suite("Reading CSV by RFC 4180, and as it is met")
struct CSVReaderTests {
    private func read(
        _ text: String, delimiter: CSVDelimiter = .comma, limits: CSVLimits = CSVLimits()
    ) throws -> [String] {
        try CSVReader(delimiter: delimiter, limits: limits).reading(Array(text.utf8)).map(\.description)
    }

    @Test(
        "What is well-formed, or usual, is read",
        arguments: [
            ("a,b\n1,2\n3,4\n", ["a|b", "2: 1|2", "3: 3|4"]),
            ("a,b\r\n1,2\r\n", ["a|b", "2: 1|2"]),
            ("a,b\r1,2\r3,4\r", ["a|b", "2: 1|2", "3: 3|4"]),
            ("a,b\r1,2\n3,4\r\n5,6", ["a|b", "2: 1|2", "3: 3|4", "4: 5|6"]),
            ("\u{FEFF}a,b\n1,2", ["a|b", "2: 1|2"]),
            ("\u{FEFF}\"a\",b\n1,2", ["a|b", "2: 1|2"]),
            ("\n\r\n\ra,b\n\n\r\n1,2\n\n", ["a|b", "7: 1|2"]),
            (" a ,\" b\t\"\n", ["a|b"]),
            ("a,b\n 1 ,\t2\n", ["a|b", "2:  1 |\t2"]),
            ("a,b\n\"1\",\"2\"\n", ["a|b", "2: 1|2"]),
            ("a,b\n\"x,y\",\"say \"\"hi\"\"\"\n", ["a|b", "2: x,y|say \"hi\""]),
            ("a,b\n\"\"\"\",\"\"\n", ["a|b", "2: \"|"]),
            ("a,b\n\"one\ntwo\r\nthree\rfour\",x\n5,6\n", ["a|b", "2: one\ntwo\r\nthree\rfour|x", "6: 5|6"]),
            ("a,b\n,\n1,\n,2", ["a|b", "2: |", "3: 1|", "4: |2"]),
            ("a,b\n1,\"2\"", ["a|b", "2: 1|2"]),
            ("a\n\"\"\n \n", ["a", "2: ", "3:  "]),
            ("a,b\n'1',it's\n", ["a|b", "2: '1'|it's"]),
            ("名前,é\n太郎,🚀\n", ["名前|é", "2: 太郎|🚀"]),
            ("\"a\nb\",c\n1,2\n", ["a\nb|c", "3: 1|2"]),
            ("a,b", ["a|b"]),
        ])
    func wellFormed(text: String, expected: [String]) throws {
        #expect(try read(text) == expected)
    }

    @Test(
        "A bad row is a fault with its line and field, and the next row is read",
        arguments: [
            ("a,b\n1\n2,3\n", "2! 1 field, but the header has 2 columns"),
            ("a,b\n1,2,3\n2,3\n", "2! 3 fields, but the header has 2 columns"),
            ("a,b\n1,x\"y\n2,3\n", "2! 2 a quote inside a field"),
            ("a,b\n1, \"y\"\n2,3\n", "2! 2 a quote inside a field"),
            ("a,b\n\"x\"y,1\n2,3\n", "2! 1 text after the closing quote"),
            ("a,b\n\"x\" ,1\n2,3\n", "2! 1 text after the closing quote"),
            ("a,b\n\"x\"y,1\"\n2,3\n", "2! 1 text after the closing quote"),
            ("a,b\nx\"\0,\"1\"y,3\n2,3\n", "2! 1 a quote inside a field"),
            ("a,b\n1,x\0y\n2,3\n", "2! 2 a NUL byte"),
            ("a,b\n\"\n\0\",1\n2,3\n", "2! 1 a NUL byte"),
            ("a,b\n1,123456789\n2,3\n", "2! 2 longer than 8 bytes"),
            ("a,b\n1,\"12345\n789\"\n2,3\n", "2! 2 longer than 8 bytes"),
            ("a,b\n1,2,3,4,5,6,7,8,9,10,11,12\n2,3\n", "2! the row is longer than 20 bytes"),
            ("a,b\n1,\"x\ny\"z\n2,3\n", "2! 2 text after the closing quote"),
            ("a,b\n1,\"\"\"\"12345678901234567890\n2,3\n", "2! 2 text after the closing quote"),
        ])
    func faults(text: String, fault: String) throws {
        let items = try read(text, limits: CSVLimits(fieldBytes: 8, rowBytes: 20, columns: 3))
        #expect(items.count == 3, "\(items)")
        #expect(items[1].hasPrefix(fault), "\(items[1])")
        #expect(items[2].hasSuffix(": 2|3"), "\(items[2])")
    }

    @Test(
        "Bytes that are no UTF-8 are a fault of their field, wherever they stand",
        arguments: [
            [0xFF], [0xC3], [0xC3, 0x28], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0xE2, 0x82], [0x80], [0xF0, 0x9F, 0x9A],
        ] as [[UInt8]])
    func encoding(bytes: [UInt8]) throws {
        for (before, after) in [("", ""), ("x", "y"), ("\"", "\""), ("\"x\n", "y\"")] {
            let row = Array("1,\(before)".utf8) + bytes + Array(after.utf8)
            let items = try CSVReader().reading(Array("a,b\n".utf8) + row + Array("\n2,3\n".utf8))
            #expect(items.count == 3)
            #expect(items[1].fault?.reason == .invalidUTF8)
            #expect(items[1].fault?.field == 2)
            #expect(items[1].fault?.raw == row)
            #expect(items[2].fields == [[0x32], [0x33]])
        }
    }

    @Test("Quotes still open at the end of the file make a fault of all that is left")
    func unterminated() throws {
        let items = try CSVReader().reading(Array("a,b\n1,2\n3,\"x\n4,5\n6,7".utf8))
        #expect(items.count == 3)
        let fault = try #require(items.last?.fault)
        #expect(fault.reason == .unterminatedQuote)
        #expect(fault.field == 2)
        #expect(fault.start == FilePosition(offset: 8, line: 3))
        #expect(fault.end == FilePosition(offset: 20, line: 5))
        #expect(fault.raw == Array("3,\"x\n4,5\n6,7".utf8))
        #expect(!fault.isTruncated)
    }

    @Test("A field or a row as long as the limit is taken, one byte more is not")
    func limits() throws {
        let limits = CSVLimits(fieldBytes: 4, rowBytes: 12, columns: 2)
        for lineEnd in ["\n", "\r\n", "\r", ""] {
            for pieces in [Pieces.whole, .byByte] {
                func fault(_ row: String) throws -> RowFault.Reason? {
                    let bytes = Array("a,b\n\(row)\(lineEnd)".utf8)
                    let items = try CSVReader(limits: limits).reading(bytes, pieces)
                    #expect(items.count == 2)
                    #expect(
                        items.last?.end == FilePosition(offset: bytes.count, line: lineEnd.isEmpty ? 2 : 3))
                    return items.last?.fault?.reason
                }
                #expect(try fault("1234,1234") == nil)
                #expect(try fault("1234,12345") == .fieldTooLong(limit: 4))
                // The quotes are not content, and of two one is.
                #expect(try fault("\"1\"\"4\",\"34\"") == nil)
                #expect(try fault("\"1\"\"45\",\"3\"") == nil)
                #expect(try fault("\"1\"\"456\",\"\"") == .fieldTooLong(limit: 4))
                #expect(try fault("\"1\"\"4\",12345") == .fieldTooLong(limit: 4))
                #expect(try fault("\"1\"\"45\",\"34\"") == nil)
                #expect(try fault("\"1\"\"45\",\"345\"") == .rowTooLong(limit: 12))
            }
        }
    }

    @Test("A row beyond the limit is skipped up to the next line end, in memory that does not grow")
    func overlong() throws {
        var reader = CSVReader(limits: CSVLimits(rowBytes: 1_000))
        reader.append(Array("a,b\n1,\"".utf8))
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 100_000)
        var items: [Read] = []
        for _ in 0..<200 {
            reader.append(piece)
            while let item = try reader.next() { items.append(Read(item)) }
        }
        reader.append(Array("\r\n2,3\n".utf8))
        while let item = try reader.next() { items.append(Read(item)) }
        #expect(items.count == 3)
        let fault = try #require(items[1].fault)
        #expect(fault.reason == .rowTooLong(limit: 1_000))
        #expect(fault.isTruncated)
        #expect(fault.raw.count == 1_000)
        #expect(fault.end == FilePosition(offset: 4 + 3 + 20_000_000 + 2, line: 3))
        #expect(items[2].fields == [[0x32], [0x33]])
        #expect(items[2].start == fault.end)
    }

    @Test("A quote that is never closed costs what fits a row, not the rest of the file")
    func loneQuote() throws {
        let rows = (0..<1_000).map { "\($0),y\n" }.joined()
        let items = try CSVReader(limits: CSVLimits(rowBytes: 100)).reading(
            Array("a,b\nx,\"y\n\(rows)".utf8))
        #expect(items.compactMap(\.fault).map(\.reason) == [.rowTooLong(limit: 100)])
        #expect(items.count > 970)
        #expect(items.last?.fields == [Array("999".utf8), [UInt8(ascii: "y")]])
        #expect(items.last?.start?.line == 1_002)
    }

    @Test(
        "A header that cannot name the columns is an error, again and again",
        arguments: [
            ("", CSVHeaderError.missing), ("\n\r\n", .missing), ("\u{FEFF}", .missing),
            ("a,,b\n", .emptyName(column: 2)), ("a,  \t\n1,2", .emptyName(column: 2)),
            ("a,b, a\n", .duplicateName("a", columns: [1, 3])),
            ("a,b,c,d,e\n", .tooManyColumns(found: 5, limit: 4)),
        ])
    func header(text: String, error: CSVHeaderError) throws {
        for pieces in [Pieces.whole, .byByte] {
            #expect(throws: error) {
                try CSVReader(limits: CSVLimits(columns: 4)).reading(Array(text.utf8), pieces)
            }
        }
        var reader = CSVReader(limits: CSVLimits(columns: 4))
        reader.append(Array(text.utf8))
        reader.finish()
        for _ in 0..<3 { #expect(throws: error) { try reader.next() } }
    }

    @Test("A broken header says how, and UTF-16 is named")
    func brokenHeader() throws {
        let error = #expect(throws: CSVHeaderError.self) { try read("a,\"b\n1,2\n") }
        guard case .malformed(let fault) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(fault.reason == .unterminatedQuote)
        #expect(error?.description.contains("line 1, field 2") == true)
        for (mark, isBig) in [([0xFF, 0xFE] as [UInt8], false), ([0xFE, 0xFF], true)] {
            let bytes = mark + "a,b\r\n1,2\r\n".utf8.flatMap { isBig ? [0, $0] : [$0, 0] }
            #expect(throws: CSVHeaderError.utf16) { try CSVReader().reading(bytes) }
        }
    }

    @Test("Semicolons and tabs divide as commas do; a comma is then a character")
    func delimiters() throws {
        #expect(try read("a;b\n1,5;\"x;y\"\n", delimiter: .semicolon) == ["a|b", "2: 1,5|x;y"])
        #expect(try read("a\tb\n1,5\t\"x\ty\"\n", delimiter: .tab) == ["a|b", "2: 1,5|x\ty"])
    }

    @Test(
        "The delimiter is guessed from the header, quotes considered",
        arguments: [
            ("a,b\n1;2;3;4", CSVDelimiter.comma), ("a;b,c;d\n", .semicolon), ("a\tb", .tab),
            ("abc\n1,2", nil),
            ("", nil), ("\u{FEFF}a;b", .semicolon), ("\n\r\na;b\n", .semicolon),
            ("\"a,b,c\";d\n", .semicolon),
            ("\"a\n,,,\";d\r1,2", .semicolon), ("a,b;c", .comma), ("\"x\"\"y,,\"\tb\n", .tab),
        ])
    func detection(text: String, delimiter: CSVDelimiter?) {
        #expect(CSVDelimiter.detect(in: Array(text.utf8)) == delimiter)
    }

    @Test("What a person reads names the place and what to do, and nothing of the row")
    func messages() throws {
        let items = try CSVReader().reading(Array("a,b\nsecret,x\"y\n".utf8))
        let text = try #require(items.last?.fault).description
        #expect(text.hasPrefix("line 2, field 2: a quote inside a field"))
        #expect(!text.contains("secret"))
        let long = String(repeating: "n", count: 500)
        let message = CSVHeaderError.duplicateName("\u{1B}[2J" + long, columns: [1, 2]).description
        #expect(!message.contains("\u{1B}"))
        #expect(message.count < 150)
    }
}
