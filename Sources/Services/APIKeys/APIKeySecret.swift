import Cryptography
import Identifiers

/// `rk_`, and in base64url: the key's id (16 bytes), 24 random bytes, and a checksum of 4, by which a scanner of source code tells a key
/// from chance, and the daemon a typing error without asking the database.
struct APIKeySecret: Sendable {
    let id: UUID
    /// What is stored of the random bytes.
    let hash: [UInt8]

    static let prefix = "rk_"
    private static let randomBytes = 24
    private static let checksumBytes = 4

    private init(id: UUID, random: [UInt8]) throws(CryptographyError) {
        self.id = id
        hash = try SHA256.digest(random)
    }

    /// A new one, with the text that is shown once.
    static func make(id: UUID) throws(CryptographyError) -> (secret: APIKeySecret, text: String) {
        let random = try SecureRandom.bytes(randomBytes)
        let body = id.bytes + random
        return (
            try APIKeySecret(id: id, random: random), prefix + Base64URL.encode(body + (try checksum(body)))
        )
    }

    /// `nil` for what was never given out.
    init?(_ text: String) {
        guard text.hasPrefix(APIKeySecret.prefix),
            let bytes = Base64URL.decode(String(text.dropFirst(APIKeySecret.prefix.count))),
            bytes.count == 16 + APIKeySecret.randomBytes + APIKeySecret.checksumBytes,
            let id = bytes.withUnsafeBytes({ UUID(bytes: UnsafeRawBufferPointer(rebasing: $0[..<16])) }),
            let checksum = try? APIKeySecret.checksum(Array(bytes.dropLast(APIKeySecret.checksumBytes))),
            checksum == Array(bytes.suffix(APIKeySecret.checksumBytes)),
            let secret = try? APIKeySecret(
                id: id, random: Array(bytes[16..<16 + APIKeySecret.randomBytes]))
        else { return nil }
        self = secret
    }

    private static func checksum(_ body: [UInt8]) throws(CryptographyError) -> [UInt8] {
        Array(try SHA256.digest(Array(prefix.utf8) + body).prefix(checksumBytes))
    }
}
