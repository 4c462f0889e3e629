import JSON
import NIOCore
import NIOHTTP1
import RPC
import Resilience

/// One HTTP connection: one request after the other, each a call, or on `/rpc` a message of calls.
final class HTTPHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    enum Phase {
        case idle
        /// The head and as much of the body as has come.
        case receiving(HTTPRequestHead, ByteBuffer)
        /// The rest of a request that was refused is thrown away.
        case discarding
        case answering(HTTPRequestHead)
    }

    let dispatcher: Dispatcher
    let options: HTTPOptions
    private let address: String
    private(set) var phase = Phase.idle
    private var isDraining = false
    /// Whether bytes of a request have come, and not yet its end.
    private var hasBegun = false
    private var hasAsked = false
    private(set) var call: Call?
    /// Of a message of calls.
    var conversation: Conversation?
    private(set) var method: Method?
    /// Interrupts the call at its deadline.
    var clock: Scheduled<Void>?
    /// When the connection is closed if nothing happens; `nil` while a call runs.
    private var closeAt: NIODeadline?
    /// Looks at ``closeAt``. It is not moved with every request: when it goes off too early it is set again.
    private var alarm: (task: Scheduled<Void>, at: NIODeadline)?
    var ticket: UInt64 = 0
    /// Of a call that tells of its progress.
    var events: EventStream?
    /// Whether the head of a document that comes in parts has been sent.
    var hasBegunDocument = false

    init(_ dispatcher: Dispatcher, _ options: HTTPOptions, address: String) {
        self.dispatcher = dispatcher
        self.options = options
        self.address = address
    }

    func channelActive(context: ChannelHandlerContext) {
        closeAfter(dispatcher.limits.httpIdleTimeoutMs, context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), phase) {
        case (.head(let head), _): begin(head, context)
        case (.body(var part), .receiving(let head, var body)):
            guard body.readableBytes + part.readableBytes <= dispatcher.limits.messageBytes else {
                phase = .discarding
                return refuse(
                    head,
                    CallError(.payloadTooLarge, "A body has at most \(dispatcher.limits.messageBytes) bytes"),
                    context)
            }
            phase = .receiving(head, ByteBuffer())
            body.writeBuffer(&part)
            phase = .receiving(head, body)
        case (.end, .receiving(let head, let body)):
            closeAt = nil
            hasBegun = false
            hasAsked = true
            phase = .answering(head)
            answer(head, Array(body.readableBytesView), context)
        case (.body, _), (.end, _): break
        }
    }

    /// From its first byte on, which may be long before its head is whole.
    private func messageBegins(_ context: ChannelHandlerContext) {
        guard !hasBegun else { return }
        hasBegun = true
        closeAfter(dispatcher.limits.messageTimeoutMs, context)
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        phase = .receiving(head, ByteBuffer())
        messageBegins(context)
        guard head.announcedLength <= dispatcher.limits.messageBytes else {
            phase = .discarding
            return refuse(
                head,
                CallError(.payloadTooLarge, "A body has at most \(dispatcher.limits.messageBytes) bytes"),
                context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ArrivalHandler.BytesArrived, case .idle = phase { return messageBegins(context) }
        if event is PatienceEnds { return giveUp(context) }
        guard event is DrainEvent else { return context.fireUserInboundEventTriggered(event) }
        isDraining = true
        guard case .idle = phase, !hasBegun else { return }
        // One that has just been made is listened to first.
        if hasAsked { context.close(promise: nil) } else { closeAfter(DrainEvent.hearingMs, context) }
    }

    /// What runs is interrupted, and its answer is the last.
    private func giveUp(_ context: ChannelHandlerContext) {
        isDraining = true
        call?.interrupt(.draining)
        conversation?.giveUp()
        finishMessage(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        clock?.cancel()
        alarm?.task.cancel()
        call?.interrupt(.cancelled)
        conversation?.vanish()
        conversation = nil
        ticket += 1
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: requests

    private func answer(_ head: HTTPRequestHead, _ body: [UInt8], _ context: ChannelHandlerContext) {
        var head = head
        let isOperator = takeOperatorToken(from: &head)
        let peer = Peer(
            .ip(options.client(of: address, forwarded: head.headers["x-forwarded-for"])),
            isOperator: isOperator,
            agent: head.headers.first(name: "user-agent").map { String($0.prefix(200)) })
        do throws(CallError) {
            guard !isDraining else { throw CallError.unavailable("The daemon is stopping") }
            try dispatcher.admit(peer)
            let uri = head.uri.utf8
            let end = uri.firstIndex(of: UInt8(ascii: "?")) ?? uri.endIndex
            guard let path = options.path(in: head.uri[..<end]) else { throw HTTPHandler.unknownRoute }
            // RFC 9112 §3.2
            guard head.version == .http1_0 || head.headers["host"].count == 1 else {
                throw CallError(.invalidRequest, "A request has one Host header")
            }
            if head.method == .OPTIONS { return preflight(head, context) }
            guard isOperator || options.isOperatorToken == nil else { throw CallError(.authentication) }
            guard !options.hides(path: path) else { throw HTTPHandler.unknownRoute }
            try checkContentType(head, body)
            switch (path, head.method) {
            case ("/rpc", .POST): return try answerMessage(head, body, peer, context)
            case ("/rpc", _): throw notAllowed(["OPTIONS", "POST"], context, head)
            case ("/openapi.json", .GET), ("/openapi.json", .HEAD):
                return write(HTTPAnswer(json: options.openAPI), head, context)
            default: break
            }
            switch dispatcher.registry.match(head.method.rawValue, path) {
            case .unknown:
                throw HTTPHandler.unknownRoute
            case .wrongVerb(let allowed): throw notAllowed(allowed, context, head)
            case .found(let method, let params):
                let arguments = try HTTPArguments.make(
                    method, head, path: params, query: head.uri[end...].dropFirst(), body: body,
                    limits: dispatcher.limits)
                start(method, arguments, peer, head, context)
            }
        } catch {
            guard error.code != .methodNotAllowed else { return }
            refuse(head, error, context)
        }
    }

    private static let unknownRoute = CallError(
        .methodNotFound, "No such route; see \(HTTPOptions.prefix)/openapi.json")

    /// Whether the request carries the operator's token, which then is nobody else's business.
    private func takeOperatorToken(from head: inout HTTPRequestHead) -> Bool {
        guard let isOperatorToken = options.isOperatorToken,
            let token = HTTPArguments.bearerToken(head.headers), isOperatorToken(token)
        else { return false }
        head.headers.remove(name: "authorization")
        return true
    }

    private func checkContentType(_ head: HTTPRequestHead, _ body: [UInt8]) throws(CallError) {
        guard !body.isEmpty else { return }
        let type = head.headers.first(name: "content-type")?.split(separator: ";").first?.lowercased()
        // `application/json-rpc` is what the clients of an earlier draft of JSON-RPC over HTTP send.
        guard ["application/json", "application/json-rpc"].contains(type?.filter { !$0.isWhitespace }) else {
            throw CallError(.unsupportedMediaType, "The body has to be application/json")
        }
    }

    /// Answers 405 by itself, for it has a header of its own.
    private func notAllowed(
        _ allowed: [String], _ context: ChannelHandlerContext, _ head: HTTPRequestHead
    ) -> CallError {
        let error = CallError(.methodNotAllowed, "This path takes " + allowed.joined(separator: ", "))
        var answer = HTTPAnswer(error, requestID: requestID(of: head))
        answer.headers.add(name: "Allow", value: allowed.joined(separator: ", "))
        write(answer, head, context)
        return error
    }

    private func start(
        _ method: Method, _ arguments: Arguments, _ peer: Peer, _ head: HTTPRequestHead,
        _ context: ChannelHandlerContext
    ) {
        ticket += 1
        let ticket = ticket
        self.method = method
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        let isStream = EventStream.serves(method)
        events = isStream ? EventStream(lastEventID: head.headers.first(name: "last-event-id")) : nil
        let call = dispatcher.start(
            method.name, arguments, Metadata(), from: peer,
            progress: { value in
                guard isStream else { return }
                eventLoop.execute {
                    let (handler, context) = bound.value
                    handler.tell(value, ticket, context)
                }
            }, outlet: outlet(for: method, ticket, context),
            completion: { call, reply in
                let finish: @Sendable () -> Void = {
                    let (handler, context) = bound.value
                    handler.finish(reply, of: call, ticket, context)
                }
                if eventLoop.inEventLoop { finish() } else { eventLoop.execute(finish) }
            })
        guard let call, self.ticket == ticket else { return }
        self.call = call
        let remaining = call.deadlineNanoseconds - min(MonotonicClock.now, call.deadlineNanoseconds)
        clock = eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: remaining))) {
            call.interrupt(.deadline)
        }
    }

    private func finish(
        _ reply: Reply, of call: Call?, _ ticket: UInt64, _ context: ChannelHandlerContext
    ) {
        guard ticket == self.ticket, case .answering(let head) = phase, let method else { return }
        self.ticket += 1
        if hasBegunDocument { return endDocument(reply, head, context) }
        if case .success = reply.result { beginEvents(head, context) }
        if var events, events.hasBegun {
            send(events.end(reply), context)
            return endAnswer(head, context)
        }
        var answer = HTTPAnswer(reply, of: method)
        if let call, head.headers.contains(name: ServerTiming.request) {
            answer.headers.add(name: ServerTiming.answer, value: ServerTiming(call).text)
        }
        write(answer, head, context)
    }

    // MARK: answers

    private func refuse(_ head: HTTPRequestHead, _ error: CallError, _ context: ChannelHandlerContext) {
        write(HTTPAnswer(error, requestID: requestID(of: head)), head, context)
    }

    func requestID(of head: HTTPRequestHead) -> String {
        var defaults = Metadata.Defaults()
        defaults.requestID = head.headers.first(name: "x-request-id").flatMap(Metadata.validRequestID)
        return Metadata(defaults).requestID
    }

    func write(_ answer: HTTPAnswer, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        writeHead(answer, head, context, length: answer.status == .noContent ? nil : answer.body.count)
        if head.method != .HEAD, !answer.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        }
        endAnswer(head, context)
    }

    /// What is still coming of a refused request is not read.
    private var isRefused: Bool { if case .discarding = phase { true } else { false } }

    private func mustClose(after head: HTTPRequestHead) -> Bool {
        isDraining || isRefused || !head.isKeepAlive
    }

    /// - Parameter length: `nil` for what ends when it ends.
    func writeHead(
        _ answer: HTTPAnswer, _ head: HTTPRequestHead, _ context: ChannelHandlerContext, length: Int?
    ) {
        var headers = HTTPAnswer.commonHeaders
        headers.add(contentsOf: answer.headers)
        if let origin = head.headers.first(name: "origin"), options.allows(origin: origin) {
            headers.add(name: "Access-Control-Allow-Origin", value: origin)
            headers.add(
                name: "Access-Control-Expose-Headers",
                value:
                    "ETag, X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Server-Timing"
            )
        }
        if let length { headers.add(name: "Content-Length", value: String(length)) }
        if mustClose(after: head) { headers.replaceOrAdd(name: "Connection", value: "close") }
        context.write(
            wrapOutboundOut(
                .head(HTTPResponseHead(version: head.version, status: answer.status, headers: headers))),
            promise: nil)
    }

    func endAnswer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let mustClose = mustClose(after: head)
        clock?.cancel()
        call = nil
        method = nil
        events = nil
        hasBegunDocument = false
        if !isRefused { phase = .idle }
        let promise = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        promise.futureResult.whenComplete { _ in
            if mustClose { bound.value.close(mode: .output, promise: nil) }
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
        closeAfter(mustClose ? HTTPHandler.lingerMs : dispatcher.limits.httpIdleTimeoutMs, context)
    }

    /// After the last answer the connection stays half open this long, so that a reset does not overtake the answer.
    private static let lingerMs: Int64 = 1000

    private func closeAfter(_ milliseconds: Int64, _ context: ChannelHandlerContext) {
        let deadline = NIODeadline.now() + .milliseconds(milliseconds)
        closeAt = deadline
        guard (alarm?.at ?? .distantFuture) > deadline else { return }
        alarm?.task.cancel()
        setAlarm(at: deadline, context)
    }

    private func setAlarm(at deadline: NIODeadline, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let task = context.eventLoop.scheduleTask(deadline: deadline) {
            let (handler, context) = bound.value
            handler.alarm = nil
            guard let closeAt = handler.closeAt else { return }
            if closeAt <= .now() {
                context.close(promise: nil)
            } else {
                handler.setAlarm(at: closeAt, context)
            }
        }
        alarm = (task, deadline)
    }
}
