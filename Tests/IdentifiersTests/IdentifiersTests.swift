import Foundation
import Identifiers
import TestSupport
import Testing

@Suite("Identifiers")
struct IdentifiersTests {
    @Test("A UUID reads back what it writes, from text and from bytes", arguments: Seed.some(100))
    func uuidRoundTrip(seed: Seed) throws {
        var random = seed.generator
        let bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
        let uuid = try #require(bytes.withUnsafeBytes { Identifiers.UUID(bytes: $0) })
        #expect(uuid.bytes == bytes)
        #expect(Identifiers.UUID(uuid.description) == uuid)
        #expect(Identifiers.UUID(uuid.description.uppercased()) == uuid)
        #expect(uuid.description == uuid.description.lowercased())
    }

    @Test(
        "Only the canonical form is a UUID",
        arguments: [
            "", "6f1c0b8e3a554c8e9d540d6f3f6c2a10", "{6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10}",
            "6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a1g", "6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a1",
            "６f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2",
        ])
    func notUUID(text: String) {
        #expect(Identifiers.UUID(text) == nil)
    }

    @Test("A random UUID says that it is one")
    func version() {
        let text = Identifiers.UUID.random().description
        #expect(Array(text)[14] == "4")
        #expect("89ab".contains(Array(text)[19]))
        #expect(Identifiers.UUID.random() != Identifiers.UUID.random())
    }

    @Test(
        "Time-ordered UUIDs say so, follow each other, and those of later moments follow them",
        arguments: Seed.some(100))
    func timeOrdered(seed: Seed) {
        var random = seed.generator
        let moment = UInt64.random(in: 0..<1 << 47, using: &random)
        func list(_ milliseconds: UInt64, _ count: Int) -> [Identifiers.UUID] {
            Identifiers.UUID.timeOrdered(
                milliseconds: milliseconds,
                (0..<count).map { _ in .random(in: .min ... .max, using: &random) })
        }
        let first = list(moment, .random(in: 1...4096, using: &random))
        let all = first + list(moment + 1, 3) + list(moment + 100_000, 1)
        #expect(zip(all, all.dropFirst()).allSatisfy { $0 < $1 })
        for text in all.map({ Array($0.description) }) {
            #expect(text[14] == "7" && "89ab".contains(text[19]))
        }
        let digits = first[0].description.replacing("-", with: "").prefix(12)
        #expect(UInt64(digits, radix: 16) == moment, "RFC 9562 §5.7: the milliseconds come first")
        let many = list(moment, 5000)
        #expect(zip(many, many.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test("Every number of microseconds can be written down; text outside the calendar is none")
    func extremes() {
        for value in [Int64.min, .min + 1, -1, 0, .max - 1, .max] {
            #expect(Timestamp(microseconds: value).description.hasSuffix("Z"))
        }
        #expect(Timestamp.calendar.lowerBound.description == "0001-01-01T00:00:00.000Z")
        #expect(Timestamp.calendar.upperBound.description == "9999-12-31T23:59:59.999Z")
        for text in ["0000-12-31T23:59:59Z", "9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+00:01"] {
            #expect(Timestamp(rfc3339: text) == nil, "\(text)")
        }
    }

    @Test(
        "A timestamp reads back what it writes, to the millisecond, and agrees with Foundation",
        arguments: Seed.some(200))
    func timestampRoundTrip(seed: Seed) throws {
        var random = seed.generator
        let moment = Timestamp(
            microseconds: .random(in: -12_000_000_000...250_000_000_000, using: &random) * 1_000_000)
        #expect(Timestamp(rfc3339: moment.description) == moment)
        // Since 1600: before 1582 Foundation counts by the Julian calendar, RFC 3339 does not.
        let formatter = ISO8601DateFormatter()
        let plain = moment.description.replacingOccurrences(of: ".000Z", with: "Z")
        #expect(formatter.date(from: plain)?.timeIntervalSince1970 == Double(moment.seconds))
    }

    @Test("Offsets are taken into account, and what no calendar has is refused")
    func timestampForms() {
        #expect(
            Timestamp(rfc3339: "2026-11-24T10:15:30.25+02:00")?.description == "2026-11-24T08:15:30.250Z")
        #expect(Timestamp(rfc3339: "2024-02-29T00:00:00Z") != nil)
        for text in [
            "2026-02-29T00:00:00Z", "2026-11-24T24:00:00Z", "2026-11-24 08:15:30Z", "2026-11-24T08:15:30",
            "2026-13-01T00:00:00Z", "2026-11-24T08:15:30.Z", "2026-11-24T08:15:30Zx", "",
        ] {
            #expect(Timestamp(rfc3339: text) == nil, "\(text)")
        }
    }
}
