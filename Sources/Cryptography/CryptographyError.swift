import COpenSSL

/// Why a cryptographic operation was refused or failed. Carries lengths and library codes, never a secret.
public enum CryptographyError: Error, Equatable, Sendable {
    /// A parameter has a length the algorithm does not take. `expected` says which it takes, for people.
    case invalidLength(parameter: String, expected: String, actual: Int)
    /// The bytes are not a private key of the kind asked for (for instance an encrypted or an RSA PEM).
    case malformedKey
    /// A ciphertext or its associated data was altered, or was sealed under another key.
    case authenticationFailed
    /// A stored password hash is not an argon2id PHC string, or demands more than this program grants.
    case malformedPasswordHash
    /// The operating system gave no memory.
    case outOfMemory
    /// libargon2 answered with this code (`argon2.h`).
    case argon2(code: Int32)
    /// libcrypto failed; `reason` is its own message, empty when it gave none.
    case libcrypto(operation: String, reason: String)
}

extension CryptographyError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidLength(let parameter, let expected, let actual):
            "\(parameter) has \(actual) bytes; expected \(expected)"
        case .malformedKey: "not an unencrypted PKCS#8 private key of the expected kind"
        case .authenticationFailed: "authentication failed: altered data or another key"
        case .malformedPasswordHash: "not an argon2id hash within the accepted parameters"
        case .outOfMemory: "out of memory"
        case .argon2(let code): "libargon2 failed with code \(code)"
        case .libcrypto(let operation, let reason): "\(operation) failed: \(reason)"
        }
    }
}

extension CryptographyError {
    /// Takes the oldest entry of this thread's libcrypto error queue and empties it, so that no later failure
    /// is explained with this one's reason.
    static func fromLibcrypto(_ operation: String) -> CryptographyError {
        let code = ERR_get_error()
        ERR_clear_error()
        let reason = ERR_reason_error_string(code).map { String(cString: $0) } ?? ""
        return .libcrypto(operation: operation, reason: reason)
    }
}

extension Array where Element == UInt8 {
    /// `withUnsafeBytes` of the standard library forgets the error's type; this one keeps it.
    func withRawBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeBufferPointer { (buffer) throws(Failure) in
            try body(UnsafeRawBufferPointer(buffer))
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The start as libcrypto's parameters want it; nil only when there are no bytes.
    var octets: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}
