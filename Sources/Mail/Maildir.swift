import Glibc

/// A folder with a file a message, as mail programs read it (maildir(5)).
public struct Maildir: MailTransport {
    public let path: String

    /// Makes what is missing of it.
    public init(path: String) throws(MailError) {
        self.path = path
        for folder in ["", "/tmp", "/new", "/cur"] {
            guard mkdir(path + folder, 0o700) == 0 || errno == EEXIST else {
                throw MailError("The folder \(path)\(folder) cannot be made")
            }
        }
    }

    /// Written beside, then moved: a reader sees all of it or nothing. The same message again is the same file.
    public func send(_ message: MailMessage) throws(MailError) {
        let (temporary, final) = ("\(path)/tmp/\(message.id)", "\(path)/new/\(message.id)")
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw MailError("\(temporary) cannot be made") }
        // Files have the line ends of the system.
        let bytes = message.bytes.filter { $0 != UInt8(ascii: "\r") }
        let isWritten = write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        close(descriptor)
        guard isWritten, rename(temporary, final) == 0 else { throw MailError("\(final) cannot be written") }
    }
}
