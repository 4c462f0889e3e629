import RPC
import Resilience

/// Where the time of a call went, for whoever asks with the header `X-Server-Timing` (W3C Server Timing): waiting for a connection to the
/// database, having one, and all of it.
struct ServerTiming {
    static let request = "X-Server-Timing"
    static let answer = "Server-Timing"

    let text: String

    init(_ call: Call) {
        let (waited, worked) = call.database
        let total = MonotonicClock.now - call.startedNanoseconds
        text = [("queue", waited), ("database", worked), ("total", total)].map { name, nanoseconds in
            "\(name);dur=\(ServerTiming.milliseconds(nanoseconds))"
        }.joined(separator: ", ")
    }

    /// With three decimals.
    private static func milliseconds(_ nanoseconds: UInt64) -> String {
        let microseconds = nanoseconds / 1000
        let rest = String(microseconds % 1000)
        return "\(microseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
    }
}
