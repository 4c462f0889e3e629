import Identifiers
import JSON
import Postgres

/// Something that somebody outside may want to hear of. It is written in the transaction of what it tells of, and kept for 30 days.
struct Event: Sendable {
    /// As `credits.low`.
    let type: String
    /// A JSON object.
    let data: [UInt8]

    /// What is available has fallen below a threshold.
    static func creditsLow(available: Int64, threshold: Int64) -> Event {
        Event(
            type: "credits.low",
            data: JSONWriter.object { writer in
                writer.key("available")
                writer.int(available)
                writer.key("threshold")
                writer.int(threshold)
            })
    }

    /// Has it written with what else is committed.
    func raise(_ tx: borrowing Transaction, in workspace: UUID) {
        tx.queue(Event.insert, workspace, type, JSONText(String(decoding: data, as: UTF8.self)))
    }
}
