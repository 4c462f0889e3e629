import COpenSSL

/// Signatures on edwards25519, RFC 8032 (pure Ed25519, no context).
public enum Ed25519 {
    /// Length of a seed (RFC 8032 calls it the private key) in bytes.
    public static let seedLength = 32
    /// Length of a public key in bytes.
    public static let publicKeyLength = 32
    /// Length of a signature in bytes.
    public static let signatureLength = 64
}

extension Ed25519 {
    /// A private key, parsed once and used for any number of signatures, from any thread.
    public final class SigningKey: Sendable {
        private let key: KeyHandle

        /// The key others verify with.
        public let publicKey: PublicKey

        private init(_ key: KeyHandle) throws(CryptographyError) {
            self.key = key
            self.publicKey = try PublicKey(key.publicBytes())
        }

        /// A fresh key.
        public static func generate() throws(CryptographyError) -> SigningKey {
            try SigningKey(seed: .random(count: seedLength))
        }

        /// The key with this 32-byte seed.
        public convenience init(seed: SecretBytes) throws(CryptographyError) {
            guard seed.count == seedLength else {
                throw .invalidLength(parameter: "Ed25519 seed", expected: "32", actual: seed.count)
            }
            let handle = seed.withUnsafeBytes {
                EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, $0.octets, $0.count)
            }
            guard let handle else { throw .fromLibcrypto("EVP_PKEY_new_raw_private_key") }
            try self.init(KeyHandle(owning: handle))
        }

        /// The key in a PEM document (PKCS#8, RFC 5958 and RFC 8410, as `openssl genpkey -algorithm ed25519`
        /// writes it). Encrypted keys and other algorithms are refused.
        public convenience init(pem: SecretBytes) throws(CryptographyError) {
            let handle = pem.withUnsafeBytes { bytes -> OpaquePointer? in
                guard let length = Int32(exactly: bytes.count), length > 0,
                    let source = BIO_new_mem_buf(bytes.baseAddress, length)
                else { return nil }
                defer { BIO_free(source) }
                // Without a callback libcrypto would ask for the passphrase on the terminal.
                return PEM_read_bio_PrivateKey(source, nil, { _, _, _, _ in -1 }, nil)
            }
            ERR_clear_error()
            guard let handle else { throw .malformedKey }
            let key = KeyHandle(owning: handle)
            guard key.isEd25519 else { throw .malformedKey }
            try self.init(key)
        }

        /// The 32 bytes the key is stored as.
        public var seed: SecretBytes {
            get throws(CryptographyError) {
                try SecretBytes(count: seedLength) { (seed) throws(CryptographyError) in
                    try key.copySeed(into: seed)
                }
            }
        }

        /// The 64-byte signature of `message`; the same for the same message (RFC 8032 §5.1.6).
        public func sign(_ message: [UInt8]) throws(CryptographyError) -> [UInt8] {
            try key.sign(message)
        }
    }

    /// A public key, parsed once and used for any number of verifications, from any thread.
    public final class PublicKey: Sendable, Equatable {
        private let key: KeyHandle

        /// The 32 bytes of RFC 8032 §5.1.2.
        public let bytes: [UInt8]

        /// The key with these 32 bytes. Whether they name a point of the curve shows only when verifying:
        /// with bytes that do not, no signature is valid.
        public init(_ bytes: [UInt8]) throws(CryptographyError) {
            guard bytes.count == publicKeyLength else {
                throw .invalidLength(parameter: "Ed25519 public key", expected: "32", actual: bytes.count)
            }
            guard let handle = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count) else {
                throw .fromLibcrypto("EVP_PKEY_new_raw_public_key")
            }
            self.key = KeyHandle(owning: handle)
            self.bytes = bytes
        }

        /// Whether `signature` is this key's signature of `message`. A signature of any other length than 64
        /// bytes is simply not valid.
        ///
        /// - Throws: `libcrypto` or `outOfMemory` when the question could not be asked.
        public func isValidSignature(
            _ signature: [UInt8], for message: [UInt8]
        ) throws(CryptographyError) -> Bool {
            guard signature.count == signatureLength else { return false }
            return try key.verify(signature, of: message)
        }

        public static func == (left: PublicKey, right: PublicKey) -> Bool { left.bytes == right.bytes }
    }
}

/// Owns one EVP_PKEY.
///
/// Safe to share: an EVP_PKEY is not changed after it was made; libcrypto guards its reference count and its cache of provider keys itself
/// (openssl-threads(7)). What a signature does change, the EVP_MD_CTX, is made anew for each use.
private final class KeyHandle: @unchecked Sendable {
    private let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) { self.pointer = pointer }

    deinit { EVP_PKEY_free(pointer) }

    var isEd25519: Bool { EVP_PKEY_get_id(pointer) == EVP_PKEY_ED25519 }

    func publicBytes() throws(CryptographyError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Ed25519.publicKeyLength)
        var length = bytes.count
        guard EVP_PKEY_get_raw_public_key(pointer, &bytes, &length) == 1, length == bytes.count else {
            throw .fromLibcrypto("EVP_PKEY_get_raw_public_key")
        }
        return bytes
    }

    func copySeed(into seed: UnsafeMutableRawBufferPointer) throws(CryptographyError) {
        var length = seed.count
        let start = seed.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard EVP_PKEY_get_raw_private_key(pointer, start, &length) == 1, length == seed.count else {
            throw .fromLibcrypto("EVP_PKEY_get_raw_private_key")
        }
    }

    func sign(_ message: [UInt8]) throws(CryptographyError) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw .outOfMemory }
        defer { EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: Ed25519.signatureLength)
        var length = signature.count
        guard EVP_DigestSignInit(context, nil, nil, nil, pointer) == 1,
            EVP_DigestSign(context, &signature, &length, message, message.count) == 1,
            length == signature.count
        else { throw .fromLibcrypto("EVP_DigestSign") }
        return signature
    }

    func verify(_ signature: [UInt8], of message: [UInt8]) throws(CryptographyError) -> Bool {
        guard let context = EVP_MD_CTX_new() else { throw .outOfMemory }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestVerifyInit(context, nil, nil, nil, pointer) == 1 else {
            throw .fromLibcrypto("EVP_DigestVerifyInit")
        }
        let verdict = EVP_DigestVerify(context, signature, signature.count, message, message.count)
        // A refusal may leave its reason behind; it must not explain somebody else's failure.
        ERR_clear_error()
        return verdict == 1
    }
}
