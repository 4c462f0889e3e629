import Tabular
import TestSupport
import Testing

@Suite("Writing CSV")
struct CSVWriterTests {
    private func line(_ fields: [String], _ writer: CSVWriter = CSVWriter()) -> String {
        var bytes: [UInt8] = []
        writer.append(fields, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("Quotes stand only where they are needed, each row ends with CRLF")
    func quotes() {
        let plain = CSVWriter(neutralisesFormulas: false)
        #expect(line(["a", "b c", "", "é"], plain) == "a,b c,,é\r\n")
        #expect(
            line(["a,b", "x\"y", "\"", "1\n2", "\r"], plain)
                == "\"a,b\",\"x\"\"y\",\"\"\"\",\"1\n2\",\"\r\"\r\n")
        #expect(line(["a;b", "a\tb"], plain) == "a;b,a\tb\r\n")
        #expect(
            line(["a;b", "a,b"], CSVWriter(delimiter: .semicolon, neutralisesFormulas: false))
                == "\"a;b\";a,b\r\n")
        #expect(line([""], plain) == "\"\"\r\n")
        #expect(line(["", ""], plain) == ",\r\n")
        #expect(line([], plain) == "\r\n")
        #expect(line(["\u{FEFF}a"], plain) == "\"\u{FEFF}a\"\r\n")
    }

    @Test("Rows are appended to what is there")
    func appending() {
        var bytes = Array("x".utf8)
        CSVWriter().append([""], to: &bytes)
        CSVWriter().append(["1", "2"], to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "x\"\"\r\n1,2\r\n")
    }

    @Test(
        "What a spreadsheet would run gets an apostrophe",
        arguments: [
            ("=1+1", "'=1+1"), ("=", "'="), ("+1+1", "'+1+1"), ("-1+1", "'-1+1"), ("@SUM(A1)", "'@SUM(A1)"),
            ("＝1", "'＝1"), ("＋1+1", "'＋1+1"), ("－1", "'－1"), ("＠A1", "'＠A1"),
            ("\tx", "\"'\tx\""), ("\rx", "\"'\rx\""), ("\nx", "\"'\nx\""), ("\0x", "'\0x"),
            (" =1", "' =1"), ("   \u{A0}\u{3000}\u{200B}=1", "'   \u{A0}\u{3000}\u{200B}=1"),
            ("\u{B}=1", "'\u{B}=1"),
            ("'=1", "''=1"), ("\"=1", "\"'\"\"=1\""), ("\" '=1", "\"'\"\" '=1\""),
            (" \t=1", "\"' \t=1\""), ("\u{FEFF}=1", "\"'\u{FEFF}=1\""),
            // The examples of OWASP.
            ("=1+2\";=1+2", "\"'=1+2\"\";=1+2\""), ("=1+2'\" ;,=1+2", "\"'=1+2'\"\" ;,=1+2\""),
            // Another delimiter may be the one that divides the cells.
            ("x;=1", "\"x;=1\""), ("x\t=1", "\"x\t=1\""),
            // Not quite numbers.
            ("-", "'-"), ("+-1", "'+-1"), ("-1-1", "'-1-1"), ("-5 ", "'-5 "), (" -5", "' -5"),
            ("-.5", "'-.5"),
            ("-5.", "'-5."), ("-1e", "'-1e"), ("-1e+", "'-1e+"), ("-0x1F", "'-0x1F"), ("+1,5", "\"'+1,5\""),
            ("-INF", "'-INF"), ("+５", "'+５"), ("-1\n", "\"'-1\n\""), ("-5%", "'-5%"),
        ])
    func formulas(cell: String, written: String) {
        #expect(line([cell]) == written + "\r\n")
        #expect(line(["a", cell]) == "a," + written + "\r\n")
        var bytes: [UInt8] = []
        CSVWriter(neutralisesFormulas: false).append([cell], to: &bytes)
        #expect(!bytes.starts(with: Array("'".utf8)) || cell.hasPrefix("'"))
    }

    @Test(
        "Numbers and what is not run stay as they are",
        arguments: [
            "-5", "+1.5", "1e3", "-1e3", "-1.5E-10", "+0", "0", "-007", "+15551234567", "a=1", "1+1",
            "x@example.org",
            "", " ", "'", "it's", "  indented", "1-2", "é", "a－", "日本",
        ])
    func harmless(cell: String) {
        #expect(line(["x", cell]) == "x," + cell + "\r\n")
    }

    @Test("No cell that is read back begins like a formula, unless it is a number", arguments: Seed.some(150))
    func property(seed: Seed) throws {
        var random = seed.generator
        let words = [
            "=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", " ", "'", "\"", ";", ",", "1", "A",
            "\u{A0}",
        ]
        for _ in 0..<50 {
            let cell = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                words[Int.random(in: 0..<words.count, using: &random)]
            }.joined()
            let items = try CSVReader(columns: 2, at: .start).reading(Array(line(["x", cell]).utf8))
            let read = String(decoding: try #require(items.first?.fields?.last), as: UTF8.self)
            #expect(read == cell || read == "'" + cell)
            if let first = read.unicodeScalars.first, "=@＝＋－＠\t\r\n".unicodeScalars.contains(first) {
                Issue.record("\(cell.debugDescription) became \(read.debugDescription)")
            }
            if read.hasPrefix("-") || read.hasPrefix("+") { #expect(Double(read) != nil) }
        }
    }
}
