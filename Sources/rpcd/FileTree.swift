import Glibc

/// Folders and what is in them.
enum FileTree {
    /// The files below a folder, by their paths in it, in order.
    static func files(of folder: String, below prefix: String = "") -> [String] {
        entries(of: folder).flatMap { name -> [String] in
            var status = stat()
            guard lstat(folder + "/" + name, &status) == 0 else { return [] }
            return status.st_mode & S_IFMT == S_IFDIR
                ? files(of: folder + "/" + name, below: prefix + name + "/") : [prefix + name]
        }
    }

    static func entries(of folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        for name in entries(of: path) { remove(path + "/" + name) }
        rmdir(path)
    }

    /// Says that a folder is this process's as long as the descriptor is open.
    /// - Returns: nil where it is another's, or not there any more.
    static func hold(_ path: String) -> Int32? {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var (held, named) = (stat(), stat())
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &held) == 0,
            lstat(path, &named) == 0, held.st_ino == named.st_ino
        else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// Removes folders of this user that their processes have held, and left behind.
    static func removeLeftovers(in parent: String, where isOne: (String) -> Bool) {
        for name in entries(of: parent) where isOne(name) {
            let path = parent + "/" + name
            var status = stat()
            guard lstat(path, &status) == 0, status.st_uid == geteuid(), let held = hold(path) else {
                continue
            }
            remove(path)
            close(held)
        }
    }

    /// Sees to it that what is in a folder is found there after a loss of power.
    static func sync(_ folder: String) throws {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw CommandFailure("\(folder) cannot be written: \(String(cString: strerror(errno)))")
        }
    }
}
