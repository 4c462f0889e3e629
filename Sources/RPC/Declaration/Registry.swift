/// All methods of a daemon, found by name and by route.
public struct Registry: Sendable {
    /// In the order of declaration.
    public let methods: [Method]
    private let byName: [String: Method]
    private let routes: RouteTable

    /// - Throws: ``RegistryError`` when a name or a route is declared twice, or a route names a param that is not there.
    public init(_ methods: [Method]) throws(RegistryError) {
        var byName: [String: Method] = [:]
        for method in methods {
            guard byName.updateValue(method, forKey: method.name) == nil else {
                throw .duplicateMethod(method.name)
            }
            for case .param(let name) in method.route?.segments ?? [] {
                guard method.params.contains(where: { $0.name == name }) else {
                    throw .unknownRouteParam(name, method: method.name)
                }
            }
        }
        self.methods = methods
        self.byName = byName
        self.routes = try RouteTable(methods)
    }

    /// The method of that name, with or without its version `v1.`.
    public func method(named name: String) -> Method? {
        byName[name] ?? (name.hasPrefix("v1.") ? byName[String(name.dropFirst(3))] : nil)
    }

    /// What HTTP finds at a path below `/api/v1`.
    public func match(_ verb: String, _ path: Substring) -> RouteMatch {
        routes.match(verb, path)
    }

    /// The known name that is nearest to `name`, when one is near: for the message of `METHOD_NOT_FOUND`.
    public func nearest(to name: String) -> String? {
        RPC.nearest(to: name, among: byName.keys)
    }
}

/// Which of these somebody meant who wrote something else, within three slips.
public func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
    guard name.utf8.count <= 64 else { return nil }
    let distances = candidates.map { ($0, editDistance(Array(name.utf8), Array($0.utf8))) }
    guard let best = distances.min(by: { ($0.1, $0.0) < ($1.1, $1.0) }), best.1 <= 3 else { return nil }
    return best.0
}

/// A mistake in the declarations; it stops the start.
public enum RegistryError: Error, Sendable, Equatable {
    case duplicateMethod(String)
    case duplicateRoute(String)
    case unknownRouteParam(String, method: String)
}

/// Levenshtein's distance, one row at a time.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (i, leftByte) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, rightByte) in right.enumerated() {
            let substitution = diagonal + (leftByte == rightByte ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substitution, row[j] + 1, diagonal + 1)
        }
    }
    return row[right.count]
}
