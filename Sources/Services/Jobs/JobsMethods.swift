import Identifiers
import JSON
import Postgres
import RPC

extension Jobs {
    private static let workspace = #""workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10""#
    private static let one =
        #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","jobId":"0d6f3f6c-2a10-4c8e-9d54-6f1c0b8e3a55"}"#

    var methods: [Method] { makingMethods + readingMethods + steeringMethods }

    private var makingMethods: [Method] {
        [
            Method(
                "jobs.create",
                "Asks providers for fields of records, sets aside what that costs at most, and begins.",
                role: .member,
                mutates: true, spends: true, creates: true, route: .post("/workspaces/{workspaceId}/jobs"),
                params: Params(
                    .workspace, .optional(.records(platform.limits)),
                    .optional(
                        .list("recordIds", 1...1000, of: .uuid("recordId", "A record."), "Which records.")),
                    .optional(.boolean("all", "All records of the workspace.")), .jobFields,
                    .keys,
                    .optional(.maxCredits),
                    .boolean("refresh", "Ask anew what is known from before.").defaulting(to: false),
                    .boolean("dryRun", "Only tell what it would be.").defaulting(to: false),
                    .priority),
                result: Job.shape,
                example: Example(
                    "{\(Jobs.workspace),"
                        + #""records":[{"externalId":"ada","fields":{"name":"Ada"}}],"fields":[{"name":"email","providers":["sim-steady"]}],"keys":"own"}"#,
                    gives: #"{"total":1,"estimatedCredits":0}"#),
                run: platform.transaction(create))
        ]
    }

    private var readingMethods: [Method] {
        [
            Method(
                "jobs.list", "Lists jobs, the newest first.", role: .viewer,
                route: .get("/workspaces/{workspaceId}/jobs"),
                params: Params(
                    .workspace, .limit, .optional(.cursor), .optional(.jobStatus)), result: Job.shape.page,
                example: Example("{\(Jobs.workspace)}", gives: #"{"items":[],"nextCursor":null}"#),
                run: platform.list(list)),
            Method(
                "jobs.get", "Tells how far a job is.", role: .viewer,
                route: .get("/workspaces/{workspaceId}/jobs/{jobId}"),
                params: Params(.workspace, .job), result: Job.shape,
                example: Example(Jobs.one, gives: #"{"total":1}"#),
                run: platform.lookup { workspace, id in Query(Jobs.getJob, workspace, id) }),
            Method(
                "jobs.results", "Tells what came of each field of each record, in the order of the job.",
                role: .viewer,
                route: .get("/workspaces/{workspaceId}/jobs/{jobId}/results"),
                params: Params(.workspace, .job, .limit, .optional(.seqCursor)),
                result: TaskResult.shape.page,
                example: Example(Jobs.one, gives: #"{"items":[{"field":"email"}],"nextCursor":null}"#),
                run: platform.transaction(options: .readOnly, results)),
            Method(
                "jobs.watch", "Tells how far a job is, as progress, until it has ended; then the job.",
                role: .viewer,
                streams: Job.shape.schema, route: .get("/workspaces/{workspaceId}/jobs/{jobId}/events"),
                params: Params(.workspace, .job), result: Job.shape,
                example: Example(Jobs.one, gives: #"{"total":1}"#), run: platform.steps(watch)),
        ]
    }

    private var steeringMethods: [Method] {
        func method(
            _ name: String, _ summary: String,
            _ effect: @escaping @Sendable (borrowing Transaction, Access, UUID, UUID) throws -> Job
        ) -> Method {
            Method(
                "jobs." + name, summary, role: .member, mutates: true, spends: name == "retry",
                route: .post("/workspaces/{workspaceId}/jobs/{jobId}/" + name),
                params: Params(.workspace, .job),
                result: Job.shape, example: Example(Jobs.one, gives: #"{"total":1}"#),
                run: platform.transaction(effect))
        }
        return [
            method(
                "cancel",
                "Ends a job; what is under way is settled, the rest of what it had set aside goes back.",
                cancel),
            method("pause", "Takes up no more tasks of a job until it is resumed.", pause),
            method("resume", "Goes on with a job that was paused.", resume),
            method("retry", "Asks again for what has failed.", retry),
        ]
    }
}

extension Param where Value == UUID {
    fileprivate static let job = uuid("jobId", "The job.")
}

extension Param where Value == Int64 {
    fileprivate static let maxCredits = integer(
        "maxCredits", 0...Billing.amounts.upperBound, "What it may cost.")
    fileprivate static let priority = integer("priority", -10...10, "Among the jobs of this workspace.")
        .defaulting(to: 0)
}

extension Param where Value == KeyChoice {
    fileprivate static let keys = Param(
        "keys", .choice(KeyChoice.allCases.map(\.rawValue)),
        "Whose keys to ask with: the workspace's own, the platform's, or the own where there is one."
    ) { json -> Result<KeyChoice, Misfit> in
        guard let choice = json.string.flatMap(KeyChoice.init(rawValue:)) else {
            return .failure(Misfit(.choice, "has to be one of own, platform, auto"))
        }
        return .success(choice)
    }.defaulting(to: .auto)
}

extension Param where Value == JobStatus {
    fileprivate static let jobStatus = Param(
        "status", .choice(JobStatus.allCases.map(\.rawValue)), "Only these."
    ) { json -> Result<JobStatus, Misfit> in
        guard let status = json.string.flatMap(JobStatus.init(rawValue:)) else {
            return .failure(
                Misfit(
                    .choice, "has to be one of " + JobStatus.allCases.map(\.rawValue).joined(separator: ", "))
            )
        }
        return .success(status)
    }
}

extension Param where Value == [JobField] {
    private static let most = 20
    private static let mostProviders = 10

    /// Every fault at once, each with its place.
    fileprivate static let jobFields = Param(
        "fields",
        .list(
            .object(
                name: "JobFieldInput",
                [
                    Schema.Member("name", .string(length: 1...64, format: nil), "The field of the records."),
                    Schema.Member(
                        "providers", .list(.string(length: 1...63, format: nil), count: 1...mostProviders),
                        "Slugs of whom to ask, in this order."),
                    Schema.Member(
                        "minConfidence", .number,
                        "What is less sure than this, from 0 to 1, is not taken as found.",
                        isRequired: false),
                ], open: false), count: 1...most), "What to ask for, and whom."
    ) { json, errors -> [JobField]? in
        guard json.kind == .array, (1...most).contains(json.count) else {
            errors.append(FieldError("fields", .length, "has to be a list of 1 to \(most) fields"))
            return nil
        }
        var fields: [JobField] = []
        for (index, entry) in json.elements.enumerated() {
            let before = errors.count
            if let field = read(entry, "fields[\(index)]", &errors), errors.count == before {
                fields.append(field)
            }
        }
        let names = fields.map(\.name)
        if Set(names).count != names.count {
            errors.append(FieldError("fields", .duplicate, "names a field twice"))
        }
        return fields.count == json.count ? fields : nil
    }

    private static func read(_ json: JSON, _ path: String, _ errors: inout [FieldError]) -> JobField? {
        guard json.kind == .object else {
            errors.append(FieldError(path, .type, "has to be an object"))
            return nil
        }
        for (key, _) in json.members where !["name", "providers", "minConfidence"].contains(key.string ?? "")
        {
            errors.append(
                FieldError("\(path).\((key.string ?? "").prefix(64))", .unknown, "is not a member of a field")
            )
        }
        let name = json["name"]
        if name.map({ !RecordRules.isName($0) }) ?? true {
            errors.append(FieldError(path + ".name", .format, "has to be the name of a field, as email"))
        }
        let providers = json["providers"]?.elements.compactMap(\.string) ?? []
        let isList = json["providers"]?.kind == .array && providers.count == json["providers"]?.count
        if !isList || !(1...mostProviders).contains(providers.count)
            || Set(providers).count != providers.count
        {
            errors.append(
                FieldError(
                    path + ".providers", .format, "has to be a list of 1 to \(mostProviders) slugs, each once"
                ))
        }
        let confidence = json["minConfidence"].map(\.double) ?? 0
        guard let confidence, (0...1).contains(confidence) else {
            errors.append(FieldError(path + ".minConfidence", .range, "has to be between 0 and 1"))
            return nil
        }
        return JobField(name: name?.string ?? "", providers: providers, minConfidence: confidence)
    }
}
