import CCurl
import Glibc
import Resilience
import Synchronization

/// The thread that carries out transfers, all at once, with one multi handle of libcurl (libcurl-multi(3)). It resolves names on threads
/// of libcurl's own, keeps connections for the next transfer, and never waits for one.
final class TransferThread: Sendable {
    /// Safe to share: the pointer is dereferenced by the thread alone, but for curl_multi_wakeup(3), which any may call while the handle lives;
    /// it is taken out under the lock before it dies.
    private struct Multi: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer
    }

    private struct Inbox {
        /// Nil when the thread has ended, or is about to.
        var multi: Multi?
        var submitted: [Transfer] = []
        /// Submitted and not done.
        var outstanding = 0
        var hasCancellations = false
        var isClosed = false
    }

    private let configuration: HTTPClient.Configuration
    private let inbox: Mutex<Inbox>

    /// How long it sleeps when nothing is to do; a wakeup ends it.
    private static let idleMs: Int32 = 60_000

    init(_ configuration: HTTPClient.Configuration) throws(HTTPFailure) {
        guard rpcd_curl_start() != 0, let pointer = curl_multi_init() else {
            throw HTTPFailure(.broken("it does not start"))
        }
        self.configuration = configuration
        inbox = Mutex(Inbox(multi: Multi(pointer: pointer)))
        let code = rpcd_curl_multi_set_long(
            pointer, CURLMOPT_MAXCONNECTS, configuration.maximumIdleConnections)
        guard code == CURLM_OK, start() else {
            curl_multi_cleanup(pointer)
            throw HTTPFailure(.broken("it does not start"))
        }
    }

    private func start() -> Bool {
        let owner = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                // Signals are for the threads that expect them.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_BLOCK, &all, nil)
                Unmanaged<TransferThread>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, owner.toOpaque())
        guard status == 0 else {
            owner.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    /// Takes on a transfer, or fails it at once when there are as many as may be.
    func submit(_ transfer: Transfer) {
        let refusal = inbox.withLock { inbox -> HTTPFailure.Reason? in
            guard !inbox.isClosed else { return .closed }
            guard inbox.outstanding < configuration.maximumInFlight + configuration.maximumWaiting else {
                return .busy
            }
            inbox.outstanding += 1
            inbox.submitted.append(transfer)
            wake(inbox)
            return nil
        }
        if let refusal { transfer.fail(refusal) }
    }

    /// Stops the transfer of it, now or when it comes.
    func cancel(_ cancellation: Cancellation) {
        cancellation.raise()
        inbox.withLock { inbox in
            inbox.hasCancellations = true
            wake(inbox)
        }
    }

    /// Fails what runs and waits, and ends the thread.
    func close() {
        inbox.withLock { inbox in
            inbox.isClosed = true
            wake(inbox)
        }
    }

    private func wake(_ inbox: borrowing Inbox) {
        if let multi = inbox.multi { curl_multi_wakeup(multi.pointer) }
    }
}

// MARK: - On the thread

extension TransferThread {
    /// What the thread has at hand.
    private struct Work {
        let multi: UnsafeMutableRawPointer
        var waiting: [Transfer] = []
        var running: [UnsafeMutableRawPointer: Transfer] = [:]
    }

    private func run() {
        guard let multi = inbox.withLock({ $0.multi })?.pointer else { return }
        var work = Work(multi: multi)
        while takeInbox(into: &work) {
            admit(&work)
            var running: Int32 = 0
            guard curl_multi_perform(multi, &running) == CURLM_OK else { break }
            // What has ended makes room, and what then begins must not wait for the next event.
            if takeEnded(&work), !work.waiting.isEmpty { continue }
            guard curl_multi_poll(multi, nil, 0, patienceMs(work), nil) == CURLM_OK else { break }
        }
        end(&work)
    }

    /// False when it is time to end.
    private func takeInbox(into work: inout Work) -> Bool {
        let (submitted, hasCancellations, isClosed) = inbox.withLock { inbox in
            defer {
                inbox.submitted = []
                inbox.hasCancellations = false
            }
            return (inbox.submitted, inbox.hasCancellations, inbox.isClosed)
        }
        work.waiting += submitted
        if hasCancellations { takeOutCancelled(&work) }
        return !isClosed
    }

    private func takeOutCancelled(_ work: inout Work) {
        for (handle, transfer) in work.running where transfer.cancellation.isRaised {
            stop(handle, &work, .cancelled)
        }
        // Asked once each: between two looks another may be raised.
        work.waiting.removeAll { transfer in
            guard transfer.cancellation.isRaised else { return false }
            done { transfer.fail(.cancelled) }
            return true
        }
    }

    /// Begins what waits while there is room; what waits in vain fails.
    private func admit(_ work: inout Work) {
        let now = MonotonicClock.now
        for transfer in work.waiting where transfer.deadlineNanoseconds <= now {
            done { transfer.fail(.timeout) }
        }
        work.waiting.removeAll { $0.deadlineNanoseconds <= now }
        let count = min(work.waiting.count, configuration.maximumInFlight - work.running.count)
        for transfer in work.waiting.prefix(count) { begin(transfer, &work, now: now) }
        work.waiting.removeFirst(count)
    }

    private func begin(_ transfer: Transfer, _ work: inout Work, now: UInt64) {
        // It may have been cancelled before it was submitted.
        guard !transfer.cancellation.isRaised else {
            done { transfer.fail(.cancelled) }
            return
        }
        do throws(HTTPFailure) {
            let handle = try transfer.begin(configuration, now: now)
            work.running[handle] = transfer
            if curl_multi_add_handle(work.multi, handle) != CURLM_OK {
                stop(handle, &work, .broken("no memory"))
            }
        } catch {
            done { transfer.fail(error) }
        }
    }

    private func stop(_ handle: UnsafeMutableRawPointer, _ work: inout Work, _ reason: HTTPFailure.Reason) {
        guard let transfer = work.running.removeValue(forKey: handle) else { return }
        curl_multi_remove_handle(work.multi, handle)
        done { transfer.fail(reason) }
    }

    /// Whether any has ended.
    private func takeEnded(_ work: inout Work) -> Bool {
        var hasEnded = false
        var left: Int32 = 0
        while let message = curl_multi_info_read(work.multi, &left) {
            // The message dies with the removal.
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else {
                continue
            }
            let code = message.pointee.data.result
            curl_multi_remove_handle(work.multi, handle)
            guard let transfer = work.running.removeValue(forKey: handle) else { continue }
            done { transfer.finish(code) }
            hasEnded = true
        }
        return hasEnded
    }

    /// Until the first that waits has waited too long; libcurl itself knows when those that run have.
    private func patienceMs(_ work: borrowing Work) -> Int32 {
        let now = MonotonicClock.now
        let first = work.waiting.lazy.map(\.deadlineNanoseconds).min() ?? .max
        let left = (first > now ? first - now : 0) / 1_000_000
        return Int32(min(left + 1, UInt64(TransferThread.idleMs)))
    }

    /// Gives the place back before the caller hears of it: his next request must find it free.
    private func done(_ complete: () -> Void) {
        inbox.withLock { $0.outstanding -= 1 }
        complete()
    }

    private func end(_ work: inout Work) {
        let rest = inbox.withLock { inbox in
            inbox.isClosed = true
            inbox.multi = nil
            defer { inbox.submitted = [] }
            return inbox.submitted
        }
        for transfer in work.waiting + rest { done { transfer.fail(.closed) } }
        for handle in Array(work.running.keys) { stop(handle, &work, .closed) }
        curl_multi_cleanup(work.multi)
    }
}
