import AnalyticsStores
import Identifiers
import JSON
import Postgres
import RPC

extension Analytics {
    private static let workspace = #""workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10""#

    var methods: [Method] { sumMethods + [providersMethod, exportMethod] + operatorMethods }

    private var sumMethods: [Method] {
        [
            Method(
                "analytics.enrichment", "Counts what came of the fields that jobs asked for.", role: .viewer,
                route: .get("/workspaces/{workspaceId}/analytics/enrichment"),
                params: Params(
                    .workspace, .optional(.range), .optional(.from), .optional(.to),
                    .groupBy([.provider, .field, .hour, .day, .week]), .timeZone, .optional(.onlyProvider),
                    .optional(.onlyField), .optional(.onlyJob)),
                result: EnrichmentSums.report,
                example: Example(
                    "{\(Analytics.workspace)" + #","range":"7d","groupBy":"provider"}"#,
                    gives: #"{"groupBy":"provider","groups":[],"total":{"results":0,"credits":0}}"#),
                run: platform.steps(enrichment)),
            Method(
                "analytics.credits", "Adds up what credits came and went.", role: .viewer,
                route: .get("/workspaces/{workspaceId}/analytics/credits"),
                params: Params(
                    .workspace, .optional(.range), .optional(.from), .optional(.to),
                    .groupBy([.provider, .source, .hour, .day, .week]), .timeZone, .optional(.onlyProvider),
                    .optional(.onlySource)),
                result: CreditSums.report,
                example: Example(
                    "{\(Analytics.workspace)" + #","range":"30d","groupBy":"source"}"#,
                    gives: #"{"groupBy":"source","total":{"spent":0}}"#),
                run: platform.steps(credits)),
            Method(
                "analytics.funnel",
                "Tells of how many records fields were asked for, how many were found, and what each cost.",
                role: .viewer, route: .get("/workspaces/{workspaceId}/analytics/funnel"),
                params: Params(
                    .workspace, .optional(.range), .optional(.from), .optional(.to), .optional(.onlyProvider),
                    .optional(.onlyField), .optional(.onlyJob)),
                result: Funnel.shape,
                example: Example("{\(Analytics.workspace)}", gives: #"{"records":0,"found":0}"#),
                run: platform.steps(funnel)),
        ]
    }

    private var providersMethod: Method {
        Method(
            "analytics.providers", "Tells how well and how fast providers answer, and what a hit costs.",
            role: .viewer, route: .get("/workspaces/{workspaceId}/analytics/providers"),
            params: Params(
                .workspace, .optional(.range), .optional(.from), .optional(.to), .optional(.onlyField)),
            result: ProviderReport.list,
            example: Example("{\(Analytics.workspace)}", gives: #"{"providers":[]}"#),
            run: platform.steps(providers))
    }

    private var exportMethod: Method {
        Method(
            "analytics.export", "Sends the rows that reports are made of, as CSV.", role: .viewer,
            streams: StreamedDocument.chunk, route: .get("/workspaces/{workspaceId}/analytics/export"),
            mediaType: CSVText.contentType,
            params: Params(
                .workspace, .dataset, .optional(.range), .optional(.from), .optional(.to),
                .optional(.onlyProvider)),
            result: StreamedDocument.shape,
            example: Example(
                "{\(Analytics.workspace)" + #","dataset":"credits"}"#,
                gives: #"{"contentType":"text/csv; charset=utf-8; header=present"}"#),
            run: platform.steps(export))
    }

    private var operatorMethods: [Method] {
        [
            Method(
                "admin.analytics.verify",
                "Compares the store of analytics with the database, for each workspace and day.",
                role: .operator, streams: WorkProgress.schema, route: .post("/admin/verify/analytics"),
                params: Params(.optional(.workspace)), result: AnalyticsVerification.shape,
                example: Example("{}", gives: #"{"found":0,"differences":[]}"#),
                run: platform.steps(verify)),
            Method(
                "admin.analytics.rebuild",
                "Has everything read anew and sent to the store of analytics, beside all that goes on.",
                role: .operator, mutates: true, idempotent: false, streams: WorkProgress.schema,
                route: .post("/admin/analytics/rebuild"), params: Params(),
                result: .object("Rebuilt", Field("sent", .integer, "Rows that were read.") { $0 }),
                example: Example("{}", gives: "{}"), run: platform.steps(rebuild)),
            Method(
                "admin.deadLetters.list", "Lists what the store of analytics has refused for good.",
                role: .operator, route: .get("/admin/dead-letters"),
                params: Params(.limit, .optional(.cursor)), result: DeadLetter.shape.page,
                example: Example("{}", gives: #"{"items":[],"nextCursor":null}"#),
                run: platform.transaction(options: .readOnly, listDeadLetters)),
            Method(
                "admin.deadLetters.replay", "Has what was refused sent again.", role: .operator,
                mutates: true, route: .post("/admin/dead-letters/replay"),
                params: Params(
                    .optional(
                        .list(
                            "ids", 1...1000, of: .uuid("id", "A dead letter."),
                            "Which; the thousand oldest when left out."))),
                result: .object("Replayed", Field("replayed", .integer, "How many.") { $0 }),
                example: Example("{}", gives: #"{"replayed":0}"#),
                run: platform.transaction(replayDeadLetters)),
        ]
    }

    // MARK: dead letters

    private func listDeadLetters(
        _ tx: borrowing Transaction, _ access: Access, _ limit: Int64, _ cursor: Cursor?
    ) throws -> Page<DeadLetter> {
        let start = cursor ?? .start
        let rows = try tx.all(Replication.listDeadLetters, start.moment, start.id, limit + 1)
        return Page(rows, limit: limit) { Cursor($0.createdAt, $0.id) }
    }

    private func replayDeadLetters(_ tx: borrowing Transaction, _ access: Access, _ ids: [UUID]?) throws
        -> Int64
    {
        try tx.one(Replication.replayDeadLetters, ids.map { UUIDArray($0) }, 1000)
    }
}

extension Param where Value == Analytics.RangeName {
    fileprivate static let range = Param(
        "range", .choice(Analytics.RangeName.allCases.map(\.rawValue)),
        "The time up to now; \(Analytics.standardDays) days when neither this nor from is given."
    ) { json -> Result<Analytics.RangeName, Misfit> in
        guard let name = json.string.flatMap(Analytics.RangeName.init(rawValue:)) else {
            let names = Analytics.RangeName.allCases.map(\.rawValue).joined(separator: ", ")
            return .failure(Misfit(.choice, "has to be one of " + names))
        }
        return .success(name)
    }
}

extension Param where Value == Timestamp {
    fileprivate static let from = timestamp("from", "Where the range begins.")
    fileprivate static let to = timestamp("to", "Where it ends, this moment not in it; now when left out.")
}

extension Param where Value == GroupBy {
    fileprivate static func groupBy(_ choices: [GroupBy]) -> Param {
        Param("groupBy", .choice(choices.map(\.rawValue)), "By what sums are told apart.") {
            json -> Result<GroupBy, Misfit> in
            guard let choice = json.string.flatMap(GroupBy.init(rawValue:)), choices.contains(choice) else {
                let names = choices.map(\.rawValue).joined(separator: ", ")
                return .failure(Misfit(.choice, "has to be one of " + names))
            }
            return .success(choice)
        }.defaulting(to: .day)
    }
}

extension Param where Value == String {
    fileprivate static let timeZone = text(
        "timeZone", 1...64, "In which days and weeks begin, as Europe/Berlin."
    ).defaulting(to: "UTC")
    fileprivate static let onlyProvider = text("provider", 1...63, "Only this one.")
    fileprivate static let onlyField = text("field", 1...64, "Only this one.")
    fileprivate static let onlySource = choice(
        "source", ["job"] + CreditTransaction.Kind.allCases.map(\.rawValue), "Only this one.")
}

extension Param where Value == UUID {
    fileprivate static let onlyJob = uuid("jobId", "Only this job.")
}

extension Param where Value == AnalyticsDataset {
    fileprivate static let dataset = Param(
        "dataset", .choice(AnalyticsDataset.allCases.map(\.rawValue)), "Which rows."
    ) { json -> Result<AnalyticsDataset, Misfit> in
        guard let dataset = json.string.flatMap(AnalyticsDataset.init(rawValue:)) else {
            let names = AnalyticsDataset.allCases.map(\.rawValue).joined(separator: ", ")
            return .failure(Misfit(.choice, "has to be one of " + names))
        }
        return .success(dataset)
    }
}
