import Glibc

/// Listens on a port of this host, and says nothing to whoever connects.
public final class SilentListener {
    public struct Failure: Error {}

    public let port: Int
    private let descriptor: Int32

    public init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isOpen = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        guard isOpen else { throw Failure() }
    }

    deinit { close(descriptor) }

    /// Whether the first who has connected is still there.
    public func firstCallerStillWaits() throws -> Bool {
        let caller = accept(descriptor, nil, nil)
        guard caller >= 0 else { throw Failure() }
        defer { close(caller) }
        // POLLRDHUP, which Glibc does not show to Swift.
        var look = pollfd(fd: caller, events: 0x2000, revents: 0)
        return poll(&look, 1, 0) == 0
    }
}
