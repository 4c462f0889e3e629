/// How messages follow each other on a connection.
public enum Framing: Sendable, Equatable {
    /// One JSON text a line, LF or CRLF.
    case newline
    /// `Content-Length` headers, as in the Language Server Protocol.
    case contentLength
    /// One message and nothing around it, as in an HTTP body.
    case bare

    /// Wraps one message.
    func append(_ message: [UInt8], to output: inout [UInt8]) {
        switch self {
        case .newline:
            output.append(contentsOf: message)
            output.append(UInt8(ascii: "\n"))
        case .contentLength:
            output.append(contentsOf: "Content-Length: \(message.count)\r\n\r\n".utf8)
            output.append(contentsOf: message)
        case .bare: output.append(contentsOf: message)
        }
    }
}

/// Cuts a stream of bytes into messages. The framing is found from the first bytes that are not blank.
public struct FrameSplitter: Sendable {
    /// Why a stream cannot be cut any further.
    public enum Fault: Error, Sendable, Equatable {
        /// The message is larger than the limit.
        case tooLarge
        /// A header block without a usable `Content-Length`.
        case badHeader
    }

    private static let headerBytes = 4096

    private let limit: Int
    private var buffer: [UInt8] = []
    private var start = 0
    /// How far has been looked for the end of the line, so that no byte is looked at twice.
    private var scanned = 0
    /// The length of the message whose headers have been read.
    private var expected: Int?
    /// `nil` until enough has arrived to tell.
    public private(set) var framing: Framing?

    /// - Parameter limit: the largest message, in bytes.
    public init(limit: Int) {
        self.limit = limit
    }

    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if start > 0 {
            buffer.removeFirst(start)
            scanned -= start
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// Bytes that are here and belong to no whole message yet.
    public var pendingBytes: Int { buffer.count - start }

    /// The next whole message; `nil` when more bytes are needed. Blank lines are skipped.
    public mutating func next() throws(Fault) -> [UInt8]? {
        if framing == nil { detect() }
        switch framing {
        case nil: return nil
        case .newline: return try nextLine()
        case .contentLength: return try nextCounted()
        case .bare: return nil
        }
    }

    /// The last line of a stream that ended without a newline.
    public mutating func finish() -> [UInt8]? {
        guard framing != .contentLength, pendingBytes > 0 else { return nil }
        let rest = Array(buffer[start...])
        start = buffer.count
        scanned = start
        return rest.allSatisfy(isBlank) ? nil : rest
    }

    private mutating func detect() {
        while start < buffer.count, isBlank(buffer[start]) { start += 1 }
        scanned = start
        let name = Array("content-".utf8)
        let prefix = buffer[start...].prefix(name.count)
        guard !prefix.isEmpty else { return }
        guard zip(prefix, name).allSatisfy({ $0 | 0x20 == $1 || $0 == $1 }) else {
            framing = .newline
            return
        }
        if prefix.count == name.count { framing = .contentLength }
    }

    private mutating func nextLine() throws(Fault) -> [UInt8]? {
        while true {
            guard let end = buffer[max(scanned, start)...].firstIndex(of: UInt8(ascii: "\n")) else {
                scanned = buffer.count
                guard pendingBytes <= limit else { throw .tooLarge }
                return nil
            }
            let line = buffer[start..<end]
            start = end + 1
            scanned = start
            guard line.count <= limit else { throw .tooLarge }
            if !line.allSatisfy(isBlank) { return Array(line) }
        }
    }

    private mutating func nextCounted() throws(Fault) -> [UInt8]? {
        if expected == nil {
            guard let headerEnd = endOfHeader() else {
                guard pendingBytes <= FrameSplitter.headerBytes else { throw .badHeader }
                return nil
            }
            expected = try contentLength(buffer[start..<headerEnd])
            start = headerEnd
            scanned = start
        }
        guard let length = expected, pendingBytes >= length else { return nil }
        defer {
            start += length
            scanned = start
            expected = nil
        }
        return Array(buffer[start..<start + length])
    }

    /// Past the empty line, LF or CRLF.
    private mutating func endOfHeader() -> Int? {
        while start < buffer.count, isBlank(buffer[start]) { start += 1 }
        var lineStart = start
        while let end = buffer[lineStart...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = buffer[lineStart..<end]
            lineStart = end + 1
            if line.isEmpty || line.elementsEqual([UInt8(ascii: "\r")]) { return lineStart }
        }
        return nil
    }

    private func contentLength(_ header: ArraySlice<UInt8>) throws(Fault) -> Int {
        var length: Int?
        for line in header.split(separator: UInt8(ascii: "\n")) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
                guard line.allSatisfy(isBlank) else { throw .badHeader }
                continue
            }
            guard String(decoding: line[..<colon], as: UTF8.self).lowercased() == "content-length" else {
                continue
            }
            let digits = line[(colon + 1)...].drop(while: isBlank).reversed().drop(while: isBlank).reversed()
            guard length == nil, (1...12).contains(digits.count),
                digits.allSatisfy({ (0x30...0x39).contains($0) }),
                let value = Int(String(decoding: Array(digits), as: UTF8.self))
            else { throw .badHeader }
            length = value
        }
        guard let length else { throw .badHeader }
        guard length <= limit else { throw .tooLarge }
        return length
    }
}

private func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A
}
