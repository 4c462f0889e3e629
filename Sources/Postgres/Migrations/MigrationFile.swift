import Glibc

/// Why migrations cannot be read or run.
public struct MigrationError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}

/// One numbered SQL file with a part that goes up and a part that goes back down.
public struct MigrationFile: Sendable, Equatable {
    public let version: Int
    /// Without number and `.sql`.
    public let name: String
    /// The statements that apply it.
    public let up: String
    /// Those that take it back.
    public let down: String
    /// What the checksum is taken of.
    public let text: String
    /// Whether it is carried out as one transaction. What says `-- migrate:alone` is not, as `CREATE INDEX CONCURRENTLY` has to be: each of its
    /// statements has to be such that it can be carried out again.
    public var isTransaction: Bool { !text.split(separator: "\n").contains("-- migrate:alone") }

    /// Releases whose last migration is below this one do not survive it; 0 for none. It says so by `-- migrate:breaks-before N`, as where it takes
    /// away what release N has ceased to use.
    public let breaksBefore: Int

    private static let breakMark = "-- migrate:breaks-before "
    private static let upMark = "-- migrate:up"
    private static let downMark = "-- migrate:down"

    /// - Parameter file: as `0001_accounts.sql`.
    init(file: String, text: String) throws(MigrationError) {
        let stem = file.dropLast(4)
        guard file.hasSuffix(".sql"), let underscore = stem.firstIndex(of: "_"), underscore > stem.startIndex,
            let version = Int(stem[..<underscore]), version > 0,
            stem.distance(from: stem.startIndex, to: underscore) == 4
        else { throw MigrationError("\(file): a migration is called NNNN_name.sql, as 0001_accounts.sql") }
        self.version = version
        name = String(stem[stem.index(after: underscore)...])
        let normal = text.split(separator: "\r\n", omittingEmptySubsequences: false).joined(separator: "\n")
        var sections: [String: [Substring]] = [:]
        var current: String?
        for line in normal.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == MigrationFile.upMark || line == MigrationFile.downMark {
                current = String(line)
                guard sections.updateValue([], forKey: String(line)) == nil else {
                    throw MigrationError("\(file): \(line) stands there twice")
                }
            } else if let current {
                sections[current]?.append(line)
            }
        }
        guard let up = sections[MigrationFile.upMark], let down = sections[MigrationFile.downMark] else {
            throw MigrationError(
                "\(file): needs the lines \(MigrationFile.upMark) and \(MigrationFile.downMark)")
        }
        self.up = up.joined(separator: "\n")
        self.down = down.joined(separator: "\n")
        self.text = normal
        breaksBefore = try MigrationFile.breaksBefore(normal, version, file)
    }

    private static func breaksBefore(_ text: String, _ version: Int, _ file: String) throws(MigrationError)
        -> Int
    {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(breakMark) }) else {
            return 0
        }
        guard let number = Int(line.dropFirst(breakMark.count)), (1...version).contains(number) else {
            throw MigrationError("\(file): \(breakMark)takes the number of a migration, \(version) at most")
        }
        return number
    }

    /// The files of a folder, in order, without a gap.
    public static func read(folder: String) throws(MigrationError) -> [MigrationFile] {
        guard let directory = opendir(folder) else {
            throw MigrationError("The folder of migrations cannot be read: \(folder)")
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".sql") { names.append(name) }
        }
        var files: [MigrationFile] = []
        for name in names.sorted() {
            files.append(try MigrationFile(file: name, text: try contents(of: folder + "/" + name)))
            guard files.last?.version == files.count else {
                throw MigrationError(
                    "\(name): expected number \(files.count); numbers follow each other without a gap")
            }
        }
        return files
    }

    private static func contents(of path: String) throws(MigrationError) -> String {
        guard let file = fopen(path, "re") else { throw MigrationError("\(path) cannot be read") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            guard count > 0 else { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw MigrationError("\(path) is not UTF-8")
        }
        return text
    }
}
