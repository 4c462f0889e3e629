import JSON
import NIOCore
import NIOHTTP1
import Resilience

/// A request that has been read whole.
struct Request {
    let method: HTTPMethod
    let path: Substring
    /// Without its question mark.
    let query: Substring
    let headers: HTTPHeaders
    let body: [UInt8]

    init(_ head: HTTPRequestHead, body: [UInt8]) {
        let end = head.uri.utf8.firstIndex(of: UInt8(ascii: "?")) ?? head.uri.endIndex
        method = head.method
        path = head.uri[..<end]
        query = head.uri[end...].dropFirst()
        headers = head.headers
        self.body = body
    }

    var isForm: Bool {
        headers.first(name: "content-type")?.lowercased().hasPrefix("application/x-www-form-urlencoded")
            ?? false
    }

    /// What the client authenticates with; any will do.
    var key: String? {
        if let key = headers.first(name: "x-api-key"), !key.isEmpty { return key }
        guard let value = headers.first(name: "authorization"),
            value.prefix(7).lowercased() == "bearer ", value.utf8.count > 7
        else { return nil }
        return String(value.dropFirst(7))
    }
}

/// What the simulator starts with.
struct Configuration: Sendable {
    var seed: UInt64
    var providers: [String: Behaviour]

    /// - Parameter file: the text of a configuration, `{"providers":{NAME: BEHAVIOUR}}`, or nil for none.
    init(seed: UInt64, file: [UInt8]?) throws(BadInput) {
        self.seed = seed
        providers = Behaviour.standard
        guard let file else { return }
        for (name, value) in try Place.parse(file, as: "configuration").members() {
            guard name == "providers" else { throw value.unknown("providers") }
            for (name, value) in try value.members() {
                providers[try Simulator.checked(name)] = try Behaviour(value)
            }
        }
        guard providers.count <= Simulator.maximumProviders else {
            throw BadInput("There are at most \(Simulator.maximumProviders) providers")
        }
    }
}

/// Everything that is remembered, and what happens to a request. Knows no socket; confined to the event loop.
final class Simulator {
    static let maximumProviders = 1_000
    static let maximumHooks = 1_000
    /// Inputs that are counted each for itself, some 200 bytes each.
    static let maximumInputs = 5_000_000
    static let maximumIdempotencyKeys = 5_000_000
    /// Of all deliveries that are kept.
    static let maximumHookBytes = 256 * 1024 * 1024

    let configuration: Configuration
    /// Host and port that nobody should come to.
    let trap: String
    var providers: [String: Provider]
    var hooks: [String: Hook] = [:]
    /// Connections to the trap.
    var trapped = 0
    /// Calls without a key.
    private(set) var unauthorized = 0
    private var inputs = 0
    private var idempotencyKeys = 0
    private var hookBytes = 0

    init(_ configuration: Configuration, trap: String) {
        self.configuration = configuration
        self.trap = trap
        providers = configuration.providers.reduce(into: [:]) { providers, entry in
            providers[entry.key] = Provider(entry.key, entry.value, seed: configuration.seed)
        }
    }

    /// A name of a provider or of a hook.
    static func checked(_ name: some StringProtocol) throws(BadInput) -> String {
        let isName = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isName, (1...64).contains(name.utf8.count) else {
            throw BadInput("A name has 1 to 64 letters, digits, hyphens and underscores")
        }
        return String(name)
    }

    func react(to request: Request) -> Reaction {
        let segments = request.path.split(separator: "/", omittingEmptySubsequences: true)
        do throws(BadInput) {
            switch segments.first {
            case "v1" where segments.count >= 3: return try callProvider(segments[1], request)
            case "hooks" where segments.count == 2: return try takeDelivery(segments[1], request)
            case "control": return .answer(try control(request, segments.dropFirst()))
            default:
                return .answer(
                    HTTPAnswer(
                        .notFound, "unknown_route",
                        "There are /v1/{provider}/{operation}, /hooks/{name} and /control"))
            }
        } catch {
            return .answer(HTTPAnswer(.badRequest, "invalid_request", error.description))
        }
    }

    private func callProvider(_ name: Substring, _ request: Request) throws(BadInput) -> Reaction {
        guard request.method == .GET || request.method == .POST else {
            return .answer(.wrongMethod("GET, POST"))
        }
        guard let key = request.key, !key.hasPrefix("revoked") else {
            unauthorized += 1
            return .answer(
                HTTPAnswer(
                    .unauthorized, "unauthorized", "Give a key: Authorization: Bearer KEY, or X-Api-Key"
                )
                .with("WWW-Authenticate", "Bearer"))
        }
        guard let provider = providers[String(name)] else {
            return .answer(
                HTTPAnswer(.notFound, "unknown_provider", "GET /control/providers lists those there are"))
        }
        let input = try Input(
            try Input.pairs(query: request.query, body: request.body, isForm: request.isForm))
        let before = (inputs: provider.ledger.entries.count, keys: provider.ledger.keyCount)
        defer {
            inputs += provider.ledger.entries.count - before.inputs
            idempotencyKeys += provider.ledger.keyCount - before.keys
        }
        return provider.react(
            to: Provider.Call(
                input: input, path: request.path, key: Oracle.hash(key.utf8),
                idempotencyKey: request.headers.first(name: "idempotency-key"), now: MonotonicClock.now,
                trap: trap, mayTrack: inputs < Simulator.maximumInputs,
                mayTrackKey: idempotencyKeys < Simulator.maximumIdempotencyKeys))
    }

    private func takeDelivery(_ name: Substring, _ request: Request) throws(BadInput) -> Reaction {
        guard request.method == .POST else { return .answer(.wrongMethod("POST")) }
        let hook = try hook(name)
        let before = hook.bytes
        defer { hookBytes += hook.bytes - before }
        return hook.receive(
            request.headers, request.body, room: Simulator.maximumHookBytes - hookBytes, trap: trap)
    }

    /// The hook of that name, made when it is missing.
    func hook(_ name: Substring) throws(BadInput) -> Hook {
        let name = try Simulator.checked(name)
        if let hook = hooks[name] { return hook }
        guard hooks.count < Simulator.maximumHooks else {
            throw BadInput("There are at most \(Simulator.maximumHooks) hooks")
        }
        let hook = Hook(name, seed: configuration.seed)
        hooks[name] = hook
        return hook
    }

    func forgetHook(_ name: String) {
        guard let hook = hooks.removeValue(forKey: name) else { return }
        hookBytes -= hook.bytes
    }

    func forgetProvider(_ name: String) {
        guard let provider = providers.removeValue(forKey: name) else { return }
        inputs -= provider.ledger.entries.count
        idempotencyKeys -= provider.ledger.keyCount
    }

    func forgetCalls() {
        for provider in providers.values { provider.forgetCalls() }
        (inputs, idempotencyKeys, unauthorized, trapped) = (0, 0, 0, 0)
    }
}

extension HTTPAnswer {
    static func wrongMethod(_ allowed: String) -> HTTPAnswer {
        HTTPAnswer(.methodNotAllowed, "method_not_allowed", "This path takes \(allowed)").with(
            "Allow", allowed)
    }
}
