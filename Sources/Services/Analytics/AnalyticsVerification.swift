import AnalyticsStores
import Identifiers
import JSON
import Postgres
import RPC

/// What the store of analytics has, compared with what it should.
struct AnalyticsVerification: Sendable {
    struct Difference: Sendable {
        let workspaceID: UUID
        let dataset: AnalyticsDataset
        let day: Int64
        let what: String
        let expected: Int64
        let actual: Int64
    }

    private(set) var checked: Int64 = 0
    private(set) var found: Int64 = 0
    private(set) var differences: [Difference] = []

    private static let mostListed = 1000

    mutating func note(_ rows: Int64) { checked += rows }

    mutating func add(_ all: [Difference]) {
        found += Int64(all.count)
        differences += all.prefix(max(0, AnalyticsVerification.mostListed - differences.count))
    }

    static let shape: Shape<AnalyticsVerification> = .object(
        "AnalyticsVerification", Field("checked", .integer, "Rows of the database.") { $0.checked },
        Field("found", .integer, "How much differs; at most 1000 of it is listed.") { $0.found },
        Field(
            "differences",
            Shape.object(
                "AnalyticsDifference", Field("workspaceId", .uuid, "Whose.") { $0.workspaceID },
                Field("dataset", .choice(AnalyticsDataset.self), "Of what.") { $0.dataset },
                Field("day", .string, "When, in UTC.") { day in
                    String(Timestamp(seconds: day.day * 86_400).description.prefix(10))
                },
                Field(
                    "what", .string,
                    "What differs: rows, credits, what was found, or spent; with reported before it where rows are right and reports are not."
                ) { $0.what },
                Field("expected", .integer, "By the database.") { $0.expected },
                Field("actual", .integer, "In the store.") { $0.actual }
            ).list, "By workspace and day."
        ) { $0.differences })
}

extension Analytics {
    private static let workspacesAtOnce = 100
    private static let looks = 30
    private static let pause = Duration.milliseconds(500)

    /// Beside everything that goes on: what was noted before has to have arrived, what is on its way meanwhile is allowed for.
    func verify(_ call: Call, _ workspace: UUID?) async throws -> AnalyticsVerification {
        try await awaitArrival(call)
        var verification = AnalyticsVerification()
        for dataset in AnalyticsDataset.allCases {
            let firstDay = (Timestamp.now.seconds - comparedSeconds(dataset)) / 86_400 + 1
            var last: UUID?
            repeat {
                let after = last
                let page = try await platform.transact(call) { tx in
                    tx.enterEveryWorkspace()
                    return try tx.all(
                        Analytics.listWorkspaces, after, workspace, dataset.rawValue,
                        Analytics.workspacesAtOnce)
                }
                if !page.isEmpty {
                    try await compare(call, dataset, page, from: max(0, firstDay), &verification)
                }
                call.report(WorkProgress(checked: verification.checked).json)
                last = page.count == Analytics.workspacesAtOnce ? page.last : nil
            } while last != nil
            if workspace == nil { try await findStrangers(call, dataset, &verification) }
        }
        if workspace == nil {
            try await platform.noteVerification(.analytics, found: Int(verification.found))
        }
        return verification
    }

    /// What both have: results go from the database with their jobs.
    private func comparedSeconds(_ dataset: AnalyticsDataset) -> Int64 {
        let kept = platform.analytics.keptSeconds
        switch dataset {
        case .credits: return kept
        case .enrichment: return min(kept, platform.jobRetentionSeconds ?? kept)
        }
    }

    /// Waits until everything has been sent that had been noted when it began.
    private func awaitArrival(_ call: Call) async throws {
        let end = try await backlogEnds(call).last
        var (seen, looks): (Int64?, Int) = (nil, 0)
        while let first = try await backlogEnds(call).first, first <= end ?? 0 {
            looks = first == seen ? looks + 1 : 0
            seen = first
            guard looks < 2 * Analytics.looks else {
                throw CallError(.conflict, "What waits for analytics is not sent; see the daemons' logs")
            }
            call.report(WorkProgress(waiting: (end ?? 0) - first + 1).json)
            // Where the store is away its own error says so.
            _ = try await ask(call) { try await $0.systemIdentifier() }
            try await Task.sleep(for: Analytics.pause)
        }
    }

    private func backlogEnds(_ call: Call) async throws -> (first: Int64?, last: Int64?) {
        try await platform.transact(call) { tx in
            tx.enterEveryWorkspace()
            return try tx.one(Analytics.getBacklogEnds)
        }
    }

    private struct Expectation: Sendable {
        var sums: [DaySums.Key: DaySums] = [:]
        /// What of them is noted and may not have been sent.
        var waiting: [DaySums.Key: DaySums] = [:]
    }

    private func expectation(
        _ call: Call, _ dataset: AnalyticsDataset, _ workspaces: [UUID], from day: Int64
    ) async throws -> Expectation {
        let isCredits = dataset == .credits
        return try await platform.transact(call) { tx in
            tx.enterEveryWorkspace()
            tx.queue(Billing.liftStatementTimeout)
            let ids = UUIDArray(workspaces)
            let moment = Timestamp(seconds: day * 86_400)
            // First what waits: what is noted in between only is more.
            let waiting = try tx.all(
                isCredits ? Analytics.sumWaitingCredits : Analytics.sumWaitingResults, ids)
            let sums = try tx.all(
                isCredits ? Analytics.sumLedgerDays : Analytics.sumResultDays, ids, moment)
            return Expectation(
                sums: Dictionary(sums.map { ($0.key, $0) }) { first, _ in first },
                waiting: Dictionary(waiting.map { ($0.key, $0) }) { first, _ in first })
        }
    }

    private func compare(
        _ call: Call, _ dataset: AnalyticsDataset, _ workspaces: [UUID], from day: Int64,
        _ verification: inout AnalyticsVerification
    ) async throws {
        var before = try await expectation(call, dataset, workspaces, from: day)
        for look in 0... {
            let actual = try await ask(call) {
                try await $0.daySums(dataset, of: workspaces, from: day, call)
            }
            let reported = try await reported(call, dataset, workspaces, from: day)
            let after = try await expectation(call, dataset, workspaces, from: day)
            var differences = Analytics.differences(dataset, before, actual, after)
            if differences.isEmpty {
                differences = Analytics.differences(
                    dataset, before, reported, after, from: firstReported(day), prefix: "reported ")
            }
            guard !differences.isEmpty, look < Analytics.looks else {
                verification.note(after.sums.values.reduce(0) { $0 + $1.rows })
                verification.add(differences)
                return
            }
            // Something may be erased or taken back at this moment.
            try await Task.sleep(for: Analytics.pause)
            before = after
        }
    }

    /// The same as reports tell it, which need not read rows for it.
    private func reported(
        _ call: Call, _ dataset: AnalyticsDataset, _ workspaces: [UUID], from day: Int64
    ) async throws -> [DaySums] {
        let today = Timestamp.now.seconds / 86_400
        let first = firstReported(day)
        let range = AnalyticsRange(
            from: Timestamp(seconds: first * 86_400), to: Timestamp(seconds: (today + 1) * 86_400))
        let byDay = Grouping.time(Array(first...today).map { $0 * 86_400 })
        var all: [DaySums] = []
        for workspace in workspaces {
            @Sendable func day(_ sum: SumKey) -> DaySums.Key {
                DaySums.Key(workspaceID: workspace, day: sum.start / 86_400)
            }
            all += try await ask(call) { store in
                switch dataset {
                case .enrichment:
                    try await store.enrichment(
                        EnrichmentQuestion(workspaceID: workspace, range: range, grouping: byDay), call
                    ).map {
                        DaySums(key: day($0.key), rows: $0.results, credits: $0.cost, outcome: $0.found)
                    }
                case .credits:
                    try await store.credits(
                        CreditQuestion(workspaceID: workspace, range: range, grouping: byDay), call
                    ).map {
                        DaySums(key: day($0.key), rows: $0.transactions, credits: nil, outcome: $0.spent)
                    }
                }
            }
        }
        return all
    }

    /// Reports go so far back.
    private func firstReported(_ day: Int64) -> Int64 {
        max(day, Timestamp.now.seconds / 86_400 - Analytics.mostDays + 1)
    }

    /// The store has at least what had been sent before it was asked, and at most what there was afterwards.
    private static func differences(
        _ dataset: AnalyticsDataset, _ before: Expectation, _ actual: [DaySums], _ after: Expectation,
        from day: Int64 = 0, prefix: String = ""
    ) -> [AnalyticsVerification.Difference] {
        let actual = Dictionary(actual.map { ($0.key, $0) }) { first, _ in first }
        let numbers: [(String, (DaySums) -> Int64?)] = [
            ("rows", { $0.rows }), ("credits", { $0.credits }),
            (dataset == .credits ? "spent" : "found", { $0.outcome }),
        ]
        let keys = Set(before.sums.keys).union(after.sums.keys).union(actual.keys).filter { $0.day >= day }
        return keys.sorted { ($0.workspaceID, $0.day) < ($1.workspaceID, $1.day) }.flatMap { key in
            numbers.compactMap { what, get -> AnalyticsVerification.Difference? in
                let least = (before.sums[key].flatMap(get) ?? 0) - (before.waiting[key].flatMap(get) ?? 0)
                let most = after.sums[key].flatMap(get) ?? 0
                guard let here = actual[key].map(get) ?? 0, here < least || here > most else { return nil }
                return AnalyticsVerification.Difference(
                    workspaceID: key.workspaceID, dataset: dataset, day: key.day, what: prefix + what,
                    expected: most,
                    actual: here)
            }
        }
    }

    /// Workspaces that the store knows and the database does not.
    private func findStrangers(
        _ call: Call, _ dataset: AnalyticsDataset, _ verification: inout AnalyticsVerification
    ) async throws {
        var last: UUID?
        repeat {
            let after = last
            let page = try await ask(call) {
                try await $0.workspaces(dataset, after: after, limit: Analytics.workspacesAtOnce, call)
            }
            let known = try await platform.transact(call) { tx in
                tx.enterEveryWorkspace()
                return Set(try tx.all(Analytics.listKnown, UUIDArray(page), dataset.rawValue))
            }
            let strangers = page.filter { !known.contains($0) }
            if !strangers.isEmpty {
                try await compare(call, dataset, strangers, from: 0, &verification)
            }
            last = page.count == Analytics.workspacesAtOnce ? page.last : nil
        } while last != nil
    }

    // MARK: rebuilding

    /// Whichever daemon sends does it; this tells how far it is.
    func rebuild(_ call: Call) async throws -> Int64 {
        _ = try await ask(call) { try await $0.systemIdentifier() }
        try await platform.transact(call) { tx in
            tx.enterEveryWorkspace()
            tx.queue(Replication.openGap)
            try platform.conclude(tx, call, answer: Body(.json(Array("{}".utf8))))
        }
        var sent: Int64 = 0
        while true {
            let gap = try await platform.transact(call) { tx in
                tx.enterEveryWorkspace()
                return try tx.one(Replication.getGap)
            }
            sent = max(sent, gap.done, gap.since == nil ? gap.total : 0)
            guard gap.since != nil else { return sent }
            call.report(WorkProgress(checked: gap.done, total: gap.total).json)
            guard call.interruption == nil else { throw call.interruptionError }
            try await Task.sleep(for: Analytics.pause)
        }
    }
}
