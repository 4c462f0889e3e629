import Resilience
import TestSupport
import Testing

@testable import ClickHouse

@Suite("Exceptions of ClickHouse")
struct ServerExceptionTests {
    @Test("The last one in a body counts, of old servers and of new ones; data is none")
    func tail() throws {
        func read(_ text: String) -> ServerException? { ServerException(inTailOf: Array(text.utf8)) }
        let new = try #require(
            read(
                "{\"data\": [[\"Code: 5\"\r\n__exception__\r\ntagtagtag\r\nCode: 395. DB::Exception: No: a. (THROWN_IT) (version 26.5.1.1)\n70 tagtagtag\r\n__exception__\r\n"
            ))
        #expect(new.code == 395 && new.symbol == "THROWN_IT")
        #expect(new.text == "No: a. (THROWN_IT) (version 26.5.1.1)")
        let old = try #require(
            read("1\n2\nCode: 60, e.displayText() = DB::Exception: Table default.x doesn't exist."))
        #expect(old.code == 60 && old.text == "Table default.x doesn't exist." && old.symbol == nil)
        for text in [
            "", "C", "Code: ", "Code: 12", "Code: 99999999999999999999. DB::Exception: ",
            "Code: x. DB::Exception: y", "code: 1. DB::Exception: y",
        ] {
            #expect(read(text) == nil)
        }
    }

    @Test("A document that says of itself that it is not whole is none, and its exception is found")
    func member() throws {
        func document(_ end: String) -> [UInt8] {
            Array(#"{"meta":[{"name":"a","type":"UInt8"}],"data":[[1],[2]]\#(end)}"#.utf8)
        }
        let rows = try #require(ClickHouseRows(document(#","rows":2"#)))
        #expect(rows.count == 2 && rows.columns == [.init(name: "a", type: "UInt8")])
        for end in ["", #","rows":3"#, #","rows":1"#, #","rows":2,"exception":"no""#, #","rows":2}{"#] {
            #expect(ClickHouseRows(document(end)) == nil)
        }
        let broken = document(
            #","rows":2,"exception":"Code: 395. DB::Exception: no. (THROWN_IT) (version 25.3.1.1)""#)
        #expect(ClickHouseRows(broken) == nil && ServerException(inTailOf: broken)?.code == 395)
        #expect(ServerException(inTailOf: broken)?.symbol == "THROWN_IT")
        #expect(
            ClickHouseRows(Array(#"{"meta":[{"name":"a","type":"UInt8"}],"data":[[1,2]],"rows":1}"#.utf8))
                == nil)
    }

    @Test("Whatever bytes come, reading them ends", arguments: Seed.some(100))
    func hostile(seed: Seed) {
        let samples = [
            "Code: 60. DB::Exception: x (UNKNOWN_TABLE)", "{\"meta\":[],\"data\":[[1]],\"rows\":1}",
            "__exception__\r\n",
        ]
        var input = HostileInput(seed.generator, samples: samples.map { Array($0.utf8) })
        for _ in 0..<50 {
            let bytes = input.next()
            if let exception = ServerException(inTailOf: bytes) {
                guard case .refused(let code, let message) = exception.without([]) else {
                    Issue.record("it is another failure")
                    return
                }
                #expect(code == exception.code && message.count < 700)
            }
            _ = ClickHouseRows(bytes)
        }
    }

    @Test("A message is short, and without what is to be hidden")
    func message() throws {
        let text =
            "Code: 62. DB::Exception: password s3cret and s3cret-longer in "
            + String(repeating: "x", count: 1000) + " (SYNTAX_ERROR)"
        let exception = try #require(ServerException(inTailOf: Array(text.utf8)))
        let failure = exception.without(["s3cret", "s3cret-longer"])
        #expect(
            failure.message.hasPrefix("password *** and *** in x")
                && failure.message.hasSuffix("… (SYNTAX_ERROR)"))
        #expect(failure.message.count < 350)
        #expect(exception.withoutRows.message == "SYNTAX_ERROR")
    }

    @Test(
        "What may fare better later is told from what is for good, and that from what is wrong with the rows")
    func kinds() {
        func refused(_ code: Int) -> ClickHouseFailure { .refused(code: code, message: "") }
        for code in [159, 202, 209, 210, 236, 241, 242, 252, 999] { #expect(refused(code).isTransient) }
        for code in [27, 53, 60, 16, 47, 62, 115, 497, 516, 81] { #expect(!refused(code).isTransient) }
        for code in [6, 27, 53, 72, 117, 376, 469] { #expect(refused(code).isAboutRows) }
        for code in [60, 81, 516, 252, 241, 16] { #expect(!refused(code).isAboutRows) }
        #expect(ErrorCode.transient.isDisjoint(with: ErrorCode.aboutRows))
        #expect(refused(396).isLimit && refused(159).isLimit && !refused(60).isLimit)
    }
}
