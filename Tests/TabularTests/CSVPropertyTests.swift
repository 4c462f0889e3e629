import Tabular
import TestSupport
import Testing

@Suite("Reading CSV, whatever comes")
struct CSVPropertyTests {
    @Test("What the writer writes, the reader reads, however it arrives", arguments: Seed.some(150))
    func roundTrip(seed: Seed) throws {
        var random = seed.generator
        let table = Table(&random)
        let delimiter = CSVDelimiter.allCases.randomElement(using: &random) ?? .comma
        let bytes = table.written(by: CSVWriter(delimiter: delimiter, neutralisesFormulas: false))
        for pieces in [Pieces.whole, .byByte, .random(seed)] {
            let items = try CSVReader(delimiter: delimiter).reading(bytes, pieces)
            #expect(items.first == .header(table.columns.map { Array($0.utf8) }), "\(pieces)")
            #expect(
                items.dropFirst().map(\.fields) == table.rows.map { $0.map { Array($0.utf8) } }, "\(pieces)")
        }
    }

    @Test(
        "Garbage is read the same in any pieces, to its last byte, without a gap", arguments: Seed.some(200))
    func pieces(seed: Seed) throws {
        var random = seed.generator
        let limits = CSVLimits(
            fieldBytes: .random(in: 1...12, using: &random), rowBytes: .random(in: 1...40, using: &random))
        let bytes = garbage(&random, count: .random(in: 0...200, using: &random))
        let reader = CSVReader(columns: .random(in: 1...3, using: &random), at: .start, limits: limits)
        let items = try reader.reading(bytes)
        #expect(try reader.reading(bytes, .byByte) == items)
        #expect(try reader.reading(bytes, .random(seed)) == items)
        var position = FilePosition.start
        for item in items {
            let start = try #require(item.start)
            let end = try #require(item.end)
            // Between two rows there are empty lines at most, and a byte order mark before the first.
            let gap = bytes[position.offset..<start.offset].filter { $0 != 0x0A && $0 != 0x0D }
            #expect(gap.isEmpty || position == .start && gap == [0xEF, 0xBB, 0xBF])
            #expect(start.line == 1 + lines(in: bytes[..<start.offset]))
            let isLast = end.offset == bytes.count && bytes.last != 0x0A && bytes.last != 0x0D
            #expect(isLast || end.line == 1 + lines(in: bytes[..<end.offset]))
            if let fault = item.fault {
                #expect(bytes[start.offset...].starts(with: fault.raw))
                #expect(fault.raw.count <= limits.rowBytes)
                #expect(fault.isTruncated || end.offset - start.offset - fault.raw.count <= 2)
            }
            position = end
        }
        #expect(bytes[position.offset...].allSatisfy { $0 == 0x0A || $0 == 0x0D || position == .start })
    }

    @Test("After any garbage, good rows are found again", arguments: Seed.some(150))
    func sync(seed: Seed) throws {
        var random = seed.generator
        let limits = CSVLimits(rowBytes: .random(in: 20...100, using: &random))
        let good = (0..<40).map { "row \($0),value,3\n" }
        let bytes =
            Array("a,b,c\n".utf8) + garbage(&random, count: .random(in: 0...100, using: &random))
            + Array(good.joined().utf8)
        let items = try CSVReader(limits: limits).reading(bytes)
        let lost = limits.rowBytes / (good.first?.utf8.count ?? 1) + 2
        for (item, text) in zip(items.suffix(good.count - lost), good.suffix(good.count - lost)) {
            #expect(item.fields?.joined(separator: [0x2C]).elementsEqual(text.utf8.dropLast()) == true)
        }
    }

    @Test(
        "Whoever starts again behind a row or a fault reads what would have followed",
        arguments: Seed.some(120))
    func resumption(seed: Seed) throws {
        var random = seed.generator
        let limits = CSVLimits(fieldBytes: 20, rowBytes: .random(in: 10...60, using: &random))
        let header = Array("a,b\r\n".utf8)
        let bytes = header + garbage(&random, count: .random(in: 0...120, using: &random))
        let items = try CSVReader(limits: limits).reading(bytes)
        for (index, item) in items.enumerated() {
            guard let end = item.end else { continue }
            let again = try CSVReader(columns: 2, at: end, limits: limits).reading(
                Array(bytes[end.offset...]), .random(seed))
            #expect(again == Array(items[(index + 1)...]))
        }
    }

    /// CRLF, LF and a lone CR, counted in another way than the reader does.
    private func lines(in bytes: ArraySlice<UInt8>) -> Int {
        let returns = bytes.count { $0 == 0x0D }
        let feeds = bytes.count { $0 == 0x0A }
        let pairs = zip(bytes, bytes.dropFirst()).count { $0 == 0x0D && $1 == 0x0A }
        return returns + feeds - pairs
    }
}
