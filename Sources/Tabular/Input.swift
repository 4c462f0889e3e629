import Glibc

/// The bytes of a file that have arrived and are not taken yet, and where in the file they stand.
struct Input: Sendable {
    /// Those from ``taken`` on are there to be read.
    private(set) var bytes: [UInt8] = []
    /// How many of ``bytes`` are done with.
    private(set) var taken = 0
    private(set) var isFinished = false
    /// Of the first byte that is not taken.
    private(set) var position: FilePosition

    init(at position: FilePosition) { self.position = position }

    var count: Int { bytes.count - taken }

    mutating func append(_ more: UnsafeRawBufferPointer) {
        assert(!isFinished, "bytes after the end")
        if taken > 0 {
            bytes.removeFirst(taken)
            taken = 0
        }
        bytes.append(contentsOf: more)
    }

    mutating func finish() { isFinished = true }

    mutating func take(_ count: Int, lines: Int) {
        taken += count
        position = position.advanced(bytes: count, lines: lines)
    }

    /// The byte so many behind the first that is not taken; nil when it has not arrived.
    func byte(_ index: Int) -> UInt8? { index < count ? bytes[taken + index] : nil }

    /// The first `count` bytes that are not taken.
    func prefix(_ count: Int) -> [UInt8] { Array(bytes[taken..<taken + count]) }

    /// Takes the byte order mark of UTF-8 (RFC 3629 §6), which stands at the very beginning or is none.
    /// - Returns: false when more bytes are needed to tell.
    mutating func takeByteOrderMark() -> Bool {
        guard position.offset == 0 else { return true }
        let isPrefix = zip(byteOrderMark, bytes[taken...]).allSatisfy { $0 == $1 }
        guard isPrefix else { return true }
        guard count >= byteOrderMark.count else { return isFinished }
        take(byteOrderMark.count, lines: 0)
        return true
    }

    /// How many bytes stand before the first CR or LF, or are there at all.
    var untilLineEnd: Int {
        let end = bytes[taken...].firstIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        return (end ?? bytes.count) - taken
    }

    /// Where the first LF is, counted like ``byte(_:)``; nil when none has arrived.
    func firstLineFeed(from index: Int) -> Int? {
        bytes.withUnsafeBytes { all in
            let rest = UnsafeRawBufferPointer(rebasing: all[(taken + index)...])
            guard let base = rest.baseAddress, let found = memchr(base, 0x0A, rest.count) else { return nil }
            return UnsafeRawPointer(found) - base + index
        }
    }

    /// How long the line end at `index` is, LF, CRLF or a lone CR; 0 at the end of the file. Nil when it takes the
    /// byte after a CR to tell, or there is no line end yet.
    func lineEndLength(at index: Int) -> Int? {
        switch byte(index) {
        case .some(UInt8(ascii: "\n")): 1
        case .some:
            switch byte(index + 1) {
            case UInt8(ascii: "\n"): 2
            case .some: 1
            case nil: isFinished ? 1 : nil
            }
        case nil: isFinished ? 0 : nil
        }
    }
}

let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

/// How many lines end in there; CRLF ends one.
func lineEnds(in bytes: [UInt8]) -> Int {
    var count = 0
    var previous: UInt8 = 0
    for byte in bytes {
        switch byte {
        case UInt8(ascii: "\r"): count += 1
        case UInt8(ascii: "\n") where previous != UInt8(ascii: "\r"): count += 1
        default: break
        }
        previous = byte
    }
    return count
}
