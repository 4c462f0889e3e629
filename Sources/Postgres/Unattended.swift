import Resilience

/// Work that no call bounds: it gives up after a while.
public final class Unattended: Interruptible {
    public let deadlineNanoseconds: UInt64
    public let isInterrupted = false

    public init(seconds: UInt64) {
        deadlineNanoseconds = MonotonicClock.now + seconds * 1_000_000_000
    }

    public func onInterruption(_ hook: @escaping @Sendable () -> Void) {}
}
