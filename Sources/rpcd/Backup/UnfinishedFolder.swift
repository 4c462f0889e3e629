import Glibc

/// A folder while it is filled, beside the one that it is to become. What a kill has left of another is taken away by whoever makes the
/// next one there.
final class UnfinishedFolder {
    /// Nobody else names a folder so.
    static let suffix = ".rpcd-partial"

    let path: String
    private let folder: String
    private let descriptor: Int32

    /// - Parameter folder: what it is to become.
    /// - Throws: ``CommandFailure`` where it cannot be made, or another process fills it.
    init(for folder: String) throws {
        self.folder = folder
        path = folder + UnfinishedFolder.suffix
        let parent = Doctor.folder(of: folder)
        for name in FileTree.entries(of: parent) where name.hasSuffix(UnfinishedFolder.suffix) {
            let leftover = parent + "/" + name
            guard let lock = UnfinishedFolder.lock(leftover) else { continue }
            FileTree.remove(leftover)
            close(lock)
        }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw CommandFailure("\(path) cannot be made: \(String(cString: strerror(errno)))")
        }
        guard let lock = UnfinishedFolder.lock(path) else {
            throw CommandFailure("Another process makes \(folder); wait for it, or choose another name")
        }
        descriptor = lock
        Leftovers.add(path)
    }

    deinit {
        Leftovers.remove(path)
        close(descriptor)
    }

    /// Gives it its name.
    func finish() throws {
        guard rename(path, folder) == 0 else {
            throw CommandFailure("\(folder) cannot be made: \(String(cString: strerror(errno)))")
        }
        try FileTree.sync(Doctor.folder(of: folder))
    }

    /// - Returns: nil where it is another process's, or not there any more.
    private static func lock(_ path: String) -> Int32? {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var (held, named) = (stat(), stat())
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &held) == 0,
            lstat(path, &named) == 0,
            held.st_ino == named.st_ino
        else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}
