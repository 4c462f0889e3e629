import Cryptography
import Identifiers

/// What a provider is asked about: what of a record it needs, normalised.
public struct LookupInput: Sendable {
    /// A JSON object: members in the order of their names, texts normalised. The same question is the same bytes.
    public let canonical: [UInt8]
    /// SHA-256 over slug, request, what is made of an answer, and canonical input: under which answers are kept. Another key of the same provider has the same.
    public let hash: [UInt8]
    let values: [String: InputValue]
}

/// A record that a provider cannot be asked about.
public struct InputLack: Error, Sendable, Equatable {
    /// What is missing or does not fit, as "/domain is required"; values are not quoted.
    public let reasons: [String]
}

/// One field that a provider gave, checked.
public struct FoundField: Sendable, Equatable {
    public let name: String
    /// JSON, at most 16 KiB.
    public let value: [UInt8]
    /// 0 to 1.
    public let confidence: Double
    /// When the provider gave it; `nil` for just now.
    public var answeredAt: Timestamp?
}

/// What came of asking a provider.
public enum LookupOutcome: Sendable, Equatable {
    /// At least one field.
    case found([FoundField])
    case notFound
    case failed(LookupFailure)
}

/// Why a provider gave no answer that could be used. Neither a secret nor anything of an answer is in it.
public struct LookupFailure: Error, Sendable, Equatable {
    /// Its raw value is what callers see.
    public enum Code: String, Sendable, CaseIterable {
        /// No answer in time, or no turn before the deadline.
        case timeout
        /// It says that it is asked too often.
        case throttled
        /// It has failed so often that it is left alone for a while.
        case circuitOpen
        /// What came back is not what was agreed upon.
        case badAnswer
        /// It says that it failed, in an answer of status 200.
        case providerError
        /// It does not take the question.
        case refused
        /// It does not take the credential.
        case unauthorized
        /// The credential's account is used up.
        case paymentRequired
        /// It cannot be reached, or fails.
        case unavailable
        /// It is at an address that may not be called, or is not who it should be.
        case blocked
        /// More wait for it than may.
        case busy
        /// Nobody wants the answer any more.
        case cancelled
        /// The credential that is stored here cannot be read.
        case keyUnreadable
    }

    /// Why the question has to wait, though nothing has gone wrong with it.
    public enum Wait: Sendable, Equatable {
        /// Others are before it.
        case turn
        /// The provider says that it is too much.
        case rest
        /// The provider is left alone, and has been for so long.
        case circuit(forNanoseconds: UInt64)
    }

    public let code: Code
    /// A sentence for people.
    public let message: String
    /// Whether the same question could fare better later.
    public let isTransient: Bool
    /// After which asking again makes sense, where that is known.
    public let retryAfterNanoseconds: UInt64?
    /// `nil`: it is a failure.
    public let wait: Wait?
    /// Whether the same question again does no harm: the provider has not done what was asked, or may do it twice.
    public internal(set) var isRepeatable = true

    init(
        _ code: Code, _ message: String, isTransient: Bool, retryAfterNanoseconds: UInt64? = nil,
        wait: Wait? = nil
    ) {
        self.wait = wait
        self.code = code
        self.message = message
        self.isTransient = isTransient
        self.retryAfterNanoseconds = retryAfterNanoseconds
    }

    static func badAnswer(_ why: String, isTransient: Bool) -> LookupFailure {
        LookupFailure(.badAnswer, "The answer is not as agreed: \(why)", isTransient: isTransient)
    }
}

/// Whose key is used.
public enum KeyKind: String, Sendable, CaseIterable {
    /// The workspace's own credential.
    case own
    /// The operator's.
    case platform
}

/// What a caller chooses.
public enum KeyChoice: String, Sendable, CaseIterable {
    case own, platform
    /// The workspace's own where it has one, else the operator's.
    case auto
}

/// A key to ask a provider with. Prints as nothing that is secret.
public struct ProviderKey: Sendable {
    public let kind: KeyKind
    /// Of the workspace's own.
    public let credentialID: UUID?
    let key: SecretBytes
    let secret: SecretBytes?

    /// Under which circuits and limits are kept: `platform`, or the id of the credential.
    public var label: String { credentialID?.description ?? CircuitKey.platform }
}
