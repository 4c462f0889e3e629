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
        guard let keyLength = Int32(exactly: key.count), let saltLength = Int32(exactly: salt.count),
            let infoLength = Int32(exactly: info.count)
        else { throw .invalidLength(parameter: "HKDF input", expected: "below 2 GiB", actual: key.count) }
        guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nil) else {
            throw .fromLibcrypto("EVP_PKEY_CTX_new_id")
        }
        defer { EVP_PKEY_CTX_free(context) }
        let prepared = key.withUnsafeBytes { key in
            EVP_PKEY_derive_init(context) == 1
                && EVP_PKEY_CTX_set_hkdf_md(context, EVP_sha256()) == 1
                && EVP_PKEY_CTX_set1_hkdf_salt(context, salt, saltLength) == 1
                && EVP_PKEY_CTX_set1_hkdf_key(context, key.octets, keyLength) == 1
                && EVP_PKEY_CTX_add1_hkdf_info(context, info, infoLength) == 1
        }
        guard prepared else { throw .fromLibcrypto("EVP_PKEY_derive_init") }
        return try SecretBytes(count: count) { (output) throws(CryptographyError) in
            var length = output.count
            let start = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            guard EVP_PKEY_derive(context, start, &length) == 1, length == count else {
                throw .fromLibcrypto("EVP_PKEY_derive")
            }
        }
    }
}
