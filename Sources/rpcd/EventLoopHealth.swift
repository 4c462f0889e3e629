import NIOCore
import RPC
import Resilience
import Synchronization

/// Where a daemon listens.
final class Listening: Sendable {
    private let places = Mutex<[(transport: String, address: String)]>([])

    func add(_ transport: String, _ address: String) {
        places.withLock { $0.append((transport, address)) }
    }

    func writeMetrics(to text: inout PrometheusText) {
        text.begin("rpcd_listening", .gauge, "Where the daemon listens.")
        for (transport, address) in places.withLock({ $0 }) {
            text.sample("rpcd_listening", [("transport", transport), ("address", address)], "1")
        }
    }
}

/// How long it takes until each event loop does what it is asked to.
final class EventLoopHealth: Sendable {
    private let loops: [any EventLoop]
    /// In nanoseconds, of the last round.
    private let lag = Atomic<UInt64>(0)

    init(_ loops: [any EventLoop]) { self.loops = loops }

    /// One round: returns when every loop has answered, however long that takes.
    func check() async {
        let began = MonotonicClock.now
        var slowest: UInt64 = 0
        for answer in loops.map({ $0.submit { MonotonicClock.now } }) {
            guard let time = try? await answer.get() else { continue }
            slowest = max(slowest, time - min(time, began))
        }
        lag.store(slowest, ordering: .relaxed)
    }

    func writeMetrics(to text: inout PrometheusText) {
        text.gauge(
            "rpcd_event_loop_lag_seconds", "How late the slowest event loop was when it was asked last.",
            Double(lag.load(ordering: .relaxed)) / 1e9)
    }
}
