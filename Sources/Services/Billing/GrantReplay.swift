import Identifiers
import Postgres

/// What is left of credits that expire, told from the ledger alone: what expires first is spent first. So what stands in the table of grants can
/// be compared with what has to stand there.
struct GrantReplay: Sendable {
    struct Entry: Sendable {
        let seq: Int64
        let id: UUID
        let type: String
        let amount: Int64
        let relatedID: UUID?
        let expiresAt: Timestamp?

        init(_ row: borrowing RowReader) throws {
            seq = try row.get(0)
            id = try row.get(1)
            type = try row.get(2)
            amount = try row.get(3)
            relatedID = try row.getOptional(4)
            expiresAt = try row.getOptional(5)
        }
    }

    private struct Grant: Sendable {
        let id: UUID
        let expiresAt: Timestamp
        var remaining: Int64
    }

    /// In the order in which they are spent.
    private var grants: [Grant] = []
    /// Those that have been used up.
    private var spent: Set<UUID> = []

    mutating func apply(_ entry: Entry) {
        if let expiresAt = entry.expiresAt {
            let grant = Grant(id: entry.id, expiresAt: expiresAt, remaining: entry.amount)
            let place = grants.firstIndex { ($0.expiresAt, $0.id) > (grant.expiresAt, grant.id) }
            return grants.insert(grant, at: place ?? grants.endIndex)
        }
        switch entry.type {
        case "debit", "capture": spend(entry.amount)
        case "expiry":
            guard let index = grants.firstIndex(where: { $0.id == entry.relatedID }) else { return }
            take(entry.amount, at: index)
            forgetSpent()
        default: break
        }
    }

    private mutating func spend(_ amount: Int64) {
        var rest = amount
        for index in grants.indices where rest > 0 {
            let used = min(rest, grants[index].remaining)
            take(used, at: index)
            rest -= used
        }
        forgetSpent()
    }

    private mutating func take(_ amount: Int64, at index: Int) {
        grants[index].remaining = max(0, grants[index].remaining - amount)
        if grants[index].remaining == 0 { spent.insert(grants[index].id) }
    }

    private mutating func forgetSpent() { grants.removeAll { $0.remaining == 0 } }

    /// How many grants have another rest than they should.
    func differences(from stored: [UUID: Int64]) -> Int64 {
        let expected = Dictionary(grants.map { ($0.id, $0.remaining) }) { first, _ in first }
        let wrong = stored.filter { id, remaining in
            expected[id].map { $0 != remaining } ?? (remaining != 0 || !spent.contains(id))
        }
        return Int64(wrong.count + expected.keys.filter { stored[$0] == nil }.count)
    }
}
