import JSON

/// The result of a call that worked, written already.
public struct Body: Sendable, Equatable {
    public enum Content: Sendable, Equatable {
        case json([UInt8])
        /// A list's page: over HTTP the items alone are the data.
        case page(items: [UInt8], nextCursor: String?, limit: Int)
        /// A document that is not JSON.
        case text(String, contentType: String)
    }

    public let content: Content
    /// The counter of what can be updated.
    public let version: Int64?
    /// Whether an earlier call with the same idempotency key was answered so.
    public let isReplayed: Bool

    public init(_ content: Content, version: Int64? = nil, isReplayed: Bool = false) {
        self.content = content
        self.version = version
        self.isReplayed = isReplayed
    }

    /// As the `result` of JSON-RPC.
    func writeResult(to writer: inout JSONWriter) {
        switch content {
        case .json(let bytes) where isReplayed: writer.raw(Body.markedReplayed(bytes))
        case .json(let bytes): writer.raw(bytes)
        case .page(let items, let nextCursor, _):
            writer.beginObject()
            writer.key("items")
            writer.raw(items)
            writer.key("nextCursor")
            if let nextCursor { writer.string(nextCursor) } else { writer.null() }
            writer.endObject()
        case .text(let text, let contentType):
            writer.beginObject()
            writer.key("contentType")
            writer.string(contentType)
            writer.key("text")
            writer.string(text)
            writer.endObject()
        }
    }
}

extension Body {
    /// An object with one more member: `"_meta":{"replayed":true}`.
    private static func markedReplayed(_ object: [UInt8]) -> [UInt8] {
        guard object.first == UInt8(ascii: "{"), object.last == UInt8(ascii: "}") else { return object }
        let separator = object.count > 2 ? "," : ""
        return object.dropLast() + Array("\(separator)\"_meta\":{\"replayed\":true}}".utf8)
    }
}

/// The answer to one call, before a transport puts it into its own form.
public struct Reply: Sendable {
    public let result: Result<Body, CallError>
    public let requestID: String
    /// What later calls of the connection are made with.
    let boundToken: String?

    public init(_ result: Result<Body, CallError>, requestID: String, boundToken: String? = nil) {
        self.result = result
        self.requestID = requestID
        self.boundToken = boundToken
    }

    var error: CallError? {
        guard case .failure(let error) = result else { return nil }
        return error
    }

    /// Writes a JSON-RPC response to the request with this id.
    func writeResponse(id: MessageID, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("id")
        writer.raw(id.bytes)
        switch result {
        case .success(let body):
            writer.key("result")
            body.writeResult(to: &writer)
        case .failure(let error):
            writer.key("error")
            error.writeResponseError(requestID: requestID, to: &writer)
        }
        writer.endObject()
    }
}

extension CallError {
    /// `{"code","message","data"}` of JSON-RPC, with the failure envelope as data.
    func writeResponseError(requestID: String, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("code")
        writer.int(code.rpcCode)
        writer.key("message")
        writer.string(message)
        writer.key("data")
        if code.isBare {
            writer.raw(details ?? Array("null".utf8))
        } else {
            writeEnvelope(requestID: requestID, to: &writer)
        }
        writer.endObject()
    }

    /// The failure envelope, the same on every transport.
    public func writeEnvelope(requestID: String, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("success")
        writer.bool(false)
        writer.key("data")
        writer.null()
        writer.key("error")
        writer.beginObject()
        writer.key("code")
        writer.string(code.name)
        writer.key("message")
        writer.string(message)
        if let details {
            writer.key("details")
            writer.raw(details)
        }
        writer.endObject()
        writer.key("meta")
        writer.beginObject()
        writer.key("requestId")
        writer.string(requestID)
        if isReplayed {
            writer.key("replayed")
            writer.bool(true)
        }
        writer.endObject()
        writer.endObject()
    }
}

extension CallError {
    /// A JSON-RPC response to nothing in particular, as for a connection that is turned away.
    public func writeUnaskedResponse(to writer: inout JSONWriter) {
        Reply(.failure(self), requestID: Metadata().requestID).writeResponse(id: .null, to: &writer)
    }
}
