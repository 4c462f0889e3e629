import Glibc
import Identifiers
import JSON
import RPC
import Systemd

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

    /// Where lines go.
    private enum Destination {
        case terminal, journal, lines
    }

    let level: Level
    private let destination: Destination

    init(level: Level) {
        self.level = level
        destination =
            isatty(STDERR_FILENO) == 1
            ? .terminal : Journal.isConnected(descriptor: STDERR_FILENO) ? .journal : .lines
    }

    func write(_ level: Level, _ message: String, _ fields: KeyValuePairs<String, String> = [:]) {
        guard level >= self.level else { return }
        switch destination {
        case .terminal:
            writeLine("\(Timestamp.now) \(level) \(message)" + fields.map { " \($0)=\($1)" }.joined())
        case .lines: writeLine(jsonLine(level, message, fields))
        case .journal:
            // A journal that takes no entry still takes lines.
            do throws(SystemdError) {
                try Journal.send(fields: journalFields(level, message, fields))
            } catch {
                writeLine(jsonLine(level, message, fields))
            }
        }
    }

    /// In one write(2), so that lines of several threads do not mix. A log that cannot be written stops nobody.
    private func writeLine(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }

    private func jsonLine(
        _ level: Level, _ message: String, _ fields: KeyValuePairs<String, String>
    ) -> String {
        let line = JSONWriter.object { writer in
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
        return String(decoding: line, as: UTF8.self)
    }

    /// `requestId` becomes `REQUEST_ID`; priorities are those of syslog(3).
    private func journalFields(
        _ level: Level, _ message: String, _ fields: KeyValuePairs<String, String>
    ) -> [(String, String)] {
        let priority =
            switch level {
            case .debug: "7"
            case .info: "6"
            case .warning: "4"
            case .error: "3"
            }
        let text = message + fields.map { " \($0)=\($1)" }.joined()
        return [("MESSAGE", text), ("PRIORITY", priority), ("SYSLOG_IDENTIFIER", "rpcd")]
            + fields.map { key, value in
                let name = key.reduce(into: "") { name, character in
                    if character.isUppercase { name.append("_") }
                    name.append(character.uppercased())
                }
                return (name, value)
            }
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
                "caller": call.caller.label(at: call.peer), "durationUs": "\(call.nanoseconds / 1000)",
                "cause": level >= .warning ? call.cause.map { "\($0)" } ?? "" : "",
            ])
    }
}
