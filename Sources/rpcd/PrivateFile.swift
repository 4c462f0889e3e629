import Glibc

/// Files that only their owner can read.
enum PrivateFile {
    /// - Throws: ``CommandFailure`` when there is one already, or it cannot be written.
    static func create(_ path: String, _ bytes: [UInt8]) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure("\(path) cannot be made: \(String(cString: strerror(errno)))")
        }
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent)
            }
            guard count > 0 || errno == EINTR else { break }
            sent += max(0, count)
        }
        let isSafe = sent == bytes.count && fsync(descriptor) == 0
        guard close(descriptor) == 0, isSafe else {
            unlink(path)
            throw CommandFailure("\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
    }
}
