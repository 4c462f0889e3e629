/// How long to wait before trying again: exponential with full jitter, so that clients that failed together do not
/// come back together ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
public struct Backoff: Sendable, Equatable {
    /// Upper bound of the first wait, in nanoseconds.
    public let baseNanoseconds: UInt64
    /// Upper bound of every wait, in nanoseconds.
    public let capNanoseconds: UInt64

    public init(baseNanoseconds: UInt64, capNanoseconds: UInt64) {
        self.baseNanoseconds = baseNanoseconds
        self.capNanoseconds = capNanoseconds
    }

    /// A wait drawn evenly from 0 to min(cap, base · 2^attempt), in nanoseconds.
    ///
    /// - Parameter attempt: how often it has failed before, from 0; negative counts as 0.
    public func delayNanoseconds(attempt: Int, using random: inout some RandomNumberGenerator) -> UInt64 {
        UInt64.random(in: 0...bound(attempt: attempt), using: &random)
    }

    private func bound(attempt: Int) -> UInt64 {
        let doublings = max(0, attempt)
        // Shifting out a set bit would make a long row of failures start over with short waits.
        guard doublings <= baseNanoseconds.leadingZeroBitCount else { return capNanoseconds }
        return min(capNanoseconds, baseNanoseconds << UInt64(doublings))
    }
}
