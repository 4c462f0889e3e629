import CSystemd
import Glibc

/// A listening stream socket the service manager opened for this process. Whoever takes it closes the descriptor.
public struct ActivatedSocket: Sendable, Equatable {
    public enum Family: Sendable, Equatable { case unix, inet, inet6 }

    /// The file descriptor, 3 or above, marked close-on-exec.
    public let descriptor: Int32
    /// `FileDescriptorName=` of the socket unit; `unknown` when the manager named none.
    public let name: String
    public let family: Family
    /// Always true: others are refused by `SocketActivation.take()`.
    public let isListening: Bool
}

/// Socket activation, sd_listen_fds_with_names(3).
public enum SocketActivation {
    /// The sockets passed to this process; none when `LISTEN_FDS` is not set or `LISTEN_PID` is another process.
    ///
    /// Call it once, at the start, before other threads run: it removes the variables from the environment, so
    /// that no child takes the sockets for its own. A second call answers none.
    ///
    /// - Throws: EINVAL when the variables are malformed; ENOTSOCK when a descriptor is not a listening stream
    ///   socket of a family known here. Then no socket was taken, and all stay open.
    public static func take() throws(SystemdError) -> [ActivatedSocket] {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        // It sets close-on-exec on each descriptor.
        let count = sd_listen_fds_with_names(1, &names)
        guard count >= 0 else { throw SystemdError("sd_listen_fds_with_names", code: -count) }
        defer { release(names, count: Int(count)) }
        var sockets: [ActivatedSocket] = []
        for index in 0..<Int(count) {
            let name = names.flatMap { $0[index] }.map { String(cString: $0) } ?? "unknown"
            sockets.append(try check(SD_LISTEN_FDS_START + Int32(index), name: name))
        }
        return sockets
    }

    private static func check(_ descriptor: Int32, name: String) throws(SystemdError) -> ActivatedSocket {
        let families: [(Int32, ActivatedSocket.Family)] = [
            (AF_UNIX, .unix), (AF_INET, .inet), (AF_INET6, .inet6),
        ]
        let stream = Int32(SOCK_STREAM.rawValue)
        for (number, family) in families where sd_is_socket(descriptor, number, stream, 1) > 0 {
            return ActivatedSocket(descriptor: descriptor, name: name, family: family, isListening: true)
        }
        throw SystemdError("activated socket \(name) (descriptor \(descriptor))", code: ENOTSOCK)
    }

    private static func release(
        _ names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, count: Int
    ) {
        guard let names else { return }
        for index in 0..<count { free(names[index]) }
        free(names)
    }
}
