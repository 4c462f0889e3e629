import NIOHTTP1
import RPC

/// Server-sent events (WHATWG HTML, 9.2): how far the work of one call is, then how it ended. Each event tells all of what is to be told, so a
/// client that lost some has lost nothing: it comes back with the id of the last one it got, and goes on from there.
struct EventStream {
    /// Whether the head of the answer has been sent.
    private(set) var hasBegun = false
    private var id: Int

    /// While nothing happens a comment goes out this often, so that nobody between takes the connection for dead.
    static let keepAliveMs: Int64 = 15_000
    static let keepAlive = Array(": still here\n\n".utf8)

    /// - Parameter lastEventID: what a client says that it got last.
    init(lastEventID: String?) {
        id = lastEventID.flatMap { Int($0) }.map { max(0, min($0, 1 << 52)) } ?? 0
    }

    /// Whether a method answers so: what is read, and tells of its progress.
    static func serves(_ method: Method) -> Bool {
        method.streams && method.mediaType == nil && method.route?.verb == .get
    }

    mutating func begin(requestID: String) -> HTTPHeaders {
        hasBegun = true
        return [
            "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no",
            "X-Request-Id": requestID,
        ]
    }

    mutating func progress(_ value: [UInt8]) -> [UInt8] { event("progress", value) }

    /// The last one.
    mutating func end(_ reply: Reply) -> [UInt8] {
        switch reply.result {
        case .success(let body):
            if case .json(let bytes) = body.content { return event("end", bytes) }
            return event("end", Array("null".utf8))
        case .failure(let error): return event("error", HTTPAnswer(error, requestID: reply.requestID).body)
        }
    }

    /// JSON of ours is one line.
    private mutating func event(_ name: String, _ json: [UInt8]) -> [UInt8] {
        id += 1
        return Array("id: \(id)\nevent: \(name)\ndata: ".utf8) + json + Array("\n\n".utf8)
    }
}
