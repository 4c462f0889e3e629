import CArgon2

/// Password hashing with argon2id, RFC 9106, with the parameters OWASP names first: 19 MiB, 2 passes, 1 lane.
///
/// A call takes tens of milliseconds and 19 MiB: run it on a bounded pool of threads, never on an event loop.
public enum PasswordHash {
    /// Longest password in bytes; bounds the copy, not the hashing time.
    public static let maximumPasswordLength = 4096

    /// Hashes `password` under a fresh salt. The result is a PHC string, `$argon2id$v=19$m=…,t=…,p=…$salt$tag`.
    ///
    /// The password is copied to wiped memory; the array given is the caller's to wipe.
    public static func hash(password: [UInt8]) throws(CryptographyError) -> String {
        try hash(password: SecretBytes(password))
    }

    /// Hashes `password` under a fresh salt. The result is a PHC string, `$argon2id$v=19$m=…,t=…,p=…$salt$tag`.
    public static func hash(password: SecretBytes) throws(CryptographyError) -> String {
        let salt = try SecureRandom.bytes(Cost.saltLength)
        let tag = try derive(password, salt: salt, cost: .current, tagLength: Cost.tagLength)
        return PHCString(cost: .current, salt: salt, tag: tag).text
    }

    /// Whether `password` is the one `encoded` was made from. The tags are compared in constant time.
    ///
    /// - Throws: `malformedPasswordHash` when `encoded` is no argon2id PHC string or asks for more memory, passes
    ///   or lanes than `PHCString` accepts: a row in the database cannot make this program take gigabytes.
    public static func verify(
        password: [UInt8], against encoded: String
    ) throws(CryptographyError) -> Bool {
        try verify(password: SecretBytes(password), against: encoded)
    }

    /// Whether `password` is the one `encoded` was made from. The tags are compared in constant time.
    public static func verify(
        password: SecretBytes, against encoded: String
    ) throws(CryptographyError) -> Bool {
        guard let stored = PHCString(parsing: encoded) else { throw .malformedPasswordHash }
        let tag = try derive(password, salt: stored.salt, cost: stored.cost, tagLength: stored.tag.count)
        return constantTimeEqual(tag, stored.tag)
    }

    /// Whether `encoded` was not made with today's parameters, so that the next successful login should store a
    /// new hash. True for text that is no PHC string at all.
    public static func needsRehash(_ encoded: String) -> Bool {
        guard let stored = PHCString(parsing: encoded) else { return true }
        return stored.cost != .current || stored.salt.count != Cost.saltLength
            || stored.tag.count != Cost.tagLength
    }

    static func derive(
        _ password: SecretBytes, salt: [UInt8], cost: Cost, tagLength: Int
    ) throws(CryptographyError) -> [UInt8] {
        guard password.count <= maximumPasswordLength else {
            throw .invalidLength(parameter: "password", expected: "0 to 4096", actual: password.count)
        }
        // libargon2 takes the password by mutable pointer and wipes it there: it gets a copy of its own.
        let copy = try password.withUnsafeBytes { (bytes) throws(CryptographyError) in
            try SecretBytes(copying: bytes)
        }
        var tag = [UInt8](repeating: 0, count: tagLength)
        var salt = salt
        let status = copy.withUnsafeBytes { copy in
            salt.withUnsafeMutableBufferPointer { salt in
                tag.withUnsafeMutableBufferPointer { tag in
                    var context = argon2_context()
                    context.out = tag.baseAddress
                    context.outlen = UInt32(tag.count)
                    context.pwd = UnsafeMutablePointer(mutating: copy.octets)
                    context.pwdlen = UInt32(copy.count)
                    context.salt = salt.baseAddress
                    context.saltlen = UInt32(salt.count)
                    context.t_cost = cost.passes
                    context.m_cost = cost.memoryKiB
                    context.lanes = cost.lanes
                    // One thread whatever the lanes: the pool that called us bounds the concurrency.
                    context.threads = 1
                    context.version = ARGON2_VERSION_13.rawValue
                    // The working memory is wiped by libargon2's default (FLAG_clear_internal_memory).
                    context.flags = rpcd_argon2_clear_password()
                    return argon2_ctx(&context, Argon2_id)
                }
            }
        }
        guard status != ARGON2_MEMORY_ALLOCATION_ERROR.rawValue else { throw .outOfMemory }
        guard status == ARGON2_OK.rawValue else { throw .argon2(code: status) }
        return tag
    }
}

extension PasswordHash {
    /// What a hash costs.
    struct Cost: Equatable, Sendable {
        var memoryKiB: UInt32
        var passes: UInt32
        var lanes: UInt32

        /// What new hashes are made with.
        static let current = Cost(memoryKiB: 19_456, passes: 2, lanes: 1)
        static let saltLength = 16
        static let tagLength = 32
    }
}
