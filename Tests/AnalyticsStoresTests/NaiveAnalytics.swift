import AnalyticsStores
import Identifiers

/// What a store of analytics should answer, by the simplest means.
struct NaiveAnalytics {
    private var enrichment: [EnrichmentRow.Key: EnrichmentRow] = [:]
    private var void: Set<EnrichmentRow.Key> = []
    private var credits: [CreditRow.Key: CreditRow] = [:]

    mutating func insert(_ batch: AnalyticsBatch) {
        for row in batch.enrichment {
            if row.isVoid { void.insert(row.key) } else { enrichment[row.key] = row }
        }
        for row in batch.credits { credits[row.key] = row }
    }

    mutating func erase(_ erasures: [Erasure]) {
        for erasure in erasures {
            enrichment = enrichment.filter { key, row in
                key.workspaceID != erasure.workspaceID
                    || (erasure.recordID != nil && row.recordID != erasure.recordID)
            }
        }
    }

    func rows(_ question: EnrichmentQuestion) -> [EnrichmentRow] {
        enrichment.values.filter { row in
            row.key.workspaceID == question.workspaceID && question.range.contains(row.key.at)
                && !void.contains(row.key) && (question.provider == nil || row.provider == question.provider)
                && (question.field == nil || row.field == question.field)
                && (question.jobID == nil || row.key.jobID == question.jobID)
        }
    }

    func rows(_ question: CreditQuestion) -> [CreditRow] {
        credits.values.filter { row in
            row.key.workspaceID == question.workspaceID && question.range.contains(row.key.at)
                && (question.provider == nil || row.provider == question.provider)
                && (question.source == nil || row.source == question.source)
        }
    }

    func enrichmentSums(_ question: EnrichmentQuestion) -> [SumKey: EnrichmentSums] {
        var sums: [SumKey: EnrichmentSums] = [:]
        for row in rows(question) {
            let key = question.grouping.key(
                at: row.key.at, ["provider": row.provider, "field": row.field])
            var sum = sums[key] ?? EnrichmentSums(key: key)
            if row.isFirstField { sum.records += 1 }
            switch row.status {
            case "found": sum.found += 1
            case "cached": sum.cached += 1
            case "not_found": sum.notFound += 1
            case "exhausted": sum.exhausted += 1
            case "skipped": sum.skipped += 1
            default: sum.failed += 1
            }
            sum.cost += row.cost
            sums[key] = sum
        }
        return sums
    }

    func creditSums(_ question: CreditQuestion) -> [SumKey: CreditSums] {
        var sums: [SumKey: CreditSums] = [:]
        for row in rows(question) {
            let key = question.grouping.key(at: row.key.at, ["provider": row.provider, "source": row.source])
            var sum = sums[key] ?? CreditSums(key: key)
            sum.transactions += 1
            switch row.type {
            case "purchase", "bonus": sum.added += row.amount
            case "debit", "capture": sum.spent += row.amount
            case "refund": sum.refunded += row.amount
            case "expiry": sum.expired += row.amount
            default: break
            }
            sums[key] = sum
        }
        return sums
    }

    func calls(_ question: EnrichmentQuestion) -> [ProviderCall: Int64] {
        var unfiltered = question
        unfiltered.provider = nil
        let calls = rows(unfiltered).flatMap(\.calls).filter {
            question.provider == nil || $0.provider == question.provider
        }
        return Dictionary(calls.map { ($0, 1) }, uniquingKeysWith: +)
    }

    func daySums(_ dataset: AnalyticsDataset, of workspaces: [UUID], from day: Int64) -> [DaySums.Key:
        DaySums]
    {
        var parts: [DaySums]
        switch dataset {
        case .enrichment:
            parts = enrichment.values.filter { !void.contains($0.key) }.map { row in
                DaySums(
                    key: DaySums.Key(workspaceID: row.key.workspaceID, day: row.key.at.day), rows: 1,
                    credits: row.cost, outcome: row.status == "found" ? 1 : 0)
            }
        case .credits:
            parts = credits.values.map { row in
                DaySums(
                    key: DaySums.Key(workspaceID: row.key.workspaceID, day: row.key.at.day), rows: 1,
                    credits: row.amount, outcome: ["debit", "capture"].contains(row.type) ? row.amount : 0)
            }
        }
        parts = parts.filter { workspaces.contains($0.key.workspaceID) && $0.key.day >= day }
        return Dictionary(parts.map { ($0.key, $0) }) { left, right in
            DaySums(
                key: left.key, rows: left.rows + right.rows,
                credits: (left.credits ?? 0) + (right.credits ?? 0), outcome: left.outcome + right.outcome)
        }
    }

    func workspaces(_ dataset: AnalyticsDataset) -> [UUID] {
        let all =
            dataset == .credits
            ? Set(credits.keys.map(\.workspaceID))
            // What was taken back may be there still.
            : Set(enrichment.keys.map(\.workspaceID)).union(void.map(\.workspaceID))
        return all.sorted { $0.description < $1.description }
    }
}

extension AnalyticsRange {
    fileprivate func contains(_ moment: Timestamp) -> Bool { moment >= from && moment < to }
}

extension Timestamp {
    fileprivate var day: Int64 { seconds / 86_400 }
}

extension Grouping {
    fileprivate func key(at moment: Timestamp, _ names: [String: String]) -> SumKey {
        switch self {
        case .none: SumKey(name: "", start: 0)
        case .provider: SumKey(name: names["provider"] ?? "", start: 0)
        case .field: SumKey(name: names["field"] ?? "", start: 0)
        case .source: SumKey(name: names["source"] ?? "", start: 0)
        case .time(let bounds):
            SumKey(name: "", start: bounds.last { $0 <= moment.seconds } ?? 0)
        }
    }
}
