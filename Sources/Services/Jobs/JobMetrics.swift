import RPC
import Synchronization

/// What a daemon tells of jobs in its metrics.
public final class JobMetrics: Sendable {
    private struct State {
        var running = 0
        var unwritten = 0
        var open: Int64 = 0
        var remaining: Int64 = 0
        var done: [TaskStatus: UInt64] = [:]
        var postponed: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Of this daemon, at this moment.
    func set(running: Int, unwritten: Int) {
        state.withLock { ($0.running, $0.unwritten) = (running, unwritten) }
    }

    /// In the database, of all daemons.
    func set(open: Int64, remaining: Int64) {
        state.withLock { ($0.open, $0.remaining) = (open, remaining) }
    }

    /// What was stored of a task of this daemon's.
    func record(_ status: TaskStatus) {
        state.withLock { $0.done[status, default: 0] += 1 }
    }

    func recordPostponed() {
        state.withLock { $0.postponed += 1 }
    }

    func write(to text: inout PrometheusText) {
        let state = state.withLock { $0 }
        text.gauge("rpcd_jobs_open", "Jobs that are not paused and have not ended.", state.open)
        text.gauge("rpcd_job_tasks_remaining", "Their tasks that are not done.", state.remaining)
        text.gauge("rpcd_job_tasks_running", "Tasks that this daemon works on.", state.running)
        text.gauge(
            "rpcd_job_tasks_unwritten", "Results that this daemon has yet to write down.", state.unwritten)
        text.begin("rpcd_job_tasks_total", .counter, "Tasks that this daemon has done, by what came of them.")
        for status in TaskStatus.allCases {
            text.sample("rpcd_job_tasks_total", [("status", status.rawValue)], "\(state.done[status] ?? 0)")
        }
        text.begin("rpcd_job_tasks_postponed_total", .counter, "Tasks that this daemon has put off.")
        text.sample("rpcd_job_tasks_postponed_total", [], "\(state.postponed)")
    }
}
