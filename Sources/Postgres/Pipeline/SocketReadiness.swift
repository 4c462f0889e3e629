import CPostgres
import Glibc

/// Raises an eventfd when libpq's socket is ready. Used by one thread at a time.
final class SocketReadiness {
    private let context: rpcd_readiness
    private let socket: Int32
    private let eventDescriptor: Int32
    private var armed: Int16 = 0

    /// Throws `.notConnected` where the kernel has no asynchronous poll, or no room for another.
    init(socket: Int32, raising eventDescriptor: Int32) throws(PostgresError) {
        var context = rpcd_readiness()
        let failure = rpcd_readiness_open(&context)
        guard failure == 0 else {
            throw PostgresError(.notConnected, "io_setup: \(String(cString: strerror(failure)))")
        }
        self.context = context
        self.socket = socket
        self.eventDescriptor = eventDescriptor
    }

    deinit { rpcd_readiness_close(context) }

    /// Has the eventfd raised once when the socket can be read, and, with `writing`, once when it can be written.
    func arm(writing: Bool) throws(PostgresError) {
        try arm(Int16(POLLIN))
        if writing { try arm(Int16(POLLOUT)) }
    }

    private func arm(_ events: Int16) throws(PostgresError) {
        guard armed & events == 0 else { return }
        let failure = rpcd_readiness_arm(context, socket, events, eventDescriptor)
        guard failure == 0 else {
            throw PostgresError(.connectionLost, "io_submit: \(String(cString: strerror(failure)))")
        }
        armed |= events
    }

    /// To be called when the eventfd was raised; arming is possible again then.
    func take() { armed &= ~rpcd_readiness_take(context) }
}
