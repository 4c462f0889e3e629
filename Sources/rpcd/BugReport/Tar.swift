/// An archive of files, as POSIX.1-2017 has it (pax, "ustar Interchange Format").
struct Tar {
    private static let block = 512

    private(set) var bytes: [UInt8] = []
    private let folder: String
    private let seconds: Int64

    /// - Parameters:
    ///   - folder: that all files are in.
    ///   - seconds: when they were made, since 1970.
    init(folder: String, seconds: Int64) {
        (self.folder, self.seconds) = (folder, seconds)
    }

    /// - Parameter name: with the folder at most 100 bytes.
    mutating func add(_ name: String, _ content: [UInt8]) {
        var header = [UInt8](repeating: 0, count: Tar.block)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        func octal(_ value: Int64, digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        put(String((folder + "/" + name).prefix(99)), at: 0)
        put(octal(0o600, digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        put(octal(Int64(content.count), digits: 11), at: 124)
        put(octal(seconds, digits: 11), at: 136)
        // The checksum is of the header with blanks in its own place.
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        put("root", at: 265)
        put("root", at: 297)
        let sum = header.reduce(Int64(0)) { $0 + Int64($1) }
        put(octal(sum, digits: 6) + "\0 ", at: 148)
        bytes += header
        bytes += content
        let rest = content.count % Tar.block
        if rest > 0 { bytes += [UInt8](repeating: 0, count: Tar.block - rest) }
    }

    /// Two empty blocks say that there is no more.
    var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 2 * Tar.block) }
}
