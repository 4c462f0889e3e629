import COpenSSL

/// HMAC with SHA-256, RFC 2104. Compare tags with `isValid` or `constantTimeEqual`, never with `==`.
public enum HMACSHA256 {
    /// The 32-byte tag of `message` under `key`, which may have any length.
    public static func authenticate(
        key: SecretBytes, message: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        try key.withUnsafeBytes { (key) throws(CryptographyError) in
            try message.withRawBytes { (message) throws(CryptographyError) in
                try authenticate(key: key, message: message)
            }
        }
    }

    /// The 32-byte tag of `message` under `key`, which may have any length below 2 GiB.
    public static func authenticate(
        key: UnsafeRawBufferPointer, message: UnsafeRawBufferPointer
    ) throws(CryptographyError) -> [UInt8] {
        guard let keyLength = Int32(exactly: key.count) else {
            throw .invalidLength(parameter: "HMAC key", expected: "below 2 GiB", actual: key.count)
        }
        var tag = [UInt8](repeating: 0, count: SHA256.digestLength)
        let result = tag.withUnsafeMutableBufferPointer {
            HMAC(
                EVP_sha256(), key.baseAddress, keyLength, message.octets, message.count, $0.baseAddress, nil)
        }
        guard result != nil else { throw .fromLibcrypto("HMAC") }
        return tag
    }

    /// Whether `tag` is the whole 32-byte tag of `message`; truncated tags are refused.
    public static func isValid(
        _ tag: [UInt8], key: SecretBytes, message: [UInt8]
    ) throws(CryptographyError) -> Bool {
        constantTimeEqual(tag, try authenticate(key: key, message: message))
    }
}
