/// base64url without padding, RFC 4648 §5, as JOSE uses it: one spelling for each byte string.
public enum Base64URL {
    /// Spells `bytes` with `A–Z a–z 0–9 - _`, without padding.
    public static func encode(_ bytes: [UInt8]) -> String {
        UnpaddedBase64.url.encode(bytes)
    }

    /// The bytes `text` spells, or nil when it is not what `encode` would have written: padding, white space,
    /// another alphabet, an impossible length or trailing bits that are not zero.
    public static func decode(_ text: String) -> [UInt8]? {
        UnpaddedBase64.url.decode(text.utf8)
    }

    /// As `decode(_: String)`, for text that is at hand as bytes.
    public static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        UnpaddedBase64.url.decode(text)
    }
}

/// RFC 4648 without padding, strict, for both alphabets: JOSE takes one, the PHC string format the other.
struct UnpaddedBase64: Sendable {
    static let url = UnpaddedBase64(lastTwo: "-_")
    static let standard = UnpaddedBase64(lastTwo: "+/")

    private let symbols: [UInt8]
    private let values: [UInt8?]

    private init(lastTwo: String) {
        let symbols = [UInt8](
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + lastTwo).utf8)
        var values = [UInt8?](repeating: nil, count: 256)
        for (value, symbol) in symbols.enumerated() { values[Int(symbol)] = UInt8(value) }
        self.symbols = symbols
        self.values = values
    }

    func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for byte in bytes {
            bits = (bits << 8 | UInt32(byte)) & 0xFFFF
            bitCount += 8
            while bitCount >= 6 {
                bitCount -= 6
                text.append(symbols[Int(bits >> bitCount & 0x3F)])
            }
        }
        if bitCount > 0 { text.append(symbols[Int(bits << (6 - bitCount) & 0x3F)]) }
        return String(decoding: text, as: UTF8.self)
    }

    func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for symbol in text {
            guard let value = values[Int(symbol)] else { return nil }
            bits = (bits << 6 | UInt32(value)) & 0xFFFF
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> bitCount))
            }
        }
        // Six bits left over: a lone symbol, which no byte string ends with. Otherwise they must be zero.
        guard bitCount < 6, bits & (1 << bitCount - 1) == 0 else { return nil }
        return bytes
    }
}
