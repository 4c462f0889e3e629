import JSON
import NIOHTTP1

/// What tests ask and set.
extension Simulator {
    static let maximumPage = 10_000
    /// A page of inputs or deliveries ends when it has this many bytes.
    private static let pageBytes = 8 * 1024 * 1024

    /// - Parameter path: what follows `/control`.
    func control(_ request: Request, _ path: ArraySlice<Substring>) throws(BadInput) -> HTTPAnswer {
        let name = path.dropFirst().first
        switch (path.first, name, path.count) {
        case (nil, _, _):
            return request.method == .GET ? overview() : .wrongMethod("GET")
        case ("expect", nil, _):
            switch request.method {
            case .GET: return try expectOne(request)
            case .POST: return try expectMany(request)
            default: return .wrongMethod("GET, POST")
            }
        case ("calls", nil, _):
            switch request.method {
            case .GET: return try calls(request)
            case .DELETE:
                forgetCalls()
                return HTTPAnswer(.ok, Array("{}".utf8))
            default: return .wrongMethod("GET, DELETE")
            }
        case ("providers", nil, _):
            return request.method == .GET ? allProviders() : .wrongMethod("GET")
        case ("providers", let name?, 2): return try provider(String(name), request)
        case ("hooks", nil, _):
            return request.method == .GET ? allHooks() : .wrongMethod("GET")
        case ("hooks", let name?, 2): return try hook(name, request)
        default:
            return HTTPAnswer(
                .notFound, "unknown_route",
                "There are /control, /control/expect, /control/calls, /control/providers and /control/hooks")
        }
    }

    private func overview() -> HTTPAnswer {
        HTTPAnswer(.ok) { writer in
            writer.beginObject()
            writer.key("seed")
            // Beyond 2^53 many readers of JSON have no whole numbers.
            writer.string(String(configuration.seed))
            writer.key("trap")
            writer.string(trap)
            writer.endObject()
        }
    }

    // MARK: what must come

    private func expectOne(_ request: Request) throws(BadInput) -> HTTPAnswer {
        var parameters = try Query.pairs(request.query.utf8)
        let provider = try takeProvider(from: &parameters)
        let input = try Input(parameters)
        return HTTPAnswer(.ok) { writer in provider.writeExpectation(of: input, to: &writer) }
    }

    /// `{"provider":…,"inputs":[{…},…]}`
    private func expectMany(_ request: Request) throws(BadInput) -> HTTPAnswer {
        var provider: Provider?
        var inputs: [Input] = []
        for (name, value) in try Place.parse(request.body, as: "body").members() {
            switch name {
            case "provider": provider = try known(value.json.string ?? "")
            case "inputs":
                for element in try value.elements(0...Simulator.maximumPage) {
                    inputs.append(try Input(try Input.pairs(element)))
                }
            default: throw value.unknown("provider, inputs")
            }
        }
        guard let provider else { throw BadInput("body.provider is missing") }
        return HTTPAnswer(.ok) { writer in
            writer.beginObject()
            writer.key("results")
            writer.beginArray()
            for input in inputs { provider.writeExpectation(of: input, to: &writer) }
            writer.endArray()
            writer.endObject()
        }
    }

    // MARK: what came

    private func calls(_ request: Request) throws(BadInput) -> HTTPAnswer {
        var parameters = try Query.pairs(request.query.utf8)
        guard !parameters.isEmpty else { return allCalls() }
        let provider = try takeProvider(from: &parameters)
        let page = try Page(from: &parameters)
        if !parameters.isEmpty {
            let input = try Input(parameters)
            let counts = provider.counts(of: input) ?? CallLedger.Counts()
            return HTTPAnswer(.ok) { counts.write(of: input.text, to: &$0) }
        }
        let ledger = provider.ledger
        return HTTPAnswer(.ok) { writer in
            writer.beginObject()
            writer.key("provider")
            writer.string(provider.name)
            writer.key("totals")
            ledger.total.write(of: nil, to: &writer)
            writer.key("faultsByKind")
            writer.beginObject()
            for fault in Fault.allCases where ledger.faults[fault.rawValue] > 0 {
                writer.key(fault.name)
                writer.int(ledger.faults[fault.rawValue])
            }
            writer.endObject()
            writer.key("inputs")
            let entries = ledger.entries.dropFirst(page.offset)
            Simulator.write(entries, from: page.offset, atMost: page.limit, to: &writer) {
                $0.counts.write(of: $0.input, to: &$1)
            }
            writer.endObject()
        }
    }

    private func allCalls() -> HTTPAnswer {
        HTTPAnswer(.ok) { writer in
            writer.beginObject()
            writer.key("total")
            writer.int(providers.values.reduce(0) { $0 + $1.ledger.total.calls })
            writer.key("unauthorized")
            writer.int(unauthorized)
            writer.key("trapped")
            writer.int(trapped)
            writer.key("untracked")
            writer.int(providers.values.reduce(0) { $0 + $1.ledger.untracked })
            writer.key("byProvider")
            writer.beginObject()
            for provider in providers.values.sorted(by: { $0.name < $1.name })
            where provider.ledger.total.calls > 0 {
                writer.key(provider.name)
                provider.ledger.total.write(of: nil, to: &writer)
            }
            writer.endObject()
            writer.endObject()
        }
    }

    /// A part of a list.
    private struct Page {
        var offset = 0
        var limit = 1_000

        init(from parameters: inout [(name: String, value: String)]) throws(BadInput) {
            offset = try Page.take("offset", 0...Int(Int32.max), from: &parameters) ?? offset
            limit = try Page.take("limit", 1...Simulator.maximumPage, from: &parameters) ?? limit
        }

        private static func take(
            _ name: String, _ range: ClosedRange<Int>, from parameters: inout [(name: String, value: String)]
        ) throws(BadInput) -> Int? {
            guard let index = parameters.firstIndex(where: { $0.name == name }) else { return nil }
            guard let value = Int(parameters.remove(at: index).value), range.contains(value) else {
                throw BadInput("\(name) is a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
    }

    /// Writes an array, and as `nextOffset` where the list goes on; null at its end.
    private static func write<List: Collection>(
        _ list: List, from offset: Int, atMost limit: Int, to writer: inout JSONWriter,
        each: (List.Element, inout JSONWriter) -> Void
    ) {
        let start = writer.bytes.count
        var count = 0
        var isWhole = true
        writer.beginArray()
        for element in list {
            guard count < limit, writer.bytes.count - start < pageBytes else {
                isWhole = false
                break
            }
            each(element, &writer)
            count += 1
        }
        writer.endArray()
        writer.key("nextOffset")
        if isWhole { writer.null() } else { writer.int(offset + count) }
    }

    // MARK: providers

    private func known(_ name: String) throws(BadInput) -> Provider {
        guard let provider = providers[name] else {
            throw BadInput(
                "There is no provider \(name.prefix(64)); GET /control/providers lists those there are")
        }
        return provider
    }

    private func takeProvider(from parameters: inout [(name: String, value: String)]) throws(BadInput)
        -> Provider
    {
        guard let index = parameters.firstIndex(where: { $0.name == "provider" }) else {
            throw BadInput("The parameter provider is missing")
        }
        return try known(parameters.remove(at: index).value)
    }

    private func allProviders() -> HTTPAnswer {
        HTTPAnswer(.ok) { writer in
            writer.beginObject()
            for provider in providers.values.sorted(by: { $0.name < $1.name }) {
                writer.key(provider.name)
                provider.behaviour.write(to: &writer)
            }
            writer.endObject()
        }
    }

    private func provider(_ name: String, _ request: Request) throws(BadInput) -> HTTPAnswer {
        switch request.method {
        case .GET: break
        case .PUT:
            let behaviour = try Behaviour(try Place.parse(request.body, as: "behaviour"))
            if let provider = providers[name] {
                provider.behave(behaviour)
            } else {
                guard providers.count < Simulator.maximumProviders else {
                    throw BadInput("There are at most \(Simulator.maximumProviders) providers")
                }
                let name = try Simulator.checked(name)
                providers[name] = Provider(name, behaviour, seed: configuration.seed)
            }
        case .DELETE:
            // One that was there at the start behaves as it did then.
            guard let behaviour = configuration.providers[name] else {
                forgetProvider(name)
                return HTTPAnswer(.ok, Array("{}".utf8))
            }
            providers[name]?.behave(behaviour)
        default: return .wrongMethod("GET, PUT, DELETE")
        }
        let behaviour = try known(name).behaviour
        return HTTPAnswer(.ok) { behaviour.write(to: &$0) }
    }

    // MARK: hooks

    private func allHooks() -> HTTPAnswer {
        HTTPAnswer(.ok) { writer in
            writer.beginObject()
            for hook in hooks.values.sorted(by: { $0.name < $1.name }) {
                writer.key(hook.name)
                writer.beginObject()
                hook.writeCounts(to: &writer)
                writer.endObject()
            }
            writer.endObject()
        }
    }

    private func hook(_ name: Substring, _ request: Request) throws(BadInput) -> HTTPAnswer {
        let page: Page
        switch request.method {
        case .GET:
            var parameters = try Query.pairs(request.query.utf8)
            page = try Page(from: &parameters)
            guard parameters.isEmpty else { throw BadInput("The parameters are offset and limit") }
        case .PUT:
            let behaviour = try HookBehaviour(try Place.parse(request.body, as: "behaviour"))
            try hook(name).behaviour = behaviour
            return HTTPAnswer(.ok, Array("{}".utf8))
        case .DELETE:
            forgetHook(String(name))
            return HTTPAnswer(.ok, Array("{}".utf8))
        default: return .wrongMethod("GET, PUT, DELETE")
        }
        // One that nobody has called yet is empty, not an error: a test may ask before the first delivery.
        let name = try Simulator.checked(name)
        let hook = hooks[name] ?? Hook(name, seed: configuration.seed)
        let (deliveries, offset) = hook.deliveries(from: page.offset)
        return HTTPAnswer(.ok) { writer in
            writer.beginObject()
            hook.writeCounts(to: &writer)
            writer.key("deliveries")
            Simulator.write(deliveries, from: offset, atMost: page.limit, to: &writer) { $0.write(to: &$1) }
            writer.endObject()
        }
    }
}
