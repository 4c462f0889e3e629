import Glibc
import Identifiers
import JSON
import RPC
import Synchronization
import Systemd

/// The log on standard error: entries with fields under the journal, one JSON object a line elsewhere, or, on a terminal, something to read. Never
/// params, never tokens.
final class Log: Sendable {
    enum Level: Int, Sendable, Comparable, CaseIterable {
        case debug, info, warning, error

        init?(name: String) {
            guard let level = Level.allCases.first(where: { "\($0)" == name }) else { return nil }
            self = level
        }

        init(_ severity: Notice.Severity) {
            self =
                switch severity {
                case .info: .info
                case .warning: .warning
                case .error: .error
                }
        }

        static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// Where lines go.
    private enum Destination {
        case terminal, journal, lines
    }

    private let destination: Destination
    private let least: Atomic<Int>
    private let repeats = Mutex(Repeats())
    private let isCutOff = Atomic(false)
    /// In seconds.
    private let clock: @Sendable () -> Int64
    private let descriptor: Int32

    /// - Parameters:
    ///   - clock: for what was written lately.
    ///   - descriptor: where lines go.
    init(
        level: Level, clock: @escaping @Sendable () -> Int64 = { Timestamp.now.seconds },
        descriptor: Int32 = STDERR_FILENO
    ) {
        self.clock = clock
        self.descriptor = descriptor
        least = Atomic(level.rawValue)
        destination =
            isatty(descriptor) == 1
            ? .terminal : Journal.isConnected(descriptor: descriptor) ? .journal : .lines
    }

    /// Below it nothing is written.
    var level: Level {
        get { Level(rawValue: least.load(ordering: .relaxed)) ?? .info }
        set { least.store(newValue.rawValue, ordering: .relaxed) }
    }

    func write(_ notice: Notice) {
        let level = Level(notice.kind.severity)
        let messageID = [("messageId", notice.kind.messageID)]
        guard level >= self.level, isWorthIt(notice.kind.rawValue, level, messageID) else { return }
        write(level, notice.description, (notice.requestID.map { [("requestId", $0)] } ?? []) + messageID)
    }

    /// Tells of a call that was answered: faults of ours as errors, what needs attention as warnings, refusals as information.
    func answered(_ call: AnsweredCall) {
        let level: Level
        var kind: Notice.Kind?
        switch call.error?.code {
        case nil: level = .debug
        case .some(.internalError): (level, kind) = (.error, .callFailed)
        case .some(.serviceUnavailable), .some(.timeout): (level, kind) = (.warning, .unavailable)
        case .some: level = .info
        }
        guard level >= self.level else { return }
        let messageID = kind.map { [("messageId", $0.messageID)] } ?? []
        // At the level that tells of every call, of every refusal, too.
        let isRepeat = kind != nil || call.error != nil && self.level > .debug
        if isRepeat, let code = call.error?.code.name, !isWorthIt("\(code) \(call.method)", level, messageID)
        {
            return
        }
        var fields = [("requestId", call.requestID), ("method", call.method)]
        fields.append(("errorCode", call.error?.code.name ?? "OK"))
        fields.append(("caller", call.caller.label(at: call.peer)))
        if case .user(let id, _) = call.caller { fields.append(("userId", id.description)) }
        if let started = call.call {
            if let workspace = started.workspaceID { fields.append(("workspaceId", workspace)) }
            if let trace = started.trace { fields.append(("traceId", trace.traceID)) }
            let (waited, worked) = started.database
            if worked > 0 {
                fields.append(("queueUs", "\(waited / 1000)"))
                fields.append(("databaseUs", "\(worked / 1000)"))
            }
        }
        fields.append(("durationUs", "\(call.nanoseconds / 1000)"))
        if level >= .warning, let cause = call.cause { fields.append(("cause", "\(cause)")) }
        write(level, "call", fields + messageID)
    }

    // MARK: repeats

    /// How often the like of an entry was written lately, so that a database that is away fills no disk.
    private struct Repeats {
        var counts: [String: (since: Int64, written: Int, left: Int)] = [:]
    }

    private static let windowSeconds: Int64 = 30
    private static let mostInWindow = 20
    private static let mostKinds = 1000

    /// Whether the next of its like is to be written. When the window of what was left out is over, how many those were is.
    private func isWorthIt(_ like: String, _ level: Level, _ messageID: [(String, String)]) -> Bool {
        let now = clock()
        let (isWritten, left) = repeats.withLock { repeats -> (Bool, Int) in
            if repeats.counts.count >= Log.mostKinds { repeats.counts = [:] }
            var entry = repeats.counts[like] ?? (now, 0, 0)
            var left = 0
            if !(entry.since...entry.since + Log.windowSeconds).contains(now) {
                left = entry.left
                entry = (now, 0, 0)
            }
            let isWritten = entry.written < Log.mostInWindow
            if isWritten { entry.written += 1 } else { entry.left += 1 }
            repeats.counts[like] = entry
            return (isWritten, left)
        }
        if left > 0 {
            write(level, "\(left) more like the next were left out", messageID)
        }
        return isWritten
    }

    // MARK: writing

    private func write(_ level: Level, _ message: String, _ fields: [(String, String)]) {
        switch destination {
        case .terminal:
            let shown = fields.filter { $0.0 != "messageId" }
            writeLine("\(Timestamp.now) \(level) \(message)" + shown.map { " \($0)=\($1)" }.joined())
        case .lines: writeLine(jsonLine(level, message, fields))
        case .journal:
            // A journal that takes no entry still takes lines.
            do throws(SystemdError) {
                try Journal.send(fields: Log.journalFields(level, message, fields))
            } catch {
                writeLine(jsonLine(level, message, fields))
            }
        }
    }

    /// In one write(2), so that lines of several threads do not mix. A log that cannot be written stops nobody; after a line that was cut off, as by
    /// a disk that is full, the next one begins anew.
    private func writeLine(_ line: String) {
        let begin = isCutOff.exchange(false, ordering: .relaxed) ? "\n" : ""
        let bytes = Array((begin + line + "\n").utf8)
        let written = Glibc.write(descriptor, bytes, bytes.count)
        if written > 0, written < bytes.count { isCutOff.store(true, ordering: .relaxed) }
    }

    private func jsonLine(_ level: Level, _ message: String, _ fields: [(String, String)]) -> String {
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
    static func journalFields(_ level: Level, _ message: String, _ fields: [(String, String)])
        -> [(String, String)]
    {
        let priority =
            switch level {
            case .debug: "7"
            case .info: "6"
            case .warning: "4"
            case .error: "3"
            }
        let shown = fields.filter { $0.0 != "messageId" && !$0.1.isEmpty }
        let text = message + shown.map { " \($0)=\($1)" }.joined()
        return [("MESSAGE", text), ("PRIORITY", priority), ("SYSLOG_IDENTIFIER", "rpcd")]
            + fields.map { key, value in
                let name = key.reduce(into: "") { name, character in
                    if character.isUppercase { name.append("_") }
                    name.append(character.uppercased())
                }
                return (name, value)
            }
    }
}
