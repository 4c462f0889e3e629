import JSON

/// One method of the API, declared once. Dispatch, validation, HTTP routes, both documents, the command line's help and the
/// role tests are all read from here.
public final class Method: Sendable {
    /// As `workspaces.create`, without version.
    public let name: String
    /// One sentence.
    public let summary: String
    public let role: Role
    public let rate: RateClass
    /// Whom a call is counted for, when that is neither its caller nor his address: told from arguments that prove it.
    let rateKey: (@Sendable (Arguments) -> String?)?
    /// Whether API keys get in. They act inside their workspace: of what is for users outside of workspaces only what says so.
    public let admitsAPIKeys: Bool
    /// Whether it changes anything.
    public let mutates: Bool
    /// Whether a call with an idempotency key is done once. All that changes something is, save what gives out tokens: a token of
    /// yesterday is no answer.
    public let isIdempotent: Bool
    /// Whether it can fail for want of credits.
    public let spends: Bool
    /// Whether HTTP answers 201.
    public let creates: Bool
    /// Whether its answers must be kept by no cache: HTTP's `Cache-Control: no-store`.
    public let isSensitive: Bool
    /// What its progress looks like. A method that has one tells of it, and may take a day.
    public let progress: Schema?
    public var streams: Bool { progress != nil }
    /// Whether it is served while the daemon is paused: it needs nothing of the database.
    let servesPaused: Bool
    /// Whether its param `token` is the connection's from its success on.
    let bindsToken: Bool
    public let route: Route?
    public let params: [Schema.Member]
    public let result: Schema
    /// Of a document that HTTP sends without the envelope.
    public let mediaType: String?
    public let example: Example
    let start: @Sendable (Call) -> Void

    public init<Value: Sendable, each P: Sendable>(
        _ name: String, _ summary: String,
        role: Role, apiKeys: Bool = false,
        rate: RateClass = .general, rateKey: (@Sendable (Arguments) -> String?)? = nil,
        mutates: Bool = false, idempotent: Bool = true, spends: Bool = false, creates: Bool = false,
        sensitive: Bool = false,
        streams progress: Schema? = nil, servesPaused: Bool = false, bindsToken: Bool = false,
        route: Route? = nil, mediaType: String? = nil,
        params: Params<repeat each P>, result: Shape<Value>, example: Example,
        run handler: Handler<Value, repeat each P>
    ) {
        self.name = name
        self.summary = summary
        self.role = role
        self.rate = rate
        self.rateKey = rateKey
        admitsAPIKeys = role != .user || apiKeys
        self.mutates = mutates
        self.isIdempotent = mutates && idempotent
        self.spends = spends
        self.creates = creates
        self.isSensitive = sensitive
        self.progress = progress
        self.servesPaused = servesPaused
        self.bindsToken = bindsToken
        self.route = route
        self.mediaType = mediaType
        self.params = params.members
        self.result = result.schema
        self.example = example
        self.start = { call in handler.start(call, params.read(call.arguments), result) }
    }

    /// A public method that takes whatever comes, as the fixtures of the conformance corpus do.
    package init(fixture name: String, start: @escaping @Sendable (Call) -> Void) {
        self.name = name
        summary = "A fixture."
        role = .public
        rate = .general
        rateKey = nil
        admitsAPIKeys = true
        mutates = false
        isIdempotent = false
        spends = false
        creates = false
        isSensitive = false
        progress = nil
        servesPaused = true
        bindsToken = false
        route = nil
        params = []
        result = .any
        mediaType = nil
        example = Example("{}", gives: "null")
        self.start = start
    }

    /// Whether the role check needs a workspace that the caller names.
    public var takesWorkspace: Bool { params.contains { $0.name == "workspaceId" } }
}

/// Params and result of one call that works, by name. Every example is executed by a test.
public struct Example: Sendable {
    public let params: String
    public let result: String

    /// Both are JSON texts.
    public init(_ params: String, gives result: String) {
        self.params = params
        self.result = result
    }
}

/// What runs a method: it has to finish the call exactly once, on any thread.
public struct Handler<Value: Sendable, each P: Sendable>: Sendable {
    let start: @Sendable (Call, Validated<repeat each P>, Shape<Value>) -> Void

    public init(_ start: @escaping @Sendable (Call, Validated<repeat each P>, Shape<Value>) -> Void) {
        self.start = start
    }

    /// For what needs nothing but memory and a few microseconds: it runs where the call arrived.
    public static func immediate(
        _ run: @escaping @Sendable (Call, repeat each P) throws -> Value
    ) -> Handler {
        Handler { call, params, shape in
            do {
                try call.requireRoleWithoutWorkspace()
                let values = try params.get()
                call.succeed(shape.body(of: try run(call, repeat each values)))
            } catch {
                call.fail(CallError(wrapping: error, in: call), cause: error)
            }
        }
    }
}

/// Where HTTP finds a method, below `/api/v1`.
public struct Route: Sendable, Hashable {
    public enum Verb: String, Sendable, CaseIterable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    public enum Segment: Sendable, Hashable {
        case literal(String)
        case param(String)
    }

    public let verb: Verb
    /// As `/workspaces/{workspaceId}`.
    public let path: String
    public let segments: [Segment]

    public init(_ verb: Verb, _ path: String) {
        self.verb = verb
        self.path = path
        segments = path.split(separator: "/").map { segment in
            segment.hasPrefix("{") && segment.hasSuffix("}")
                ? .param(String(segment.dropFirst().dropLast())) : .literal(String(segment))
        }
    }

    public static func get(_ path: String) -> Route { Route(.get, path) }
    public static func post(_ path: String) -> Route { Route(.post, path) }
    public static func put(_ path: String) -> Route { Route(.put, path) }
    public static func patch(_ path: String) -> Route { Route(.patch, path) }
    public static func delete(_ path: String) -> Route { Route(.delete, path) }
}
