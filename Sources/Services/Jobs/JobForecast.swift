import Identifiers
import JSON
import Postgres
import RPC

/// What a job comes to, as far as it can be told before anybody is asked.
struct JobEstimate: Sendable {
    var tasks: Int64 = 0
    /// Of these, tasks that what is known answers.
    var cached: Int64 = 0
    /// What the others cost at most.
    var credits: Int64 = 0
}

/// Goes the way of the waterfall over what providers have answered before.
struct JobForecast: Sendable {
    private let fields: [JobField]
    private let providers: [String: Provider]
    /// What each field costs at most, whoever finds it.
    let costs: [Int64]
    private let isRefresh: Bool
    private let resultSeconds: Int64

    /// What a job of more records has to pay at most is told as if nothing was known: to look all of them up would hold up whoever makes it.
    private static let mostLookedUp: Int64 = 10_000
    private static let batch: Int64 = 1000

    /// - Parameter own: providers that the workspace has a credential for; it comes before the platform's.
    /// - Throws: `NOT_FOUND` where a provider does not exist.
    init(
        _ fields: [JobField], _ keys: KeyChoice, own: Set<String>, _ isRefresh: Bool,
        _ services: ProviderServices
    ) throws(CallError) {
        self.fields = fields
        self.isRefresh = isRefresh
        resultSeconds = services.resultSeconds
        let known = services.catalog.current
        providers = known
        var costs: [Int64] = []
        for (index, field) in fields.enumerated() {
            let unknown = field.providers.filter { known[$0] == nil }
            guard unknown.isEmpty else {
                throw CallError(
                    .notFound, "No such provider: \(unknown.joined(separator: ", ")); see providers.list")
            }
            if let other = field.providers.first(where: { known[$0]?.fields.contains(field.name) == false }) {
                throw .fields([
                    FieldError(
                        "fields[\(index)].providers", .choice,
                        "names \(other), which does not give \(field.name); it gives \((known[other]?.fields ?? []).joined(separator: ", "))"
                    )
                ])
            }
            let prices = field.providers.compactMap { known[$0] }.map { provider in
                switch keys {
                case .own: provider.cost(.own)
                case .platform: provider.cost(.platform)
                case .auto: provider.cost(own.contains(provider.slug) ? .own : .platform)
                }
            }
            costs.append(prices.max() ?? 0)
        }
        self.costs = costs
    }

    /// Whose fields are asked for.
    enum Source: Sendable {
        case these([UUID])
        /// All of the workspace, as they come and go: for who only wants to know.
        case all
        /// Those that the job's tasks are for, so many: nobody deletes them before it is made.
        case tasks(of: UUID, records: Int64)
    }

    /// - Parameter isComplete: look up all of them, however many; and what costs nothing, too.
    func estimate(
        _ tx: borrowing Transaction, _ workspace: UUID, _ source: Source, isComplete: Bool
    ) throws -> JobEstimate {
        var count: Int64
        switch source {
        case .these(let records): count = Int64(records.count)
        case .all: count = try tx.one(Jobs.countRecords, workspace)
        case .tasks(_, let records): count = records
        }
        var cached = fields.map { _ in Int64(0) }
        if !isRefresh, isComplete || isLookedUp(records: count) {
            switch source {
            case .these(let records):
                try look(
                    tx, workspace, tx.all(Jobs.listFields, workspace, TextArray(records)).map(\.fields),
                    &cached)
            case .all: count = try lookAtAll(tx, workspace, &cached)
            case .tasks(let job, _): try lookAtTasks(tx, workspace, of: job, &cached)
            }
        }
        return JobEstimate(
            tasks: count * Int64(fields.count), cached: cached.reduce(0, +),
            credits: try JobForecast.sum(zip(cached, costs).map { (count - $0, $1) }))
    }

    /// Whether it is worth it, for a job that is made.
    private func isLookedUp(records count: Int64) -> Bool {
        count <= JobForecast.mostLookedUp && costs.contains { $0 > 0 }
    }

    /// What so many records cost at most where none of them is looked up; `nil` where they are.
    func credits(unseen count: Int64) throws(CallError) -> Int64? {
        guard isRefresh || !isLookedUp(records: count) else { return nil }
        return try JobForecast.sum(costs.map { (count, $0) })
    }

    /// - Returns: how many there were, which may be more or fewer than a moment ago.
    private func lookAtAll(
        _ tx: borrowing Transaction, _ workspace: UUID, _ cached: inout [Int64]
    ) throws -> Int64 {
        var count: Int64 = 0
        var last: Jobs.RecordFields?
        repeat {
            let page = try tx.all(
                Jobs.listAllFields, workspace, last?.createdAt ?? Cursor.start.moment,
                last?.id ?? Cursor.start.id, JobForecast.batch)
            try look(tx, workspace, page.map(\.fields), &cached)
            count += Int64(page.count)
            last = page.count < Int(JobForecast.batch) ? nil : page.last
        } while last != nil
        return count
    }

    private func lookAtTasks(
        _ tx: borrowing Transaction, _ workspace: UUID, of job: UUID, _ cached: inout [Int64]
    ) throws {
        var last: Int64? = -1
        while let seq = last {
            let page = try tx.all(Jobs.listTaskFields, workspace, job, seq, JobForecast.batch)
            try look(tx, workspace, page.map(\.fields), &cached)
            last = page.count < Int(JobForecast.batch) ? nil : page.last?.seq
        }
    }

    /// - Throws: `CONFLICT` when nobody has as much.
    static func sum(_ parts: [(count: Int64, cost: Int64)]) throws(CallError) -> Int64 {
        var sum: Int64 = 0
        for part in parts {
            let (product, overflows) = part.count.multipliedReportingOverflow(by: part.cost)
            let (next, overflowsToo) = sum.addingReportingOverflow(product)
            guard !overflows, !overflowsToo, next <= Billing.amounts.upperBound else {
                throw CallError(
                    .conflict, "The estimate is more credits than anybody can have; choose fewer records")
            }
            sum = next
        }
        return sum
    }

    private struct Question: Hashable {
        let provider: String
        let hash: [UInt8]
    }

    /// - Parameter cached: for each field, how many tasks are answered.
    private func look(
        _ tx: borrowing Transaction, _ workspace: UUID, _ records: [JSONText],
        _ cached: inout [Int64]
    ) throws {
        let slugs = Set(fields.flatMap(\.providers))
        let questions = try records.map { record -> [String: Question] in
            let fields = try JSON.parse(record.text)
            var questions: [String: Question] = [:]
            for slug in slugs {
                guard case .success(let input)? = providers[slug]?.input(from: fields) else { continue }
                questions[slug] = Question(provider: slug, hash: input.hash)
            }
            return questions
        }
        let asked = Array(Set(questions.flatMap(\.values)))
        guard !asked.isEmpty else { return }
        // With some life left, so that they are good when their task's turn comes.
        let oldest = Timestamp(microseconds: Timestamp.now.microseconds - resultSeconds * 900_000)
        let rows = try tx.all(
            Jobs.listAnswers, workspace, TextArray(asked.map(\.provider)), TextArray(asked.map(\.hash)),
            oldest)
        var answers: [Question: [FoundField]] = [:]
        for row in rows {
            answers[Question(provider: row.provider, hash: row.hash)] = FoundField.stored(
                try JSON.parse(row.answer.text))
        }
        for record in questions {
            for (index, field) in fields.enumerated() where isAnswered(field, record, answers) {
                cached[index] += 1
            }
        }
    }

    /// Whether the waterfall comes to an end without anybody being asked.
    private func isAnswered(
        _ field: JobField, _ questions: [String: Question], _ answers: [Question: [FoundField]]
    ) -> Bool {
        for slug in field.providers {
            // A record that lacks what the provider needs is not asked about there.
            guard let question = questions[slug] else { continue }
            guard let answer = answers[question] else { return false }
            if answer.contains(where: { $0.name == field.name && $0.confidence >= field.minConfidence }) {
                return true
            }
        }
        return false
    }
}
