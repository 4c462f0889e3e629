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
    /// - Parameter change: what goes with it, and comes before or after all that goes with its opening; false: it is not to be closed.
    /// - Returns: whether it is closed.
    public func close(until: UInt64, with change: () -> Bool) -> Bool {
        state.withLock { state in
            guard change() else { return false }
            state.until = until
            return true
        }
    }

    /// Opens it, and lets what waits go.
    /// - Parameters:
    ///   - moment: only if it is to open by itself by then, on the clock of ``MonotonicClock``.
    ///   - change: what goes with it.
    /// - Returns: whether it was closed, and is open now.
    @discardableResult
    public func open(ifDueAt moment: UInt64 = .max, with change: () -> Void = {}) -> Bool {
        let held = state.withLock { state -> [@Sendable () -> Void]? in
            guard let until = state.until, until <= moment else { return nil }
            change()
            defer { state = State() }
            return state.held
        }
        for start in held ?? [] { start() }
        return held != nil
    }

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
