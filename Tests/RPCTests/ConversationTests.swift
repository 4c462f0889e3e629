import JSON
import RPC
import Synchronization
import TestSupport
import Testing

/// Methods whose calls stay open until the test answers them.
private final class Held: Sendable {
    private let calls = Mutex<[Call]>([])

    var methods: [Method] {
        Fixtures.methods + [
            Method(fixture: "hold") { call in
                call.onInterruption { call.fail(CallError(wrapping: Interrupted(), in: call)) }
                self.calls.withLock { $0.append(call) }
            }
        ]
    }

    var count: Int { calls.withLock { $0.count } }

    /// Answers the oldest call that is open.
    func release() {
        let call = calls.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        call?.succeed(Body(.json(Array("true".utf8))))
    }

    private struct Interrupted: Error {}
}

private func request(_ id: Int, _ method: String, _ params: String = "[]") -> String {
    #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"# + "\n"
}

private func cancel(_ id: Int) -> String {
    #"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":\#(id)}}"# + "\n"
}

@Suite("A conversation")
struct ConversationTests {
    @Test(
        "A thousand requests in one write, then silence: every one is answered, in the order of a connection that keeps it"
    )
    func manyAtOnce() throws {
        let loopback = Loopback(try .forTests(), concurrency: 1)
        loopback.send((0..<1000).map { request($0, "test.echo", "[\($0)]") }.joined())
        let ids = try loopback.received().map { $0["id"]?.int64 }
        #expect(ids == (0..<1000).map { Int64($0) })
    }

    @Test("It runs so many at once as it may, and reads on only so far past them")
    func bounds() throws {
        var limits = Limits()
        limits.readAheadFrames = 10
        let held = Held()
        let loopback = Loopback(try .forTests(held.methods, limits: limits), concurrency: 4)
        loopback.send((0..<100).map { request($0, "hold") }.joined())
        #expect(held.count == 4)
        #expect(loopback.conversation.inFlight == 4)
        #expect(!loopback.conversation.wantsInput)
        for _ in 0..<100 {
            held.release()
            loopback.settle()
        }
        #expect(try loopback.received().count == 100)
        #expect(loopback.conversation.wantsInput)
    }

    @Test("A cancel that stands behind all that runs still arrives: for what runs, and for what waits")
    func cancelling() throws {
        let held = Held()
        let loopback = Loopback(try .forTests(held.methods), concurrency: 64)
        loopback.send((0..<70).map { request($0, "hold") }.joined() + cancel(3) + cancel(69))
        let answers = try loopback.received()
        #expect(Set(answers.map { $0["id"]?.int64 }) == [3, 69])
        for answer in answers {
            #expect(answer["error"]?["code"]?.int64 == -32800)
            #expect(answer["error"]?["data"]?["error"]?["code"]?.string == "CANCELLED")
        }
    }

    @Test("At its deadline a call is interrupted and answered TIMEOUT")
    func deadline() throws {
        let held = Held()
        let loopback = Loopback(try .forTests(held.methods))
        loopback.send(request(1, "hold", #"{"_meta":{"timeoutMs":50}}"#))
        loopback.conversation.expire(now: 49_999_999)
        loopback.settle()
        #expect(try loopback.received().isEmpty)
        loopback.conversation.expire(now: 50_000_000)
        loopback.settle()
        #expect(try loopback.received().first?["error"]?["code"]?.int64 == 504)
    }

    @Test("A peer that only stops writing gets every answer, the one of an unfinished last line too")
    func halfClosed() throws {
        let held = Held()
        let loopback = Loopback(try .forTests(held.methods), concurrency: 1)
        loopback.send(request(1, "hold") + String(request(2, "test.void").dropLast()))
        loopback.conversation.endOfInput()
        #expect(!loopback.conversation.isFinished)
        held.release()
        loopback.settle()
        #expect(try loopback.received().map { $0["id"]?.int64 } == [1, 2])
        #expect(loopback.conversation.isFinished)
    }

    @Test("A client that goes away takes its calls with it")
    func vanishing() throws {
        let held = Held()
        let loopback = Loopback(try .forTests(held.methods))
        loopback.send(request(1, "hold"))
        loopback.conversation.vanish()
        loopback.settle()
        #expect(loopback.conversation.isFinished)
    }

    @Test(
        "A draining daemon finishes what runs and answers the rest SERVICE_UNAVAILABLE, the unread frames too"
    )
    func draining() throws {
        var limits = Limits()
        limits.readAheadFrames = 2
        let held = Held()
        let loopback = Loopback(try .forTests(held.methods, limits: limits), concurrency: 1)
        loopback.send((0..<10).map { request($0, "hold") }.joined())
        loopback.conversation.drain()
        held.release()
        loopback.settle()
        let answers = try loopback.received()
        #expect(answers.count == 10)
        #expect(answers.filter { $0["error"]?["code"]?.int64 == 503 }.count == 9)
        #expect(loopback.conversation.isFinished)
    }

    @Test(
        "Content-Length framing is found by itself and kept for the answers, byte by byte or whole",
        arguments: [true, false])
    func contentLength(byteByByte: Bool) throws {
        let loopback = Loopback(try .forTests())
        let body = #"{"jsonrpc":"2.0","id":1,"method":"test.void"}"#
        let frame = Array("Content-Type: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
        for part in byteByByte ? frame.map({ [$0] }) : [frame + frame] { loopback.send(part) }
        let output = String(decoding: loopback.conversation.takeOutput(), as: UTF8.self)
        let answer = #"{"jsonrpc":"2.0","id":1,"result":null}"#
        let expected = "Content-Length: \(answer.utf8.count)\r\n\r\n\(answer)"
        #expect(output == (byteByByte ? expected : expected + expected))
    }

    @Test(
        "A frame that is too large, and a header without a length, get one error and the end",
        arguments: [
            (String(repeating: "x", count: 2000), Int64(413)), ("Content-Length: 9999\r\n\r\n", 413),
            ("Content-Length: x\r\n\r\n", -32700), ("Content-Type: text\r\n\r\n", -32700),
        ])
    func brokenFrames(text: String, code: Int64) throws {
        var limits = Limits()
        limits.messageBytes = 1024
        let loopback = Loopback(try .forTests(limits: limits))
        loopback.send(text)
        let output = String(decoding: loopback.conversation.takeOutput(), as: UTF8.self)
        #expect(output.contains("\"code\":\(code)"))
        #expect(loopback.conversation.isFinished)
    }

    @Test("A batch costs as many rate tokens as it has entries")
    func rates() throws {
        let rates = Rates(auth: .off, general: try #require(.init(parsing: "5/hour")))
        let loopback = Loopback(try .forTests(rates: rates))
        let entry = #"{"jsonrpc":"2.0","id":1,"method":"test.void"}"#
        loopback.send("[" + Array(repeating: entry, count: 7).joined(separator: ",") + "]\n")
        let answers = try #require(try loopback.received().first)
        #expect(answers.elements.filter { $0["result"] != nil }.count == 5)
        #expect(answers.elements.filter { $0["error"]?["code"]?.int64 == 429 }.count == 2)
    }

    @Test("Everything that does not fit is named at once, unknown members included")
    func validation() throws {
        let loopback = Loopback(try .forTests())
        loopback.send(request(1, "subtract", #"{"minuend":"x","other":1,"_meta":{}}"#))
        let fields = try #require(
            try loopback.received().first?["error"]?["data"]?["error"]?["details"]?["fields"])
        #expect(fields.elements.map { $0["path"]?.string } == ["minuend", "subtrahend", "other"])
        #expect(fields.elements.map { $0["code"]?.string } == ["type", "required", "unknown"])
    }

    @Test("However its bytes are cut, a stream gets the same answers", arguments: Seed.some(100))
    func anyCut(seed: Seed) throws {
        var random = seed.generator
        let stream = Array((0..<20).map { request($0, "test.echo", "[\"é\($0)\"]") }.joined().utf8)
        let (whole, cut) = (Loopback(try .forTests()), Loopback(try .forTests()))
        whole.send(stream)
        var rest = stream[...]
        while !rest.isEmpty {
            let part = rest.prefix(.random(in: 1...40, using: &random))
            cut.send(Array(part))
            rest = rest.dropFirst(part.count)
        }
        #expect(cut.conversation.takeOutput() == whole.conversation.takeOutput())
    }
}
