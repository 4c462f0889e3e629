import JSON

/// What can stand in an answer.
protocol Readable: Sendable {
    init(reading json: JSON) throws(Misread)
    /// What a member that is not there is read as; nil when it has to be there.
    static var absent: Self? { get }
}

extension Readable {
    static var absent: Self? { nil }
}

/// What can stand among params.
protocol Writable: Sendable {
    func write(to writer: inout JSONWriter)
}

/// Where an answer is not what its declaration says.
struct Misread: Error, CustomStringConvertible {
    var path: String
    let expected: String

    init(_ expected: String, at path: String = "") {
        self.expected = expected
        self.path = path
    }

    func below(_ outer: String) -> Misread {
        Misread(expected, at: path.isEmpty ? outer : outer + "." + path)
    }

    var description: String { (path.isEmpty ? "" : path + ": ") + "not \(expected)" }
}

/// An object that is being read. Members that this client does not know are passed over.
struct Members {
    private let json: JSON

    init(_ json: JSON) throws(Misread) {
        guard json.kind == .object else { throw Misread("an object") }
        self.json = json
    }

    func read<Value: Readable>(_ name: String) throws(Misread) -> Value {
        guard let member = json[name] else {
            guard let value = Value.absent else { throw Misread("there", at: name) }
            return value
        }
        do {
            return try Value(reading: member)
        } catch {
            throw error.below(name)
        }
    }
}

/// Params that are being written. What is nil is left out.
struct Arguments {
    var writer = JSONWriter()

    mutating func set(_ name: StaticString, _ value: (some Writable)?) {
        guard let value else { return }
        writer.key(name)
        value.write(to: &writer)
    }
}

/// The members of one object by name, for structs that are params.
extension JSONWriter {
    mutating func member(_ name: StaticString, _ value: (some Writable)?) {
        guard let value else { return }
        key(name)
        value.write(to: &self)
    }
}

extension RPCD {
    /// A result that says only that it was done.
    public struct Done: Sendable {}

    /// How many a page has of a list that is read as a whole.
    static let itemsAtOnce: Int64 = 100
}

extension RPCD.Done: Readable {
    init(reading json: JSON) {}
}

extension RPCD.Page: Readable where Item: Readable {
    init(reading json: JSON) throws(Misread) {
        let members = try Members(json)
        items = try members.read("items")
        nextCursor = try members.read("nextCursor")
    }
}

extension String: Readable, Writable {
    init(reading json: JSON) throws(Misread) {
        guard let text = json.string else { throw Misread("a string") }
        self = text
    }

    func write(to writer: inout JSONWriter) { writer.string(self) }
}

extension Int64: Readable, Writable {
    init(reading json: JSON) throws(Misread) {
        guard let value = json.int64 else { throw Misread("an integer") }
        self = value
    }

    func write(to writer: inout JSONWriter) { writer.int(self) }
}

extension Double: Readable, Writable {
    init(reading json: JSON) throws(Misread) {
        guard let value = json.double else { throw Misread("a number") }
        self = value
    }

    func write(to writer: inout JSONWriter) { writer.double(self) }
}

extension Bool: Readable, Writable {
    init(reading json: JSON) throws(Misread) {
        guard let value = json.bool else { throw Misread("true or false") }
        self = value
    }

    func write(to writer: inout JSONWriter) { writer.bool(self) }
}

extension Optional: Readable where Wrapped: Readable {
    init(reading json: JSON) throws(Misread) {
        self = json.isNull ? nil : try Wrapped(reading: json)
    }

    static var absent: Wrapped?? { .some(nil) }
}

extension Array: Readable where Element: Readable {
    init(reading json: JSON) throws(Misread) {
        guard json.kind == .array else { throw Misread("a list") }
        self = []
        reserveCapacity(json.count)
        for (position, element) in json.elements.enumerated() {
            do {
                append(try Element(reading: element))
            } catch {
                throw error.below("[\(position)]")
            }
        }
    }
}

extension Array: Writable where Element: Writable {
    func write(to writer: inout JSONWriter) {
        writer.beginArray()
        for element in self { element.write(to: &writer) }
        writer.endArray()
    }
}

extension Dictionary: Readable where Key == String, Value: Readable {
    init(reading json: JSON) throws(Misread) {
        guard json.kind == .object else { throw Misread("an object") }
        self = [:]
        for (key, value) in json.members {
            let name = key.string ?? ""
            do {
                self[name] = try Value(reading: value)
            } catch {
                throw error.below(name)
            }
        }
    }
}

extension Dictionary: Writable where Key == String, Value: Writable {
    /// In the order of the names: the same object is the same bytes, and the same call under its idempotency key.
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        for (name, value) in sorted(by: { $0.key < $1.key }) {
            writer.key(name)
            value.write(to: &writer)
        }
        writer.endObject()
    }
}
