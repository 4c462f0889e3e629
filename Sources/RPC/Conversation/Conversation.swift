import JSON

/// Takes replies on any thread and brings them to the conversation's own.
public protocol ReplySink: Sendable {
    /// Has ``Conversation/complete(_:_:)`` called with these on the conversation's thread, now or soon.
    func deliver(_ reply: Reply, for ticket: Conversation.Ticket)

    /// Has ``Conversation/report(_:_:)`` called, likewise and in order. By default nobody is told.
    func deliver(progress value: [UInt8], for ticket: Conversation.Ticket)
    /// Counts what has been delivered as progress and not been sent; nil where nobody is told.
    var outflow: Outflow? { get }
}

extension ReplySink {
    public func deliver(progress value: [UInt8], for ticket: Conversation.Ticket) {}
    public var outflow: Outflow? { nil }
}

/// One connection's JSON-RPC: bytes in, bytes out, no I/O of its own. Confined to one thread.
///
/// At most ``concurrency`` requests run at once. It reads on past them, up to the limits of read-ahead, so that a
/// `$/cancelRequest` behind them is still seen; then ``wantsInput`` turns false until some are done.
public final class Conversation {
    /// One entry of one message.
    public struct Ticket: Sendable, Hashable {
        let number: UInt64
    }

    /// A request that waits for its turn.
    private struct Waiting {
        let ticket: Ticket
        let group: UInt64
        let method: String
        let arguments: Arguments
        let id: MessageID?
        let bytes: Int
    }

    /// A request that runs.
    private struct Running {
        let group: UInt64
        let id: MessageID?
        /// `nil` while it is being started.
        var call: Call?
    }

    /// A message: one request, or a batch whose answers go out together.
    private struct Group {
        let isBatch: Bool
        var open: Int
        var answers: [[UInt8]] = []
    }

    private let dispatcher: Dispatcher
    private let peer: Peer
    private let concurrency: Int
    private let sink: any ReplySink
    private var splitter: FrameSplitter
    private var waiting: [Waiting] = []
    private var waitingStart = 0
    private var waitingBytes = 0
    private var running: [Ticket: Running] = [:]
    private var groups: [UInt64: Group] = [:]
    private var counter: UInt64 = 0
    private var output: [UInt8] = []
    /// The peer has shut down its writing side; frames may still be buffered here.
    private var peerHasEnded = false
    /// Nothing more is taken.
    private var inputEnded = false
    private var onlyMessage = false
    private var defaults = Metadata.Defaults()
    private var isPumping = false
    private var isDraining = false

    /// - Parameter concurrency: how many requests run at once; 1 keeps their order.
    public init(dispatcher: Dispatcher, peer: Peer, concurrency: Int, sink: any ReplySink) {
        self.dispatcher = dispatcher
        self.peer = peer
        self.concurrency = max(1, concurrency)
        self.sink = sink
        splitter = FrameSplitter(limit: dispatcher.limits.messageBytes)
    }

    // MARK: what the transport asks

    /// Whether more should be read: false while too much waits already.
    public var wantsInput: Bool {
        !inputEnded && waitingCount < dispatcher.limits.readAheadFrames
            && waitingBytes < dispatcher.limits.readAheadBytes
    }

    /// Whether a message has begun and not ended: a peer may not leave it so for long.
    public var hasStartedMessage: Bool { !inputEnded && splitter.pendingBytes > 0 && wantsInput }

    /// Whether nothing more will come of it: the input has ended and every answer is in ``takeOutput()``.
    public var isFinished: Bool { inputEnded && running.isEmpty && waitingCount == 0 && groups.isEmpty }

    /// How many requests run.
    public var inFlight: Int { running.count }

    /// What is to be sent, in frames.
    public func takeOutput() -> [UInt8] {
        defer { output.removeAll(keepingCapacity: false) }
        return output
    }

    // MARK: events

    public func receive(_ bytes: UnsafeRawBufferPointer) {
        guard !inputEnded else { return }
        splitter.append(bytes)
        pump()
    }

    /// The one message of this conversation, and its end: an HTTP body.
    /// - Parameter defaults: what the headers say, for a single request; a batch takes all but the idempotency key, which cannot
    ///   be that of several calls.
    public func receiveOnly(_ message: [UInt8], defaults: Metadata.Defaults) {
        onlyMessage = true
        self.defaults = defaults
        accept(message)
        inputEnded = true
        startWaiting()
    }

    /// The peer sends no more; it still gets every answer.
    public func endOfInput() {
        guard !inputEnded else { return }
        peerHasEnded = true
        pump()
    }

    /// A call has been answered.
    public func complete(_ ticket: Ticket, _ reply: Reply) {
        guard let done = running.removeValue(forKey: ticket) else { return }
        if let token = reply.boundToken { defaults.token = token }
        answer(reply, id: done.id, in: done.group)
        pump()
    }

    /// A call that still runs tells how far it is.
    /// - Parameter value: JSON.
    public func report(_ ticket: Ticket, _ value: [UInt8]) {
        guard let entry = running[ticket], let id = entry.id, let call = entry.call else { return }
        let message = JSONWriter.object { writer in
            writer.key("jsonrpc")
            writer.string("2.0")
            writer.key("method")
            writer.string("$/progress")
            writer.key("params")
            writer.raw(
                JSONWriter.object { writer in
                    writer.key("token")
                    writer.raw(call.metadata.progressToken ?? id.bytes)
                    writer.key("value")
                    writer.raw(value)
                })
        }
        (splitter.framing ?? .newline).append(message, to: &output)
    }

    /// The client is gone: what runs for it is cancelled, what waits is dropped.
    public func vanish() {
        inputEnded = true
        waiting.removeAll()
        waitingStart = 0
        waitingBytes = 0
        groups.removeAll()
        for entry in running.values { entry.call?.interrupt(.cancelled) }
    }

    /// The daemon stops: what runs may finish, the rest is answered `SERVICE_UNAVAILABLE`.
    public func drain() {
        isDraining = true
        pump()
        inputEnded = true
    }

    /// The daemon waits no longer: what runs is interrupted, and answered `SERVICE_UNAVAILABLE` as soon as it has noticed.
    public func giveUp() {
        drain()
        for entry in running.values { entry.call?.interrupt(.draining) }
    }

    /// Interrupts what has run past its deadline. To be called every now and then.
    public func expire(now: UInt64) {
        for entry in running.values {
            if let call = entry.call, call.deadlineNanoseconds <= now { call.interrupt(.deadline) }
        }
    }

    // MARK: messages

    /// Takes frames and starts requests until neither goes on. An answer that comes while it works, as that of a call that
    /// needs no waiting does, is only noted: the loop sees to the rest, so a thousand pings do not nest.
    private func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        repeat { startWaiting() } while takeFrames()
        if peerHasEnded, wantsInput {
            if let last = splitter.finish() { accept(last) }
            inputEnded = true
            startWaiting()
        }
    }

    /// - Returns: whether there were any.
    private func takeFrames() -> Bool {
        var taken = false
        do {
            while wantsInput, let frame = try splitter.next() {
                accept(frame)
                taken = true
            }
        } catch {
            inputEnded = true
            switch error {
            case .tooLarge:
                refuse(
                    CallError(
                        .payloadTooLarge, "A message has at most \(dispatcher.limits.messageBytes) bytes"))
            case .badHeader:
                refuse(CallError(.parseError, "Expected a Content-Length header and an empty line"))
            }
        }
        return taken
    }

    private func accept(_ frame: [UInt8]) {
        do {
            try dispatcher.admit(peer)
        } catch {
            return refuse(error)
        }
        let json: JSON
        do {
            json = try JSON.parse(frame, maxDepth: dispatcher.limits.nestingDepth)
        } catch {
            return refuse(CallError(.parseError, "Parse error: \(error)"))
        }
        guard json.kind == .array else {
            let group = open(entries: 1, isBatch: false)
            return take(Message(json), in: group, bytes: frame.count)
        }
        guard json.count > 0 else {
            return refuse(CallError(.invalidRequest, "A batch has at least one entry"))
        }
        guard json.count <= dispatcher.limits.batchEntries else {
            return refuse(
                CallError(.invalidRequest, "A batch has at most \(dispatcher.limits.batchEntries) entries"))
        }
        do {
            try dispatcher.admit(peer, cost: json.count - 1)
        } catch {
            return refuse(error)
        }
        let group = open(entries: json.count, isBatch: true)
        defaults.idempotencyKey = nil
        for entry in json.elements { take(Message(entry), in: group, bytes: frame.count / json.count) }
    }

    private func take(_ message: Message, in group: UInt64, bytes: Int) {
        switch message {
        case .request(let method, let arguments, let id):
            counter += 1
            waiting.append(
                Waiting(
                    ticket: Ticket(number: counter), group: group, method: method, arguments: arguments,
                    id: id,
                    bytes: bytes))
            waitingBytes += bytes
        case .cancel(let id):
            if let id { cancel(id) }
            close(group)
        case .ignored: close(group)
        case .invalid(let id):
            answer(failure(CallError(.invalidRequest)), id: id, in: group)
        }
    }

    private func cancel(_ id: MessageID) {
        for entry in running.values where entry.id == id { entry.call?.interrupt(.cancelled) }
        while let index = waiting[waitingStart...].firstIndex(where: { $0.id == id }) {
            let entry = waiting.remove(at: index)
            waitingBytes -= entry.bytes
            answer(failure(CallError(.cancelled)), id: id, in: entry.group)
        }
    }

    // MARK: calls

    private var waitingCount: Int { waiting.count - waitingStart }

    private func startWaiting() {
        while waitingCount > 0, isDraining || running.count < concurrency {
            let entry = waiting[waitingStart]
            waitingStart += 1
            waitingBytes -= entry.bytes
            if waitingStart == waiting.count || waitingStart > dispatcher.limits.readAheadFrames {
                waiting.removeFirst(waitingStart)
                waitingStart = 0
            }
            if isDraining {
                answer(failure(Call.Interruption.draining.error), id: entry.id, in: entry.group)
            } else {
                start(entry)
            }
        }
    }

    private func start(_ entry: Waiting) {
        let ticket = entry.ticket
        running[ticket] = Running(group: entry.group, id: entry.id, call: nil)
        let call = dispatcher.start(
            entry.method, entry.arguments, Metadata(defaults), from: peer,
            progress: { [sink] in sink.deliver(progress: $0, for: ticket) },
            outlet: sink.outflow.map { Outlet($0) },
            completion: { [sink] _, reply in sink.deliver(reply, for: ticket) })
        if let call, running[ticket] != nil { running[ticket]?.call = call }
    }

    // MARK: answers

    private func open(entries: Int, isBatch: Bool) -> UInt64 {
        counter += 1
        groups[counter] = Group(isBatch: isBatch, open: entries)
        return counter
    }

    private func failure(_ error: CallError) -> Reply {
        Reply(.failure(error), requestID: Metadata(defaults).requestID)
    }

    /// An answer to a message that could not even be taken apart.
    private func refuse(_ error: CallError) {
        answer(failure(error), id: .null, in: open(entries: 1, isBatch: false))
    }

    private func answer(_ reply: Reply, id: MessageID?, in group: UInt64) {
        if let id {
            var writer = JSONWriter()
            reply.writeResponse(id: id, to: &writer)
            groups[group]?.answers.append(writer.bytes)
        }
        close(group)
    }

    /// One entry of the group is done; the last one sends its answers.
    private func close(_ number: UInt64) {
        guard var group = groups[number] else { return }
        group.open -= 1
        guard group.open == 0 else {
            groups[number] = group
            return
        }
        groups[number] = nil
        guard let first = group.answers.first else { return }
        let framing = onlyMessage ? .bare : splitter.framing ?? .newline
        guard group.isBatch else { return framing.append(first, to: &output) }
        framing.append(
            [UInt8(ascii: "[")] + group.answers.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")],
            to: &output)
    }
}
