import Glibc
import Identifiers
import JSON
import RPC

/// The log on standard error: one JSON object a line, or, on a terminal, something to read. Never params, never tokens.
struct Log: Sendable {
    enum Level: Int, Sendable, Comparable, CaseIterable {
        case debug, info, warning, error

        init?(name: String) {
            guard let level = Level.allCases.first(where: { "\($0)" == name }) else { return nil }
            self = level
        }

        static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    let level: Level
    private let isForPeople = isatty(STDERR_FILENO) == 1

    init(level: Level) {
        self.level = level
    }

    func write(_ level: Level, _ message: String, _ fields: KeyValuePairs<String, String> = [:]) {
        guard level >= self.level else { return }
        var line: [UInt8]
        if isForPeople {
            let rest = fields.map { " \($0)=\($1)" }.joined()
            line = Array("\(Timestamp.now) \(level) \(message)\(rest)".utf8)
        } else {
            line = JSONWriter.object { writer in
                writer.key("time")
                writer.string(Timestamp.now.description)
                writer.key("level")
                writer.string("\(level)")
                writer.key("message")
                writer.string(message)
                for (key, value) in fields {
                    writer.key(key)
                    writer.string(value)
                }
            }
        }
        line.append(UInt8(ascii: "\n"))
        // One write(2), so that lines of several threads do not mix. A log that cannot be written stops nobody.
        _ = Glibc.write(STDERR_FILENO, line, line.count)
    }

    /// Tells of a call that was answered: faults of ours as errors, what needs attention as warnings, refusals as information.
    func answered(_ call: AnsweredCall) {
        let level: Level =
            switch call.error?.code {
            case nil: .debug
            case .some(.internalError): .error
            case .some(.serviceUnavailable), .some(.timeout): .warning
            case .some: .info
            }
        guard level >= self.level else { return }
        write(
            level, "call",
            [
                "requestId": call.requestID, "method": call.method, "code": call.error?.code.name ?? "OK",
                "caller": call.caller, "durationUs": "\(call.nanoseconds / 1000)",
                "cause": level >= .warning ? call.cause.map { "\($0)" } ?? "" : "",
            ])
    }
}
