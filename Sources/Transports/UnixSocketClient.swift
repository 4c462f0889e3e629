import Glibc

/// A blocking connection to a daemon's socket, one line at a time.
public final class UnixSocketClient {
    private let descriptor: Int32
    private let path: String
    private var buffer: [UInt8] = []
    /// How far `buffer` has been looked through for the end of a line.
    private var scanned = 0

    /// - Parameter timeoutSeconds: for a daemon that neither takes nor sends anything; then it counts as lost. Without it there is no bound.
    /// - Throws: ``SocketError`` when nobody listens there.
    public init(path: String, timeoutSeconds: Int? = nil) throws(SocketError) {
        self.path = path
        descriptor = try UnixSocketListener.connected(to: path)
        guard let timeoutSeconds else { return }
        var timeout = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    deinit { close(descriptor) }

    public func send(_ bytes: [UInt8]) throws(SocketError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 || errno == EINTR else { throw SocketError("Writing to", path) }
            sent += max(0, count)
        }
    }

    /// Waits until something has come, or the daemon has closed.
    /// - Returns: false when the time is over.
    public func isAnswered(withinMs milliseconds: Int32) -> Bool {
        guard scanned == 0, buffer.isEmpty else { return true }
        var look = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&look, 1, milliseconds) != 0
    }

    /// The next line without its end; `nil` when the daemon has closed.
    public func line() throws(SocketError) -> [UInt8]? {
        while true {
            if let end = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                defer {
                    buffer.removeFirst(end + 1)
                    scanned = 0
                }
                return Array(buffer[..<end])
            }
            scanned = buffer.count
            var part = [UInt8](repeating: 0, count: 65_536)
            let count = read(descriptor, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw errno == EAGAIN ? SocketError.silent(path) : SocketError("Reading from", path)
            }
            guard count > 0 else { return nil }
            buffer.append(contentsOf: part[..<count])
        }
    }
}
