import CPostgres
import Dispatch

/// Runs PQcancel, which blocks, on a few threads of its own, so that a server that does not even take cancels holds up
/// nobody for longer than he waits.
final class Canceller: Sendable {
    private let queue = DispatchQueue(label: "rpcd.cancel", attributes: .concurrent)
    private let slots = DispatchSemaphore(value: Canceller.limit)

    /// How many cancels are on their way at once.
    private static let limit = 4

    /// Owns a cancel request. libpq's object holds address, pid and key of the backend and is not changed by PQcancel, so
    /// the one thread that runs it and the one that frees it, after the last reference is gone, never meet.
    private final class Request: @unchecked Sendable {
        private let handle: OpaquePointer

        init(_ handle: OpaquePointer) {
            self.handle = handle
        }

        deinit { PQfreeCancel(handle) }

        func send() {
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
                _ = PQcancel(handle, message.baseAddress, 256)
            }
        }
    }

    /// Asks the server to cancel, and returns once it has taken the request, or after `waitNanoseconds`.
    ///
    /// Takes `handle` over. When this has returned in time, the signal is pending at the backend, which cannot read another
    /// command before it has seen it: so the next statement on this connection is not hit.
    func cancel(_ handle: OpaquePointer?, waitNanoseconds: UInt64) {
        guard let handle else { return }
        let request = Request(handle)
        let deadline = DispatchTime.now() + .nanoseconds(Int(clamping: waitNanoseconds))
        guard slots.wait(timeout: deadline) == .success else { return }
        let done = DispatchSemaphore(value: 0)
        queue.async { [slots] in
            request.send()
            slots.signal()
            done.signal()
        }
        _ = done.wait(timeout: deadline)
    }
}
