/// What bounds a piece of work: until when it may run, and whether its caller still wants it.
public protocol Interruptible: AnyObject, Sendable {
    /// On CLOCK_MONOTONIC.
    var deadlineNanoseconds: UInt64 { get }
    /// True once the work should stop.
    var isInterrupted: Bool { get }
    /// Has `hook` run once when that happens; at once when it already has. A later hook replaces an earlier one.
    func onInterruption(_ hook: @escaping @Sendable () -> Void)
    /// Told how long the work waited for a connection, and how long it had one, both in nanoseconds.
    func noteDatabase(waited: UInt64, worked: UInt64)
}

extension Interruptible {
    public func noteDatabase(waited: UInt64, worked: UInt64) {}
}
