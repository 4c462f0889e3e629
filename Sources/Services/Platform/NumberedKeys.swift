import Cryptography

/// A ring of keys with numbers. The newest is used for what is new, all for what is there.
public struct NumberedKeys: Sendable {
    private let keys: [Int64: SecretBytes]
    /// The number of the newest key.
    public let current: Int64

    /// Of every key in the ring.
    public var numbers: Set<Int64> { Set(keys.keys) }

    static let keyBytes = 32
    private static let most = 100

    /// Whether no further key has room.
    public var isFull: Bool { keys.count >= NumberedKeys.most }

    /// From the text of a key file: a line a key, its number and 64 hexadecimal digits. The highest number is the newest. `nil` for
    /// anything else.
    public init?(file bytes: [UInt8]) {
        var keys: [Int64: SecretBytes] = [:]
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
            let words = line.split(separator: UInt8(ascii: " "))
            guard words.count == 2, let number = Int64(String(decoding: words[0], as: UTF8.self)), number > 0,
                var key = [UInt8](hex: words[1]), key.count == NumberedKeys.keyBytes,
                let secret = try? SecretBytes(moving: &key), keys.updateValue(secret, forKey: number) == nil
            else { return nil }
        }
        guard let current = keys.keys.max(), keys.count <= NumberedKeys.most else { return nil }
        self.keys = keys
        self.current = current
    }

    /// A line of a key file, with a new key.
    public static func makeLine(number: Int64) throws -> [UInt8] {
        Array("\(number) \(try SecureRandom.bytes(keyBytes).hex)\n".utf8)
    }

    /// The newest first.
    var newestFirst: [SecretBytes] { keys.sorted { $0.key > $1.key }.map(\.value) }

    /// `nil` for a key that is not in the ring any more.
    subscript(number: Int64) -> SecretBytes? { keys[number] }
}
