import CSystemd
import Glibc

/// The journal, with fields instead of lines (sd_journal_sendv(3), systemd.journal-fields(7)).
public enum Journal {
    /// Whether `descriptor` leads to the journal, by JOURNAL_STREAM (systemd.exec(5)). When standard error does,
    /// fields can be sent instead of lines.
    public static func isConnected(descriptor: Int32 = 2) -> Bool {
        guard let variable = getenv("JOURNAL_STREAM") else { return false }
        let parts = String(cString: variable).split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let device = UInt64(parts[0]), let inode = UInt64(parts[1]) else {
            return false
        }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { return false }
        return UInt64(information.st_dev) == device && UInt64(information.st_ino) == inode
    }

    /// Sends one entry. Values may have any bytes, newlines too. Without a journal it does nothing.
    ///
    /// - Parameter fields: at most `maximumFields`; the first should be MESSAGE, with PRIORITY 0 to 7 beside it.
    /// - Throws: EINVAL when a name is not one (`A–Z 0–9 _`, at most 64, beginning with a letter: the names that
    ///   begin with an underscore are the journal's own), E2BIG for too many fields, or what sendmsg(2) says.
    public static func send(fields: [(String, String)]) throws(SystemdError) {
        guard !fields.isEmpty else { return }
        guard fields.count <= maximumFields else { throw SystemdError("sd_journal_sendv", code: E2BIG) }
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for (name, value) in fields {
            guard isFieldName(name) else { throw SystemdError("journal field \(name)", code: EINVAL) }
            bytes += name.utf8
            bytes.append(UInt8(ascii: "="))
            bytes += value.utf8
            ends.append(bytes.count)
        }
        let status = bytes.withUnsafeMutableBytes { buffer in
            var start = 0
            let vectors = ends.map { end in
                defer { start = end }
                return iovec(iov_base: buffer.baseAddress.map { $0 + start }, iov_len: end - start)
            }
            return sd_journal_sendv(vectors, Int32(vectors.count))
        }
        guard status >= 0 else { throw SystemdError("sd_journal_sendv", code: -status) }
    }

    /// Most fields of one entry.
    public static let maximumFields = 128

    private static func isFieldName(_ name: String) -> Bool {
        guard let first = name.utf8.first, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else {
            return false
        }
        return name.utf8.count <= 64
            && name.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
