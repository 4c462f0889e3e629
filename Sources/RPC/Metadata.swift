import Identifiers
import JSON
import Resilience
import Synchronization

/// What travels beside the params of a call: in `params._meta`, or in HTTP headers.
public struct Metadata: Sendable {
    /// The name of the member that holds it.
    static let member = "_meta"

    /// An access token.
    public var token: String?
    /// 1–255 characters.
    public var idempotencyKey: String?
    /// Echoed in every envelope and log line.
    public var requestID: String
    /// How long the call may take, in milliseconds; `nil` for the default.
    public var timeoutMs: Int64?
    /// W3C trace context.
    public var traceparent: String?
    /// What progress notifications carry instead of the request's id: JSON as it came.
    public var progressToken: [UInt8]?

    /// What a transport says of all the calls of a message.
    public struct Defaults: Sendable {
        public var token: String?
        public var idempotencyKey: String?
        public var requestID: String?
        public var timeoutMs: Int64?
        public var traceparent: String?

        public init() {}

        /// From the members of a `_meta` object. - Throws: `VALIDATION_ERROR` for what does not fit.
        public init(_ meta: JSON, _ limits: Limits) throws(CallError) {
            var metadata = Metadata()
            var errors: [FieldError] = []
            metadata.read(meta, maximumTimeoutMs: limits.maximumTimeoutMs, errors: &errors)
            guard errors.isEmpty else { throw .fields(errors) }
            token = metadata.token
            idempotencyKey = metadata.idempotencyKey
            requestID = meta["requestId"] == nil ? nil : metadata.requestID
            timeoutMs = metadata.timeoutMs
            traceparent = metadata.traceparent
        }
    }

    public init(_ defaults: Defaults = Defaults()) {
        token = defaults.token
        idempotencyKey = defaults.idempotencyKey
        requestID = defaults.requestID ?? RequestIDs.next()
        timeoutMs = defaults.timeoutMs
        traceparent = defaults.traceparent
    }

    /// 1–128 visible ASCII characters; anything else is replaced rather than refused.
    public static func validRequestID(_ text: String) -> String? {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            ? text : nil
    }

    /// Takes over the members of `_meta`, which are named in `errors` where they do not fit.
    mutating func read(_ meta: JSON, maximumTimeoutMs: Int64, errors: inout [FieldError]) {
        guard meta.kind == .object else {
            errors.append(FieldError(Metadata.member, .type, "has to be an object"))
            return
        }
        if let name = meta.duplicatedMember() {
            errors.append(FieldError("_meta.\(name.prefix(64))", .duplicate, "stands there twice"))
        }
        for (key, value) in meta.members {
            switch key.string ?? "" {
            case "token":
                if let text = text(value, "token", 1...8192, &errors) { token = text }
            case "idempotencyKey":
                if let text = text(value, "idempotencyKey", 1...255, &errors) { idempotencyKey = text }
            case "requestId":
                if let text = value.string.flatMap(Metadata.validRequestID) { requestID = text }
            case "timeoutMs":
                if let milliseconds = value.int64, (1...maximumTimeoutMs).contains(milliseconds) {
                    timeoutMs = milliseconds
                } else {
                    errors.append(
                        FieldError(
                            "_meta.timeoutMs", .range, "has to be an integer from 1 to \(maximumTimeoutMs)"))
                }
            case "traceparent": traceparent = value.string.map { String($0.prefix(128)) }
            case "progressToken":
                if value.kind == .string || value.kind == .number {
                    progressToken = Array(value.sourceBytes)
                } else {
                    errors.append(FieldError("_meta.progressToken", .type, "has to be a string or a number"))
                }
            case let name:
                guard errors.count < 100 else { return }
                errors.append(FieldError("_meta.\(name.prefix(64))", .unknown, "is not a member of _meta"))
            }
        }
    }

    private func text(
        _ json: JSON, _ name: String, _ length: ClosedRange<Int>, _ errors: inout [FieldError]
    ) -> String? {
        switch checkedText(json, length) {
        case .success(let text): return text
        case .failure(let misfit):
            errors.append(FieldError("_meta." + name, misfit.code, misfit.message))
            return nil
        }
    }
}

/// Names for requests that bring none: unique, and not guessed by chance, but no secrets. A system call for each would be a good
/// part of a short call's cost.
private enum RequestIDs {
    private static let seeds = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))
    private static let counter = Atomic<UInt64>(0)

    static func next() -> String {
        let number = counter.add(1, ordering: .relaxed).newValue
        var (high, low) = (SplitMix64(seed: seeds.0 &+ number), SplitMix64(seed: seeds.1 &+ number))
        return UUID.random(high.next(), low.next()).description
    }
}
