import NIOCore

/// Something a command can be given.
public protocol RedisArgument: Sendable {
    /// As the server takes it.
    var redisBytes: [UInt8] { get }
}

extension String: RedisArgument {
    public var redisBytes: [UInt8] { Array(utf8) }
}

extension Int64: RedisArgument {
    public var redisBytes: [UInt8] { Array("\(self)".utf8) }
}

extension [UInt8]: RedisArgument {
    public var redisBytes: [UInt8] { self }
}

/// A command with its arguments, as it goes over the wire: an array of bulk strings.
public struct RedisCommand: Sendable {
    /// For errors and metrics: it says nothing of the arguments.
    public let name: String
    private var count = 1
    private var body: [UInt8] = []

    /// - Parameter name: as `SET`.
    public init(_ name: String, _ arguments: any RedisArgument...) {
        self.init(name, arguments)
    }

    public init(_ name: String, _ arguments: [any RedisArgument]) {
        self.name = name
        RedisCommand.write(Array(name.utf8), to: &body)
        for argument in arguments { append(argument) }
    }

    /// Adds an argument behind the others.
    public mutating func append(_ argument: some RedisArgument) {
        count += 1
        RedisCommand.write(argument.redisBytes, to: &body)
    }

    /// Writes the whole.
    public func write(to buffer: inout ByteBuffer) {
        buffer.writeString("*\(count)\r\n")
        buffer.writeBytes(body)
    }

    private static func write(_ bytes: [UInt8], to body: inout [UInt8]) {
        body.append(UInt8(ascii: "$"))
        body.append(contentsOf: "\(bytes.count)\r\n".utf8)
        body.append(contentsOf: bytes)
        body.append(UInt8(ascii: "\r"))
        body.append(UInt8(ascii: "\n"))
    }
}

extension RedisCommand: CustomStringConvertible, CustomReflectable {
    /// The name alone.
    public var description: String { name }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
