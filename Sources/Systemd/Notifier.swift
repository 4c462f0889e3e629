import CSystemd
import Glibc

/// Tells the service manager how the service fares, sd_notify(3). Without `NOTIFY_SOCKET` every call does nothing.
///
/// Each call is one datagram and may come from any thread.
public struct Notifier: Sendable {
    public init() {}

    /// Start-up, or a reload, is done. `status` is a line for `systemctl status`.
    public func ready(status: String) throws(SystemdError) {
        try send("READY=1\nSTATUS=\(line(status))")
    }

    /// The service is reading its configuration again; `ready` ends it.
    public func reloading() throws(SystemdError) {
        // The time stamp tells systemd 253 and newer which READY=1 belongs to this reload.
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        try send("RELOADING=1\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1_000)")
    }

    /// The service has begun to stop.
    public func stopping() throws(SystemdError) { try send("STOPPING=1") }

    /// Sets the line that `systemctl status` shows.
    public func status(_ text: String) throws(SystemdError) { try send("STATUS=\(line(text))") }

    /// Still alive: due at least once per `watchdogInterval`, better twice.
    public func watchdog() throws(SystemdError) { try send("WATCHDOG=1") }

    /// Within which time the manager expects `watchdog()`, in nanoseconds; nil when it does not, or when the
    /// variables WATCHDOG_USEC and WATCHDOG_PID were meant for another process.
    public var watchdogInterval: UInt64? {
        get throws(SystemdError) {
            var microseconds: UInt64 = 0
            let status = sd_watchdog_enabled(0, &microseconds)
            guard status >= 0 else { throw SystemdError("sd_watchdog_enabled", code: -status) }
            guard status > 0 else { return nil }
            let (nanoseconds, overflow) = microseconds.multipliedReportingOverflow(by: 1_000)
            return overflow ? nil : nanoseconds
        }
    }

    private func send(_ state: String) throws(SystemdError) {
        let status = sd_notify(0, state)
        guard status >= 0 else { throw SystemdError("sd_notify", code: -status) }
    }

    /// A newline would begin another assignment, a NUL end the message.
    private func line(_ text: String) -> String {
        String(decoding: text.utf8.map { $0 < 0x20 ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
    }
}
