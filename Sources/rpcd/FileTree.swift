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

    /// Sees to it that what is in a folder is found there after a loss of power.
    static func sync(_ folder: String) throws {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw CommandFailure("\(folder) cannot be written: \(String(cString: strerror(errno)))")
        }
    }
}
