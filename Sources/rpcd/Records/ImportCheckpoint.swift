import Glibc
import JSON
import Tabular

/// Where an import stands, kept beside its file: whoever starts it again goes on there.
struct ImportCheckpoint: Equatable {
    /// Tells one file from another, and from itself after a change.
    struct FileIdentity: Equatable {
        let bytes: Int64
        let modifiedNanoseconds: Int64
        let inode: Int64

        init(bytes: Int64, modifiedNanoseconds: Int64, inode: Int64) {
            self.bytes = bytes
            self.modifiedNanoseconds = modifiedNanoseconds
            self.inode = inode
        }

        init(_ status: stat) {
            bytes = Int64(status.st_size)
            modifiedNanoseconds =
                Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
            inode = Int64(bitPattern: UInt64(status.st_ino))
        }
    }

    let file: FileIdentity
    /// What else decides the result, as text.
    let options: String
    /// Behind the last row of which all before it have been dealt with.
    var position: FilePosition
    var counts = ImportCounts()
    /// How long the file of rejected rows is by then.
    var rejectsBytes: Int64 = 0

    init(file: FileIdentity, options: String, position: FilePosition) {
        self.file = file
        self.options = options
        self.position = position
    }

    static func path(of file: String) -> String { file + ".rpcd-import" }

    /// What is kept at a path; nil when there is nothing, or nothing that makes sense: then the import begins anew, which does no harm.
    init?(at path: String) {
        guard let bytes = readFile(path, limit: 64 * 1024), let json = try? JSON.parse(bytes),
            let size = json["fileBytes"]?.int64, let modified = json["modifiedNanoseconds"]?.int64,
            let inode = json["inode"]?.int64, let options = json["options"]?.string,
            let offset = json["offset"]?.int64, let line = json["line"]?.int64,
            let position = FilePosition(offset: Int(offset), line: Int(line)),
            let rejectsBytes = json["rejectsBytes"]?.int64
        else { return nil }
        file = FileIdentity(bytes: size, modifiedNanoseconds: modified, inode: inode)
        self.options = options
        self.position = position
        self.rejectsBytes = rejectsBytes
        counts = ImportCounts(
            inserted: json["inserted"]?.int64 ?? 0, updated: json["updated"]?.int64 ?? 0,
            unchanged: json["unchanged"]?.int64 ?? 0, rejected: json["rejected"]?.int64 ?? 0)
    }

    /// Written beside and renamed, so that a kill leaves this one or the one before. It is not waited for until it is on the disk: an older one
    /// only means more rows that are found unchanged.
    func save(at path: String) throws {
        let bytes = JSONWriter.object { writer in
            for (name, value) in [
                ("fileBytes", file.bytes), ("modifiedNanoseconds", file.modifiedNanoseconds),
                ("inode", file.inode), ("offset", Int64(position.offset)), ("line", Int64(position.line)),
                ("inserted", counts.inserted), ("updated", counts.updated),
                ("unchanged", counts.unchanged), ("rejected", counts.rejected),
                ("rejectsBytes", rejectsBytes),
            ] {
                writer.key(name)
                writer.int(value)
            }
            writer.key("options")
            writer.string(options)
        }
        let descriptor = open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, write(descriptor, bytes, bytes.count) == bytes.count,
            rename(path + ".new", path) == 0
        else {
            let reason = strerror(errno).map { String(cString: $0) } ?? ""
            throw CommandFailure(
                "\(path) cannot be written, so the import could not go on after a kill: \(reason)")
        }
    }

    static func remove(at path: String) {
        unlink(path)
        unlink(path + ".new")
    }
}
