import Resilience

/// Counts the calls of all daemons that serve the same callers.
public protocol SharedRates: Sendable {
    /// Whether it is worth asking now: when it is not, a call is counted here and goes on at once.
    var isAtHand: Bool { get }

    /// Counts one call.
    /// - Parameter answer: called exactly once, soon, on any thread; with `nil` when nobody has answered in time, or at all.
    func ask(_ question: RateQuestion, answer: @escaping @Sendable (RateAnswer?) -> Void)
}

/// A call that is to be counted.
public struct RateQuestion: Sendable {
    /// Whose call it is.
    public let key: String
    public let rate: RateClass
    public let limit: RateLimit
    /// What this daemon knows of the key: nanoseconds until its allowance is whole. Whoever answers may have forgotten it.
    public let busyNanoseconds: UInt64
}

/// What is said of a call that was counted. As ``RateLimiter/Decision`` in what it means.
public struct RateAnswer: Sendable, Equatable {
    public let allowed: Bool
    /// Until the allowance is whole.
    public let busyNanoseconds: UInt64
    /// Until the same call would be admitted; 0 when this one was.
    public let retryAfterNanoseconds: UInt64

    public init(allowed: Bool, busyNanoseconds: UInt64, retryAfterNanoseconds: UInt64) {
        self.allowed = allowed
        self.busyNanoseconds = busyNanoseconds
        self.retryAfterNanoseconds = retryAfterNanoseconds
    }
}
