import RPC
import Synchronization

/// What is to be seen of the way to the store of analytics.
final class ReplicationMetrics: Sendable {
    let isLeader = Atomic(false)
    let failures = Atomic(0)
    let deadLetters = Atomic(0)
    private let sentCount = Atomic(0)
    private let backlog = Mutex(Replication.Backlog())
    private let lastLag = Atomic<Int64>(0)

    /// - Parameter age: of the oldest of them when they had arrived.
    func sent(_ count: Int, ageMicroseconds age: Int64) {
        sentCount.add(count, ordering: .relaxed)
        lastLag.store(max(0, age), ordering: .relaxed)
    }

    func note(_ backlog: Replication.Backlog) { self.backlog.withLock { $0 = backlog } }

    func write(to text: inout PrometheusText) {
        let leader = isLeader.load(ordering: .relaxed)
        text.gauge(
            "rpcd_analytics_leader", "Whether this daemon sends to the store of analytics.", leader ? 1 : 0)
        text.counter(
            "rpcd_analytics_sent_total", "Notes that the store has confirmed.",
            sentCount.load(ordering: .relaxed))
        text.counter(
            "rpcd_analytics_failures_total", "Turns that failed.", failures.load(ordering: .relaxed))
        text.counter(
            "rpcd_analytics_dead_letters_total", "Rows that the store has refused for good.",
            deadLetters.load(ordering: .relaxed))
        // Only who sends looks.
        guard leader else { return }
        let backlog = backlog.withLock { $0 }
        text.gauge("rpcd_analytics_waiting", "Notes that wait to be sent, about.", Int(backlog.notes))
        text.gauge(
            "rpcd_analytics_waiting_seconds", "How old the oldest of them is.",
            Int(backlog.ageMicroseconds / 1_000_000))
        text.gauge(
            "rpcd_analytics_lag_seconds", "How old the oldest of the last batch was on its arrival.",
            Double(lastLag.load(ordering: .relaxed)) / 1e6)
    }
}
