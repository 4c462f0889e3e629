import Cryptography
import Identifiers
import JSON
import Postgres
import RPC

/// Follows the chain from its beginning and compares every row with its seal.
struct AuditVerification: Sendable {
    /// Something that does not fit.
    struct Difference: Sendable {
        enum Kind: String, Sendable, CaseIterable {
            /// The row is not what was sealed, or its seal is not the one that was made.
            case changed
            /// A seal without its row.
            case removed
            /// A gap in the numbers of the seals.
            case sealMissing
            /// The chain does not have the seal that the caller has kept: its end was cut off, or all of it was made anew.
            case notAsKept
            /// A row without a seal where every row has had one: it was put in later, or its seal was removed.
            case unsealed
        }

        let kind: Kind
        let seq: Int64
        /// The row, where there is one.
        let id: UUID?
        let action: String?
        let at: Timestamp?
    }

    /// A seal that somebody has kept elsewhere.
    struct Kept: Sendable {
        let number: Int64
        let seal: [UInt8]

        /// `NUMBER:SEAL`, the seal in hexadecimal.
        init?(_ text: String) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let number = Int64(parts[0]), number > 0,
                let seal = [UInt8](hex: parts[1].utf8), seal.count == 32
            else { return nil }
            (self.number, self.seal) = (number, seal)
        }
    }

    private(set) var checked = 0
    private(set) var found = 0
    private(set) var differences: [Difference] = []
    /// Number and seal that the chain ends with; whoever keeps it elsewhere can tell when all was made anew.
    private(set) var head = (number: Int64(0), seal: AuditChain.origin)

    /// Only rows of this workspace are told of; the chain runs through all.
    let workspace: UUID?
    private let kept: Kept?
    private var hasKept = false
    private var lastSeq: Int64 = 0

    static let batch: Int64 = 2000
    /// More are counted, not listed.
    static let mostListed = 1000

    init(workspace: UUID?, kept: Kept?) {
        self.workspace = workspace
        self.kept = kept
    }

    /// A seal, and what stands where its row was.
    struct Sealed: Sendable {
        let number: Int64
        let seq: Int64
        let seal: [UInt8]
        let row: AuditChain.Row?
        let id: UUID?
        let at: Timestamp?
        let action: String?
        let workspace: UUID?

        init(_ reader: borrowing RowReader) throws {
            number = try reader.get(0)
            seq = try reader.get(1)
            seal = try reader.get(2)
            id = try reader.getOptional(4)
            row = id == nil ? nil : try AuditChain.Row(reader, from: 3)
            at = id == nil ? nil : try reader.get(5)
            action = id == nil ? nil : try reader.get(7)
            workspace = try reader.getOptional(8)
        }
    }

    mutating func check(_ sealed: Sealed) throws {
        if sealed.number != head.number + 1 {
            // Told of the first row behind the one that is sealed before the gap: what stood between is gone with its seals.
            note(Difference(kind: .sealMissing, seq: lastSeq + 1, id: nil, action: nil, at: nil))
        } else if let row = sealed.row {
            if try AuditChain.seal(row: row.canonical, after: head.seal) != sealed.seal {
                report(.changed, sealed)
            }
        } else {
            report(.removed, sealed)
        }
        if workspace == nil || sealed.workspace == workspace { checked += 1 }
        // The stored seal, not the computed one: what comes after a row that was changed fits again.
        head = (sealed.number, sealed.seal)
        lastSeq = sealed.seq
        if let kept, sealed.number == kept.number, sealed.seal == kept.seal { hasKept = true }
    }

    /// All seals have been looked at.
    mutating func end() {
        guard kept != nil, !hasKept else { return }
        note(Difference(kind: .notAsKept, seq: lastSeq, id: nil, action: nil, at: nil))
    }

    /// Rows behind the seals that have none.
    mutating func note(unsealed rows: [Difference]) {
        for row in rows { note(row) }
    }

    private mutating func report(_ kind: Difference.Kind, _ sealed: Sealed) {
        // Of a row that is gone nobody knows where it belonged.
        guard workspace == nil || sealed.row == nil || sealed.workspace == workspace else { return }
        note(Difference(kind: kind, seq: sealed.seq, id: sealed.id, action: sealed.action, at: sealed.at))
    }

    private mutating func note(_ difference: Difference) {
        found += 1
        if differences.count < AuditVerification.mostListed { differences.append(difference) }
    }
}

extension AuditVerification {
    static let shape: Shape<AuditVerification> = .object(
        "AuditVerification",
        Field("checked", .integer, "Rows that were compared with their seal.") { Int64($0.checked) },
        Field("found", .integer, "How many differ; at most 1000 of them are listed.") { Int64($0.found) },
        Field("differences", differenceShape.list, "Each row that differs, in the order of the trail.") {
            $0.differences
        },
        Field(
            "head",
            .object(
                "AuditHead", Field("number", .integer, "Of the last seal.") { $0.number },
                Field("seal", .string, "In hexadecimal.") { $0.hex }),
            "The end of the chain. Kept elsewhere, it tells later that nothing before it was made anew."
        ) { AuditHead($0.head) })

    private static let differenceShape: Shape<Difference> = .object(
        "AuditDifference",
        Field("kind", .choice(Difference.Kind.self), "What does not fit.") { $0.kind },
        Field("seq", .integer, "The row's place in the trail.") { $0.seq },
        Field("id", Shape.uuid.nullable, "The row; null when it is gone.") { $0.id },
        Field("action", Shape.string.nullable, "What it says was done.") { $0.action },
        Field("at", Shape.timestamp.nullable, "When it says it was.") { $0.at })
}

private struct AuditHead: Sendable {
    let number: Int64
    let hex: String

    init(_ head: (number: Int64, seal: [UInt8])) {
        number = head.number
        hex = head.seal.hex
    }
}
