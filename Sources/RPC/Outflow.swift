import Synchronization

/// How much of a long answer has been handed to a transport and not yet been sent: whoever makes it waits here until there is room, so that a
/// client that does not read costs no memory.
public final class Outflow: Sendable {
    private struct State {
        var pending = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// What may be under way to one connection.
    private static let room = 262_144

    public init() {}

    /// Bytes have been handed over.
    public func add(_ count: Int) { state.withLock { $0.pending += count } }

    /// They have been sent, or never will be.
    public func sent(_ count: Int) {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.pending -= count
            guard state.pending <= Outflow.room else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Has everybody look again.
    func wake() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns when there is room, or `isOver`.
    func awaitRoom(unless isOver: @Sendable () -> Bool) async {
        while true {
            var mayGoOn = false
            await withCheckedContinuation { continuation in
                mayGoOn = state.withLock { state in
                    // Under the lock: who calls `wake` afterwards finds the one who waits.
                    guard state.pending > Outflow.room, !isOver() else { return true }
                    state.waiting.append(continuation)
                    return false
                }
                if mayGoOn { continuation.resume() }
            }
            if mayGoOn { return }
        }
    }
}

/// Where the parts of a long answer go.
public struct Outlet: Sendable {
    let flow: Outflow
    /// Takes a part as it is; nil where parts go as progress.
    let write: (@Sendable ([UInt8]) -> Void)?

    public init(_ flow: Outflow, write: (@Sendable ([UInt8]) -> Void)? = nil) {
        self.flow = flow
        self.write = write
    }
}

/// The end of an answer that was sent in parts. JSON-RPC: `$/progress {token, value: {chunk}}` for each part, then this as the result; HTTP: the
/// parts are the body.
public struct StreamedDocument: Sendable {
    public let contentType: String
    public var bytes: Int64 = 0
    public var rows: Int64 = 0

    public init(contentType: String) { self.contentType = contentType }

    /// What the progress of such a call looks like.
    public static let chunk = Schema.object(
        name: "DocumentChunk", [Schema.Member("chunk", .text, "The next part of the document.")], open: false)

    public static let shape: Shape<StreamedDocument> = .object(
        "StreamedDocument",
        Field("contentType", .string, "The media type of what was sent.") { $0.contentType },
        Field("bytes", .integer, "How much was sent.") { $0.bytes },
        Field("rows", .integer, "How many rows that was, the line of names not counted.") { $0.rows })
}
