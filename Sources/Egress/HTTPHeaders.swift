/// Header fields in their order, those that come twice too (RFC 9110 §5).
public struct HTTPHeaders: Sendable, Equatable {
    public struct Field: Sendable, Equatable {
        public let name: String
        public let value: String
    }

    public private(set) var fields: [Field] = []

    public init() {}

    /// The first value of that name, in whatever case.
    public subscript(name: String) -> String? {
        fields.first { HTTPHeaders.areSame($0.name, name) }?.value
    }

    /// Every value of that name, in their order.
    public func values(of name: String) -> [String] {
        fields.filter { HTTPHeaders.areSame($0.name, name) }.map(\.value)
    }

    /// Takes a field as it is: for what a server sent.
    mutating func append(received name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    mutating func removeAll(where isUnwanted: (_ lowercasedName: String) -> Bool) {
        fields.removeAll { isUnwanted($0.name.lowercased()) }
    }

    /// Joins a further line to the last field (obs-fold, RFC 9112 §5.2).
    mutating func extendLast(by text: String) {
        guard let last = fields.popLast() else { return }
        fields.append(Field(name: last.name, value: last.value + " " + text))
    }

    private static func areSame(_ one: String, _ other: String) -> Bool {
        one.utf8.count == other.utf8.count && one.lowercased() == other.lowercased()
    }
}

extension HTTPHeaders {
    public static let maximumFields = 100
    public static let maximumNameBytes = 256
    public static let maximumValueBytes = 16 * 1024

    /// Whether headers are sent: the ones that say where the message goes and where it ends are not the caller's to set.
    private static let reserved: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer",
        "expect", "accept-encoding", "proxy-authorization", "proxy-connection", "http2-settings",
    ]

    /// Takes a field to send.
    ///
    /// - Throws: `.refusedRequest` unless the name is a token (RFC 9110 §5.6.2) that is not reserved, and the value has no control
    ///   character beside the tab. The value is not in the error.
    mutating func append(_ name: String, _ value: String) throws(HTTPFailure) {
        guard HTTPHeaders.isToken(name), name.utf8.count <= HTTPHeaders.maximumNameBytes else {
            throw HTTPFailure(.refusedRequest("the name of a header is no token"))
        }
        guard !HTTPHeaders.reserved.contains(name.lowercased()) else {
            throw HTTPFailure(.refusedRequest("the header \(name) is not the caller's to set"))
        }
        guard value.utf8.count <= HTTPHeaders.maximumValueBytes,
            value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\t") })
        else {
            throw HTTPFailure(
                .refusedRequest("the value of the header \(name) has control characters or is too long"))
        }
        guard fields.count < HTTPHeaders.maximumFields else {
            throw HTTPFailure(.refusedRequest("there are more than \(HTTPHeaders.maximumFields) headers"))
        }
        fields.append(Field(name: name, value: value))
    }

    static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}

extension HTTPHeaders: CustomStringConvertible, CustomReflectable {
    /// The names alone: values are keys and tokens.
    public var description: String { fields.map(\.name).joined(separator: ", ") }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension HTTPHeaders.Field: CustomStringConvertible, CustomReflectable {
    public var description: String { "\(name): ***" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
