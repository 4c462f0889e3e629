/// What to ask an outside service, and what it may cost.
public struct HTTPRequest: Sendable {
    public enum Method: String, Sendable, CaseIterable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
        case options = "OPTIONS"

        /// Doing it twice is doing it once (RFC 9110 §9.2.2).
        var isIdempotent: Bool {
            switch self {
            case .get, .head, .put, .delete, .options: true
            case .post, .patch: false
            }
        }
    }

    public internal(set) var method: Method
    public internal(set) var url: HTTPURL
    public internal(set) var headers: HTTPHeaders
    public internal(set) var body: [UInt8]

    /// For everything from the queue to the last byte, redirects included; 1 to 3,600,000 milliseconds.
    public var timeoutMs = 30_000
    /// For name, connection and TLS together, at each hop; at least 1 millisecond.
    public var connectTimeoutMs = 5_000
    /// Names of headers that no other origin gets to see after a redirect. `Authorization` and `Cookie` never are forwarded.
    public var secretHeaders: Set<String> = []
    /// How many redirects are followed; at 0 their answers come back as they are. At most 10.
    public var maximumRedirects = 3
    /// Whether redirects are followed after other methods than GET and HEAD too. Where not, their answers come back as they are.
    public var followsAfterAnyMethod = false
    /// Of the decoded body, in bytes.
    public var maximumBodyBytes = 4 * 1024 * 1024
    /// Whether an answer is a failure when its body is too large, breaks off or does not end in time. Where it is not, its status
    /// and its headers will do, with what has come of the body.
    public var needsWholeBody = true
    /// Of all header lines together, in bytes.
    public var maximumHeaderBytes = 64 * 1024
    /// Whether the service does it once however often it is asked: true for idempotent methods, and for the caller to set when
    /// an idempotency key goes along.
    public var isRepeatable: Bool

    /// 16 MiB.
    public static let maximumSentBytes = 16 * 1024 * 1024
    /// 64 MiB.
    public static let maximumReceivedBytes = 64 * 1024 * 1024

    /// - Throws: `.refusedURL` and `.refusedRequest`.
    public init(
        _ method: Method, _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []
    ) throws(HTTPFailure) {
        self.method = method
        self.url = try HTTPURL(url)
        self.headers = HTTPHeaders()
        self.body = body
        isRepeatable = method.isIdempotent
        for (name, value) in headers { try self.headers.append(name, value) }
        guard body.isEmpty || (method != .get && method != .head) else {
            throw HTTPFailure(.refusedRequest("\(method.rawValue) has no body"), origin: self.url.origin)
        }
        guard body.count <= HTTPRequest.maximumSentBytes else {
            throw HTTPFailure(
                .refusedRequest("its body has more than \(HTTPRequest.maximumSentBytes) bytes"),
                origin: self.url.origin)
        }
    }

    /// - Throws: `.refusedRequest` when a bound is none.
    func checkBounds() throws(HTTPFailure) {
        let bounds = [
            ("timeoutMs", timeoutMs, 1...3_600_000), ("connectTimeoutMs", connectTimeoutMs, 1...3_600_000),
            ("maximumRedirects", maximumRedirects, 0...10),
            ("maximumBodyBytes", maximumBodyBytes, 0...HTTPRequest.maximumReceivedBytes),
            ("maximumHeaderBytes", maximumHeaderBytes, 0...1024 * 1024),
        ]
        for (name, value, range) in bounds where !range.contains(value) {
            throw HTTPFailure(
                .refusedRequest("\(name) is \(value), not from \(range.lowerBound) to \(range.upperBound)"),
                origin: url.origin)
        }
    }
}

extension HTTPRequest: CustomStringConvertible, CustomReflectable {
    /// Method and origin: the rest may be secret.
    public var description: String { "\(method.rawValue) \(url)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
