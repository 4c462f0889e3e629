import Identifiers
import JSON
import RPC

/// A call as a trace tells of it.
struct Span: Sendable {
    let context: TraceContext
    let method: String
    let requestID: String
    let workspaceID: String?
    /// `OK`, or the name of the error.
    let outcome: String
    /// Whether the error is the daemon's, and not the caller's.
    let isFault: Bool
    /// When it ended, in microseconds since 1970.
    let endMicroseconds: Int64
    let nanoseconds: UInt64
    let waitedNanoseconds: UInt64
    let workedNanoseconds: UInt64

    /// Of a call that is recorded, else nil.
    init?(_ call: AnsweredCall) {
        guard let started = call.call, let context = started.trace, context.isSampled else { return nil }
        self.context = context
        method = call.method
        requestID = call.requestID
        workspaceID = started.workspaceID
        outcome = call.error?.code.name ?? "OK"
        isFault =
            switch call.error?.code {
            case .internalError?, .serviceUnavailable?, .timeout?: true
            default: false
            }
        endMicroseconds = Timestamp.now.microseconds
        nanoseconds = call.nanoseconds
        (waitedNanoseconds, workedNanoseconds) = started.database
    }
}

/// Spans in the JSON of OTLP 1.x (opentelemetry-proto, `ExportTraceServiceRequest`).
enum OTLP {
    /// SPAN_KIND_SERVER
    private static let server: Int64 = 2
    /// STATUS_CODE_ERROR
    private static let error: Int64 = 2

    static func request(_ spans: [Span], version: String) -> [UInt8] {
        JSONWriter.object { writer in
            list("resourceSpans", &writer) { writer in
                writer.key("resource")
                writer.beginObject()
                list("attributes", items: ["service.name": "rpcd", "service.version": version], &writer)
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
        _ name: String, items: KeyValuePairs<String, String?>, _ writer: inout JSONWriter
    ) {
        writer.key(name)
        writer.beginArray()
        for case (let key, let value?) in items {
            writer.raw(
                JSONWriter.object { writer in
                    writer.key("key")
                    writer.string(key)
                    writer.key("value")
                    writer.raw(
                        JSONWriter.object {
                            $0.key("stringValue")
                            $0.string(value)
                        })
                })
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
        writer.string(span.method)
        writer.key("kind")
        writer.int(server)
        let end = UInt64(max(0, span.endMicroseconds)) * 1000
        for (key, value) in [
            ("startTimeUnixNano", end - min(end, span.nanoseconds)), ("endTimeUnixNano", end),
        ] {
            writer.key(key)
            writer.string("\(value)")
        }
        list(
            "attributes",
            items: [
                "rpc.system": "jsonrpc", "rpc.method": span.method, "rpcd.request_id": span.requestID,
                "rpcd.workspace_id": span.workspaceID, "rpcd.outcome": span.outcome,
                "rpcd.queue_us": "\(span.waitedNanoseconds / 1000)",
                "rpcd.database_us": "\(span.workedNanoseconds / 1000)",
            ], &writer)
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
