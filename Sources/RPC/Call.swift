import Identifiers
import JSON
import Resilience
import Synchronization

/// One call on its way: what was asked, by whom, until when; and the one place where its answer is given.
public final class Call: Sendable {
    /// Why a call ends before its work does.
    public enum Interruption: Sendable {
        /// `$/cancelRequest`, or the client went away.
        case cancelled
        case deadline
        /// The daemon stops.
        case draining

        var error: CallError {
            switch self {
            case .cancelled: CallError(.cancelled)
            case .deadline: CallError(.timeout)
            case .draining: .unavailable("The daemon is stopping")
            }
        }
    }

    private struct State {
        var interruption: Interruption?
        var hook: (@Sendable () -> Void)?
        var isFinished = false
    }

    public let method: Method
    public let arguments: Arguments
    public let metadata: Metadata
    public let caller: Caller
    public let peer: Peer
    /// On the clock of `MonotonicClock`.
    public let deadlineNanoseconds: UInt64
    public let startedNanoseconds: UInt64
    private let state = Mutex(State())
    private let waited = Atomic<UInt64>(0)
    private let worked = Atomic<UInt64>(0)
    /// Nil where nobody records traces and the caller told of none.
    public let trace: TraceContext?
    private let progress: @Sendable ([UInt8]) -> Void
    private let outlet: Outlet?
    private let completion: @Sendable (Call, Reply, (any Error)?) -> Void

    init(
        method: Method, arguments: Arguments, metadata: Metadata, caller: Caller, peer: Peer,
        started: UInt64, deadline: UInt64, progress: @escaping @Sendable ([UInt8]) -> Void,
        outlet: Outlet?, trace: TraceContext? = nil,
        completion: @escaping @Sendable (Call, Reply, (any Error)?) -> Void
    ) {
        self.method = method
        self.arguments = arguments
        self.metadata = metadata
        self.caller = caller
        self.peer = peer
        self.startedNanoseconds = started
        self.deadlineNanoseconds = deadline
        self.progress = progress
        self.outlet = outlet
        self.trace = trace
        self.completion = completion
    }

    public var requestID: String { metadata.requestID }

    /// Of a method that takes one, the workspace, as the caller named it.
    public var workspaceID: String? {
        guard let place = method.params.firstIndex(where: { $0.name == "workspaceId" }) else { return nil }
        return arguments.value(named: "workspaceId", at: place)?.string.map { String($0.prefix(64)) }
    }

    /// Begins the work; what is noted on the way bears the call's request id.
    func begin() { RequestContext.$requestID.withValue(requestID) { method.start(self) } }

    /// Set once somebody has asked for an end; the work should stop as soon as it can.
    public var interruption: Interruption? { state.withLock { $0.interruption } }

    /// Asks the work to stop. It answers, unless it never started; a second reason does not replace the first.
    public func interrupt(_ reason: Interruption) {
        let hook = state.withLock { state -> (@Sendable () -> Void)? in
            guard state.interruption == nil, !state.isFinished else { return nil }
            state.interruption = reason
            return state.hook.take()
        }
        hook?()
    }

    /// How long it waited for connections to the database, and how long it had them, in nanoseconds, so far.
    public var database: (waited: UInt64, worked: UInt64) {
        (waited.load(ordering: .relaxed), worked.load(ordering: .relaxed))
    }

    public func noteDatabase(waited: UInt64, worked: UInt64) {
        self.waited.wrappingAdd(waited, ordering: .relaxed)
        self.worked.wrappingAdd(worked, ordering: .relaxed)
    }

    /// Has `hook` run when the call is interrupted; at once when it is already.
    public func onInterruption(_ hook: @escaping @Sendable () -> Void) {
        let runsNow = state.withLock { state in
            if state.interruption == nil { state.hook = hook }
            return state.interruption != nil
        }
        if runsNow { hook() }
    }

    /// Tells the caller how far the work is, where his transport can: socket and stdio.
    /// - Parameter value: JSON.
    public func report(_ value: [UInt8]) {
        guard !state.withLock(\.isFinished) else { return }
        progress(value)
    }

    /// Sends a part of a long answer, and returns when there is room for the next.
    /// - Parameter chunk: UTF-8.
    /// - Throws: when the call was interrupted, and where the transport sends no parts.
    public func send(_ chunk: [UInt8]) async throws(CallError) {
        guard let outlet else {
            throw CallError(
                .invalidRequest, "What this method answers comes in parts: use its route, the socket or stdio"
            )
        }
        onInterruption { outlet.flow.wake() }
        if let write = outlet.write {
            write(chunk)
        } else {
            report(
                JSONWriter.object { writer in
                    writer.key("chunk")
                    writer.string(String(decoding: chunk, as: UTF8.self))
                })
        }
        await outlet.flow.awaitRoom { [self] in interruption != nil }
        if let interruption { throw interruption.error }
    }

    public func succeed(_ body: Body) { finish(.success(body), cause: nil) }

    /// - Parameter cause: what the log is told beside what the caller is.
    public func fail(_ error: CallError, cause: (any Error)? = nil) { finish(.failure(error), cause: cause) }

    /// The first answer counts; a later one is dropped.
    private func finish(_ result: Result<Body, CallError>, cause: (any Error)?) {
        let isFirst = state.withLock { state in
            defer {
                state.isFinished = true
                state.hook = nil
            }
            return !state.isFinished
        }
        guard isFirst else { return }
        var token: String?
        if method.bindsToken, case .success = result {
            token = arguments.value(named: "token", at: 0)?.string
        }
        completion(self, Reply(result, requestID: requestID, boundToken: token), cause)
    }

    /// The role check of what touches no workspace.
    /// - Throws: `AUTHENTICATION_ERROR` for an anonymous caller, `AUTHORIZATION_ERROR` for one who is not the operator.
    public func requireRoleWithoutWorkspace() throws(CallError) {
        switch (method.role, caller) {
        case (.public, _), (_, .operator), (.user, .user): break
        case (_, .anonymous): throw CallError(.authentication)
        default: throw CallError(.authorization)
        }
    }
}

extension CallError {
    /// What a caller is told of a thrown error: its own words for a ``CallError``, nothing but a generic sentence for others.
    public init(wrapping error: any Error, in call: Call) {
        if let error = error as? CallError {
            self = error
        } else if let interruption = call.interruption {
            self = interruption.error
        } else {
            self = CallError(.internalError)
        }
    }
}
