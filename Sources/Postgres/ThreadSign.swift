import Resilience
import Synchronization

/// A sign of life of one thread: until when it will have given the next.
final class ThreadSign: Sendable {
    private let next = Atomic(UInt64.max)
    /// What a loaded machine may cost beyond what was meant.
    private static let graceNanoseconds: UInt64 = 10_000_000_000

    /// What comes next takes no longer than this.
    func give(for nanoseconds: UInt64) { give(until: MonotonicClock.now + nanoseconds) }

    func give(until time: UInt64) {
        let (sum, isLate) = time.addingReportingOverflow(ThreadSign.graceNanoseconds)
        next.store(isLate ? .max : sum, ordering: .relaxed)
    }

    /// The thread has nothing to do any more.
    func end() { next.store(.max, ordering: .relaxed) }

    func isDue(after now: UInt64) -> Bool { next.load(ordering: .relaxed) > now }
}
