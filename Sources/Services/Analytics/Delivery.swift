import AnalyticsStores
import Identifiers
import Postgres
import RPC

/// Rows on their way into the store.
struct Delivery: Sendable {
    /// A row that the store does not take for good.
    struct Refusal: Sendable {
        let item: Replication.Item
        let reason: String
    }

    let store: any AnalyticsStore
    let keptSeconds: Int64
    let mayGoOn: @Sendable () -> Bool
    let log: @Sendable (Notice) -> Void
    /// As in ``AnalyticsBatch/token(occasion:)``.
    var occasion: Timestamp?

    /// Sends rows; where the store takes not all of them for good, it finds out which by halves.
    func send(_ items: [Replication.Item]) async throws -> [Refusal] {
        let batch = AnalyticsBatch(items, keptSeconds: keptSeconds)
        guard !batch.isEmpty else { return [] }
        // Rows were read when they were there; another daemon may have erased them since.
        guard mayGoOn() else { throw AnalyticsFailure(.interrupted, "another daemon sends now") }
        do {
            try await store.insert(batch, token: try batch.token(occasion: occasion))
            return []
        } catch let error as AnalyticsFailure where error.kind == .refused {
            guard items.count > 1 else {
                log(Notice(.deadLetter, "\(store.name) refuses a row for good: \(error)"))
                return items.map { Refusal(item: $0, reason: "\(error)") }
            }
            let half = items.count / 2
            return try await send(Array(items[..<half])) + send(Array(items[half...]))
        }
    }
}

extension Replication {
    /// Lays aside what was refused; what is there already stays.
    static func note(_ refusals: [Delivery.Refusal], in tx: borrowing Transaction) {
        for refusal in refusals {
            switch refusal.item {
            case .enrichment(let row):
                tx.queue(
                    insertDeadLetter, row.key.workspaceID, UUID?.none, row.key.jobID, row.key.seq,
                    row.isVoid ? row.key.at : nil, refusal.reason)
            case .credit(let row):
                tx.queue(
                    insertDeadLetter, row.key.workspaceID, row.key.id, UUID?.none, Int64?.none,
                    Timestamp?.none, refusal.reason)
            }
        }
    }
}
