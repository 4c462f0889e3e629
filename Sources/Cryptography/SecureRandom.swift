import COpenSSL

/// Unpredictable bytes for nonces, salts and tokens. Keys come from `SecretBytes.random(count:)`.
public enum SecureRandom {
    /// `count` bytes from libcrypto's generator (RAND_bytes(3)), seeded by the kernel.
    ///
    /// - Throws: `invalidLength` for a count below zero or above 2 GiB; `libcrypto` when there is no entropy.
    public static func bytes(_ count: Int) throws(CryptographyError) -> [UInt8] {
        guard count >= 0, let size = Int32(exactly: count) else {
            throw .invalidLength(parameter: "random bytes", expected: "0 to 2147483647", actual: count)
        }
        var bytes = [UInt8](repeating: 0, count: count)
        let status = bytes.withUnsafeMutableBufferPointer { RAND_bytes($0.baseAddress, size) }
        guard status == 1 else { throw .fromLibcrypto("RAND_bytes") }
        return bytes
    }
}

/// Whether both are the same bytes, in a time that depends on their length only. Lengths are not secret.
public func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.withRawBytes { left in right.withRawBytes { right in constantTimeEqual(left, right) } }
}

/// Whether both are the same bytes, in a time that depends on their length only. Lengths are not secret.
public func constantTimeEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    guard let left = left.baseAddress, let start = right.baseAddress else { return true }
    return CRYPTO_memcmp(left, start, right.count) == 0
}
