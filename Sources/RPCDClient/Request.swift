import JSON

/// What a client knows of a method beside its params and its result.
struct Operation: Sendable {
    let method: String
    let mutates: Bool
    let isIdempotent: Bool

    init(_ method: String, mutates: Bool = false, isIdempotent: Bool = false) {
        self.method = method
        self.mutates = mutates
        self.isIdempotent = isIdempotent
    }
}

/// One call, ready to be sent, as often as it may be.
struct Request: Sendable {
    let operation: Operation
    /// The answer, or `TIMEOUT`, is due then; nil when it may take as long as it wants.
    let answerIsDueMs: Int64?
    /// Whether doing it twice does what doing it once does.
    let isRepeatable: Bool
    private let params: [UInt8]

    /// - Parameter timeoutMs: of the daemon, when the options have none; nil for what streams.
    init(
        _ operation: Operation, _ options: RPCD.CallOptions, timeoutMs: Int64?,
        params fill: (inout Arguments) -> Void
    ) {
        self.operation = operation
        // What is no time the daemon refuses, and has the time to; beyond a year there is no difference.
        answerIsDueMs = (options.timeoutMs ?? timeoutMs).map { min(max($0, 0), 31_536_000_000) }
        isRepeatable =
            !operation.mutates || operation.isIdempotent && options.idempotencyKey != nil
        var arguments = Arguments()
        arguments.write(options, fill)
        params = arguments.writer.bytes
    }

    func bytes(id: Int64) -> [UInt8] {
        var writer = JSONWriter(reserving: params.count + 96)
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("id")
        writer.int(id)
        writer.key("method")
        writer.string(operation.method)
        writer.key("params")
        writer.raw(params)
        writer.endObject()
        return writer.bytes
    }
}

extension Arguments {
    fileprivate mutating func write(_ options: RPCD.CallOptions, _ fill: (inout Arguments) -> Void) {
        writer.beginObject()
        fill(&self)
        writer.key("_meta")
        writer.beginObject()
        writer.member("token", options.token)
        writer.member("idempotencyKey", options.idempotencyKey)
        writer.member("requestId", options.requestID)
        writer.member("timeoutMs", options.timeoutMs)
        writer.member("traceparent", options.traceparent)
        writer.endObject()
        writer.endObject()
    }
}
