/// What HTTP finds at a path.
public enum RouteMatch: Sendable {
    /// The params are percent-decoded by the caller.
    case found(Method, params: [(name: String, value: String)])
    /// The path exists; these are its verbs.
    case wrongVerb(allowed: [String])
    case unknown
}

/// A tree of path segments; a literal wins over a param.
struct RouteTable: Sendable {
    private struct Node: Sendable {
        var literals: [String: Int] = [:]
        var param: Int?
        var methods: [String: Method] = [:]
    }

    private var nodes = [Node()]

    init(_ methods: [Method]) throws(RegistryError) {
        for method in methods {
            guard let route = method.route else { continue }
            var node = 0
            for segment in route.segments { node = child(of: node, for: segment) }
            guard nodes[node].methods.updateValue(method, forKey: route.verb.rawValue) == nil else {
                throw .duplicateRoute(route.verb.rawValue + " " + route.path)
            }
        }
    }

    private mutating func child(of node: Int, for segment: Route.Segment) -> Int {
        switch segment {
        case .literal(let text):
            if let child = nodes[node].literals[text] { return child }
            nodes.append(Node())
            nodes[node].literals[text] = nodes.count - 1
        case .param:
            if let child = nodes[node].param { return child }
            nodes.append(Node())
            nodes[node].param = nodes.count - 1
        }
        return nodes.count - 1
    }

    /// By bytes: the characters of a string are ten times as slow to walk.
    func match(_ verb: String, _ path: Substring) -> RouteMatch {
        guard path.utf8.count <= 2048 else { return .unknown }
        var node = 0
        var values: [String] = []
        let segments = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for segment in segments.dropFirst().map(Substring.init) {
            if let child = nodes[node].literals[String(segment)] {
                node = child
            } else if let child = nodes[node].param, !segment.isEmpty {
                values.append(String(segment))
                node = child
            } else {
                return .unknown
            }
        }
        let methods = nodes[node].methods
        guard !methods.isEmpty else { return .unknown }
        guard let method = methods[verb] ?? (verb == "HEAD" ? methods["GET"] : nil) else {
            let verbs = methods.keys.sorted()
            return .wrongVerb(
                allowed: verbs.contains("GET") ? verbs + ["HEAD", "OPTIONS"] : verbs + ["OPTIONS"])
        }
        let names = (method.route?.segments ?? []).compactMap { segment -> String? in
            guard case .param(let name) = segment else { return nil }
            return name
        }
        return .found(method, params: zip(names, values).map { (name: $0, value: $1) })
    }
}
