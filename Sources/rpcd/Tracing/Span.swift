import Identifiers
import JSON
import RPC

/// A call, or what is done for a job or an event, as a trace tells of it.
struct Span: Sendable {
    /// As OTLP numbers them.
    enum Kind: Int64 {
        case server = 2
        case client = 3
    }

    let context: TraceContext
    let kind: Kind
    let name: String
    let attributes: [(String, String)]
    /// Whether the error is the daemon's, and not the caller's.
    let isFault: Bool
    /// When it ended, in microseconds since 1970.
    let endMicroseconds: Int64
    let nanoseconds: UInt64

    init(_ work: TracedWork) {
        context = work.context
        kind = .client
        name = work.name
        attributes = work.attributes.map { ($0, $1) } + [("rpcd.outcome", work.outcome)]
        isFault = work.isFault
        endMicroseconds = work.endMicroseconds
        nanoseconds = work.nanoseconds
    }

    /// Of a call that is recorded, else nil.
    init?(_ call: AnsweredCall) {
        guard let started = call.call, let context = started.trace, context.isSampled else { return nil }
        self.context = context
        kind = .server
        name = call.method
        let (waited, worked) = started.database
        attributes =
            [
                ("rpc.system", "jsonrpc"), ("rpc.method", call.method), ("rpcd.request_id", call.requestID),
                ("rpcd.outcome", call.error?.code.name ?? "OK"), ("rpcd.queue_us", "\(waited / 1000)"),
                ("rpcd.database_us", "\(worked / 1000)"),
            ] + (started.workspaceID.map { [("rpcd.workspace_id", $0)] } ?? [])
        isFault =
            switch call.error?.code {
            case .internalError?, .serviceUnavailable?, .timeout?: true
            default: false
            }
        endMicroseconds = Timestamp.now.microseconds
        nanoseconds = call.nanoseconds
    }
}

/// Spans in the JSON of OTLP 1.x (opentelemetry-proto, `ExportTraceServiceRequest`).
enum OTLP {
    /// STATUS_CODE_ERROR
    private static let error: Int64 = 2

    static func request(_ spans: [Span], version: String) -> [UInt8] {
        JSONWriter.object { writer in
            list("resourceSpans", &writer) { writer in
                writer.key("resource")
                writer.beginObject()
                list("attributes", items: [("service.name", "rpcd"), ("service.version", version)], &writer)
                writer.endObject()
                list("scopeSpans", &writer) { writer in
                    writer.key("scope")
                    writer.raw(
                        JSONWriter.object {
                            $0.key("name")
                            $0.string("rpcd")
                        })
                    writer.key("spans")
                    writer.beginArray()
                    for span in spans { write(span, &writer) }
                    writer.endArray()
                }
            }
        }
    }

    /// A list of one object.
    private static func list(
        _ name: String, _ writer: inout JSONWriter, _ write: (inout JSONWriter) -> Void
    ) {
        writer.key(name)
        writer.beginArray()
        writer.beginObject()
        write(&writer)
        writer.endObject()
        writer.endArray()
    }

    private static func list(
        _ name: String, items: [(String, String)], _ writer: inout JSONWriter
    ) {
        writer.key(name)
        writer.beginArray()
        for (key, value) in items {
            writer.beginObject()
            writer.key("key")
            writer.string(key)
            writer.key("value")
            writer.beginObject()
            writer.key("stringValue")
            writer.string(value)
            writer.endObject()
            writer.endObject()
        }
        writer.endArray()
    }

    private static func write(_ span: Span, _ writer: inout JSONWriter) {
        writer.beginObject()
        for (key, value) in [("traceId", span.context.traceID), ("spanId", span.context.spanID)] {
            writer.key(key)
            writer.string(value)
        }
        if let parent = span.context.parentID {
            writer.key("parentSpanId")
            writer.string(parent)
        }
        writer.key("name")
        writer.string(span.name)
        writer.key("kind")
        writer.int(span.kind.rawValue)
        let end = UInt64(max(0, span.endMicroseconds)) * 1000
        for (key, value) in [
            ("startTimeUnixNano", end - min(end, span.nanoseconds)), ("endTimeUnixNano", end),
        ] {
            writer.key(key)
            writer.string("\(value)")
        }
        list("attributes", items: span.attributes, &writer)
        if span.isFault {
            writer.key("status")
            writer.raw(
                JSONWriter.object {
                    $0.key("code")
                    $0.int(error)
                })
        }
        writer.endObject()
    }
}
