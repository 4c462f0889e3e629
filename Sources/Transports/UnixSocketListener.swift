import Glibc

/// Why no socket could be opened.
public struct SocketError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }

    public static func closed(_ path: String) -> SocketError {
        SocketError("The daemon at \(path) closed the connection before it answered")
    }

    static func silent(_ path: String) -> SocketError {
        SocketError("The daemon at \(path) does not answer")
    }

    init(_ operation: String, _ path: String) {
        let reason = strerror(errno).map { String(cString: $0) } ?? "error \(errno)"
        description = "\(operation) \(path): \(reason)"
    }
}

/// Opens the Unix socket. A file that a dead daemon left behind is replaced; a live daemon's is never touched.
enum UnixSocketListener {
    /// What `sun_path` holds, less its final NUL (unix(7)).
    private static let longestPath = 107

    /// A listening socket at `path`, mode 0660.
    static func open(_ path: String) throws(SocketError) -> Int32 {
        guard (1...longestPath).contains(path.utf8.count) else {
            throw SocketError(
                "The socket's path has \(path.utf8.count) bytes; 1 to \(longestPath) are possible: \(path)")
        }
        let lock = try lock(path)
        // Two daemons that start at once must not both find the same file stale.
        defer { close(lock) }
        try removeStale(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SocketError("Opening", path) }
        // The mode is set before anybody can connect: until listen(2), connect(2) is refused.
        guard withAddress(path, { bind(descriptor, $0, $1) }) == 0, chmod(path, 0o660) == 0,
            listen(descriptor, AcceptQueue.length) == 0
        else {
            let error = SocketError("Listening at", path)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// A socket that is connected to who listens at `path`.
    static func connected(to path: String) throws(SocketError) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0, withAddress(path, { connect(descriptor, $0, $1) }) == 0 else {
            let error = SocketError("Connecting to", path)
            if descriptor >= 0 { close(descriptor) }
            throw error
        }
        return descriptor
    }

    private static func lock(_ path: String) throws(SocketError) -> Int32 {
        let descriptor = Glibc.open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SocketError("Creating", path + ".lock") }
        guard flock(descriptor, LOCK_EX) == 0 else {
            let error = SocketError("Locking", path + ".lock")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func removeStale(_ path: String) throws(SocketError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw SocketError("\(path) is there and is no socket; remove it or choose another path")
        }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { throw SocketError("Opening", path) }
        defer { close(probe) }
        guard withAddress(path, { connect(probe, $0, $1) }) != 0, errno == ECONNREFUSED else {
            throw SocketError("Another daemon listens at \(path)")
        }
        guard unlink(path) == 0 else { throw SocketError("Removing the stale", path) }
    }

    /// Calls `body` with the address of `path`, which fits.
    static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(longestPath)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
