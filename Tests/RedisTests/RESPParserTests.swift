import NIOCore
import Redis
import Resilience
import TestSupport
import Testing

@Suite("RESP3")
struct RESPParserTests {
    @Test(
        "Each type is what the specification says",
        arguments: [
            ("+OK\r\n", .simple("OK")), ("-ERR no\r\n", .error(RESPFailure("ERR no"))),
            (":-9223372036854775808\r\n", .integer(.min)), ("$5\r\nhello\r\n", .bulk(Array("hello".utf8))),
            ("$0\r\n\r\n", .bulk([])), ("$-1\r\n", .null), ("*-1\r\n", .null), ("_\r\n", .null),
            ("*2\r\n:1\r\n*1\r\n+a\r\n", .array([.integer(1), .array([.simple("a")])])),
            (",1.23\r\n", .double(1.23)), (",-inf\r\n", .double(-.infinity)), (",10\r\n", .double(10)),
            ("#t\r\n", .boolean(true)), ("#f\r\n", .boolean(false)),
            (
                "(3492890328409238509324850943850943825024385\r\n",
                .bigNumber("3492890328409238509324850943850943825024385")
            ),
            ("!21\r\nSYNTAX invalid syntax\r\n", .error(RESPFailure("SYNTAX invalid syntax"))),
            ("=15\r\ntxt:Some string\r\n", .verbatim(format: "txt", Array("Some string".utf8))),
            (
                "%2\r\n+first\r\n:1\r\n+second\r\n:2\r\n",
                .map([
                    RESPValue.Pair(.simple("first"), .integer(1)),
                    RESPValue.Pair(.simple("second"), .integer(2)),
                ])
            ),
            ("~2\r\n+a\r\n:5\r\n", .set([.simple("a"), .integer(5)])),
            (">2\r\n+message\r\n+x\r\n", .push([.simple("message"), .simple("x")])),
            ("%0\r\n", .map([])), ("*0\r\n", .array([])),
            ("|1\r\n+ttl\r\n:3600\r\n*2\r\n:1\r\n|0\r\n:2\r\n", .array([.integer(1), .integer(2)])),
        ] as [(String, RESPValue)])
    func types(text: String, value: RESPValue) throws {
        var parser = RESPParser()
        #expect(try parser.all(text.utf8) == [value])
    }

    @Test("A number that is none is told from one that is")
    func notANumber() throws {
        var parser = RESPParser()
        guard case .double(let number)? = try parser.all(",nan\r\n".utf8).first else {
            Issue.record("no double")
            return
        }
        #expect(number.isNaN)
    }

    @Test(
        "What is no RESP3 ends the parser for good",
        arguments: [
            "?\r\n", "\r\n", "+a\n", "+a\rb", ":\r\n", ":1x\r\n", ":9223372036854775808\r\n", "$-2\r\n",
            "$1\r\nab\r\n", "*-2\r\n", "%-1\r\n", "#x\r\n", ",0x1p3\r\n", ",\r\n", "(12a\r\n", "(\r\n",
            "=3\r\nabc\r\n", "=4\r\nabcd\r\n", "_x\r\n", "*9223372036854775807\r\n",
            "$9223372036854775807\r\n", "$?\r\n", "!-1\r\n",
        ])
    func violations(text: String) {
        var parser = RESPParser()
        #expect(throws: RESPViolation.self) { try parser.all(text.utf8) }
        #expect(throws: RESPViolation.self) { try parser.all("+OK\r\n".utf8) }
    }

    @Test("Random values are the same however their bytes are cut", arguments: Seed.some(200))
    func splits(seed: Seed) throws {
        var random = seed.generator
        var writer = RESPWriter()
        var values: [RESPValue] = []
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            let value = RandomValue.make(depth: 4, &random)
            if Int.random(in: 0..<4, using: &random) == 0 {
                writer.attribute([RESPValue.Pair(.simple("key"), RandomValue.make(depth: 2, &random))])
            }
            writer.write(value)
            values.append(value)
        }
        var whole = RESPParser()
        #expect(try whole.all(writer.bytes) == values)
        var single = RESPParser()
        var bySingleBytes: [RESPValue] = []
        for byte in writer.bytes { bySingleBytes += try single.all([byte]) }
        #expect(bySingleBytes == values)
        var pieces = RESPParser()
        var byPieces: [RESPValue] = []
        var rest = writer.bytes[...]
        while !rest.isEmpty {
            let count = Int.random(in: 1...min(40, rest.count), using: &random)
            byPieces += try pieces.all(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        #expect(byPieces == values)
    }

    @Test("Hostile bytes are refused or understood, alike however they are cut", arguments: Seed.some(100))
    func hostile(seed: Seed) {
        var random = seed.generator
        let samples = (0..<20).map { _ in RESPWriter.bytes(RandomValue.make(depth: 4, &random)) }
        var input = HostileInput(random, samples: samples)
        for _ in 0..<50 {
            let bytes = input.next()
            var whole = RESPParser()
            let atOnce = Outcome { () throws(RESPViolation) in try whole.all(bytes) }
            var single = RESPParser()
            var values: [RESPValue] = []
            let byBytes = Outcome { () throws(RESPViolation) in
                for byte in bytes { values += try single.all([byte]) }
                return values
            }
            #expect(atOnce.isRefused == byBytes.isRefused, "\(bytes)")
            if !atOnce.isRefused { #expect("\(atOnce)" == "\(byBytes)") }
        }
    }

    @Test("Nothing goes beyond a limit, and what keeps to it passes")
    func limits() throws {
        var limits = RESPLimits()
        limits.bytes = 64
        limits.depth = 3
        limits.elements = 6
        func parse(_ text: String) throws(RESPViolation) -> [RESPValue] {
            var parser = RESPParser(limits)
            return try parser.all(text.utf8)
        }
        #expect(try parse("*1\r\n*1\r\n*1\r\n:1\r\n").count == 1)
        #expect(throws: RESPViolation.self) { try parse("*1\r\n*1\r\n*1\r\n*1\r\n") }
        #expect(try parse("*2\r\n*2\r\n:1\r\n:1\r\n*2\r\n:1\r\n:1\r\n").count == 1)
        #expect(throws: RESPViolation.self) { try parse("*2\r\n*2\r\n:1\r\n:1\r\n*3\r\n") }
        #expect(throws: RESPViolation.self) { try parse("%4\r\n") }
        #expect(throws: RESPViolation.self) { try parse("$65\r\n") }
        #expect(throws: RESPViolation.self) { try parse("$61\r\n") }
        #expect(throws: RESPViolation.self) { try parse("+" + String(repeating: "a", count: 80)) }
        #expect(throws: RESPViolation.self) { try parse(String(repeating: "|1\r\n+a\r\n+b\r\n", count: 7)) }
        // A limit is of one value, not of a connection.
        #expect(try parse(String(repeating: "+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", count: 40)).count == 40)
    }

    @Test("A command is an array of its words, whatever bytes they have", arguments: Seed.some(100))
    func commands(seed: Seed) throws {
        var random = seed.generator
        let words = (0..<Int.random(in: 0...5, using: &random)).map { _ in
            (0..<Int.random(in: 0...20, using: &random)).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
        }
        var buffer = ByteBuffer()
        RedisCommand("SET", words).write(to: &buffer)
        var parser = RESPParser()
        #expect(
            try parser.all(buffer.readableBytesView)
                == [.array([.bulk(Array("SET".utf8))] + words.map { .bulk($0) })])
    }

    @Test("Neither commands nor refusals tell what was sent")
    func silence() {
        let command = RedisCommand("AUTH", "secret")
        #expect("\(command)" == "AUTH")
        #expect(!String(reflecting: command).contains("115"))
        let failure = RESPFailure("ERR unknown command 'secret'")
        #expect("\(failure)" == "ERR")
        var dumped = ""
        dump(failure, to: &dumped)
        dump(command, to: &dumped)
        #expect(!dumped.contains("secret"))
    }
}

/// What came of it.
private enum Outcome {
    case values([RESPValue])
    case refused

    init(_ body: () throws(RESPViolation) -> [RESPValue]) {
        do throws(RESPViolation) {
            self = .values(try body())
        } catch {
            self = .refused
        }
    }

    var isRefused: Bool {
        if case .refused = self { true } else { false }
    }
}

/// Values of every type.
private enum RandomValue {
    static func make(depth: Int, _ random: inout SplitMix64) -> RESPValue {
        switch Int.random(in: 0..<(depth > 0 ? 14 : 10), using: &random) {
        case 0: .simple(word(&random))
        case 1: .error(RESPFailure("ERR " + word(&random)))
        case 2: .error(RESPFailure("ERR\n" + word(&random)))
        case 3: .integer(.random(in: .min ... .max, using: &random))
        case 4: .bulk(bytes(&random))
        case 5: .null
        case 6: .double(.random(in: -1e9...1e9, using: &random))
        case 7: .boolean(.random(using: &random))
        case 8: .bigNumber("-1234567890123456789012345678901234567890")
        case 9: .verbatim(format: "txt", bytes(&random))
        case 10: .array(elements(depth, &random))
        case 11: .set(elements(depth, &random))
        case 12: .push(elements(depth, &random))
        default: .map(elements(depth, &random).map { RESPValue.Pair($0, .integer(1)) })
        }
    }

    private static func elements(_ depth: Int, _ random: inout SplitMix64) -> [RESPValue] {
        (0..<Int.random(in: 0...4, using: &random)).map { _ in make(depth: depth - 1, &random) }
    }

    private static func word(_ random: inout SplitMix64) -> String {
        String(
            (0..<Int.random(in: 0...12, using: &random)).map { _ in
                "abcäöü +-:$*".randomElement(using: &random) ?? "a"
            })
    }

    private static func bytes(_ random: inout SplitMix64) -> [UInt8] {
        (0..<Int.random(in: 0...40, using: &random)).map { _ in
            Bool.random(using: &random) ? 13 : .random(in: .min ... .max, using: &random)
        }
    }
}
