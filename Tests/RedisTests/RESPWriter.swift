import NIOCore
import Redis

/// Values as a server would write them.
struct RESPWriter {
    private(set) var bytes: [UInt8] = []

    static func bytes(_ value: RESPValue) -> [UInt8] {
        var writer = RESPWriter()
        writer.write(value)
        return writer.bytes
    }

    mutating func write(_ value: RESPValue) {
        switch value {
        case .simple(let text): line("+" + text)
        case .error(let failure) where failure.text.utf8.contains(UInt8(ascii: "\n")):
            bulk("!", Array(failure.text.utf8))
        case .error(let failure): line("-" + failure.text)
        case .integer(let number): line(":\(number)")
        case .bulk(let bytes): bulk("$", bytes)
        case .null: line("_")
        case .double(let number): line("," + RESPWriter.text(number))
        case .boolean(let isTrue): line(isTrue ? "#t" : "#f")
        case .bigNumber(let digits): line("(" + digits)
        case .verbatim(let format, let bytes): bulk("=", Array((format + ":").utf8) + bytes)
        case .array(let elements): aggregate("*", elements.count, elements)
        case .set(let elements): aggregate("~", elements.count, elements)
        case .push(let elements): aggregate(">", elements.count, elements)
        case .map(let pairs): aggregate("%", pairs.count, pairs.flatMap { [$0.key, $0.value] })
        }
    }

    /// What says something of the value behind it, and is skipped.
    mutating func attribute(_ pairs: [RESPValue.Pair]) {
        aggregate("|", pairs.count, pairs.flatMap { [$0.key, $0.value] })
    }

    private mutating func line(_ text: String) { bytes += Array((text + "\r\n").utf8) }

    private mutating func bulk(_ type: String, _ body: [UInt8]) {
        line("\(type)\(body.count)")
        bytes += body + Array("\r\n".utf8)
    }

    private mutating func aggregate(_ type: String, _ count: Int, _ elements: [RESPValue]) {
        line("\(type)\(count)")
        for element in elements { write(element) }
    }

    private static func text(_ number: Double) -> String {
        number.isInfinite ? (number < 0 ? "-inf" : "inf") : "\(number)"
    }
}

extension RESPParser {
    /// Takes bytes, and gives every value that is whole.
    mutating func all(_ bytes: some Sequence<UInt8>) throws(RESPViolation) -> [RESPValue] {
        append(ByteBuffer(bytes: bytes))
        var values: [RESPValue] = []
        while let value = try next() { values.append(value) }
        return values
    }
}
