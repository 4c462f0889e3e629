import Foundation
import Glibc
import Identifiers
import JSON
import Resilience
import Synchronization
import TestSupport
import Testing

@testable import RPC
@testable import rpcd

@Suite("The log")
struct LogTests {
    /// Seconds that the test turns.
    private final class Clock: Sendable {
        let seconds = Mutex<Int64>(1_000_000)
    }

    /// The lines of a log.
    private func lines(
        _ level: Log.Level = .info, _ body: (Log, Clock, Dispatcher) throws -> Void
    ) throws -> [JSON] {
        let path = NSTemporaryDirectory() + "/rpcd-log-\(UInt64.random(in: .min ... .max))"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer {
            close(descriptor)
            unlink(path)
        }
        let clock = Clock()
        let log = Log(level: level, clock: { clock.seconds.withLock { $0 } }, descriptor: descriptor)
        let note = Method(fixture: "note") { call in
            log.write(Notice(.circuitForced, "hunter is kept open by the operator"))
            call.succeed(Body(.json(Array("null".utf8))))
        }
        let dispatcher = Dispatcher(
            registry: try Registry(Fixtures.methods + [note]), limits: Limits(),
            rates: Rates(auth: .off, general: .off), authenticator: NoTokens(), observer: log.answered)
        try body(log, clock, dispatcher)
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try JSON.parse(String($0))
        }
    }

    private func call(_ dispatcher: Dispatcher, _ method: String, id: String = "r") {
        var defaults = Metadata.Defaults()
        defaults.requestID = id
        dispatcher.start(
            method, .none, Metadata(defaults), from: Peer(.stdio, isOperator: false), completion: { _, _ in })
    }

    @Test(
        "Of the like of an entry so many are written in half a minute; how many more there were is told then")
    func repeats() throws {
        let written = try lines { log, clock, _ in
            for _ in 0..<25 { log.write(Notice(.mailNotSent, "away")) }
            log.write(Notice(.redisAway, "another kind"))
            clock.seconds.withLock { $0 += 31 }
            log.write(Notice(.mailNotSent, "away"))
        }
        #expect(written.count == 20 + 1 + 2)
        #expect(written[21]["message"]?.string == "5 more like the next were left out")
        #expect(written[21]["messageId"]?.string == Notice.Kind.mailNotSent.messageID)
        #expect(written[22]["message"]?.string == "away")
    }

    @Test("Refusals are written no oftener, each method and code by itself; at the level debug all are")
    func refusals() throws {
        let written = try lines { _, clock, dispatcher in
            for _ in 0..<30 { call(dispatcher, "nobody.knows") }
            for _ in 0..<3 { call(dispatcher, "sum") }
            clock.seconds.withLock { $0 += 31 }
            call(dispatcher, "nobody.knows", id: "the-last")
        }
        #expect(written.count == 20 + 3 + 2)
        #expect(written[23]["message"]?.string == "10 more like the next were left out")
        #expect(written[23]["level"]?.string == "info")
        #expect(written[24]["requestId"]?.string == "the-last")
        let all = try lines(.debug) { _, _, dispatcher in
            for _ in 0..<30 { call(dispatcher, "nobody.knows") }
        }
        #expect(all.count == 30)
    }

    @Test("What is noted on a call's way bears its request id")
    func story() throws {
        let written = try lines(.debug) { log, _, dispatcher in
            call(dispatcher, "note", id: "abc")
            log.write(Notice(.circuitForced, "by nobody"))
        }
        #expect(written.map { $0["requestId"]?.string } == ["abc", "abc", nil])
        #expect(written[0]["messageId"]?.string == Notice.Kind.circuitForced.messageID)
    }

    @Test("Of a call the journal has who, what, how long and the number of its kind")
    func journal() throws {
        let user = Identifiers.UUID.random()
        let peer = Peer(.ip("192.0.2.1"), isOperator: false)
        let answered = AnsweredCall(
            method: "records.list", requestID: "abc", call: nil,
            caller: .user(id: user, session: Identifiers.UUID.random()),
            peer: peer, error: CallError(.internalError), cause: CallError(.timeout), nanoseconds: 5_000_000)
        let written = try lines { log, _, _ in log.answered(answered) }
        let line = try #require(written.first)
        let fields = Log.journalFields(
            .error, "call", line.members.map { ($0.0.string ?? "", $0.1.string ?? "") })
        let journal = Dictionary(fields) { $1 }
        #expect(journal["USER_ID"] == user.description)
        #expect(journal["MESSAGE_ID"] == Notice.Kind.callFailed.messageID)
        #expect(journal["REQUEST_ID"] == "abc")
        #expect(journal["METHOD"] == "records.list")
        #expect(journal["ERROR_CODE"] == "INTERNAL_ERROR")
        #expect(journal["DURATION_US"] == "5000")
        #expect(journal["PRIORITY"] == "3")
        #expect(journal["SYSLOG_IDENTIFIER"] == "rpcd")
    }
}
