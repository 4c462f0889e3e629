import Glibc
import Tabular

/// A file that is written piece by piece.
final class OutputFile {
    private let descriptor: Int32
    private let path: String
    private let isOwn: Bool
    /// How many bytes are in it.
    private(set) var bytes: Int64

    /// Standard output.
    init() {
        (descriptor, path, isOwn, bytes) = (STDOUT_FILENO, "standard output", false, 0)
    }

    /// - Parameter most: how many of the bytes that are there stay; the rest goes.
    init(at path: String, keeping most: Int64 = 0) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        isOwn = true
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else { throw OutputFile.failure(path) }
        bytes = min(most, Int64(status.st_size))
        // Not every file can be cut: /dev/null cannot.
        guard status.st_mode & S_IFMT != S_IFREG || ftruncate(descriptor, off_t(bytes)) == 0 else {
            throw OutputFile.failure(path)
        }
        lseek(descriptor, 0, SEEK_END)
    }

    deinit { if isOwn { close(descriptor) } }

    func write(_ bytes: [UInt8]) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written)
            }
            guard count > 0 || errno == EINTR else { throw OutputFile.failure(path) }
            written += max(0, count)
        }
        self.bytes += Int64(bytes.count)
    }

    /// Returns when it is on the disk.
    func sync() throws {
        guard fsync(descriptor) == 0 else { throw OutputFile.failure(path) }
    }

    static func failure(_ path: String) -> CommandFailure {
        let reason = strerror(errno).map { String(cString: $0) } ?? ""
        return CommandFailure("\(path) cannot be written: \(reason)")
    }
}

/// Where rows go that could not be taken: line, reason, and the row as it stood.
struct RejectsFile {
    private let file: OutputFile?
    private let format: RecordsFormat
    /// Without a file the first few are told.
    private var told = 0

    /// How long it is.
    var bytes: Int64 { file?.bytes ?? 0 }

    private static let mostTold = 10

    /// - Parameter kept: how much of an earlier run stays.
    init(at path: String?, _ format: RecordsFormat, keeping kept: Int64) throws {
        file = try path.map { try OutputFile(at: $0, keeping: kept) }
        self.format = format
    }

    mutating func append(_ rejects: [Reject]) throws {
        guard !rejects.isEmpty else { return }
        guard let file else { return tell(rejects) }
        var output: [UInt8] = []
        if format == .csv {
            let writer = CSVWriter()
            if bytes == 0 { writer.append(["line", "reason", "row"], to: &output) }
            for reject in rejects {
                writer.append(
                    [String(reject.line), reject.reason, String(decoding: reject.raw, as: UTF8.self)],
                    to: &output)
            }
        } else {
            for reject in rejects {
                NDJSONWriter.append(to: &output) { writer in
                    writer.beginObject()
                    writer.key("line")
                    writer.int(reject.line)
                    writer.key("reason")
                    writer.string(reject.reason)
                    writer.key("row")
                    writer.string(String(decoding: reject.raw, as: UTF8.self))
                    writer.endObject()
                }
            }
        }
        try file.write(output)
    }

    private mutating func tell(_ rejects: [Reject]) {
        for reject in rejects where told <= RejectsFile.mostTold {
            told += 1
            StandardError.write(
                told <= RejectsFile.mostTold
                    ? "rpcd: line \(reject.line) is rejected: \(reject.reason)\n"
                    : "rpcd: there are more; --rejects FILE keeps them all\n")
        }
    }
}
