import COpenSSL

/// SHA-256, FIPS 180-4.
public enum SHA256 {
    /// Length of a digest in bytes.
    public static let digestLength = 32

    // Safe to share: a fetched algorithm is immutable (EVP_MD_fetch(3)). Fetched once: implicit fetching costs more than a short digest.
    nonisolated(unsafe) private static let algorithm = EVP_MD_fetch(nil, "SHA256", nil)

    /// The 32-byte digest of `bytes`.
    public static func digest(_ bytes: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try bytes.withRawBytes { (bytes) throws(CryptographyError) in try digest(bytes) }
    }

    /// The 32-byte digest of `bytes`.
    public static func digest(_ bytes: UnsafeRawBufferPointer) throws(CryptographyError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: digestLength)
        let status = digest.withUnsafeMutableBufferPointer {
            EVP_Digest(bytes.baseAddress, bytes.count, $0.baseAddress, nil, algorithm, nil)
        }
        guard status == 1 else { throw .fromLibcrypto("EVP_Digest") }
        return digest
    }
}
