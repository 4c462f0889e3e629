import Cryptography
import Identifiers
import RPC

/// A place in a list that is ordered by a moment and an id: what comes after it is the next page.
struct Cursor: Sendable {
    let moment: Timestamp
    let id: UUID

    /// Before everything. A bound that is never null is one that every plan takes for a place in the index.
    static let start = Cursor(Timestamp.calendar.lowerBound, .zero)

    /// Opaque to callers.
    var text: String {
        Base64URL.encode(withUnsafeBytes(of: moment.microseconds.bigEndian) { Array($0) } + id.bytes)
    }

    init(_ moment: Timestamp, _ id: UUID) {
        self.moment = moment
        self.id = id
    }

    init?(_ text: String) {
        guard let bytes = Base64URL.decode(text), bytes.count == 24,
            let id = bytes.withUnsafeBytes({ UUID(bytes: UnsafeRawBufferPointer(rebasing: $0[8...])) })
        else { return nil }
        let moment = Timestamp(microseconds: bytes.prefix(8).reduce(0) { $0 << 8 | Int64($1) })
        guard Timestamp.calendar.contains(moment) else { return nil }
        (self.moment, self.id) = (moment, id)
    }
}

/// The params of every list.
extension Param where Value == Int64 {
    static let limit = integer("limit", 1...100, "How many at most.").defaulting(to: 25)
}

extension Param where Value == Cursor {
    static let cursor = Param(
        "cursor", .string(length: 1...200, format: nil), "The `nextCursor` of the page before."
    ) { json in
        guard let text = json.string else { return .failure(Misfit(.type, "has to be a string")) }
        guard let cursor = Cursor(text) else {
            return .failure(Misfit(.format, "is no cursor of this list; leave it out to begin anew"))
        }
        return .success(cursor)
    }
}

extension Page {
    /// From one row more than asked for, which tells whether there is another page.
    init(_ rows: [Item], limit: Int64, cursor: (Item) -> Cursor) {
        self.init(rows, limit: limit) { cursor($0).text }
    }

    init(_ rows: [Item], limit: Int64, cursor: (Item) -> String) {
        let items = Array(rows.prefix(Int(limit)))
        let next = rows.count > items.count ? items.last.map { cursor($0) } : nil
        self.init(items: items, nextCursor: next, limit: Int(limit))
    }
}
