/// A 128-bit identifier (RFC 9562), read and written in its canonical lower-case form.
public struct UUID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The first and the last eight bytes, big endian.
    private let high: UInt64
    private let low: UInt64

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The nil UUID (RFC 9562 §5.9): before every other one.
    public static let zero = UUID(high: 0, low: 0)

    /// A random (version 4) identifier.
    public static func random() -> UUID {
        var generator = SystemRandomNumberGenerator()
        return random(generator.next(), generator.next())
    }

    /// A version 4 identifier of these random bits, six of which give way to version and variant.
    public static func random(_ high: UInt64, _ low: UInt64) -> UUID {
        UUID(
            high: (high & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000,
            low: (low & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000)
    }

    /// Version 7 identifiers (RFC 9562 §5.7), each before the next: those of later moments come later, so an index takes them at its end.
    ///
    /// The twelve bits behind the milliseconds count within the list (RFC 9562 §6.2, method 1); what goes beyond them counts as
    /// milliseconds.
    /// - Parameters:
    ///   - milliseconds: since 1970, of which 48 bits are taken.
    ///   - random: of each, 62 bits.
    public static func timeOrdered(milliseconds: UInt64, _ random: some Collection<UInt64>) -> [UUID] {
        random.enumerated().map { index, bits in
            let count = (milliseconds << 12) &+ UInt64(index)
            return UUID(
                high: (count & ~0xFFF) << 4 | 0x7000 | count & 0xFFF,
                low: (bits & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000)
        }
    }

    /// Reads the canonical form `8-4-4-4-12`, hexadecimal digits of either case; anything else is `nil`.
    public init?(_ text: some StringProtocol) {
        var text = String(text)
        guard let value = text.withUTF8({ UUID(utf8: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = value
    }

    /// As ``init(_:)``, from UTF-8 bytes.
    public init?(utf8 bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 36 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        var digits = 0
        for (index, byte) in bytes.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = UUID.value(ofHexDigit: byte) else { return nil }
            if digits < 16 {
                words.0 = words.0 << 4 | UInt64(digit)
            } else {
                words.1 = words.1 << 4 | UInt64(digit)
            }
            digits += 1
        }
        self.init(high: words.0, low: words.1)
    }

    /// From the 16 bytes of its binary form (network order); another length is `nil`.
    public init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }

    /// The 16 bytes of the binary form, network order.
    public var bytes: [UInt8] {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
    }

    /// The canonical form: 36 lower-case characters.
    public var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            var position = 0
            for index in 0..<32 {
                if index == 8 || index == 12 || index == 16 || index == 20 {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                let word = index < 16 ? high : low
                let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (index % 16))) & 0xF
                buffer[position] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
                position += 1
            }
            return position
        }
    }

    public static func < (left: UUID, right: UUID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    private static func value(ofHexDigit byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
