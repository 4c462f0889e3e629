import COpenSSL

/// Key derivation with HMAC-SHA-256, RFC 5869, extract and expand in one step.
public enum HKDFSHA256 {
    /// RFC 5869 §2.3: at most 255 blocks of the hash.
    public static let maximumOutput = 255 * SHA256.digestLength

    /// Derives `count` bytes from `key`, which must already have the entropy of a key: this is no password hash.
    ///
    /// - Parameters:
    ///   - salt: random but not secret, may be empty.
    ///   - info: what the derived key is for, at most 1024 bytes: other purpose, other key.
    ///   - count: 1 to `maximumOutput`.
    public static func derive(
        key: SecretBytes, salt: [UInt8], info: [UInt8], count: Int
    ) throws(CryptographyError) -> SecretBytes {
        guard (1...maximumOutput).contains(count) else {
            throw .invalidLength(parameter: "HKDF output", expected: "1 to \(maximumOutput)", actual: count)
        }
        guard let algorithm, let context = EVP_KDF_CTX_new(algorithm) else {
            throw .fromLibcrypto("EVP_KDF_CTX_new")
        }
        defer { EVP_KDF_CTX_free(context) }
        return try SecretBytes(count: count) { (output) throws(CryptographyError) in
            let isDerived = key.withUnsafeBytes { key in
                salt.withUnsafeBytes { salt in
                    info.withUnsafeBytes { info in derive(context, key, salt, info, output) }
                }
            }
            guard isDerived else { throw .fromLibcrypto("EVP_KDF_derive") }
        }
    }

    private static func derive(
        _ context: OpaquePointer, _ key: UnsafeRawBufferPointer, _ salt: UnsafeRawBufferPointer,
        _ info: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) -> Bool {
        // Only read, whatever the type says (OSSL_PARAM(3)). A salt of no bytes is that of zeros, by RFC 5869 §2.2, and is left out.
        func octets(_ name: StaticString, _ bytes: UnsafeRawBufferPointer) -> OSSL_PARAM {
            OSSL_PARAM_construct_octet_string(
                self.name(name), UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
        }
        let digest: StaticString = "SHA256"
        var parameters = [
            OSSL_PARAM_construct_utf8_string(
                name("digest"), UnsafeMutablePointer(mutating: name(digest)), digest.utf8CodeUnitCount),
            octets("key", key), octets("info", info),
        ]
        if !salt.isEmpty { parameters.append(octets("salt", salt)) }
        parameters.append(OSSL_PARAM_construct_end())
        let start = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return EVP_KDF_derive(context, start, output.count, parameters) == 1
    }

    private static func name(_ text: StaticString) -> UnsafePointer<CChar> {
        UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    // Safe to share: a fetched algorithm is immutable (EVP_KDF_fetch(3)). Fetched once: fetching costs more than deriving.
    nonisolated(unsafe) private static let algorithm = EVP_KDF_fetch(nil, "HKDF", nil)
}
