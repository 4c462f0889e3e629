import JSON
import NIOHTTP1
import RPC

/// An answer before it is written: status, headers, body.
struct HTTPAnswer {
    var status: HTTPResponseStatus
    var headers = HTTPHeaders()
    var body: [UInt8] = []

    /// No body.
    init(_ status: HTTPResponseStatus) {
        self.status = status
    }

    init(json: [UInt8], status: HTTPResponseStatus = .ok, type: String = "application/json") {
        self.status = status
        headers.add(name: "Content-Type", value: type)
        body = json
    }

    /// A failure, in the envelope.
    init(_ error: CallError, requestID: String) {
        var writer = JSONWriter()
        error.writeEnvelope(requestID: requestID, to: &writer)
        self.init(json: writer.bytes, status: HTTPResponseStatus(statusCode: error.code.httpStatus))
        headers.add(name: "X-Request-Id", value: requestID)
        if error.code == .authentication { headers.add(name: "WWW-Authenticate", value: "Bearer") }
        if let milliseconds = error.retryAfterMs {
            let seconds = String(max(1, (milliseconds + 999) / 1000))
            headers.add(name: "Retry-After", value: seconds)
            if let limit = error.rateLimit {
                headers.add(name: "RateLimit-Limit", value: String(limit))
                headers.add(name: "RateLimit-Remaining", value: "0")
                headers.add(name: "RateLimit-Reset", value: seconds)
            }
        }
    }

    /// What a method answered.
    init(_ reply: Reply, of method: Method) {
        switch reply.result {
        case .failure(let error): self.init(error, requestID: reply.requestID)
        case .success(let body):
            switch body.content {
            case .text(let text, let contentType):
                self.init(json: Array(text.utf8), type: contentType)
            case .json(let bytes) where method.mediaType != nil:
                self.init(json: bytes, type: method.mediaType ?? "application/json")
            case .json(let bytes):
                self.init(envelope: bytes, reply.requestID, creates: method.creates) { writer in
                    guard body.isReplayed else { return }
                    writer.key("replayed")
                    writer.bool(true)
                }
            case .page(let items, let nextCursor, let limit):
                self.init(envelope: items, reply.requestID, creates: false) { writer in
                    writer.key("limit")
                    writer.int(limit)
                    writer.key("nextCursor")
                    if let nextCursor { writer.string(nextCursor) } else { writer.null() }
                }
            }
            headers.add(name: "X-Request-Id", value: reply.requestID)
            if let version = body.version { headers.add(name: "ETag", value: "\"\(version)\"") }
        }
        if method.isSensitive { headers.replaceOrAdd(name: "Cache-Control", value: "no-store") }
    }

    private init(envelope data: [UInt8], _ requestID: String, creates: Bool, meta: (inout JSONWriter) -> Void)
    {
        let bytes = JSONWriter.object { writer in
            writer.key("success")
            writer.bool(true)
            writer.key("data")
            writer.raw(data)
            writer.key("error")
            writer.null()
            writer.key("meta")
            writer.beginObject()
            writer.key("requestId")
            writer.string(requestID)
            meta(&writer)
            writer.endObject()
        }
        self.init(json: bytes, status: creates ? .created : .ok)
    }

    /// What every answer has: the default headers of helmet (https://helmetjs.github.io), and that answers differ by origin.
    static let commonHeaders = HTTPHeaders([
        ("Vary", "Origin"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
        ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Origin-Agent-Cluster", "?1"), ("Referrer-Policy", "no-referrer"),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-DNS-Prefetch-Control", "off"), ("X-Download-Options", "noopen"),
        ("X-Frame-Options", "SAMEORIGIN"),
        ("X-Permitted-Cross-Domain-Policies", "none"), ("X-XSS-Protection", "0"),
    ])
}
