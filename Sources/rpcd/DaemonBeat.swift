import Postgres
import RPC
import Resilience
import Systemd

extension Daemon {
    /// Every second, or as often as the service manager wants to hear: through every event loop and past every database thread, then it is told
    /// that all of them live, and what the daemon is doing. When one hangs it hears nothing, and restarts the daemon.
    func startBeating() throws -> Task<Void, Never> {
        let watchdog = try Notifier().watchdogInterval
        let pause = min(watchdog.map { $0 / 3 } ?? .max, 1_000_000_000)
        return Task { [self] in
            var told = ""
            while !Task.isCancelled {
                await health.check()
                if pool.isAlive {
                    if watchdog != nil { try? Notifier().watchdog() }
                    let status = status
                    if status != told { try? Notifier().status(status) }
                    told = status
                }
                try? await Task.sleep(for: .nanoseconds(Int64(pause)))
            }
        }
    }

    /// As `systemctl status` shows it.
    var status: String {
        let metrics = pool.metrics
        let database =
            metrics.connected == 0 ? "the database is away" : "\(metrics.connected) to the database"
        let work =
            platform.connections.isEnding
            ? "Stopping" : calls.waiting.map { "Paused, \($0) calls wait" } ?? "Serving"
        return "\(work); \(gate.count) connections, \(database)" + (verdict.text.map { "; \($0)" } ?? "")
    }
}
