import Synchronization

/// Wakes one who waits, or the next who would.
final class Wake: Sendable {
    private struct State {
        var isRaised = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func raise() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiter = state.waiter.take() else {
                state.isRaised = true
                return nil
            }
            return waiter
        }
        waiter?.resume()
    }

    /// Returns when somebody raises it, after `limit`, or when the task is cancelled.
    func wait(atMost limit: Duration) async {
        let alarm = Task {
            // Cancelled, it has nothing to say: whoever waited is awake.
            guard (try? await Task.sleep(for: limit)) != nil else { return }
            raise()
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isRaised = state.withLock { state in
                    defer { state.isRaised = false }
                    if !state.isRaised { state.waiter = continuation }
                    return state.isRaised
                }
                if isRaised { continuation.resume() }
            }
        } onCancel: {
            raise()
        }
        alarm.cancel()
    }
}
