/// A schema object or boolean, compiled: what a value at its place has to be.
struct Node: Sendable {
    /// The schema resource that it stands in, the innermost one.
    let resource: Int
    /// In the order in which they are checked: the `unevaluated…` ones last, because they go by all others.
    let keywords: [Keyword]
    /// Whether one of the keywords goes by what the others have evaluated.
    let seesEvaluated: Bool
}

/// One keyword, or several that one look at a value decides. A subschema is the index of its ``Node``.
enum Keyword: Sendable {
    /// The schema `false`; the keyword that holds it.
    case never(String)
    case type(Types)
    case choices(Choices)
    case number(NumberRules)
    case text(TextRules)
    case array(ArrayRules)
    case items(ItemRules)
    case contains(ContainsRules)
    case object(ObjectRules)
    case members(MemberRules)
    case propertyNames(Int)
    case required([String])
    case dependentRequired([(name: String, required: [String])])
    case dependentSchemas([(name: String, schema: Int)])
    case reference(Int)
    /// `target` is where the reference leads when no resource on the way to here has a dynamic anchor of that name.
    case dynamicReference(anchor: ExactString, target: Int)
    case allOf([Int])
    case anyOf([Int])
    case oneOf([Int])
    case not(Int)
    case condition(Condition)
    case unevaluatedItems(Int)
    case unevaluatedProperties(Int)
}

/// What `type` lets through.
struct Types: OptionSet, Sendable {
    let rawValue: UInt8

    static let null = Types(rawValue: 1)
    static let boolean = Types(rawValue: 2)
    static let integer = Types(rawValue: 4)
    static let number = Types(rawValue: 8)
    static let string = Types(rawValue: 16)
    static let array = Types(rawValue: 32)
    static let object = Types(rawValue: 64)

    /// In the order in which a message lists them.
    static let names: [(name: String, type: Types, article: String)] = [
        ("string", .string, "a string"), ("integer", .integer, "an integer"), ("number", .number, "a number"),
        ("boolean", .boolean, "true or false"), ("object", .object, "an object"),
        ("array", .array, "an array"),
        ("null", .null, "null"),
    ]

    /// As "a string or null".
    var sentence: String {
        Types.names.filter { contains($0.type) }.map(\.article).joined(separator: " or ")
    }
}

/// `enum`, and `const` as one of one.
struct Choices: Sendable {
    let keyword: String
    let values: Set<Canonical>
    /// Of the values: what is of none of these kinds need not be looked at.
    let types: Types
    /// As "has to be one of red, green".
    let sentence: String
}

struct NumberRules: Sendable {
    /// A bound and the text that the schema has for it.
    typealias Bound = (value: Decimal, source: String)

    var minimum: Bound?
    var maximum: Bound?
    var exclusiveMinimum: Bound?
    var exclusiveMaximum: Bound?
    var multipleOf: (divisor: Divisor, source: String)?
}

struct TextRules: Sendable {
    /// In code points, as `maximumLength`.
    var minimumLength = 0
    var maximumLength: Int?
    var pattern: Pattern?
    var format: Format?
}

struct ArrayRules: Sendable {
    var minimumCount = 0
    var maximumCount: Int?
    var isUnique = false
}

struct ItemRules: Sendable {
    var prefix: [Int] = []
    var rest: Int?
}

struct ContainsRules: Sendable {
    let schema: Int
    let minimum: Int
    let maximum: Int?
}

struct ObjectRules: Sendable {
    var minimumCount = 0
    var maximumCount: Int?
}

struct MemberRules: Sendable {
    var properties: [ExactString: Int] = [:]
    var patterns: [(pattern: Pattern, schema: Int)] = []
    /// For what neither has.
    var additional: Int?
}

struct Condition: Sendable {
    let schema: Int
    let then: Int?
    let otherwise: Int?
}

/// A schema with all that it refers to.
final class Graph: Sendable {
    let nodes: [Node]
    let root: Int
    /// By name and resource, the node that has it.
    let dynamicAnchors: [ExactString: [Int: Int]]

    init(nodes: [Node], root: Int, dynamicAnchors: [ExactString: [Int: Int]]) {
        self.nodes = nodes
        self.root = root
        self.dynamicAnchors = dynamicAnchors
    }
}

extension Keyword {
    /// The subschemas that are applied to the value itself and not to a part of it.
    var inPlace: [Int] {
        switch self {
        case .reference(let target), .dynamicReference(_, let target), .not(let target): [target]
        case .allOf(let schemas), .anyOf(let schemas), .oneOf(let schemas): schemas
        case .dependentSchemas(let schemas): schemas.map(\.schema)
        case .condition(let condition):
            [condition.schema] + [condition.then, condition.otherwise].compactMap { $0 }
        case .never, .type, .choices, .number, .text, .array, .items, .contains, .object, .members,
            .propertyNames, .required, .dependentRequired, .unevaluatedItems, .unevaluatedProperties:
            []
        }
    }
}

extension Graph {
    /// A node that is applied to a value because it is applied to that value: checking would not end. `nil` when there is none.
    static func endlessNode(among nodes: [Node]) -> Int? {
        enum Mark { case new, open, done }
        var marks = [Mark](repeating: .new, count: nodes.count)
        for start in nodes.indices where marks[start] == .new {
            var open = [(node: start, rest: nodes[start].keywords.flatMap(\.inPlace)[...])]
            marks[start] = .open
            while let current = open.last {
                guard let next = open[open.count - 1].rest.popFirst() else {
                    marks[current.node] = .done
                    open.removeLast()
                    continue
                }
                switch marks[next] {
                case .open: return current.node
                case .done: continue
                case .new:
                    marks[next] = .open
                    open.append((next, nodes[next].keywords.flatMap(\.inPlace)[...]))
                }
            }
        }
        return nil
    }
}
