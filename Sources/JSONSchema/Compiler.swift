import JSON

/// Turns schemas into nodes. Node and place of the registry have the same index.
struct Compiler {
    private var registry: Registry
    private let assertsFormat: Bool
    private var nodes: [Node] = []

    init(_ schema: JSON, documents: [String: JSON], assertsFormat: Bool) throws(JSONSchemaError) {
        registry = try Registry(schema, documents: documents)
        self.assertsFormat = assertsFormat
    }

    mutating func compiled() throws(JSONSchemaError) -> Graph {
        // Resolving a reference may bring in more.
        while nodes.count < registry.places.count { nodes.append(try node(registry.places[nodes.count])) }
        if let endless = Graph.endlessNode(among: nodes) {
            throw registry.fault(
                registry.places[endless], nil,
                "leads back to itself without going into the value, so that it never ends")
        }
        return Graph(nodes: nodes, root: 0, dynamicAnchors: registry.dynamicAnchors)
    }

    private mutating func node(_ place: Registry.Place) throws(JSONSchemaError) -> Node {
        guard place.schema.kind == .object else {
            let keywords = place.schema.bool == true ? [] : [Keyword.never(place.holder)]
            return Node(resource: place.resource, keywords: keywords, seesEvaluated: false)
        }
        let vocabularies = registry.resources[place.resource].vocabularies
        var keywords: [Keyword] = []
        if vocabularies.contains(.validation) { try assertions(place, &keywords) }
        try text(place, vocabularies, &keywords)
        try references(place, &keywords)
        if vocabularies.contains(.applicator) {
            try parts(place, vocabularies, &keywords)
            inPlace(place, &keywords)
        }
        let before = keywords.count
        if vocabularies.contains(.unevaluated) {
            if let schema = child(place, "unevaluatedItems") { keywords.append(.unevaluatedItems(schema)) }
            if let schema = child(place, "unevaluatedProperties") {
                keywords.append(.unevaluatedProperties(schema))
            }
        }
        return Node(
            resource: place.resource, keywords: keywords, seesEvaluated: keywords.count > before)
    }

    private func child(_ place: Registry.Place, _ path: String) -> Int? {
        registry.index(place.document, place.pointer + "/" + path)
    }

    private func children(_ place: Registry.Place, _ keyword: String) -> [Int] {
        guard let list = place.schema[keyword] else { return [] }
        return (0..<list.count).compactMap { child(place, "\(keyword)/\($0)") }
    }

    private func members(_ place: Registry.Place, _ keyword: String) -> [(name: String, schema: Int)] {
        guard let map = place.schema[keyword] else { return [] }
        return map.members.compactMap { (key, _) in
            let name = key.string ?? ""
            return child(place, keyword + JSONPointer.step(name)).map { (name, $0) }
        }
    }

    // MARK: - Applicators

    private mutating func references(
        _ place: Registry.Place, _ keywords: inout [Keyword]
    ) throws(JSONSchemaError) {
        if let reference = place.schema["$ref"]?.string {
            keywords.append(.reference(try registry.resolve(reference, at: place, "$ref").index))
        }
        if let reference = place.schema["$dynamicRef"]?.string {
            let (target, anchor) = try registry.resolve(reference, at: place, "$dynamicRef")
            // Only an anchor that is a dynamic one where the reference leads at first is looked for elsewhere.
            if let anchor, registry.dynamicAnchors[anchor]?[registry.places[target].resource] == target {
                keywords.append(.dynamicReference(anchor: anchor, target: target))
            } else {
                keywords.append(.reference(target))
            }
        }
    }

    /// What is applied to elements and members.
    private func parts(
        _ place: Registry.Place, _ vocabularies: Vocabularies, _ keywords: inout [Keyword]
    ) throws(JSONSchemaError) {
        let items = ItemRules(prefix: children(place, "prefixItems"), rest: child(place, "items"))
        if !items.prefix.isEmpty || items.rest != nil { keywords.append(.items(items)) }
        if let schema = child(place, "contains") {
            let counts = vocabularies.contains(.validation)
            keywords.append(
                .contains(
                    ContainsRules(
                        schema: schema, minimum: counts ? try size(place, "minContains") ?? 1 : 1,
                        maximum: counts ? try size(place, "maxContains") : nil)))
        }
        var rules = MemberRules()
        for (name, schema) in members(place, "properties") { rules.properties[ExactString(name)] = schema }
        for (name, schema) in members(place, "patternProperties") {
            let pointer = "patternProperties" + JSONPointer.step(name)
            rules.patterns.append((try pattern(name, place, pointer), schema))
        }
        rules.additional = child(place, "additionalProperties")
        if !rules.properties.isEmpty || !rules.patterns.isEmpty || rules.additional != nil {
            keywords.append(.members(rules))
        }
        if let schema = child(place, "propertyNames") { keywords.append(.propertyNames(schema)) }
    }

    /// What is applied to the value itself.
    private func inPlace(_ place: Registry.Place, _ keywords: inout [Keyword]) {
        let dependent = members(place, "dependentSchemas")
        if !dependent.isEmpty { keywords.append(.dependentSchemas(dependent)) }
        let lists: [(String, ([Int]) -> Keyword)] = [
            ("allOf", Keyword.allOf), ("anyOf", Keyword.anyOf), ("oneOf", Keyword.oneOf),
        ]
        for (name, keyword) in lists {
            let schemas = children(place, name)
            if !schemas.isEmpty { keywords.append(keyword(schemas)) }
        }
        if let schema = child(place, "not") { keywords.append(.not(schema)) }
        if let schema = child(place, "if") {
            keywords.append(
                .condition(
                    Condition(schema: schema, then: child(place, "then"), otherwise: child(place, "else"))))
        }
    }

    // MARK: - Assertions

    private func assertions(
        _ place: Registry.Place, _ keywords: inout [Keyword]
    ) throws(JSONSchemaError) {
        if let types = try types(place) { keywords.append(.type(types)) }
        if let value = place.schema["const"] {
            keywords.append(.choices(try choices(place, "const", [value])))
        }
        if let values = place.schema["enum"] {
            guard values.kind == .array else { throw registry.fault(place, "enum", "has to be an array") }
            keywords.append(.choices(try choices(place, "enum", Array(values.elements))))
        }
        try numbers(place, &keywords)
        let array = ArrayRules(
            minimumCount: try size(place, "minItems") ?? 0, maximumCount: try size(place, "maxItems"),
            isUnique: try flag(place, "uniqueItems"))
        if array.minimumCount > 0 || array.maximumCount != nil || array.isUnique {
            keywords.append(.array(array))
        }
        let object = ObjectRules(
            minimumCount: try size(place, "minProperties") ?? 0,
            maximumCount: try size(place, "maxProperties"))
        if object.minimumCount > 0 || object.maximumCount != nil { keywords.append(.object(object)) }
        if let list = place.schema["required"] {
            let names = try names(list, place, "required")
            if !names.isEmpty { keywords.append(.required(names)) }
        }
        if let map = place.schema["dependentRequired"] {
            guard map.kind == .object else {
                throw registry.fault(place, "dependentRequired", "has to be an object of arrays")
            }
            var dependent: [(name: String, required: [String])] = []
            for (key, list) in map.members {
                let name = key.string ?? ""
                let pointer = "dependentRequired" + JSONPointer.step(name)
                dependent.append((name, try names(list, place, pointer)))
            }
            keywords.append(.dependentRequired(dependent))
        }
    }

    private func types(_ place: Registry.Place) throws(JSONSchemaError) -> Types? {
        guard let value = place.schema["type"] else { return nil }
        let names = value.kind == .array ? Array(value.elements) : [value]
        var types: Types = []
        for name in names {
            guard let type = Types.names.first(where: { $0.name == name.string })?.type,
                types.insert(type).inserted
            else { break }
        }
        let count = types.rawValue.nonzeroBitCount
        guard count == names.count, count > 0 else {
            let known = Types.names.map(\.name).joined(separator: ", ")
            throw registry.fault(place, "type", "has to be one of \(known), or an array of some of these")
        }
        return types
    }

    private func choices(
        _ place: Registry.Place, _ keyword: String, _ values: [JSON]
    ) throws(JSONSchemaError) -> Choices {
        var canonical: Set<Canonical> = []
        var types: Types = []
        for value in values {
            guard let form = Canonical(value, depth: JSONSchema.Limits.depth) else {
                throw registry.fault(place, keyword, "is nested too deeply")
            }
            canonical.insert(form)
            types.insert(Types(value.kind))
        }
        let isListable =
            !values.isEmpty && values.count <= 16
            && values.allSatisfy { $0.kind != .array && $0.kind != .object && $0.sourceBytes.count <= 64 }
        let list = values.map { $0.string ?? $0.source }.joined(separator: ", ")
        let sentence =
            switch (isListable, values.count) {
            case (true, 1): "has to be \(list)"
            case (true, _): "has to be one of \(list)"
            case (false, 1): "has to be the value that the schema has"
            case (false, _): "has to be one of the \(values.count) values that the schema has"
            }
        return Choices(keyword: keyword, values: canonical, types: types, sentence: sentence)
    }

    private func numbers(
        _ place: Registry.Place, _ keywords: inout [Keyword]
    ) throws(JSONSchemaError) {
        var rules = NumberRules()
        rules.minimum = try bound(place, "minimum")
        rules.maximum = try bound(place, "maximum")
        rules.exclusiveMinimum = try bound(place, "exclusiveMinimum")
        rules.exclusiveMaximum = try bound(place, "exclusiveMaximum")
        if let (number, source) = try bound(place, "multipleOf") {
            guard let divisor = Divisor(number) else {
                throw registry.fault(
                    place, "multipleOf",
                    "has to be a number above 0 of at most \(Divisor.maximumDigits) digits")
            }
            rules.multipleOf = (divisor, source)
        }
        let bounds = [rules.minimum, rules.maximum, rules.exclusiveMinimum, rules.exclusiveMaximum]
        if rules.multipleOf != nil || bounds.contains(where: { $0 != nil }) {
            keywords.append(.number(rules))
        }
    }

    private func text(
        _ place: Registry.Place, _ vocabularies: Vocabularies, _ keywords: inout [Keyword]
    ) throws(JSONSchemaError) {
        var rules = TextRules()
        if vocabularies.contains(.validation) {
            rules.minimumLength = try size(place, "minLength") ?? 0
            rules.maximumLength = try size(place, "maxLength")
            if let value = place.schema["pattern"] {
                guard let source = value.string else {
                    throw registry.fault(place, "pattern", "has to be a string")
                }
                rules.pattern = try pattern(source, place, "pattern")
            }
        }
        if let value = place.schema["format"], assertsFormat || vocabularies.contains(.formatAssertion) {
            guard let name = value.string else { throw registry.fault(place, "format", "has to be a string") }
            rules.format = Format(rawValue: name)
        }
        guard
            rules.minimumLength > 0 || rules.maximumLength != nil || rules.pattern != nil
                || rules.format != nil
        else { return }
        keywords.append(.text(rules))
    }

    private func pattern(
        _ source: String, _ place: Registry.Place, _ pointer: String
    ) throws(JSONSchemaError) -> Pattern {
        do throws(Pattern.Fault) {
            return try Pattern(source)
        } catch {
            throw registry.fault(place, pointer, "has to be a pattern of ECMA-262: \(error.message)")
        }
    }

    private func bound(
        _ place: Registry.Place, _ keyword: String
    ) throws(JSONSchemaError) -> NumberRules.Bound? {
        guard let value = place.schema[keyword] else { return nil }
        guard let number = Decimal(value) else { throw registry.fault(place, keyword, "has to be a number") }
        return (number, value.source)
    }

    private func size(_ place: Registry.Place, _ keyword: String) throws(JSONSchemaError) -> Int? {
        guard let value = place.schema[keyword] else { return nil }
        guard let size = Decimal(value)?.size else {
            throw registry.fault(place, keyword, "has to be an integer that is not negative")
        }
        return size
    }

    private func flag(_ place: Registry.Place, _ keyword: String) throws(JSONSchemaError) -> Bool {
        guard let value = place.schema[keyword] else { return false }
        guard let flag = value.bool else { throw registry.fault(place, keyword, "has to be true or false") }
        return flag
    }

    private func names(
        _ list: JSON, _ place: Registry.Place, _ pointer: String
    ) throws(JSONSchemaError) -> [String] {
        let names = list.elements.compactMap(\.string)
        guard list.kind == .array, names.count == list.count,
            Set(names.map(ExactString.init)).count == names.count
        else {
            throw registry.fault(place, pointer, "has to be an array of different strings")
        }
        return names
    }
}
