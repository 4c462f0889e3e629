import NIOCore

/// What one value may take at most.
public struct RESPLimits: Sendable, Equatable {
    /// On the wire, everything within it included.
    public var bytes = 8 << 20
    /// How deep aggregates may be nested.
    public var depth = 16
    /// All elements of all its aggregates together; an entry of a map is two.
    public var elements = 100_000

    public init() {}
}

/// Bytes that are no RESP3, or go beyond a limit. There is no way on but another connection.
public struct RESPViolation: Error, Sendable, Equatable, CustomStringConvertible {
    /// A sentence that repeats nothing of what came.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Takes bytes in whatever pieces they come, and gives whole values. After a ``RESPViolation`` it gives nothing more.
public struct RESPParser {
    private enum Aggregate {
        case array, map, set, push, attribute
    }

    private struct Frame {
        let aggregate: Aggregate
        var missing: Int
        var elements: [RESPValue] = []
    }

    /// Where it is within a value.
    private enum Phase {
        case line
        case body(count: Int, type: UInt8)
        case failed(RESPViolation)
    }

    private let limits: RESPLimits
    private var buffer = ByteBuffer()
    private var phase = Phase.line
    private var frames: [Frame] = []
    /// Of the value that is being read: elements announced, and bytes taken.
    private var elements = 0
    private var taken = 0
    /// How much of the line has been searched for its end.
    private var searched = 0

    private static let carriageReturn = UInt8(ascii: "\r")
    private static let lineFeed = UInt8(ascii: "\n")
    /// More than any number, any status and any error that a server sends.
    private static let lineBytes = 64 * 1024
    private static let compactionBytes = 64 * 1024

    public init(_ limits: RESPLimits = RESPLimits()) {
        self.limits = limits
    }

    /// Takes what has come in.
    public mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            if buffer.readerIndex > RESPParser.compactionBytes { buffer.discardReadBytes() }
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// The next whole value; `nil` when more bytes are needed.
    public mutating func next() throws(RESPViolation) -> RESPValue? {
        if case .failed(let violation) = phase { throw violation }
        do throws(RESPViolation) {
            while let value = try step() {
                if let whole = complete(with: value) {
                    elements = 0
                    taken = 0
                    return whole
                }
            }
            return nil
        } catch {
            phase = .failed(error)
            frames = []
            buffer = ByteBuffer()
            throw error
        }
    }

    /// The next value that is not an aggregate with elements, or an empty aggregate.
    private mutating func step() throws(RESPViolation) -> RESPValue? {
        while true {
            switch phase {
            case .failed(let violation): throw violation
            case .line:
                guard let line = try takeLine() else { return nil }
                if let value = try read(line) { return value }
            case .body(let count, let type):
                guard let bytes = try takeBody(count) else { return nil }
                phase = .line
                return try RESPParser.bulk(bytes, type)
            }
        }
    }

    /// Puts a value where it belongs. The outermost value, when that is complete.
    private mutating func complete(with value: RESPValue) -> RESPValue? {
        var value = value
        while let last = frames.indices.last {
            frames[last].elements.append(value)
            frames[last].missing -= 1
            guard frames[last].missing == 0 else { return nil }
            let frame = frames.removeLast()
            switch frame.aggregate {
            case .array: value = .array(frame.elements)
            case .set: value = .set(frame.elements)
            case .push: value = .push(frame.elements)
            case .map: value = .map(RESPParser.pairs(frame.elements))
            // What it is an attribute of comes next, in its place.
            case .attribute: return nil
            }
        }
        return value
    }

    private static func pairs(_ elements: [RESPValue]) -> [RESPValue.Pair] {
        stride(from: 0, to: elements.count - 1, by: 2).map {
            RESPValue.Pair(elements[$0], elements[$0 + 1])
        }
    }
}

extension RESPParser {
    /// A line without its end, once it is there.
    private mutating func takeLine() throws(RESPViolation) -> ByteBuffer? {
        let view = buffer.readableBytesView
        let start = view.index(view.startIndex, offsetBy: searched)
        guard
            let end = view[start...].firstIndex(where: {
                $0 == RESPParser.carriageReturn || $0 == RESPParser.lineFeed
            })
        else {
            searched = view.count
            try charge(0, pending: view.count)
            guard view.count <= RESPParser.lineBytes else { throw RESPViolation("a line is too long") }
            return nil
        }
        let length = end - view.startIndex
        guard view[end] == RESPParser.carriageReturn else {
            throw RESPViolation("a line feed without a carriage return")
        }
        guard length <= RESPParser.lineBytes else { throw RESPViolation("a line is too long") }
        guard length + 1 < view.count else {
            searched = length
            return nil
        }
        guard view[end + 1] == RESPParser.lineFeed else {
            throw RESPViolation("a carriage return without a line feed")
        }
        try charge(length + 2)
        searched = 0
        let line = buffer.readSlice(length: length)
        buffer.moveReaderIndex(forwardBy: 2)
        return line
    }

    private mutating func takeBody(_ count: Int) throws(RESPViolation) -> [UInt8]? {
        guard buffer.readableBytes >= count + 2 else { return nil }
        let bytes = buffer.readBytes(length: count)
        guard let bytes, buffer.readInteger(as: UInt8.self) == RESPParser.carriageReturn,
            buffer.readInteger(as: UInt8.self) == RESPParser.lineFeed
        else { throw RESPViolation("a text is longer than it says") }
        return bytes
    }

    private mutating func charge(_ count: Int, pending: Int = 0) throws(RESPViolation) {
        taken += count
        guard taken + pending <= limits.bytes else { throw RESPViolation("a value has too many bytes") }
    }

    /// What a line says; `nil` when the value goes on after it.
    private mutating func read(_ line: ByteBuffer) throws(RESPViolation) -> RESPValue? {
        var line = line
        guard let type = line.readInteger(as: UInt8.self) else { throw RESPViolation("an empty line") }
        switch type {
        case UInt8(ascii: "+"): return .simple(RESPParser.text(line))
        case UInt8(ascii: "-"): return .error(RESPFailure(RESPParser.text(line)))
        case UInt8(ascii: ":"): return .integer(try RESPParser.integer(line))
        case UInt8(ascii: ","): return .double(try RESPParser.double(line))
        case UInt8(ascii: "("): return .bigNumber(try RESPParser.bigNumber(line))
        case UInt8(ascii: "#"): return .boolean(try RESPParser.boolean(line))
        case UInt8(ascii: "_"):
            guard line.readableBytes == 0 else { throw RESPViolation("a null that says something") }
            return .null
        case UInt8(ascii: "$"), UInt8(ascii: "!"), UInt8(ascii: "="): return try beginBody(type, line)
        case UInt8(ascii: "*"): return try begin(.array, .array([]), line)
        case UInt8(ascii: "%"): return try begin(.map, .map([]), line)
        case UInt8(ascii: "~"): return try begin(.set, .set([]), line)
        case UInt8(ascii: ">"): return try begin(.push, .push([]), line)
        case UInt8(ascii: "|"): return try begin(.attribute, nil, line)
        default: throw RESPViolation("an unknown type")
        }
    }

    private mutating func beginBody(_ type: UInt8, _ line: ByteBuffer) throws(RESPViolation) -> RESPValue? {
        let count = try RESPParser.integer(line)
        // As RESP2 says null.
        if count == -1, type == UInt8(ascii: "$") { return .null }
        guard count >= 0 else { throw RESPViolation("a text of negative length") }
        guard count <= limits.bytes else { throw RESPViolation("a value has too many bytes") }
        try charge(Int(count) + 2)
        phase = .body(count: Int(count), type: type)
        return nil
    }

    private mutating func begin(
        _ aggregate: Aggregate, _ empty: RESPValue?, _ line: ByteBuffer
    ) throws(RESPViolation) -> RESPValue? {
        let count = try RESPParser.integer(line)
        if count == -1, case .array = aggregate { return .null }
        guard count >= 0 else { throw RESPViolation("a negative number of elements") }
        guard count <= limits.elements else { throw RESPViolation("a value has too many elements") }
        let missing =
            switch aggregate {
            case .map, .attribute: 2 * Int(count)
            case .array, .set, .push: Int(count)
            }
        elements += missing
        guard elements <= limits.elements else { throw RESPViolation("a value has too many elements") }
        guard missing > 0 else { return empty }
        guard frames.count < limits.depth else { throw RESPViolation("a value is nested too deeply") }
        frames.append(Frame(aggregate: aggregate, missing: missing))
        return nil
    }
}

extension RESPParser {
    private static func text(_ line: ByteBuffer) -> String {
        String(decoding: line.readableBytesView, as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func integer(_ line: ByteBuffer) throws(RESPViolation) -> Int64 {
        guard let number = Int64(text(line)) else { throw RESPViolation("a number that is none") }
        return number
    }

    private static func double(_ line: ByteBuffer) throws(RESPViolation) -> Double {
        let text = text(line)
        switch text {
        case "inf": return .infinity
        case "-inf": return -.infinity
        case "nan", "-nan": return .nan
        default: break
        }
        // Double takes more notations than the protocol has.
        guard text.utf8.allSatisfy({ isDigit($0) || "+-.eE".utf8.contains($0) }), let number = Double(text)
        else { throw RESPViolation("a number that is none") }
        return number
    }

    private static func bigNumber(_ line: ByteBuffer) throws(RESPViolation) -> String {
        let text = text(line)
        let digits = text.utf8.first.map { "+-".utf8.contains($0) } == true ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy(isDigit) else {
            throw RESPViolation("a number that is none")
        }
        return text
    }

    private static func boolean(_ line: ByteBuffer) throws(RESPViolation) -> Bool {
        switch text(line) {
        case "t": return true
        case "f": return false
        default: throw RESPViolation("a boolean that is neither")
        }
    }

    private static func bulk(_ bytes: [UInt8], _ type: UInt8) throws(RESPViolation) -> RESPValue {
        switch type {
        case UInt8(ascii: "!"):
            return .error(RESPFailure(String(decoding: bytes, as: UTF8.self)))
        case UInt8(ascii: "="):
            guard bytes.count >= 4, bytes[3] == UInt8(ascii: ":") else {
                throw RESPViolation("a verbatim text without a format")
            }
            return .verbatim(
                format: String(decoding: bytes[..<3], as: UTF8.self), Array(bytes[4...]))
        default: return .bulk(bytes)
        }
    }
}
