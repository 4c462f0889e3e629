import TestSupport
import Testing

@Suite("The conformance corpus, in process", .enabled(if: Vectors.areHere))
struct ConformanceTests {
    @Test("Each case gets the answer it expects, and the connection goes on")
    func corpus() throws {
        let cases = try ConformanceCase.all()
        #expect(cases.count == 145)
        let loopback = Loopback(try .forTests())
        for (number, entry) in cases.enumerated() {
            loopback.send(entry.bytes + [UInt8(ascii: "\n")])
            loopback.send(
                #"{"jsonrpc":"2.0","method":"test.echo","params":[],"id":"sentinel\#(number)"}"# + "\n")
            let received = try loopback.received()
            let answers = received.filter { $0["id"]?.string != "sentinel\(number)" }
            #expect(answers.count == received.count - 1, "\(entry.name)")
            #expect(entry.accepts(answers), "\(entry.name)")
        }
    }
}
