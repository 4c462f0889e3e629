import Glibc

/// Secrets the service manager hands over as files (`LoadCredential=`, systemd.exec(5)), one file each.
public enum Credentials {
    /// Largest credential in bytes; systemd itself takes no larger one.
    public static let maximumLength = 1_048_576

    /// `$CREDENTIALS_DIRECTORY`; nil when the service has no credentials.
    public static var directory: String? {
        guard let path = getenv("CREDENTIALS_DIRECTORY"), path.pointee != 0 else { return nil }
        return String(cString: path)
    }

    /// The bytes of the credential called `name`; nil when there is none, or no directory.
    ///
    /// The array holds a secret: move it into a type that wipes it.
    ///
    /// - Parameter name: a plain file name. `EINVAL` for anything that could lead out of the directory.
    /// - Throws: EINVAL, EFBIG above `maximumLength`, or what open(2) and read(2) say.
    public static func read(_ name: String) throws(SystemdError) -> [UInt8]? {
        guard isFileName(name) else { throw SystemdError("credential name", code: EINVAL) }
        guard let directory else { return nil }
        // Not blocking: a FIFO put in the place of a file must not hold up the start.
        let descriptor = open("\(directory)/\(name)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT { return nil }
            throw SystemdError("open credential \(name)", code: code)
        }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else {
            throw SystemdError("fstat credential \(name)", code: errno)
        }
        guard information.st_mode & S_IFMT == S_IFREG else {
            throw SystemdError("credential \(name)", code: EINVAL)
        }
        guard information.st_size <= maximumLength else {
            throw SystemdError("credential \(name)", code: EFBIG)
        }
        return try readAll(descriptor, length: Int(information.st_size), name: name)
    }

    /// Reads into a buffer of the final size: a growing array would leave copies of the secret behind.
    private static func readAll(
        _ descriptor: Int32, length: Int, name: String
    ) throws(SystemdError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: length)
        var filled = 0
        while filled < length {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.map { $0 + filled }, length - filled)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemdError("read credential \(name)", code: errno)
            }
            if count == 0 { break }
            filled += count
        }
        bytes.removeLast(length - filled)
        return bytes
    }

    private static func isFileName(_ name: String) -> Bool {
        (1...255).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 >= 0x20 && $0 != 0x7F }
    }
}
