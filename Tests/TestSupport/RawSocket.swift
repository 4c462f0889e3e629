import Dispatch
import Glibc
import Synchronization

/// A client socket: bytes as a test wants them, without a library that would mend them. It blocks on a thread of its own, not on
/// those that tests share.
public final class RawSocket: Sendable {
    private let queue = DispatchQueue(label: "raw-socket")
    public struct Failure: Error {}

    public let descriptor: Int32

    /// Takes over a socket that is connected already.
    public init(descriptor: Int32) throws {
        self.descriptor = descriptor
        limitPatience()
    }

    /// Connects to a Unix socket.
    public init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        try connect(&address, MemoryLayout<sockaddr_un>.size)
    }

    /// Connects to a port of this host.
    public init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        try connect(&address, MemoryLayout<sockaddr_in>.size)
    }

    deinit { close(descriptor) }

    private func connect<Address>(_ address: inout Address, _ size: Int) throws {
        limitPatience()
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(size))
            }
        }
        guard descriptor >= 0, status == 0 else { throw Failure() }
    }

    /// Nothing a test waits for takes this long; a hang becomes a failure.
    private func limitPatience() {
        var patience = timeval(tv_sec: 180, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    private func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws
        -> Value
    {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body() }) }
        }
    }

    /// Sends what the peer takes; one who has closed takes nothing.
    public func send(_ bytes: [UInt8]) async throws {
        try await blocking { [descriptor] in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }

    public func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    public func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The next bytes that arrive; empty when the peer has closed.
    public func receive() async throws -> [UInt8] {
        try await blocking { [descriptor] in
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count >= 0 || errno == ECONNRESET else { throw Failure() }
            return Array(buffer.prefix(max(0, count)))
        }
    }

    /// Everything up to the end.
    public func receiveAll() async throws -> String {
        var all: [UInt8] = []
        while case let part = try await receive(), !part.isEmpty { all += part }
        return String(decoding: all, as: UTF8.self)
    }

    private let buffer = Mutex<[UInt8]>([])

    /// The next line, `nil` at the end.
    public func line() async throws -> [UInt8]? {
        while true {
            let line = buffer.withLock { buffer -> [UInt8]? in
                guard let end = buffer.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
                defer { buffer.removeFirst(end + 1) }
                return Array(buffer[..<end])
            }
            if let line { return line }
            let part = try await receive()
            guard !part.isEmpty else { return nil }
            buffer.withLock { $0 += part }
        }
    }
}
