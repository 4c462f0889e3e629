import JSON

/// Which parts of a value some keyword has looked at, by their positions.
struct Evaluated {
    private var words: [UInt64] = []

    mutating func insert(_ position: Int) {
        while words.count <= position / 64 { words.append(0) }
        words[position / 64] |= 1 << UInt64(position % 64)
    }

    func contains(_ position: Int) -> Bool {
        position / 64 < words.count && words[position / 64] & 1 << UInt64(position % 64) != 0
    }

    mutating func formUnion(_ other: Evaluated) {
        while words.count < other.words.count { words.append(0) }
        for position in other.words.indices { words[position] |= other.words[position] }
    }
}

/// One check of one value.
struct Evaluation {
    /// A step on the way from the root of the value.
    private enum Step {
        case element(Int)
        case member(JSON)
    }

    let graph: Graph
    private let limit: Int
    private(set) var violations: [JSONSchemaViolation] = []
    /// What is left of the work that this check may take.
    private var steps: Int
    private var depth = 0
    /// The resources on the way to the current schema, the outermost first: where dynamic references look.
    private var scope: [Int] = []
    private var path: [Step] = []
    /// Whether what fails only answers a question: the schema asks for one of many, or for the opposite.
    private(set) var isSilent: Bool
    /// Whether the text that is looked at is the name of the member at the end of `path`.
    private var isName = false
    /// Set when going on makes no sense. Nothing that is answered afterwards counts.
    private(set) var isOver = false
    private lazy var matcher = PatternMatcher()

    /// - Parameter limit: of violations; 0 asks only whether there are any.
    init(_ graph: Graph, of instance: JSON, limit: Int) {
        self.graph = graph
        self.limit = limit
        isSilent = limit == 0
        steps = JSONSchema.Limits.steps + JSONSchema.Limits.stepsPerByte * instance.sourceBytes.count
    }

    /// What is wrong with the value. With a limit of 0 one that says nothing stands for all.
    mutating func run(_ instance: JSON) -> [JSONSchemaViolation] {
        var evaluated: Evaluated?
        if !check(graph.root, instance, &evaluated), violations.isEmpty {
            violations.append(JSONSchemaViolation(path: "", keyword: "", message: "does not fit"))
        }
        return violations
    }

    // MARK: - What is found

    /// Notes what does not fit, unless nobody wants to know. Always false.
    mutating func violate(_ keyword: String, _ message: @autoclosure () -> String, at name: String? = nil)
        -> Bool
    {
        guard !isSilent, !isOver else { return false }
        let place = pointer + (name.map { Evaluation.step($0) } ?? "")
        violations.append(
            JSONSchemaViolation(
                path: place, keyword: keyword, message: (isName ? "has a name that " : "") + message()))
        isOver = violations.count >= limit
        return false
    }

    /// Takes from what is left. When it is too little the check is over and the value does not fit.
    mutating func spend(_ count: Int, _ keyword: String) -> Bool {
        steps -= count
        return steps >= 0 || stop(keyword, "takes too much work to check")
    }

    /// Ends the check. Always false.
    mutating func stop(_ keyword: String, _ message: String) -> Bool {
        guard !isOver else { return false }
        isSilent = false
        _ = violate(keyword, message)
        isOver = true
        return false
    }

    private var pointer: String {
        path.map { step in
            switch step {
            case .element(let position): "/\(position)"
            case .member(let key): Evaluation.step(key.string ?? "")
            }
        }.joined()
    }

    private static func step(_ name: String) -> String {
        guard name.utf8.count > JSONSchema.Limits.nameLength else { return JSONPointer.step(name) }
        return JSONPointer.step(String(name.unicodeScalars.prefix(JSONSchema.Limits.nameLength / 4)) + "…")
    }

    // MARK: - Applying schemas

    /// Whether a value fits a schema. What does not is noted. When it fits, `evaluated`, if somebody asks, gets the
    /// parts that the schema has looked at.
    mutating func check(_ index: Int, _ value: JSON, _ evaluated: inout Evaluated?) -> Bool {
        guard !isOver, spend(1, "") else { return false }
        guard depth < JSONSchema.Limits.depth else {
            return stop("", "leads through more than \(JSONSchema.Limits.depth) schemas")
        }
        let node = graph.nodes[index]
        depth += 1
        let entersResource = scope.last != node.resource
        if entersResource { scope.append(node.resource) }
        defer {
            depth -= 1
            if entersResource { scope.removeLast() }
        }
        guard node.seesEvaluated else { return apply(node, value, &evaluated) }
        var own: Evaluated? = Evaluated()
        guard apply(node, value, &own) else { return false }
        if let own { evaluated?.formUnion(own) }
        return true
    }

    private mutating func apply(_ node: Node, _ value: JSON, _ evaluated: inout Evaluated?) -> Bool {
        var fits = true
        for keyword in node.keywords {
            if apply(keyword, value, stillFits: fits, &evaluated) { continue }
            fits = false
            if isSilent || isOver { return false }
        }
        return fits
    }

    private mutating func apply(
        _ keyword: Keyword, _ value: JSON, stillFits: Bool, _ evaluated: inout Evaluated?
    ) -> Bool {
        switch keyword {
        case .never(let keyword): violate(keyword, "is not allowed")
        case .type(let types): checkType(types, value)
        case .choices(let choices): checkChoices(choices, value)
        case .number(let rules): value.kind != .number || checkNumber(rules, value)
        case .text(let rules): value.kind != .string || checkText(rules, value)
        case .array(let rules): value.kind != .array || checkArray(rules, value)
        case .object(let rules): value.kind != .object || checkObject(rules, value)
        case .required(let names): value.kind != .object || checkRequired(names, value)
        case .dependentRequired(let rules): value.kind != .object || checkDependent(rules, value)
        case .items(let rules): value.kind != .array || checkItems(rules, value, &evaluated)
        case .contains(let rules): value.kind != .array || checkContains(rules, value, &evaluated)
        case .members(let rules): value.kind != .object || checkMembers(rules, value, &evaluated)
        case .propertyNames(let schema): value.kind != .object || checkNames(schema, value)
        case .reference(let target): check(target, value, &evaluated)
        case .dynamicReference(let anchor, let target):
            check(outermost(anchor) ?? target, value, &evaluated)
        case .dependentSchemas(let rules): value.kind != .object || checkDependent(rules, value, &evaluated)
        case .allOf(let schemas): checkAll(schemas, value, &evaluated)
        case .anyOf(let schemas): checkAny(schemas, value, &evaluated)
        case .oneOf(let schemas): checkOne(schemas, value, &evaluated)
        case .not(let schema): checkNot(schema, value)
        case .condition(let condition): checkCondition(condition, value, &evaluated)
        // What failed has left no trace in `evaluated`: to complain of its parts as well would be wrong.
        case .unevaluatedItems(let schema):
            !stillFits || value.kind != .array || checkUnevaluatedItems(schema, value, &evaluated)
        case .unevaluatedProperties(let schema):
            !stillFits || value.kind != .object || checkUnevaluatedMembers(schema, value, &evaluated)
        }
    }

    private func outermost(_ anchor: ExactString) -> Int? {
        guard let places = graph.dynamicAnchors[anchor] else { return nil }
        for resource in scope {
            if let place = places[resource] { return place }
        }
        return nil
    }

    /// Whether a value fits, without a word when it does not. Not to be relied on when the check is over.
    mutating func fits(_ schema: Int, _ value: JSON, _ evaluated: inout Evaluated?) -> Bool {
        let wasSilent = isSilent
        isSilent = true
        var own: Evaluated? = evaluated == nil ? nil : Evaluated()
        let fits = check(schema, value, &own)
        if !isOver { isSilent = wasSilent }
        if fits, let own { evaluated?.formUnion(own) }
        return fits
    }

    mutating func checkElement(_ schema: Int, _ element: JSON, at position: Int) -> Bool {
        path.append(.element(position))
        defer { path.removeLast() }
        var evaluated: Evaluated?
        return check(schema, element, &evaluated)
    }

    mutating func checkMember(_ schema: Int, _ member: JSON, under key: JSON) -> Bool {
        path.append(.member(key))
        defer { path.removeLast() }
        var evaluated: Evaluated?
        return check(schema, member, &evaluated)
    }

    mutating func checkName(_ schema: Int, _ key: JSON) -> Bool {
        isName = true
        defer { isName = false }
        return checkMember(schema, key, under: key)
    }

    /// Whether a pattern matches; `nil` when that cannot be found out, and the check is over.
    mutating func matches(_ pattern: Pattern, _ text: String, _ keyword: String) -> Bool? {
        guard let matcher else {
            _ = stop(keyword, "cannot be checked: no memory is left")
            return nil
        }
        switch pattern.outcome(text, matcher, steps: &steps) {
        case .matches: return true
        case .differs: return false
        case .exhausted:
            _ = stop(keyword, "takes too much work to match with the pattern")
            return nil
        }
    }
}
