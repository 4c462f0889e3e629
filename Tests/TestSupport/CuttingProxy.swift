import Foundation
import Glibc
import Synchronization

/// Stands between a daemon and PostgreSQL, knows the frames of its protocol (PostgreSQL documentation, 55.7), and cuts a connection at any
/// statement that a test names.
public final class CuttingProxy: Sendable {
    /// What is lost with the connection.
    public enum Cut: Sendable, CaseIterable {
        /// The statement does not arrive.
        case before
        /// The statement arrives; its answer is lost, and what follows does not arrive.
        case after
        /// All that was sent with it arrives, COMMIT too; every answer is lost.
        case answers
    }

    private struct Fuse {
        var statements = 0
        var cut = Cut.before
        var isLit = false
    }

    /// The folder of its socket, for a connection string.
    public let directory: String
    private let server: String
    private let listener: Int32
    private let fuse = Mutex(Fuse())
    private let cuts = Atomic(0)

    /// - Parameter server: the path of PostgreSQL's socket.
    public init(to server: String) throws {
        var template = Array("/tmp/rpcd-cut-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw RawSocket.Failure() }
        let directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        chmod(directory, 0o755)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = directory + "/.s.PGSQL.5432"
        withUnsafeMutableBytes(of: &address.sun_path) {
            $0.copyBytes(from: path.utf8)
        }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(descriptor, 128) == 0 else { throw RawSocket.Failure() }
        (self.directory, self.server, listener) = (directory, server, descriptor)
        Thread.detachNewThread { [self] in
            while case let client = Glibc.accept(descriptor, nil, nil), client >= 0 { accept(client) }
        }
    }

    /// How many connections were cut.
    public var count: Int { cuts.load(ordering: .relaxed) }

    /// The connection that sends the `statements`-th statement from now on is cut there.
    public func cut(at statements: Int, _ cut: Cut) {
        fuse.withLock { $0 = Fuse(statements: statements, cut: cut, isLit: true) }
    }

    public func close() {
        shutdown(listener, Int32(SHUT_RDWR))
        Glibc.close(listener)
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func accept(_ client: Int32) {
        guard let upstream = try? RawSocket(path: server) else {
            Glibc.close(client)
            return
        }
        // Nobody gives up on the other because nothing comes for a while.
        var forever = timeval()
        setsockopt(
            upstream.descriptor, SOL_SOCKET, SO_RCVTIMEO, &forever, socklen_t(MemoryLayout<timeval>.size))
        let ends = Ends(client: client, upstream: upstream)
        let end: @Sendable () -> Void = {
            shutdown(ends.client, Int32(SHUT_RDWR))
            shutdown(ends.upstream.descriptor, Int32(SHUT_RDWR))
        }
        let finish = Countdown(2) { Glibc.close(client) }
        Thread.detachNewThread { [self] in
            forward(ends)
            end()
            finish.step()
        }
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while case let count = read(ends.upstream.descriptor, &buffer, buffer.count), count > 0 {
                guard CuttingProxy.write(buffer[..<count], to: ends.client) else { break }
            }
            end()
            finish.step()
        }
    }

    private struct Ends: Sendable {
        let client: Int32
        let upstream: RawSocket
    }

    /// Until one of them has gone, or the fuse has burnt down.
    private func forward(_ ends: Ends) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var hasStarted = false
        while case let count = read(ends.client, &buffer, buffer.count), count > 0 {
            bytes += buffer[..<count]
            var position = 0
            // What comes before the start-up message has no type either.
            while let length = CuttingProxy.frame(bytes, at: position, isTyped: hasStarted) {
                let frame = bytes[position..<position + length]
                position += length
                if !hasStarted {
                    hasStarted = frame.dropFirst(4).prefix(4).elementsEqual([0, 3, 0, 0])
                } else if frame.first == UInt8(ascii: "E"), let cut = burn() {
                    cuts.add(1, ordering: .relaxed)
                    switch cut {
                    case .before: return
                    case .after:
                        _ = CuttingProxy.write(frame, to: ends.upstream.descriptor)
                        return
                    case .answers:
                        shutdown(ends.client, Int32(SHUT_WR))
                        _ = CuttingProxy.write(frame + bytes[position...], to: ends.upstream.descriptor)
                        shutdown(ends.upstream.descriptor, Int32(SHUT_WR))
                        // The server ends when it has done what it got.
                        while read(ends.upstream.descriptor, &buffer, buffer.count) > 0 {}
                        return
                    }
                }
                guard CuttingProxy.write(frame, to: ends.upstream.descriptor) else { return }
            }
            bytes.removeFirst(position)
        }
    }

    private func burn() -> Cut? {
        fuse.withLock { fuse in
            guard fuse.isLit else { return nil }
            fuse.statements -= 1
            guard fuse.statements <= 0 else { return nil }
            fuse.isLit = false
            return fuse.cut
        }
    }

    /// The length of the whole frame that begins there, if all of it is there.
    private static func frame(_ bytes: [UInt8], at position: Int, isTyped: Bool) -> Int? {
        let head = isTyped ? 1 : 0
        guard bytes.count >= position + head + 4 else { return nil }
        let length = bytes[position + head..<position + head + 4].reduce(0) { $0 << 8 | Int($1) } + head
        return bytes.count >= position + length ? length : nil
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

/// Runs something at the last of several steps.
private final class Countdown: Sendable {
    private let left: Atomic<Int>
    private let last: @Sendable () -> Void

    init(_ count: Int, _ last: @escaping @Sendable () -> Void) {
        left = Atomic(count)
        self.last = last
    }

    func step() {
        if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { last() }
    }
}
