import JSON

/// A stable error code of the contract, with what stands for it on each transport.
public struct ErrorCode: Sendable, Hashable {
    /// What callers switch on, as `VALIDATION_ERROR`.
    public let name: String
    /// The `code` of a JSON-RPC error object.
    public let rpcCode: Int
    /// The status of an HTTP answer.
    public let httpStatus: Int
    /// What a caller reads when the error has nothing more to say.
    public let defaultMessage: String
    /// When it happens and what to do: the row of the error table in the documentation.
    public let meaning: String

    /// Whether `error.data` is the details alone, without the envelope. No code of the contract is.
    public let isBare: Bool

    public init(
        _ name: String, rpc: Int, http: Int, _ defaultMessage: String, meaning: String, isBare: Bool = false
    ) {
        self.name = name
        self.rpcCode = rpc
        self.httpStatus = http
        self.defaultMessage = defaultMessage
        self.meaning = meaning
        self.isBare = isBare
    }
}

extension ErrorCode {
    public static let parseError = ErrorCode(
        "PARSE_ERROR", rpc: -32700, http: 400, "Parse error", meaning: "The message is not JSON (RFC 8259).")
    public static let invalidRequest = ErrorCode(
        "INVALID_REQUEST", rpc: -32600, http: 400, "Invalid Request",
        meaning: "JSON, but no request object; an empty batch; a batch with too many entries.")
    public static let methodNotFound = ErrorCode(
        "METHOD_NOT_FOUND", rpc: -32601, http: 404, "Method not found",
        meaning: "No such method. `rpc.discover` lists them. HTTP: an unknown route.")
    public static let validation = ErrorCode(
        "VALIDATION_ERROR", rpc: -32602, http: 400, "Invalid params",
        meaning: "`details.fields` names every param that does not fit, unknown ones included.")
    public static let internalError = ErrorCode(
        "INTERNAL_ERROR", rpc: -32603, http: 500, "Internal error",
        meaning: "A fault of the daemon. The cause is in its log under the requestId.")
    public static let authentication = ErrorCode(
        "AUTHENTICATION_ERROR", rpc: 401, http: 401, "Authentication required",
        meaning: "No, a bad, an expired or a revoked token; a failed login. Log in, or refresh.")
    public static let insufficientCredits = ErrorCode(
        "INSUFFICIENT_CREDITS", rpc: 402, http: 402, "Insufficient credits",
        meaning: "`details.required` is more than `details.available`. Buy credits.")
    public static let authorization = ErrorCode(
        "AUTHORIZATION_ERROR", rpc: 403, http: 403, "Not allowed",
        meaning: "The role is too low, or the caller is no member; whether the workspace exists is not told.")
    public static let notFound = ErrorCode(
        "NOT_FOUND", rpc: 404, http: 404, "Not found", meaning: "No such object in this workspace.")
    public static let methodNotAllowed = ErrorCode(
        "METHOD_NOT_FOUND", rpc: -32601, http: 405, "Method not allowed",
        meaning: "HTTP: the path exists, not with this verb. `Allow` lists the verbs.")
    public static let conflict = ErrorCode(
        "CONFLICT", rpc: 409, http: 409, "Conflict",
        meaning: "Taken already, changed meanwhile, or not possible in this state. Read again, then decide.")
    public static let payloadTooLarge = ErrorCode(
        "PAYLOAD_TOO_LARGE", rpc: 413, http: 413, "Payload too large",
        meaning: "Over a limit of `system.limits`. Send less at once.")
    public static let unsupportedMediaType = ErrorCode(
        "INVALID_REQUEST", rpc: -32600, http: 415, "Unsupported media type",
        meaning: "HTTP: a body that is not `application/json`.")
    public static let idempotencyKeyReused = ErrorCode(
        "IDEMPOTENCY_KEY_REUSED", rpc: 422, http: 422, "Idempotency key reused",
        meaning: "The same key came with other params. Use a new key for a new call.")
    public static let rateLimitExceeded = ErrorCode(
        "RATE_LIMIT_EXCEEDED", rpc: 429, http: 429, "Rate limit exceeded",
        meaning: "Too many calls. Try again after `details.retryAfterMs`.")
    public static let cancelled = ErrorCode(
        "CANCELLED", rpc: -32800, http: 499, "Cancelled",
        meaning:
            "By `$/cancelRequest`, or the client went away. Nothing was changed, save `details.outcome` is unknown."
    )
    public static let upstream = ErrorCode(
        "UPSTREAM_ERROR", rpc: 502, http: 502, "Upstream error",
        meaning: "An external provider failed or answered nonsense.")
    public static let serviceUnavailable = ErrorCode(
        "SERVICE_UNAVAILABLE", rpc: 503, http: 503, "Service unavailable",
        meaning: "The database is away, busy, or the daemon is stopping. Safe to try again.")
    public static let timeout = ErrorCode(
        "TIMEOUT", rpc: 504, http: 504, "Deadline exceeded",
        meaning: "The deadline passed; the work was rolled back, save `details.outcome` is unknown.")

    /// All that a caller can meet, in the order of the documentation.
    public static let all: [ErrorCode] = [
        parseError, invalidRequest, methodNotFound, validation, internalError, authentication,
        insufficientCredits,
        authorization, notFound, methodNotAllowed, conflict, payloadTooLarge, unsupportedMediaType,
        idempotencyKeyReused, rateLimitExceeded, cancelled, upstream, serviceUnavailable, timeout,
    ]
}

/// One param that does not fit: where, a stable code, and what would fit.
public struct FieldError: Sendable, Equatable {
    public enum Code: String, Sendable {
        case required, type, format, range, length, choice, unknown, duplicate
    }

    /// As `email`, or `settings.locale` inside an object.
    public let path: String
    public let code: Code
    public let message: String

    public init(_ path: String, _ code: Code, _ message: String) {
        self.path = path
        self.code = code
        self.message = message
    }
}

/// Why a call failed, as its caller is told. Never holds a secret: params are not echoed.
public struct CallError: Error, Sendable, Equatable {
    public let code: ErrorCode
    public let message: String
    /// A JSON value, already written.
    public let details: [UInt8]?
    /// After which trying again makes sense, in milliseconds. HTTP: `Retry-After`.
    public let retryAfterMs: Int64?
    /// The rate that was exceeded, in calls. HTTP: `RateLimit-Limit`.
    public let rateLimit: Int?
    /// Whether an earlier call with the same idempotency key failed so.
    public let isReplayed: Bool

    public init(
        _ code: ErrorCode, _ message: String? = nil, details: [UInt8]? = nil, retryAfterMs: Int64? = nil,
        rateLimit: Int? = nil, isReplayed: Bool = false
    ) {
        self.code = code
        self.message = message ?? code.defaultMessage
        self.details = details
        self.retryAfterMs = retryAfterMs
        self.rateLimit = rateLimit
        self.isReplayed = isReplayed
    }

    public static func fields(_ fields: [FieldError]) -> CallError {
        CallError(
            .validation,
            details: JSONWriter.object { writer in
                writer.key("fields")
                writer.beginArray()
                for field in fields {
                    writer.beginObject()
                    writer.key("path")
                    writer.string(field.path)
                    writer.key("code")
                    writer.string(field.code.rawValue)
                    writer.key("message")
                    writer.string(field.message)
                    writer.endObject()
                }
                writer.endArray()
            })
    }

    public static func rateLimited(retryAfterMs: Int64, _ message: String? = nil, limit: Int? = nil)
        -> CallError
    {
        CallError(
            .rateLimitExceeded, message,
            details: JSONWriter.object {
                $0.key("retryAfterMs")
                $0.int(retryAfterMs)
            },
            retryAfterMs: retryAfterMs, rateLimit: limit)
    }

    /// The daemon, or what it needs, is not there for the moment.
    public static func unavailable(_ message: String, retryAfterMs: Int64 = 1000) -> CallError {
        CallError(.serviceUnavailable, message, retryAfterMs: retryAfterMs)
    }

    /// The same error, saying that the effect may or may not have been committed.
    public func withUnknownOutcome() -> CallError {
        CallError(
            code,
            message
                + ". Whether it took effect is not known; repeat it with the same idempotency key to learn",
            details: JSONWriter.object {
                $0.key("outcome")
                $0.string("unknown")
            },
            retryAfterMs: retryAfterMs)
    }
}

extension JSONWriter {
    /// The bytes of one object whose members `body` writes.
    public static func object(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        body(&writer)
        writer.endObject()
        return writer.bytes
    }
}
