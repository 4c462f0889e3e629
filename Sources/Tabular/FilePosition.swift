/// A place in a file between two rows: where reading may start again.
public struct FilePosition: Sendable, Hashable {
    /// Bytes before it.
    public let offset: Int
    /// Number of the line that begins there, from 1. LF, CRLF and, in CSV, a lone CR end a line, also inside quotes.
    public let line: Int

    /// The first byte of a file.
    public static let start = FilePosition(unchecked: 0, line: 1)

    /// Nil unless `offset` is at least 0 and `line` at least 1.
    public init?(offset: Int, line: Int) {
        guard offset >= 0, line >= 1 else { return nil }
        self.init(unchecked: offset, line: line)
    }

    private init(unchecked offset: Int, line: Int) {
        self.offset = offset
        self.line = line
    }

    func advanced(bytes: Int, lines: Int) -> FilePosition {
        FilePosition(unchecked: offset + bytes, line: line + lines)
    }
}
