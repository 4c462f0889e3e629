import JSON

/// What the keywords of a resource mean, by the vocabularies of its meta-schema. The core is always there.
struct Vocabularies: OptionSet, Sendable {
    let rawValue: UInt8

    static let applicator = Vocabularies(rawValue: 1)
    static let unevaluated = Vocabularies(rawValue: 2)
    static let validation = Vocabularies(rawValue: 4)
    static let formatAssertion = Vocabularies(rawValue: 8)

    static let standard: Vocabularies = [.applicator, .unevaluated, .validation]

    /// By the last part of their URLs; those that do not change whether a value fits are empty.
    static let names: [String: Vocabularies] = [
        "core": [], "applicator": .applicator, "unevaluated": .unevaluated, "validation": .validation,
        "meta-data": [], "format-annotation": [], "format-assertion": .formatAssertion, "content": [],
    ]
}

/// Finds the schemas of documents: which subschemas there are, under which URLs and anchors, and where a reference
/// leads. Documents are read when something refers to them.
struct Registry {
    /// How deep subschemas may stand in each other.
    private static let depth = 128

    /// Where a schema stands.
    struct Place {
        let document: Int
        let pointer: String
        let schema: JSON
        let resource: Int
        /// The keyword of the schema around it.
        let holder: String
    }

    struct Resource {
        let url: String
        let document: Int
        let pointer: String
        let root: Int
        let vocabularies: Vocabularies
        var anchors: [ExactString: Int] = [:]
    }

    private struct Location: Hashable {
        let document: Int
        let pointer: ExactString
    }

    private let known: [String: JSON]
    /// The URLs of the documents that were read. The schema itself is the first, and has none.
    private(set) var documents: [(url: String, content: JSON)] = []
    /// Every schema found so far.
    private(set) var places: [Place] = []
    private(set) var resources: [Resource] = []
    private(set) var dynamicAnchors: [ExactString: [Int: Int]] = [:]
    private var placeByLocation: [Location: Int] = [:]
    private var resourceByURL: [ExactString: Int] = [:]
    /// Resources that are referred to and may be in documents that are not read yet.
    private var wanted: [String] = []

    init(_ schema: JSON, documents: [String: JSON]) throws(JSONSchemaError) {
        known = documents
        try read("", schema)
        try readWanted()
    }

    private mutating func read(_ url: String, _ content: JSON) throws(JSONSchemaError) {
        documents.append((url, content))
        let document = documents.count - 1
        _ = try add(
            content, document, "", resource: nil, holder: "the schema", depth: 0)
    }

    private mutating func readWanted() throws(JSONSchemaError) {
        while let url = wanted.popLast() {
            guard resourceByURL[ExactString(url)] == nil,
                let content = known[url] ?? MetaSchemas.document(url)
            else { continue }
            try read(url, content)
        }
    }

    /// An error at `place`, or at a keyword of it and what is in there.
    func fault(_ place: Place, _ keyword: String?, _ message: String) -> JSONSchemaError {
        fault(place.document, place.pointer + (keyword.map { "/" + $0 } ?? ""), message)
    }

    private func fault(_ document: Int, _ pointer: String, _ message: String) -> JSONSchemaError {
        JSONSchemaError(document: documents[document].url, pointer: pointer, message: message)
    }

    /// The schema at a place of a document of which it is known that a schema stands there.
    func index(_ document: Int, _ pointer: String) -> Int? {
        placeByLocation[Location(document: document, pointer: ExactString(pointer))]
    }

    // MARK: - Finding schemas

    private static let single = [
        "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames",
        "then", "unevaluatedItems", "unevaluatedProperties",
    ]
    private static let lists = ["allOf", "anyOf", "oneOf", "prefixItems"]
    private static let maps = [
        "$defs", "definitions", "dependentSchemas", "patternProperties", "properties",
    ]

    /// Takes in a schema and all in it. Without a `resource` it is the root of a document.
    private mutating func add(
        _ schema: JSON, _ document: Int, _ pointer: String, resource: Int?, holder: String, depth: Int
    ) throws(JSONSchemaError) -> Int {
        guard schema.kind == .object || schema.kind == .bool else {
            throw fault(document, pointer, "has to be a schema: an object, true or false")
        }
        guard depth < Registry.depth else {
            throw fault(document, pointer, "stands in more than \(Registry.depth) other schemas")
        }
        if let member = schema.duplicatedMember() {
            throw fault(document, pointer + JSONPointer.step(member), "stands there twice")
        }
        // A reference may have led in here before what is around was known to be a schema.
        if let index = index(document, pointer) { return index }
        let index = places.count
        let resource = try resourceIndex(schema, document, pointer, around: resource, index)
        places.append(
            Place(document: document, pointer: pointer, schema: schema, resource: resource, holder: holder))
        placeByLocation[Location(document: document, pointer: ExactString(pointer))] = index
        try addAnchors(index)
        try noteReferences(index)
        for keyword in Registry.single {
            guard let value = schema[keyword] else { continue }
            _ = try add(
                value, document, pointer + "/" + keyword, resource: resource, holder: keyword,
                depth: depth + 1)
        }
        for keyword in Registry.lists {
            guard let list = schema[keyword] else { continue }
            guard list.kind == .array, list.count > 0 else {
                throw fault(document, pointer + "/" + keyword, "has to be an array of one or more schemas")
            }
            for (position, value) in list.elements.enumerated() {
                _ = try add(
                    value, document, pointer + "/\(keyword)/\(position)", resource: resource, holder: keyword,
                    depth: depth + 1)
            }
        }
        for keyword in Registry.maps {
            guard let map = schema[keyword] else { continue }
            let start = pointer + "/" + keyword
            guard map.kind == .object else { throw fault(document, start, "has to be an object of schemas") }
            if let member = map.duplicatedMember() {
                throw fault(document, start + JSONPointer.step(member), "stands there twice")
            }
            for (key, value) in map.members {
                _ = try add(
                    value, document, start + JSONPointer.step(key.string ?? ""), resource: resource,
                    holder: keyword, depth: depth + 1)
            }
        }
        return index
    }

    /// The resource of a schema that is about to be at `index`: a new one for a root and for what has an `$id`.
    private mutating func resourceIndex(
        _ schema: JSON, _ document: Int, _ pointer: String, around: Int?, _ index: Int
    ) throws(JSONSchemaError) -> Int {
        var url = URIReference(around.map { resources[$0].url } ?? documents[document].url)
        let id = schema["$id"]
        if let id {
            guard let text = id.string else { throw fault(document, pointer + "/$id", "has to be a string") }
            url = URIReference(text).resolved(against: url)
            guard (url.fragment ?? "").isEmpty else {
                throw fault(document, pointer + "/$id", "must not have a fragment")
            }
        }
        if let around, id == nil { return around }
        let new = resources.count
        var names = [url.resource]
        if around == nil, documents[document].url != url.resource { names.append(documents[document].url) }
        for name in names {
            guard resourceByURL.updateValue(new, forKey: ExactString(name)) == nil else {
                throw fault(document, pointer + "/$id", "is the URL of another schema already")
            }
        }
        let vocabularies = try vocabularies(schema, document, pointer, around: around)
        resources.append(
            Resource(
                url: url.resource, document: document, pointer: pointer, root: index,
                vocabularies: vocabularies))
        return new
    }

    private func vocabularies(
        _ schema: JSON, _ document: Int, _ pointer: String, around: Int?
    ) throws(JSONSchemaError) -> Vocabularies {
        guard let dialect = schema["$schema"] else {
            return around.map { resources[$0].vocabularies } ?? .standard
        }
        let place = pointer + "/$schema"
        guard let url = dialect.string.map({ URIReference($0).resource }) else {
            throw fault(document, place, "has to be a string")
        }
        guard url != MetaSchemas.schema else { return .standard }
        guard let meta = known[url] ?? MetaSchemas.document(url) else {
            throw fault(
                document, place, "has to be \(MetaSchemas.schema), or a meta-schema among the documents")
        }
        guard let list = meta["$vocabulary"] else { return .standard }
        var vocabularies: Vocabularies = []
        for (key, isRequired) in list.members {
            let name = key.string ?? ""
            let prefix = MetaSchemas.base + "vocab/"
            if name.hasPrefix(prefix),
                let vocabulary = Vocabularies.names[String(name.dropFirst(prefix.count))]
            {
                vocabularies.formUnion(vocabulary)
            } else if isRequired.bool == true {
                throw fault(document, place, "needs a vocabulary that is not known: \(name)")
            }
        }
        return vocabularies
    }

    private mutating func addAnchors(_ index: Int) throws(JSONSchemaError) {
        let place = places[index]
        for keyword in ["$anchor", "$dynamicAnchor"] {
            guard let value = place.schema[keyword] else { continue }
            guard let name = value.string, Registry.isAnchor(name) else {
                throw fault(place, keyword, "has to be a letter or _ and then letters, digits, -, _ and .")
            }
            let key = ExactString(name)
            let other = resources[place.resource].anchors.updateValue(index, forKey: key)
            guard other == nil || other == index else {
                throw fault(place, keyword, "names another schema already")
            }
            if keyword == "$dynamicAnchor" { dynamicAnchors[key, default: [:]][place.resource] = index }
        }
    }

    private static func isAnchor(_ name: String) -> Bool {
        func isStart(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
        }
        guard let first = name.utf8.first, isStart(first) else { return false }
        return name.utf8.allSatisfy { byte in
            isStart(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        }
    }

    // MARK: - References

    private mutating func noteReferences(_ index: Int) throws(JSONSchemaError) {
        let place = places[index]
        for keyword in ["$ref", "$dynamicRef"] {
            guard let value = place.schema[keyword] else { continue }
            guard let text = value.string else { throw fault(place, keyword, "has to be a string") }
            wanted.append(target(text, place).resource)
        }
    }

    private func target(_ reference: String, _ place: Place) -> URIReference {
        URIReference(reference).resolved(against: URIReference(resources[place.resource].url))
    }

    /// The schema that a reference at a place means, and the name if that is an anchor.
    mutating func resolve(
        _ reference: String, at place: Place, _ keyword: String
    ) throws(JSONSchemaError) -> (index: Int, anchor: ExactString?) {
        let target = target(reference, place)
        guard let resource = resourceByURL[ExactString(target.resource)].map({ resources[$0] }) else {
            throw fault(
                place, keyword, "refers to a schema that is not among the documents: \(target.resource)")
        }
        guard let fragment = target.decodedFragment else {
            throw fault(place, keyword, "has a % without two hexadecimal digits")
        }
        if fragment.isEmpty { return (resource.root, nil) }
        if fragment.hasPrefix("/") {
            guard let index = try schema(at: fragment, in: resource) else {
                throw fault(place, keyword, "refers to a place where no schema is: \(reference)")
            }
            return (index, nil)
        }
        let anchor = ExactString(fragment)
        guard let index = resource.anchors[anchor] else {
            throw fault(place, keyword, "refers to an anchor that its schema does not have: \(reference)")
        }
        return (index, anchor)
    }

    /// What a pointer leads to. A schema under a keyword that is not known is taken in now that it is one.
    private mutating func schema(at pointer: String, in resource: Resource) throws(JSONSchemaError) -> Int? {
        guard let steps = JSONPointer.steps(of: pointer) else { return nil }
        var (around, value, path) = (resource.root, places[resource.root].schema, resource.pointer)
        for step in steps {
            let next = value.kind == .array ? Registry.position(step).flatMap { value[$0] } : value[step]
            guard let next else { return nil }
            value = next
            path += JSONPointer.step(step)
            around = index(resource.document, path) ?? around
        }
        if let index = index(resource.document, path) { return index }
        guard value.kind == .object || value.kind == .bool else { return nil }
        let index = try add(
            value, resource.document, path, resource: places[around].resource, holder: "$ref", depth: 0)
        try readWanted()
        return index
    }

    /// An index as RFC 6901 §4 writes it.
    private static func position(_ step: String) -> Int? {
        guard let position = Int(step), String(position) == step else { return nil }
        return position
    }
}
