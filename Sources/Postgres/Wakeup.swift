import CPostgres
import Glibc

/// An eventfd that any thread can raise and that poll(2) sees (eventfd(2)).
final class Wakeup: Sendable {
    let descriptor: Int32

    init() throws(PostgresError) {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else { throw PostgresError(.notConnected, "no descriptor is free") }
    }

    deinit { close(descriptor) }

    /// Another descriptor of the same counter, which the caller closes.
    func duplicate() throws(PostgresError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw PostgresError(.notConnected, "no descriptor is free") }
        return copy
    }

    func raise() {
        _ = eventfd_write(descriptor, 1)
    }

    func lower() {
        var value = eventfd_t()
        _ = eventfd_read(descriptor, &value)
    }
}
