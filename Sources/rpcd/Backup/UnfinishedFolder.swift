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
        FileTree.removeLeftovers(in: Doctor.folder(of: folder)) { $0.hasSuffix(UnfinishedFolder.suffix) }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw CommandFailure("\(path) cannot be made: \(String(cString: strerror(errno)))")
        }
        guard let lock = FileTree.hold(path) else {
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
}
