/// A key from a passphrase that somebody keeps in mind or in a safe: argon2id, RFC 9106, with the parameters that the RFC recommends where
/// there are not 2 GiB of memory to spend (§4, second choice; one thread works through the four lanes).
///
/// It takes a good part of a second and 64 MiB.
public enum PassphraseKey {
    /// Length of a salt in bytes.
    public static let saltLength = 16

    private static let cost = PasswordHash.Cost(memoryKiB: 65_536, passes: 3, lanes: 4)

    /// A key for ``AES256GCM``: always the same for the same passphrase and salt.
    /// - Throws: `invalidLength` for a passphrase above 4096 bytes, `outOfMemory`.
    public static func derive(
        from passphrase: SecretBytes, salt: [UInt8]
    ) throws(CryptographyError) -> SecretBytes {
        var key = try PasswordHash.derive(
            passphrase, salt: salt, cost: cost, tagLength: AES256GCM.keyLength)
        return try SecretBytes(moving: &key)
    }
}
