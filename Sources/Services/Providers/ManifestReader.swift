import Egress
import JSON
import JSONSchema
import Resilience

/// Reads a manifest and gathers everything that is wrong with it: what its schema says, and what no schema can.
struct ManifestReader {
    private let json: JSON
    private(set) var problems: [ManifestProblem] = []

    init(_ json: JSON) {
        self.json = json
    }

    mutating func manifest() -> Manifest? {
        noteDuplicates(json, at: "")
        switch ManifestSchema.compiled {
        case .success(let schema):
            for violation in schema.violations(of: json, limit: Manifest.maximumProblems) {
                note(violation.path, violation.message)
            }
        case .failure(let problem): note(problem.pointer, problem.message)
        }
        // The rules look at what is there, so that all problems are told at once.
        let input = input()
        let request = request(of: input)
        let answer = answer()
        let rate = rate()
        let notFound = answer?.notFoundStatuses ?? []
        let retryable = statuses("retryableStatuses") ?? Manifest.retryableStatuses.subtracting(notFound)
        let throttled = statuses("throttledStatuses") ?? Manifest.throttledStatuses
        for (name, set) in [("retryableStatuses", retryable), ("throttledStatuses", throttled)] {
            if let status = set.intersection(notFound).min() {
                note("/" + name, "has \(status), which is how nothing found is told")
            }
        }
        if let documentation = json["documentation"]?.string, !ManifestReader.isURL(documentation) {
            note("/documentation", "has to be a URL")
        }
        guard problems.isEmpty, let input, let request, let answer, let rate,
            let slug = json["slug"]?.string, let name = json["name"]?.string,
            let documentation = json["documentation"]?.string, let isVerified = json["verified"]?.bool,
            let platformCost = json["cost"]?["platform"]?.int64,
            let concurrency = json["rate"]?["concurrency"]?.int64, let timeoutMs = json["timeoutMs"]?.int64
        else {
            if problems.isEmpty {
                note("", "has a number with a fraction or an exponent where a whole one belongs")
            }
            return nil
        }
        return Manifest(
            slug: slug, name: name, documentation: documentation, isVerified: isVerified,
            platformCost: platformCost, ownCost: json["cost"]?["own"]?.int64 ?? 0, input: input,
            request: request,
            answer: answer, rate: rate, concurrency: Int(concurrency), timeoutMs: Int(timeoutMs),
            retryableStatuses: retryable, throttledStatuses: throttled, identity: identity)
    }

    mutating func note(_ pointer: String, _ message: String) {
        guard problems.count < Manifest.maximumProblems else { return }
        problems.append(ManifestProblem(pointer, message))
    }

    /// What is asked, and what is made of the answer: kept answers are what came of both.
    private var identity: [UInt8] {
        let names = ["request", "input", "answer", "notFound", "errorAt", "fields"]
        return JSONWriter.object { writer in
            for name in names {
                guard let part = json[name] else { continue }
                writer.key(name)
                writer.canonical(part)
            }
        }
    }

    private mutating func noteDuplicates(_ value: JSON, at pointer: String) {
        if let name = value.duplicatedMember() {
            note(pointer + "/" + JSONPointer.escaped(name), "stands there twice")
        }
        for (name, member) in value.members {
            noteDuplicates(member, at: pointer + "/" + JSONPointer.escaped(name.string ?? ""))
        }
        for (index, element) in value.elements.enumerated() {
            noteDuplicates(element, at: "\(pointer)/\(index)")
        }
    }

    private func members(_ object: JSON?) -> [(key: JSON, value: JSON)] {
        object.map { Array($0.members) } ?? []
    }

    private static func isURL(_ text: String) -> Bool {
        do throws(HTTPFailure) {
            _ = try HTTPURL(text)
            return true
        } catch {
            return false
        }
    }

    private mutating func rate() -> RateLimit? {
        guard let text = json["rate"]?["limit"] else { return .off }
        guard let limit = text.string.flatMap({ RateLimit(parsing: $0) }) else {
            note("/rate/limit", "has to be a rate as 10/s or 100/min, or off")
            return nil
        }
        return limit
    }

    private func statuses(_ name: String) -> Set<Int>? {
        json[name].map { Set($0.elements.compactMap { $0.int64.map { Int(clamping: $0) } }) }
    }

    // MARK: What it needs of a record

    private mutating func input() -> InputTemplate? {
        guard let schemaJSON = json["input"]?["schema"], let properties = schemaJSON["properties"],
            properties.kind == .object
        else { return nil }
        let schema = schema(schemaJSON, at: "/input/schema")
        let names = properties.members.compactMap { $0.key.string }
        for name in names {
            let pointer = "/input/schema/properties/" + JSONPointer.escaped(name)
            if !Template.isName(name) { note(pointer, "has to be called by 1 to 64 letters, digits and _") }
            if name == "key" || name == "secret" { note(pointer, "is called as the credential's parts are") }
        }
        for (index, name) in (schemaJSON["required"]?.elements.map(\.string) ?? []).enumerated()
        where !names.contains(name ?? "") {
            note("/input/schema/required/\(index)", "is none of the properties")
        }
        let normalise = json["input"]?["normalise"]
        for (name, _) in members(normalise) where !names.contains(name.string ?? "") {
            note(
                "/input/normalise/" + JSONPointer.escaped(name.string ?? ""),
                "is none of the properties of the schema")
        }
        let parts = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { name in
            InputTemplate.Part(name: name, steps: steps(normalise?[name]) ?? [.trim])
        }
        var writer = JSONWriter()
        writer.value(schemaJSON)
        return schema.map { InputTemplate(parts: parts, schema: $0, schemaJSON: writer.bytes) }
    }

    private func steps(_ list: JSON?) -> [Normalisation]? {
        list.map { $0.elements.compactMap { $0.string.flatMap(Normalisation.init) } }
    }

    /// Whether every record has it that is asked about.
    private func isRequired(_ name: String) -> Bool {
        json["input"]?["schema"]?["required"]?.elements.contains { $0.string == name } ?? false
    }

    // MARK: How it is asked

    private mutating func request(of input: InputTemplate?) -> RequestTemplate? {
        guard let request = json["request"], request.kind == .object else { return nil }
        let method = request["method"]?.string.flatMap(HTTPRequest.Method.init)
        let url = request["url"]?.string.flatMap { self.url($0) }
        let query = texts(request["query"], at: "/request/query")
        let headers = texts(request["headers"], at: "/request/headers")
        let body = request["body"].flatMap { self.body($0, at: "/request/body") }
        if request["body"] != nil, method == .get { note("/request/body", "does not go with GET") }
        if request["body"] == nil, method == .post || method == .put {
            note("/request/body", "is missing, for \(method?.rawValue ?? "")")
        }
        let idempotencyHeader = request["idempotencyHeader"]?.string
        if let idempotencyHeader {
            if method == .get { note("/request/idempotencyHeader", "is not needed with GET") }
            noteHeader(idempotencyHeader, "x", at: "/request/idempotencyHeader")
        }
        var seen = Set(["content-type"] + (idempotencyHeader.map { [$0.lowercased()] } ?? []))
        for (name, _) in headers {
            let pointer = "/request/headers/" + JSONPointer.escaped(name)
            if !seen.insert(name.lowercased()).inserted { note(pointer, "is set already") }
            noteHeader(name, "x", at: pointer)
        }
        let all = (url.map { [$0] } ?? []) + (query + headers).map(\.value) + (body?.templates ?? [])
        noteInputs(of: all, input)
        if !all.contains(where: \.holdsKey) { note("/request", "carries {key} nowhere") }
        guard let method, let url else { return nil }
        return RequestTemplate(
            method: method, url: url, query: query, headers: headers, body: body,
            idempotencyHeader: idempotencyHeader)
    }

    private mutating func noteInputs(of templates: [Template], _ input: InputTemplate?) {
        guard let input else { return }
        let used = templates.reduce(into: Set<String>()) { $0.formUnion($1.inputs) }
        for part in input.parts where !used.contains(part.name) {
            note(
                "/input/schema/properties/" + JSONPointer.escaped(part.name),
                "is nowhere in the request")
        }
    }

    private mutating func url(_ text: String) -> Template? {
        guard let template = template(text, at: "/request/url") else { return nil }
        guard !template.holdsCredential else {
            note(
                "/request/url",
                "has to be free of {key} and {secret}: put them into a header, the query or the body")
            return nil
        }
        guard let start = text.firstRange(of: "://")?.upperBound,
            let slash = text[start...].firstIndex(of: "/"), !text[..<slash].contains("{")
        else {
            note("/request/url", "has to be https://, a host and a path, with {field} only in the path")
            return nil
        }
        guard !text.contains("?"), !text.contains("#") else {
            note("/request/url", "has to end before the query: put it into /request/query")
            return nil
        }
        for name in template.inputs.sorted() where !isRequired(name) {
            note("/request/url", "needs {\(name)}, which is not among /input/schema/required")
        }
        let filling = Filling(
            inputs: Dictionary(
                uniqueKeysWithValues: template.inputs.map { ($0, InputValue(text: "x", json: [])) }),
            key: "x",
            secret: "x")
        do throws(HTTPFailure) {
            _ = try HTTPURL(template.filled(filling) { text, _ in text } ?? "")
            return template
        } catch {
            if case .refusedURL(let why) = error.reason { note("/request/url", "is no URL to call: \(why)") }
            return nil
        }
    }

    private mutating func texts(_ object: JSON?, at pointer: String) -> [(name: String, value: Template)] {
        var texts: [(name: String, value: Template)] = []
        for (name, value) in members(object) {
            guard let name = name.string, let text = value.string else { continue }
            let place = pointer + "/" + JSONPointer.escaped(name)
            if let template = template(text, at: place) { texts.append((name, template)) }
        }
        return texts
    }

    private mutating func body(_ value: JSON, at pointer: String) -> BodyTemplate? {
        switch value.kind {
        case .null, .bool, .number: return .raw(Array(value.sourceBytes))
        case .string: return template(value.string ?? "", at: pointer).map { .text($0) }
        case .array:
            var items: [BodyTemplate] = []
            for (index, element) in value.elements.enumerated() {
                guard let item = body(element, at: "\(pointer)/\(index)") else { continue }
                items.append(item)
            }
            return .list(items)
        case .object:
            var members: [(name: String, value: BodyTemplate)] = []
            for (name, member) in value.members {
                let name = name.string ?? ""
                guard let item = body(member, at: pointer + "/" + JSONPointer.escaped(name)) else { continue }
                members.append((name, item))
            }
            return .object(members)
        }
    }

    private mutating func template(_ text: String, at pointer: String) -> Template? {
        do throws(Template.Fault) {
            let template = try Template(text)
            let properties = json["input"]?["schema"]?["properties"]
            for name in template.inputs.sorted() where properties?[name] == nil {
                note(pointer, "has {\(name)}, which is none of /input/schema/properties")
            }
            return template
        } catch {
            note(pointer, error.message)
            return nil
        }
    }

    private mutating func noteHeader(_ name: String, _ value: String, at pointer: String) {
        do throws(HTTPFailure) {
            _ = try HTTPRequest(.get, "https://example.org/", headers: [(name, value)])
        } catch {
            if case .refusedRequest(let why) = error.reason { note(pointer, "cannot be sent: \(why)") }
        }
    }

    // MARK: What it answers

    private mutating func answer() -> AnswerTemplate? {
        let schema = json["answer"].flatMap { self.schema($0, at: "/answer") }
        let errorAt = json["errorAt"].flatMap { pointer($0, at: "/errorAt") }
        let notFound = json["notFound"]
        var notFoundAt: [JSONPointer] = []
        for (index, text) in (notFound?["emptyAt"].map { Array($0.elements) } ?? []).enumerated() {
            if let place = pointer(text, at: "/notFound/emptyAt/\(index)") { notFoundAt.append(place) }
        }
        let statuses = Set(
            notFound?["statuses"]?.elements.compactMap { $0.int64.map { Int(clamping: $0) } } ?? [])
        var fields: [AnswerTemplate.Field] = []
        for (name, field) in members(json["fields"]) {
            guard let name = name.string, let field = self.field(name, field) else { continue }
            fields.append(field)
        }
        return schema.map {
            AnswerTemplate(
                schema: $0, errorAt: errorAt, notFoundStatuses: statuses, notFoundAt: notFoundAt,
                fields: fields)
        }
    }

    private mutating func field(_ name: String, _ field: JSON) -> AnswerTemplate.Field? {
        let place = "/fields/" + JSONPointer.escaped(name)
        let from = field["from"].flatMap { pointer($0, at: place + "/from") }
        let schema = field["schema"].flatMap { self.schema($0, at: place + "/schema") }
        var confidence = AnswerTemplate.Confidence.always(1)
        if let stated = field["confidence"] {
            if let value = stated.double { confidence = .always(value) }
            if let from = stated["from"].flatMap({ pointer($0, at: place + "/confidence/from") }) {
                confidence = .stated(
                    from, scale: stated["scale"]?.double ?? 1, otherwise: stated["otherwise"]?.double ?? 0)
            }
        }
        guard let from, let schema, let schemaJSON = field["schema"] else { return nil }
        var writer = JSONWriter()
        writer.value(schemaJSON)
        return AnswerTemplate.Field(
            name: name, from: from, schema: schema, schemaJSON: writer.bytes,
            transform: steps(field["transform"]) ?? [], confidence: confidence)
    }

    private mutating func schema(_ value: JSON, at place: String) -> JSONSchema? {
        do throws(JSONSchemaError) {
            return try JSONSchema(value, assertsFormat: true)
        } catch {
            note(place + error.pointer, error.message)
            return nil
        }
    }

    private mutating func pointer(_ value: JSON, at place: String) -> JSONPointer? {
        guard let text = value.string else { return nil }
        guard let pointer = JSONPointer(text) else {
            note(place, "has to be a JSON pointer, as /data/email")
            return nil
        }
        return pointer
    }
}
