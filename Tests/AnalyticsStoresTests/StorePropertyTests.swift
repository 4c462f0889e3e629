import AnalyticsStores
import ClickHouse
import Identifiers
import Postgres
import Resilience
import TestSupport
import Testing

/// Random rows, told of in pieces, twice, out of order, taken back and erased; then random questions. Every store answers as the simplest one
/// would.
@Suite struct StorePropertyTests {
    @Test("PostgreSQL answers as a naive store does", arguments: [UInt64](1...100))
    func postgres(seed: UInt64) async throws {
        try await tell(seed, to: PostgresStoreForTests.shared.get())
    }

    /// One after the other: the engine takes one statement at a time.
    @Test(
        "ClickHouse does, before what came twice is merged and after, before it is summed up and after",
        .enabled(if: ClickHouseServer.isHere))
    func clickHouse() async throws {
        let server = try await ClickHouseServer.shared()
        let url = try await server.freshDatabase()
        let client = try ClickHouseClient(#require(ClickHouseConfiguration(url: url)))
        try await ClickHouseMigrator(
            client, files: MigrationFile.read(folder: Project.root + "/migrations/clickhouse")
        ).up()
        let store = ClickHouseAnalytics(client, .atOnce)
        defer { store.close() }
        for seed in [UInt64](1...100) {
            try await tell(seed, to: store, questions: 2) {
                try await client.execute(migration: "OPTIMIZE TABLE enrichment FINAL")
                try await client.execute(migration: "OPTIMIZE TABLE credits FINAL")
                try await client.execute(migration: "OPTIMIZE TABLE enrichment_sums FINAL")
            }
        }
    }

    /// - Parameter merge: done in the middle of it, now and then.
    private func tell(
        _ seed: UInt64, to store: any AnalyticsStore, questions: Int = 6, merge: () async throws -> Void = {}
    ) async throws {
        var story = Story(seed: seed)
        var model = NaiveAnalytics()
        for _ in 0..<4 {
            let batch = story.batch()
            try await store.insert(batch, token: "\(seed)-\(story.next(1_000_000))")
            model.insert(batch)
            if story.next(20) == 0 { try await merge() }
            if story.next(3) == 0 {
                let erasures = story.erasures()
                try await store.erase(erasures)
                model.erase(erasures)
            }
            if story.next(3) == 0 { while try await store.sumUp() {} }
        }
        try await Comparison(store: store, model: model).run(&story, questions: questions)
    }
}

/// A second PostgreSQL with the tables of analytics.
enum PostgresStoreForTests {
    static let shared = Result {
        let conninfo = try TestCluster.analytics.get().freshDatabase()
        try Migrator(
            conninfo: conninfo,
            files: MigrationFile.read(
                folder: Project.root + "/migrations/analytics")
        ).up()
        return PostgresAnalytics(conninfo: conninfo)
    }
}

/// What happened, by a seed.
struct Story {
    private var random: SplitMix64
    let workspaces: [UUID]
    private let jobs: [UUID]
    private let records: [UUID]
    private var told: [EnrichmentRow] = []
    private var spent: [CreditRow] = []
    private static let statuses = ["found", "cached", "not_found", "exhausted", "skipped", "failed"]
    private static let types = [
        "purchase", "bonus", "debit", "refund", "hold", "capture", "release", "expiry",
    ]
    static let providers = ["acme", "sim-a", "o'neil\\n", "ünï"]
    static let fields = ["email", "phone", "size, \"quoted\"\t"]
    /// 2026-10-20T00:00:00Z: days in which clocks are set back.
    static let start: Int64 = 1_792_454_400
    static let days: Int64 = 20

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        workspaces = (0..<2).map { _ in UUID.random() }
        jobs = (0..<3).map { _ in UUID.random() }
        records = (0..<8).map { _ in UUID.random() }
    }

    mutating func next(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

    private mutating func pick<Element>(_ list: [Element]) -> Element { list[next(list.count)] }

    private mutating func moment() -> Timestamp {
        // Now and then just at the beginning of an hour.
        let seconds = Story.start + Int64(next(Int(Story.days) * 86_400))
        return next(4) == 0
            ? Timestamp(seconds: seconds / 3600 * 3600)
            : Timestamp(microseconds: seconds * 1_000_000 + Int64(next(1_000_000)))
    }

    private mutating func result() -> EnrichmentRow {
        let calls = (0..<next(4)).map { _ in
            ProviderCall(
                provider: pick(Story.providers), outcome: pick(ProviderCall.Outcome.allCases),
                milliseconds: Int64(next(3000)))
        }
        return EnrichmentRow(
            key: EnrichmentRow.Key(
                workspaceID: pick(workspaces), at: moment(), jobID: pick(jobs), seq: Int64(next(1000))),
            recordID: pick(records), field: pick(Story.fields), isFirstField: next(2) == 0,
            status: pick(Story.statuses), provider: next(5) == 0 ? "" : pick(Story.providers),
            cost: Int64(next(20)), confidence: next(3) == 0 ? nil : Double(next(100)) / 100,
            attempts: Int64(calls.count), calls: calls)
    }

    private mutating func transaction() -> CreditRow {
        CreditRow(
            key: CreditRow.Key(workspaceID: pick(workspaces), at: moment(), id: UUID.random()),
            type: pick(Story.types), amount: Int64(1 + next(1000)),
            provider: next(2) == 0 ? nil : pick(Story.providers))
    }

    /// New rows, some that were told of before, and some that are taken back.
    mutating func batch() -> AnalyticsBatch {
        var rows = (0..<next(40)).map { _ in result() }
        if !told.isEmpty { rows += (0..<next(6)).map { _ in pick(told) } }
        told += rows.filter { !$0.isVoid }
        if !told.isEmpty { rows += (0..<next(4)).map { _ in EnrichmentRow(void: pick(told).key) } }
        if next(10) == 0 { rows.append(EnrichmentRow(void: result().key)) }
        var credits = (0..<next(30)).map { _ in transaction() }
        if !spent.isEmpty { credits += (0..<next(5)).map { _ in pick(spent) } }
        spent += credits
        rows.shuffle(using: &random)
        return AnalyticsBatch(enrichment: rows, credits: credits, keptSeconds: 3650 * 86_400)
    }

    /// What is erased is not told of again: there is nothing left to tell.
    mutating func erasures() -> [Erasure] {
        let erasure = Erasure(workspaceID: pick(workspaces), recordID: next(8) == 0 ? nil : pick(records))
        told.removeAll { row in
            row.key.workspaceID == erasure.workspaceID
                && (erasure.recordID == nil || row.recordID == erasure.recordID)
        }
        return [erasure]
    }

    mutating func range() -> AnalyticsRange {
        let (first, second) = (moment(), moment())
        return AnalyticsRange(
            from: min(first, second), to: Timestamp(microseconds: max(first, second).microseconds + 1))
    }

    /// Days or hours, the first of them not after the range begins.
    private mutating func bounds(_ range: AnalyticsRange) -> [Int64] {
        let step: Int64 = pick([900, 3600, 86_400, 7 * 86_400])
        let first = range.from.seconds / 900 * 900
        return Array(stride(from: first, to: max(first + 1, range.to.seconds + 1), by: Int(step)))
    }

    mutating func enrichmentQuestion() -> EnrichmentQuestion {
        var question = EnrichmentQuestion(workspaceID: pick(workspaces), range: range())
        question.grouping = pick([Grouping.none, .provider, .field, .time(bounds(question.range))])
        if next(3) == 0 { question.provider = pick(Story.providers) }
        if next(3) == 0 { question.field = pick(Story.fields) }
        if next(4) == 0 { question.jobID = pick(jobs) }
        return question
    }

    mutating func creditQuestion() -> CreditQuestion {
        var question = CreditQuestion(workspaceID: pick(workspaces), range: range())
        question.grouping = pick([Grouping.none, .provider, .source, .time(bounds(question.range))])
        if next(3) == 0 { question.provider = pick(Story.providers) }
        if next(3) == 0 { question.source = pick(["job", "debit", "capture", "purchase"]) }
        return question
    }
}

/// Asks a store and the naive one the same.
struct Comparison {
    let store: any AnalyticsStore
    let model: NaiveAnalytics

    private var patience: Unattended { Unattended(seconds: 60) }

    func run(_ story: inout Story, questions: Int) async throws {
        for _ in 0..<questions {
            let question = story.enrichmentQuestion()
            let sums = try await store.enrichment(question, patience)
            #expect(
                Dictionary(uniqueKeysWithValues: sums.map { ($0.key, $0) }) == model.enrichmentSums(question),
                "\(question)")
            let calls = try await store.calls(question, patience)
            #expect(
                Dictionary(uniqueKeysWithValues: calls.map { ($0.call, $0.count) }) == model.calls(question))
            try await comparePages(question, limit: 3 + story.next(20))
            let credits = story.creditQuestion()
            let creditSums = try await store.credits(credits, patience)
            #expect(
                Dictionary(uniqueKeysWithValues: creditSums.map { ($0.key, $0) })
                    == model.creditSums(credits), "\(credits)")
            try await comparePages(credits, limit: 3 + story.next(20))
        }
        for dataset in AnalyticsDataset.allCases {
            let day = Story.start / 86_400 + Int64(story.next(5))
            let sums = try await store.daySums(dataset, of: story.workspaces, from: day, patience)
            #expect(
                Dictionary(uniqueKeysWithValues: sums.map { ($0.key, $0) })
                    == model.daySums(dataset, of: story.workspaces, from: day))
            let known = Set(try await allWorkspaces(dataset))
            for id in story.workspaces {
                let isExpected = model.workspaces(dataset).contains(id)
                // What was only taken back may be there or not.
                if dataset == .credits || !model.daySums(dataset, of: [id], from: 0).isEmpty {
                    #expect(known.contains(id) == isExpected)
                }
            }
        }
    }

    private func allWorkspaces(_ dataset: AnalyticsDataset) async throws -> [UUID] {
        var all: [UUID] = []
        repeat {
            let page = try await store.workspaces(dataset, after: all.last, limit: 50, patience)
            all += page
            #expect(all == all.sorted { $0.description < $1.description })
            if page.count < 50 { return all }
        } while true
    }

    private func comparePages(_ question: EnrichmentQuestion, limit: Int) async throws {
        var rows: [EnrichmentRow] = []
        repeat {
            let page = try await store.enrichmentRows(
                question, after: rows.last?.key, limit: limit, patience)
            rows += page
            if page.count < limit { break }
        } while true
        #expect(rows.map(\.key.at) == rows.map(\.key.at).sorted())
        #expect(rows.sorted { $0.key < $1.key } == model.rows(question).sorted { $0.key < $1.key })
    }

    private func comparePages(_ question: CreditQuestion, limit: Int) async throws {
        var rows: [CreditRow] = []
        repeat {
            let page = try await store.creditRows(question, after: rows.last?.key, limit: limit, patience)
            rows += page
            if page.count < limit { break }
        } while true
        #expect(rows.map(\.key.at) == rows.map(\.key.at).sorted())
        #expect(rows.sorted { $0.key < $1.key } == model.rows(question).sorted { $0.key < $1.key })
    }
}
