import Glibc

/// The files of a folder that describe providers: what ends in `.json`, save schemas (`.schema.json`).
public struct ManifestFolder: Sendable {
    public let path: String

    public static let maximumFiles = 1000

    public init(_ path: String) {
        self.path = path
    }

    /// One file that is no manifest.
    public struct Fault: Error, Sendable, CustomStringConvertible {
        public let file: String
        public let problems: [ManifestProblem]

        public init(file: String, problems: [ManifestProblem]) {
            self.file = file
            self.problems = problems
        }

        public var description: String {
            problems.map { "\(file): \($0)" }.joined(separator: "\n")
        }
    }

    /// The names of its files, in their order.
    /// - Returns: nil when the folder cannot be read.
    public func files() -> [String]? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".json"), !name.hasSuffix(".schema.json"), !name.hasPrefix(".") {
                names.append(name)
            }
        }
        return names.sorted()
    }

    /// Differs whenever what is in the folder may differ; nil when it cannot be read.
    var stamp: String? {
        files()?.map { name in
            var status = stat()
            guard stat(path + "/" + name, &status) == 0 else { return name }
            return
                "\(name) \(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec) \(status.st_mtim.tv_nsec)"
        }.joined(separator: "\n")
    }

    /// Reads all.
    /// - Throws: the faults of all files together.
    func providers() throws(ManifestFaults) -> [String: Provider] {
        guard let files = files() else {
            throw ManifestFaults(faults: [
                Fault(file: path, problems: [ManifestProblem("", "is in a folder that cannot be read")])
            ])
        }
        guard files.count <= ManifestFolder.maximumFiles else {
            let problem = ManifestProblem("", "is one of more than \(ManifestFolder.maximumFiles) files")
            throw ManifestFaults(faults: [Fault(file: path, problems: [problem])])
        }
        var providers: [String: Provider] = [:]
        var faults: [Fault] = []
        for name in files {
            do throws(Fault) {
                let manifest = try ManifestFolder.read(path + "/" + name)
                providers[manifest.slug] = Provider(manifest)
            } catch {
                faults.append(error)
            }
        }
        guard faults.isEmpty else { throw ManifestFaults(faults: faults) }
        return providers
    }

    /// Reads one file, which has to be called as its provider is: so no two describe the same one.
    public static func read(_ file: String) throws(Fault) -> Manifest {
        guard let bytes = contents(file) else {
            let size = "of at most \(Manifest.maximumBytes) bytes"
            throw Fault(file: file, problems: [ManifestProblem("", "cannot be read, as a file \(size)")])
        }
        let manifest: Manifest
        do throws(ManifestProblems) {
            manifest = try Manifest(bytes)
        } catch {
            throw Fault(file: file, problems: error.problems)
        }
        let name = file.split(separator: "/").last.map(String.init) ?? file
        guard name == manifest.slug + ".json" else {
            let problem = ManifestProblem(
                "/slug", "is not the name of its file: call it \(manifest.slug).json")
            throw Fault(file: file, problems: [problem])
        }
        return manifest
    }

    private static func contents(_ path: String) -> [UInt8]? {
        // Not blocking: a FIFO in the place of a file must not hold up the daemon.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Manifest.maximumBytes + 1)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            filled += count
        }
        return filled <= Manifest.maximumBytes ? Array(bytes[..<filled]) : nil
    }
}

/// Every file of a folder that is no manifest.
public struct ManifestFaults: Error, Sendable, CustomStringConvertible {
    public let faults: [ManifestFolder.Fault]

    public var description: String { faults.map(\.description).joined(separator: "\n") }
}
