import AnalyticsStores
import Identifiers
import Postgres
import RPC

/// Reports for a workspace, from the store of analytics.
struct Analytics: Sendable {
    let platform: Platform

    static let standardDays: Int64 = 30
    static let mostDays: Int64 = 366
    /// Groups by time that an answer has at most: three months of hours.
    static let mostGroups = 2300

    // MARK: questions

    func enrichment(
        _ call: Call, _ workspace: UUID, _ range: RangeName?, _ from: Timestamp?, _ to: Timestamp?,
        _ groupBy: GroupBy, _ timeZone: String, _ provider: String?, _ field: String?, _ job: UUID?
    ) async throws -> SumReport<EnrichmentSums> {
        let range = try Analytics.range(range, from, to)
        var question = EnrichmentQuestion(workspaceID: workspace, range: range)
        (question.provider, question.field, question.jobID) = (provider, field, job)
        if let job { question.range = try await span(of: job, in: workspace, call, within: range) }
        question.grouping = try await grouping(call, groupBy, range, timeZone)
        let asked = question
        let sums = try await ask(call) { try await $0.enrichment(asked, call) }
        var total = EnrichmentSums(key: SumKey(name: "", start: 0))
        for sum in sums { total.add(sum) }
        return SumReport(
            range: range, groupBy: groupBy, timeZone: timeZone,
            groups: Analytics.groups(
                sums, by: question.grouping, key: \.key, zero: { EnrichmentSums(key: $0) },
                size: { $0.results }), total: total)
    }

    func credits(
        _ call: Call, _ workspace: UUID, _ range: RangeName?, _ from: Timestamp?, _ to: Timestamp?,
        _ groupBy: GroupBy, _ timeZone: String, _ provider: String?, _ source: String?
    ) async throws -> SumReport<CreditSums> {
        let range = try Analytics.range(range, from, to)
        var question = CreditQuestion(workspaceID: workspace, range: range)
        (question.provider, question.source) = (provider, source)
        question.grouping = try await grouping(call, groupBy, range, timeZone)
        let asked = question
        let sums = try await ask(call) { try await $0.credits(asked, call) }
        var total = CreditSums(key: SumKey(name: "", start: 0))
        for sum in sums { total.add(sum) }
        return SumReport(
            range: range, groupBy: groupBy, timeZone: timeZone,
            groups: Analytics.groups(
                sums, by: question.grouping, key: \.key, zero: { CreditSums(key: $0) },
                size: { $0.transactions }), total: total)
    }

    func funnel(
        _ call: Call, _ workspace: UUID, _ range: RangeName?, _ from: Timestamp?, _ to: Timestamp?,
        _ provider: String?, _ field: String?, _ job: UUID?
    ) async throws -> Funnel {
        let range = try Analytics.range(range, from, to)
        var question = EnrichmentQuestion(workspaceID: workspace, range: range)
        (question.provider, question.field, question.jobID) = (provider, field, job)
        if let job { question.range = try await span(of: job, in: workspace, call, within: range) }
        let asked = question
        let answer = try await ask(call) { try await $0.enrichment(asked, call) }
        var sums = answer.first ?? EnrichmentSums(key: SumKey(name: "", start: 0))
        // Of one field a record has one result; which field is the job's first says nothing then.
        if field != nil || provider != nil { sums.records = sums.results }
        return Funnel(range: range, sums: sums)
    }

    func providers(
        _ call: Call, _ workspace: UUID, _ range: RangeName?, _ from: Timestamp?, _ to: Timestamp?,
        _ field: String?
    ) async throws -> [ProviderReport] {
        let range = try Analytics.range(range, from, to)
        var question = EnrichmentQuestion(workspaceID: workspace, range: range)
        question.field = field
        let asked = question
        let calls = try await ask(call) { try await $0.calls(asked, call) }
        question.grouping = .provider
        let grouped = question
        let sums = try await ask(call) { try await $0.enrichment(grouped, call) }
        let openings = try await platform.look(call) { tx in
            tx.enter(workspace)
            return try tx.all(Analytics.countOpenings, workspace, range.from, range.to)
        }
        var reports: [String: ProviderReport] = [:]
        for entry in calls {
            let slug = entry.call.provider
            reports[slug, default: ProviderReport(provider: slug)].calls.append(entry)
        }
        for sum in sums where !sum.key.name.isEmpty && sum.found > 0 {
            reports[sum.key.name, default: ProviderReport(provider: sum.key.name)].hits = sum.found
            reports[sum.key.name]?.credits = sum.cost
        }
        for (slug, count) in openings {
            reports[slug, default: ProviderReport(provider: slug)].openings = count
        }
        return reports.values.sorted { $0.provider < $1.provider }
    }

    /// The part of a range that the results of a job can be in.
    /// - Throws: `NOT_FOUND`.
    private func span(
        of job: UUID, in workspace: UUID, _ call: Call, within range: AnalyticsRange
    ) async throws -> AnalyticsRange {
        let known = try await platform.transact(call) { tx in
            tx.enter(workspace)
            return try tx.first(Analytics.getJobSpan, workspace, job)
        }
        guard let (begin, end) = known else { throw CallError(.notFound, "No such job") }
        return AnalyticsRange(from: max(range.from, begin), to: min(range.to, end ?? range.to))
    }

    // MARK: ranges and groups

    /// A range by its length, up to now.
    enum RangeName: String, Sendable, CaseIterable {
        case day = "24h"
        case week = "7d"
        case month = "30d"
        case quarter = "90d"

        var seconds: Int64 {
            switch self {
            case .day: 86_400
            case .week: 7 * 86_400
            case .month: 30 * 86_400
            case .quarter: 90 * 86_400
            }
        }
    }

    /// - Throws: `VALIDATION_ERROR`.
    static func range(_ name: RangeName?, _ from: Timestamp?, _ to: Timestamp?) throws(CallError)
        -> AnalyticsRange
    {
        guard name == nil || (from == nil && to == nil) else {
            throw .fields([FieldError("range", .format, "goes without from and to")])
        }
        // What happens while the question is on its way is in it.
        let to = to ?? Timestamp(microseconds: Timestamp.now.microseconds + 1)
        let seconds = name?.seconds ?? standardDays * 86_400
        let from = from ?? Timestamp(microseconds: to.microseconds - seconds * 1_000_000)
        guard from < to else { throw .fields([FieldError("from", .range, "has to be before to")]) }
        guard to.microseconds - from.microseconds <= mostDays * 86_400_000_000,
            from >= Timestamp(seconds: 0)
        else {
            throw .fields([
                FieldError("from", .range, "has to be after 1970 and at most \(mostDays) days before to")
            ])
        }
        return AnalyticsRange(from: from, to: to)
    }

    private func grouping(
        _ call: Call, _ groupBy: GroupBy, _ range: AnalyticsRange, _ timeZone: String
    ) async throws -> Grouping {
        switch groupBy {
        case .provider: return .provider
        case .field: return .field
        case .source: return .source
        case .hour, .day, .week:
            let bounds = try await bounds(call, groupBy, range, timeZone)
            guard bounds.count <= Analytics.mostGroups else {
                throw CallError.fields([
                    FieldError(
                        "groupBy", .range,
                        "makes more than \(Analytics.mostGroups) groups of this range; take longer ones")
                ])
            }
            return .time(bounds)
        }
    }

    private func bounds(
        _ call: Call, _ unit: GroupBy, _ range: AnalyticsRange, _ timeZone: String
    ) async throws -> [Int64] {
        let known = platform.analytics.zones
        let (bounds, zones) = try await platform.look(call) { tx -> ([Int64], Set<String>) in
            let zones = try known ?? Set(tx.all(Analytics.listZones))
            guard zones.contains(timeZone) else {
                throw CallError.fields([
                    FieldError("timeZone", .format, "has to be a time zone, as Europe/Berlin or UTC")
                ])
            }
            return (
                try tx.all(
                    Analytics.listBounds, unit.rawValue, range.from, range.to, timeZone,
                    Analytics.mostGroups + 1), zones
            )
        }
        if known == nil { platform.analytics.zones = zones }
        return bounds
    }

    /// Every moment has its group; names have one where there is anything.
    private static func groups<Sums: Sendable>(
        _ sums: [Sums], by grouping: Grouping, key: (Sums) -> SumKey, zero: (SumKey) -> Sums,
        size: (Sums) -> Int64
    ) -> [SumGroup<Sums>] {
        guard case .time(let bounds) = grouping else {
            return sums.sorted { (size($0), key($1).name) > (size($1), key($0).name) }.map {
                SumGroup(start: nil, name: key($0).name.isEmpty ? nil : key($0).name, sums: $0)
            }
        }
        let known = Dictionary(sums.map { (key($0).start, $0) }) { first, _ in first }
        return bounds.map { start in
            SumGroup(
                start: Timestamp(seconds: start), name: nil,
                sums: known[start] ?? zero(SumKey(name: "", start: start)))
        }
    }

    // MARK: the store

    /// - Throws: `SERVICE_UNAVAILABLE` where there is no store, and what the store throws.
    func ask<Value: Sendable>(
        _ call: Call, _ question: @Sendable (any AnalyticsStore) async throws -> Value
    ) async throws -> Value {
        guard let store = platform.analytics.store else {
            throw CallError.unavailable(
                "Nobody keeps analytics here: set RPCD_CLICKHOUSE_URL or RPCD_ANALYTICS_URL")
        }
        try await platform.analytics.approve(store, on: platform.pool)
        return try await question(store)
    }
}
