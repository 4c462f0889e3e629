import JSON

extension RPCD {
    /// Why a call has no result.
    public enum Failure: Error, Sendable {
        /// The daemon answered, with an error.
        case call(CallError)
        /// The daemon did not answer.
        case connection(ConnectionError)
        /// The daemon answered what this client does not understand: it is of another version.
        case unexpectedAnswer(String)
        /// The task was cancelled before anything was sent.
        case cancelled

        /// Whether the call ended because it was cancelled.
        public var isCancellation: Bool {
            switch self {
            case .cancelled: true
            case .call(let error): error.code == .cancelled
            case .connection, .unexpectedAnswer: false
            }
        }

        /// Whether the call may have been done although there is no result.
        public var isOutcomeUnknown: Bool {
            switch self {
            case .call(let error):
                error.followsLostAttempt || error.details?["outcome"]?.string == "unknown"
            case .connection(let error): error.outcome == .unknown
            case .unexpectedAnswer: true
            case .cancelled: false
            }
        }
    }

    /// What the daemon says of a call that failed.
    public struct CallError: Error, Sendable {
        /// What a program switches on.
        public let code: ErrorCode
        /// What a person reads.
        public let message: String
        /// As the code's documentation says.
        public let details: Value?
        /// Under which the daemon's log has the call.
        public let requestID: String?
        /// The code of JSON-RPC.
        public let rpcCode: Int64
        /// Whether an attempt before this answer may have been done.
        var followsLostAttempt = false

        /// From the `error` of a response.
        init(_ error: JSON) {
            let envelope = error["data"]
            let inner = envelope?["error"]
            rpcCode = error["code"]?.int64 ?? 0
            message = error["message"]?.string ?? ""
            code = ErrorCode(rawValue: inner?["code"]?.string ?? "\(rpcCode)")
            details = inner?["details"].map { Value($0) }
            requestID = envelope?["meta"]?["requestId"]?.string
        }

        /// When to try again, where the daemon says.
        public var retryAfterMs: Int64? { details?["retryAfterMs"]?.integer }
    }

    /// No answer of the daemon.
    public struct ConnectionError: Error, Sendable, CustomStringConvertible {
        public enum Outcome: Sendable {
            /// The daemon has not seen the call.
            case notSent
            /// It may have been done. The same call with the same idempotency key tells.
            case unknown
        }

        public let outcome: Outcome
        public let description: String
    }
}

extension RPCD.Failure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .call(let error): "\(error.code.rawValue): \(error.message)"
        case .connection(let error): error.description
        case .unexpectedAnswer(let text): "unexpected answer: \(text)"
        case .cancelled: "cancelled"
        }
    }

    static func notSent(_ description: String) -> RPCD.Failure {
        .connection(RPCD.ConnectionError(outcome: .notSent, description: description))
    }

    static func lost(_ description: String) -> RPCD.Failure {
        .connection(RPCD.ConnectionError(outcome: .unknown, description: description))
    }

    /// Whether nothing of the call reached the daemon.
    var wasNotSent: Bool {
        guard case .connection(let error) = self else { return false }
        return error.outcome == .notSent
    }

    /// What it is after an attempt that may have been done: then so may the call.
    func following(_ lost: RPCD.Failure) -> RPCD.Failure {
        switch self {
        case .call(var error):
            error.followsLostAttempt = true
            return .call(error)
        case .connection(let error): return .lost(error.description)
        case .unexpectedAnswer: return self
        // It says that nothing was sent.
        case .cancelled: return lost
        }
    }

    /// Whether the same may work in a moment.
    var mayPass: Bool {
        switch self {
        case .connection: true
        case .call(let error): error.code == .serviceUnavailable
        case .unexpectedAnswer, .cancelled: false
        }
    }
}
