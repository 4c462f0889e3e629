import Resilience
import Synchronization

/// Holds calls back for a while, as when the database is switched over: what has begun goes on, what comes waits, in order, and nobody
/// is refused.
public final class CallGate: Sendable {
    private struct State {
        /// While it is closed: until when, on the clock of ``MonotonicClock``.
        var until: UInt64?
        var held: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())
    /// Calls that may wait; the next one is refused.
    private static let mostHeld = 10_000

    public init() {}

    /// How many calls wait, or nil when it is open.
    public var waiting: Int? { state.withLock { $0.until == nil ? nil : $0.held.count } }

    /// Closes it, or moves the time at which it opens by itself.
    public func close(until: UInt64) { state.withLock { $0.until = until } }

    /// Opens it, and lets what waits go.
    /// - Returns: whether it was closed.
    @discardableResult
    public func open() -> Bool {
        let held = state.withLock { state -> [@Sendable () -> Void]? in
            guard state.until != nil else { return nil }
            defer { state = State() }
            return state.held
        }
        for start in held ?? [] { start() }
        return held != nil
    }

    /// Whether the time has come at which it opens by itself.
    public var isDue: Bool { state.withLock { $0.until.map { MonotonicClock.now >= $0 } ?? false } }

    /// Starts a call, now or when it is open.
    func pass(_ call: Call) {
        guard !call.method.servesPaused else { return call.begin() }
        enum Turn {
            case now, later, never
        }
        let turn = state.withLock { state -> Turn in
            guard state.until != nil else { return .now }
            guard state.held.count < CallGate.mostHeld else { return .never }
            state.held.append {
                guard call.interruption == nil else { return }
                call.begin()
            }
            return .later
        }
        switch turn {
        case .now: call.begin()
        case .never: call.fail(.unavailable("The daemon is paused, and \(CallGate.mostHeld) calls wait"))
        case .later:
            call.onInterruption {
                if let interruption = call.interruption { call.fail(interruption.error) }
            }
        }
    }
}
