import COpenSSL

/// AES-256 in Galois/Counter Mode, NIST SP 800-38D: 96-bit nonce, 128-bit tag.
///
/// A sealed box is `nonce ‖ ciphertext ‖ tag`. The nonce is random: one key seals at most 2³² boxes (§8.3).
public enum AES256GCM {
    /// Length of a key in bytes.
    public static let keyLength = 32
    /// Length of the nonce in bytes.
    public static let nonceLength = 12
    /// Length of the tag in bytes.
    public static let tagLength = 16

    /// Encrypts `plaintext` and authenticates it together with `associatedData`, which is not in the box.
    public static func seal(
        _ plaintext: SecretBytes, key: SecretBytes, associatedData: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        let nonce = try SecureRandom.bytes(nonceLength)
        return try plaintext.withUnsafeBytes { (plaintext) throws(CryptographyError) in
            try seal(plaintext, key: key, nonce: nonce, associatedData: associatedData)
        }
    }

    /// Encrypts `plaintext` and authenticates it together with `associatedData`, which is not in the box.
    public static func seal(
        _ plaintext: [UInt8], key: SecretBytes, associatedData: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        let nonce = try SecureRandom.bytes(nonceLength)
        return try plaintext.withRawBytes { (plaintext) throws(CryptographyError) in
            try seal(plaintext, key: key, nonce: nonce, associatedData: associatedData)
        }
    }

    /// The plaintext of `box`, given the key and associated data it was sealed with.
    ///
    /// - Throws: `authenticationFailed` when anything differs, in which case no plaintext gets out;
    ///   `invalidLength` when the box is too short to be one.
    public static func open(
        _ box: [UInt8], key: SecretBytes, associatedData: [UInt8]
    ) throws(CryptographyError) -> SecretBytes {
        let length = box.count - nonceLength - tagLength
        guard length >= 0 else {
            throw .invalidLength(parameter: "sealed box", expected: "28 or more", actual: box.count)
        }
        return try SecretBytes(count: length) { (plaintext) throws(CryptographyError) in
            try box.withRawBytes { (box) throws(CryptographyError) in
                try decrypt(box, into: plaintext, key: key, associatedData: associatedData)
            }
        }
    }

    /// Sealing under a nonce of the caller's choice: for test vectors. Using a nonce twice breaks the mode.
    static func seal(
        _ plaintext: UnsafeRawBufferPointer, key: SecretBytes, nonce: [UInt8], associatedData: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        guard nonce.count == nonceLength else {
            throw .invalidLength(parameter: "nonce", expected: "12", actual: nonce.count)
        }
        let context = try Context(encrypting: true, key: key, nonce: nonce)
        try context.authenticate(associatedData)
        var box = nonce + [UInt8](repeating: 0, count: plaintext.count + tagLength)
        try box.withUnsafeMutableBufferPointer { (buffer) throws(CryptographyError) in
            let body = UnsafeMutableRawBufferPointer(
                rebasing: UnsafeMutableRawBufferPointer(buffer)[nonceLength...])
            try context.update(plaintext, into: body)
            try context.finish()
            let tag = UnsafeMutableRawBufferPointer(rebasing: body[plaintext.count...])
            try context.control(EVP_CTRL_AEAD_GET_TAG, tag)
        }
        return box
    }

    private static func decrypt(
        _ box: UnsafeRawBufferPointer, into plaintext: UnsafeMutableRawBufferPointer, key: SecretBytes,
        associatedData: [UInt8]
    ) throws(CryptographyError) {
        let context = try Context(encrypting: false, key: key, nonce: [UInt8](box.prefix(nonceLength)))
        try context.authenticate(associatedData)
        let body = nonceLength..<(box.count - tagLength)
        try context.update(UnsafeRawBufferPointer(rebasing: box[body]), into: plaintext)
        var tag = [UInt8](box.suffix(tagLength))
        try tag.withUnsafeMutableBufferPointer { (tag) throws(CryptographyError) in
            try context.control(EVP_CTRL_AEAD_SET_TAG, UnsafeMutableRawBufferPointer(tag))
        }
        do {
            try context.finish()
        } catch {
            throw .authenticationFailed
        }
    }
}

/// Owns one EVP_CIPHER_CTX for one message.
private final class Context {
    private let pointer: OpaquePointer

    init(encrypting: Bool, key: SecretBytes, nonce: [UInt8]) throws(CryptographyError) {
        guard key.count == AES256GCM.keyLength else {
            throw .invalidLength(parameter: "AES-256 key", expected: "32", actual: key.count)
        }
        guard let pointer = EVP_CIPHER_CTX_new() else { throw .outOfMemory }
        self.pointer = pointer
        // 96 bits is the mode's default nonce length; it needs no setting.
        let status = key.withUnsafeBytes {
            EVP_CipherInit_ex(pointer, EVP_aes_256_gcm(), nil, $0.octets, nonce, encrypting ? 1 : 0)
        }
        guard status == 1 else { throw .fromLibcrypto("EVP_CipherInit_ex") }
    }

    deinit { EVP_CIPHER_CTX_free(pointer) }

    func authenticate(_ associatedData: [UInt8]) throws(CryptographyError) {
        try associatedData.withRawBytes { (bytes) throws(CryptographyError) in
            try update(bytes, into: UnsafeMutableRawBufferPointer(start: nil, count: 0))
        }
    }

    /// With no output buffer the input is associated data.
    func update(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(CryptographyError) {
        guard let size = Int32(exactly: input.count) else {
            throw .invalidLength(parameter: "AES-GCM input", expected: "below 2 GiB", actual: input.count)
        }
        guard size > 0 else { return }
        var written: Int32 = 0
        let start = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard EVP_CipherUpdate(pointer, start, &written, input.octets, size) == 1, written == size else {
            throw .fromLibcrypto("EVP_CipherUpdate")
        }
    }

    func finish() throws(CryptographyError) {
        // GCM has no padding: the last step writes nothing, but wants a place to write to.
        var nothing: (UInt64, UInt64) = (0, 0)
        var written: Int32 = 0
        let status = withUnsafeMutableBytes(of: &nothing) {
            EVP_CipherFinal_ex(pointer, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), &written)
        }
        guard status == 1 else { throw .fromLibcrypto("EVP_CipherFinal_ex") }
    }

    func control(
        _ command: Int32, _ tag: UnsafeMutableRawBufferPointer
    ) throws(CryptographyError) {
        let length = Int32(AES256GCM.tagLength)
        guard EVP_CIPHER_CTX_ctrl(pointer, command, length, tag.baseAddress) == 1 else {
            throw .fromLibcrypto("EVP_CIPHER_CTX_ctrl")
        }
    }
}
