/// Whether a call that failed is tried again, and when: exponential backoff with full jitter, never before the service wants it, never
/// past the deadline, and only where doing it twice does no harm. Knows no clock.
public struct RetryPolicy: Sendable, Equatable {
    public enum Decision: Sendable, Equatable {
        case retry(afterNanoseconds: UInt64)
        case giveUp(Reason)
    }

    public enum Reason: Sendable, Equatable {
        /// It may have happened already, and would happen again.
        case unsafe
        /// As often as it may be.
        case attempts
        /// The next attempt would come after the deadline, or the service wants a longer rest than is waited for.
        case tooLate
    }

    /// Calls in all, with the first; at least 1.
    public let maximumAttempts: Int
    public let backoff: Backoff
    /// The longest `Retry-After` that is waited for, in seconds; whoever wants more is not asked again.
    public let maximumRetryAfterSeconds: Int

    public init(maximumAttempts: Int, backoff: Backoff, maximumRetryAfterSeconds: Int) {
        self.maximumAttempts = max(1, maximumAttempts)
        self.backoff = backoff
        self.maximumRetryAfterSeconds = max(0, min(maximumRetryAfterSeconds, RetryAfter.maximumSeconds))
    }

    /// What to do after a failure that could pass.
    ///
    /// - Parameters:
    ///   - attempt: how many calls there have been, from 1.
    ///   - isSafe: whether the call did not reach the service, or may be repeated.
    ///   - retryAfterSeconds: what the service asked for, see ``RetryAfter``. The jitter comes on top, so that not all come at once.
    ///   - now: of the same clock as `deadline`, in nanoseconds.
    public func decide(
        attempt: Int, isSafe: Bool, retryAfterSeconds: Int?, now: UInt64, deadline: UInt64,
        using random: inout some RandomNumberGenerator
    ) -> Decision {
        guard isSafe else { return .giveUp(.unsafe) }
        guard attempt < maximumAttempts else { return .giveUp(.attempts) }
        let asked = max(0, retryAfterSeconds ?? 0)
        guard asked <= maximumRetryAfterSeconds, now < deadline else { return .giveUp(.tooLate) }
        let jitter = backoff.delayNanoseconds(attempt: attempt - 1, using: &random)
        let (wait, overflow) = jitter.addingReportingOverflow(UInt64(asked) * 1_000_000_000)
        guard !overflow, wait < deadline - now else { return .giveUp(.tooLate) }
        return .retry(afterNanoseconds: wait)
    }
}
