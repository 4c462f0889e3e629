import Identifiers
import JSON
import Postgres
import RPC

/// Where a job stands. `docs/jobs.md` has who moves it on.
enum JobStatus: String, Sendable, CaseIterable {
    case pending, running, paused, completed
    case partiallyCompleted = "partially_completed"
    case failed, cancelled

    /// Nothing more happens by itself.
    var isEnded: Bool {
        switch self {
        case .pending, .running, .paused: false
        case .completed, .partiallyCompleted, .failed, .cancelled: true
        }
    }
}

/// What became of one field of one record. Only `found` costs credits.
enum TaskStatus: String, Sendable, CaseIterable {
    case found, cached
    case notFound = "not_found"
    /// Something was found, but nothing as sure as was asked for: the best of it is kept.
    case exhausted
    /// Nobody was asked: the record lacks what every provider needs, or the job may spend no more.
    case skipped
    case failed
}

/// A field that a job asks for, and whom it asks, in this order.
struct JobField: Sendable, Equatable {
    let name: String
    let providers: [String]
    /// From 0 to 1.
    let minConfidence: Double

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.string(name)
        writer.key("providers")
        writer.beginArray()
        for provider in providers { writer.string(provider) }
        writer.endArray()
        writer.key("minConfidence")
        writer.double(minConfidence)
        writer.endObject()
    }

    /// From what ``write(to:)`` wrote.
    init?(stored json: JSON) {
        guard let name = json["name"]?.string, let providers = json["providers"],
            let confidence = json["minConfidence"]?.double
        else { return nil }
        self.name = name
        self.providers = providers.elements.compactMap(\.string)
        minConfidence = confidence
    }

    init(name: String, providers: [String], minConfidence: Double) {
        (self.name, self.providers, self.minConfidence) = (name, providers, minConfidence)
    }

    static let shape: Shape<JobField> = .object(
        "JobField",
        Field("name", .string, "The field of the records.") { $0.name },
        Field("providers", Shape.string.list, "Whom to ask, in this order.") { $0.providers },
        Field("minConfidence", .number, "What is less sure than this, from 0 to 1, is not taken as found.") {
            $0.minConfidence
        })
}

/// How many tasks came to what.
struct JobCounts: Sendable, Equatable {
    var found: Int64 = 0
    var cached: Int64 = 0
    var notFound: Int64 = 0
    var exhausted: Int64 = 0
    var skipped: Int64 = 0
    var failed: Int64 = 0

    mutating func add(_ status: TaskStatus) {
        switch status {
        case .found: found += 1
        case .cached: cached += 1
        case .notFound: notFound += 1
        case .exhausted: exhausted += 1
        case .skipped: skipped += 1
        case .failed: failed += 1
        }
    }

    var sum: Int64 { found + cached + notFound + exhausted + skipped + failed }

    static let shape: Shape<JobCounts> = .object(
        "JobCounts", Field("found", .integer, "Found and paid for.") { $0.found },
        Field("cached", .integer, "Known from before; free.") { $0.cached },
        Field("notFound", .integer, "Nobody knows.") { $0.notFound },
        Field("exhausted", .integer, "Found, but not as sure as was asked for.") { $0.exhausted },
        Field("skipped", .integer, "Nobody could be asked, or nobody paid.") { $0.skipped },
        Field("failed", .integer, "No provider could be asked.") { $0.failed })
}

struct Job: Sendable {
    let id: UUID
    let workspaceID: UUID
    let status: JobStatus
    let fields: [JobField]
    let keys: KeyChoice
    let isRefresh: Bool
    let total: Int64
    let remaining: Int64
    let counts: JobCounts
    let estimatedCredits: Int64
    let spentCredits: Int64
    let maxCredits: Int64?
    let holdID: UUID?
    let createdAt: Timestamp
    let createdBy: String
    let startedAt: Timestamp?
    let finishedAt: Timestamp?
    let version: Int64

    /// From the columns of ``Jobs/getJob``.
    init(_ row: borrowing RowReader) throws {
        id = try row.get(0)
        workspaceID = try row.get(1)
        status = try row.get(2)
        fields = try Job.fields(of: try row.get(3, as: JSONText.self))
        keys = KeyChoice(rawValue: try row.get(4)) ?? .auto
        isRefresh = try row.get(5)
        total = try row.get(6)
        remaining = try row.get(7)
        counts = JobCounts(
            found: try row.get(8), cached: try row.get(9), notFound: try row.get(10),
            exhausted: try row.get(11),
            skipped: try row.get(12), failed: try row.get(13))
        estimatedCredits = try row.get(14)
        spentCredits = try row.get(15)
        maxCredits = try row.getOptional(16)
        holdID = try row.getOptional(17)
        createdAt = try row.get(18)
        startedAt = try row.getOptional(19)
        finishedAt = try row.getOptional(20)
        version = try row.get(21)
        createdBy = try row.get(22)
    }

    static func fields(of text: JSONText) throws -> [JobField] {
        try JSON.parse(text.text).elements.compactMap(JobField.init(stored:))
    }

    static let shape: Shape<Job> = .object(
        "Job", version: { $0.version },
        Field("id", .uuid, "The job.") { $0.id },
        Field("workspaceId", .uuid, "Whose.") { $0.workspaceID },
        Field("status", .choice(JobStatus.self), "Where it stands.") { $0.status },
        Field("fields", JobField.shape.list, "What it asks, and whom.") { $0.fields },
        Field("keys", .choice(KeyChoice.self), "Whose keys it asks with.") { $0.keys },
        Field("refresh", .boolean, "Whether it asks anew what is known from before.") { $0.isRefresh },
        Field("total", .integer, "Tasks: one for each record and field.") { $0.total },
        Field("remaining", .integer, "Tasks that are not done.") { $0.remaining },
        Field("counts", JobCounts.shape, "What came of the others.") { $0.counts },
        Field("estimatedCredits", .integer, "What it costs at most.") { $0.estimatedCredits },
        Field("spentCredits", .integer, "What it has cost so far.") { $0.spentCredits },
        Field("maxCredits", Shape.integer.nullable, "What it may cost.") { $0.maxCredits },
        Field("createdAt", .timestamp, "When it was made.") { $0.createdAt },
        Field("createdBy", .string, "By whom.") { $0.createdBy },
        Field("startedAt", Shape.timestamp.nullable, "When its first task was taken up.") { $0.startedAt },
        Field("finishedAt", Shape.timestamp.nullable, "When it ended.") { $0.finishedAt },
        Field("version", .integer, "Counts the changes of its status.") { $0.version })
}

/// What came of one field of one record.
struct TaskResult: Sendable {
    let seq: Int64
    let recordID: UUID
    let externalID: String
    let field: String
    /// `nil`: it is not done.
    let status: TaskStatus?
    let value: JSON?
    let provider: String?
    let confidence: Double?
    let attempts: Int64
    let cost: Int64
    let error: String?

    /// From the columns of ``Jobs/listResults``.
    init(_ row: borrowing RowReader) throws {
        seq = try row.get(0)
        recordID = try row.get(1)
        externalID = try row.get(2)
        field = try row.get(3)
        status = try row.getOptional(4)
        value = try row.getOptional(5, as: JSONText.self).map { try JSON.parse($0.text) }
        provider = try row.getOptional(6)
        confidence = try row.getOptional(7)
        attempts = try row.get(8)
        cost = try row.get(9)
        error = try row.getOptional(10)
    }

    static let shape: Shape<TaskResult> = .object(
        "JobResult",
        Field("recordId", .uuid, "The record.") { $0.recordID },
        Field("externalId", .string, "What the workspace calls it.") { $0.externalID },
        Field("field", .string, "The field.") { $0.field },
        Field("status", Shape.choice(TaskStatus.self).nullable, "What came of it; null while it is not done.")
        {
            $0.status
        },
        Field("value", Shape.any.nullable, "What was found.") { $0.value },
        Field("provider", Shape.string.nullable, "By whom.") { $0.provider },
        Field("confidence", Shape.number.nullable, "How sure, from 0 to 1.") { $0.confidence },
        Field("attempts", .integer, "Calls of a provider for it.") { $0.attempts },
        Field("cost", .integer, "Credits.") { $0.cost },
        Field(
            "error", Shape.string.nullable,
            "Why not, in words; of what was found, why the record does not have it."
        ) { $0.error })
}

/// Cases are stored by their names.
extension JobStatus: PostgresParameter, PostgresDecodable {
    var postgresText: String? { rawValue }

    init?(postgresBinary bytes: UnsafeRawBufferPointer) {
        self.init(rawValue: String(decoding: bytes, as: UTF8.self))
    }
}

extension TaskStatus: PostgresParameter, PostgresDecodable {
    var postgresText: String? { rawValue }

    init?(postgresBinary bytes: UnsafeRawBufferPointer) {
        self.init(rawValue: String(decoding: bytes, as: UTF8.self))
    }
}
