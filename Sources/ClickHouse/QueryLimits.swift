/// What one query may cost. The server holds to it and refuses to go on beyond it: an answer never is shorter because of a limit.
public struct QueryLimits: Sendable, Equatable {
    /// Of the server's work, 1 to 3,600,000 milliseconds (`max_execution_time`). The client waits a second longer.
    public var milliseconds = 10_000
    /// Rows read from tables (`max_rows_to_read`).
    public var rowsRead: Int64 = 1_000_000_000
    /// Bytes read from tables, uncompressed (`max_bytes_to_read`).
    public var bytesRead: Int64 = 100 << 30
    /// Rows of the answer (`max_result_rows`).
    public var rows: Int64 = 100_000
    /// Of the server's memory, in bytes (`max_memory_usage`).
    public var memoryBytes: Int64 = 1 << 30
    /// Of the answer's JSON, in bytes, at most 64 MiB.
    public var answerBytes = 32 << 20

    public init() {}

    /// The default ones, with another time.
    public static func within(milliseconds: Int) -> QueryLimits {
        var limits = QueryLimits()
        limits.milliseconds = milliseconds
        return limits
    }

    /// How long the server's own refusal may take to arrive.
    static let graceMs = 1_000

    var settings: [(name: String, value: String)] {
        [
            ("max_execution_time", QueryLimits.seconds(milliseconds)),
            ("max_rows_to_read", String(max(1, rowsRead))), ("max_bytes_to_read", String(max(1, bytesRead))),
            ("max_result_rows", String(max(1, rows))), ("max_memory_usage", String(max(1, memoryBytes))),
            // A profile could say `break`, which ends an answer early as if it were whole.
            ("timeout_overflow_mode", "throw"), ("read_overflow_mode", "throw"),
            ("result_overflow_mode", "throw"),
        ]
    }

    /// Decimal seconds; 0 would be no limit.
    static func seconds(_ milliseconds: Int) -> String {
        let milliseconds = min(max(1, milliseconds), 3_600_000)
        let rest = String(milliseconds % 1_000)
        return "\(milliseconds / 1_000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
    }
}
