/// An event loop: one thread that waits for many descriptors.
public protocol Reactor: Sendable {
    /// Whether the caller runs on that thread.
    var isCurrent: Bool { get }

    /// Has `work` run on that thread, after what is at hand.
    func execute(_ work: @escaping @Sendable () -> Void)

    /// Has `onRaised` run on that thread each time the counter of an eventfd(2) was raised, and resets the counter. Takes the
    /// descriptor over, and closes it when the loop ends.
    func watch(eventDescriptor: Int32, _ onRaised: @escaping @Sendable () -> Void) async throws
}
