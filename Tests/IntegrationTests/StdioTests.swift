import JSON
import TestSupport
import Testing

@Suite("Standard input and output, of real processes")
struct StdioTests {
    @Test("Every case of the conformance corpus holds", .enabled(if: Vectors.areHere))
    func conformance() async throws {
        let process = try ServedProcess("fixture-server", [])
        for (number, entry) in try ConformanceCase.all().enumerated() {
            try await process.stream.send(entry.bytes + Array("\n".utf8))
            try await process.stream.send(
                #"{"jsonrpc":"2.0","method":"test.echo","params":[],"id":"sentinel\#(number)"}"# + "\n")
            var answers: [JSON] = []
            while let line = try await process.stream.line() {
                let json = try JSON.parse(line, maxDepth: 512)
                if json["id"]?.string == "sentinel\(number)" { break }
                answers.append(json)
            }
            #expect(entry.accepts(answers), "\(entry.name)")
        }
        process.stream.endWriting()
        #expect(await process.end() == 0)
    }

    @Test("At the end of input what is in flight is finished, answered in order, and it exits 0")
    func endOfInput() async throws {
        let requests = (0..<200).map { #"{"jsonrpc":"2.0","id":\#($0),"method":"test.echo","params":[]}"# }
        let (status, output, _) = try await ServedProcess.run(
            "fixture-server", [], input: requests.joined(separator: "\n"))
        let ids = try output.split(separator: "\n").map { try JSON.parse(String($0))["id"]?.int64 }
        #expect(ids == (0..<200).map { Int64($0) })
        #expect(status == 0)
    }

    @Test("Only frames reach standard output: what else is printed goes to standard error")
    func strayOutput() async throws {
        let (status, output, errors) = try await ServedProcess.run(
            "fixture-server", [], input: #"{"jsonrpc":"2.0","id":1,"method":"test.print"}"#)
        #expect(output == #"{"jsonrpc":"2.0","id":1,"result":null}"# + "\n")
        #expect(errors.contains("a library that talks"))
        #expect(status == 0)
    }
}
