import Foundation
import JSON
import RPC
import Resilience
import TestSupport
import Testing

/// RPCD_FUZZ_INPUTS says how many; a short run is part of the tests.
private let inputs = ProcessInfo.processInfo.environment["RPCD_FUZZ_INPUTS"].flatMap { Int($0) } ?? 4000

@Suite("Hostile input, in process", .enabled(if: Vectors.areHere))
struct FuzzTests {
    private static let seeds = 4
    private static let splits = 1...3

    @Test(
        "Whatever arrives, cut however it may be, the connection answers in JSON-RPC, stays bounded, and so does the next",
        arguments: Seed.some(seeds))
    func conversation(seed: Seed) throws {
        var random = seed.generator
        var hostile = HostileInput(random, samples: try ConformanceCase.all().map(\.bytes))
        var limits = Limits()
        limits.messageBytes = 4096
        limits.readAheadBytes = 8192
        let dispatcher = try Dispatcher.forTests(limits: limits)
        for _ in 0..<inputs / FuzzTests.seeds / 2 {
            let loopback = Loopback(dispatcher)
            let bytes = hostile.next()
            var rest = bytes[...]
            for _ in FuzzTests.splits {
                let part = rest.prefix(Int.random(in: 0...rest.count, using: &random))
                loopback.send(Array(part))
                rest = rest.dropFirst(part.count)
            }
            loopback.send(Array(rest))
            loopback.conversation.endOfInput()
            loopback.settle()
            for answer in try messages(loopback.conversation.takeOutput()) {
                for reply in answer.kind == .array ? Array(answer.elements) : [answer] {
                    #expect(reply["jsonrpc"]?.string == "2.0")
                }
            }
            let honest = Loopback(dispatcher)
            honest.send(#"{"jsonrpc":"2.0","method":"test.echo","params":[],"id":1}"# + "\n")
            #expect(try honest.received().first?["id"]?.int64 == 1)
        }
    }

    /// Taken apart as a client would, whatever the framing.
    private func messages(_ output: [UInt8]) throws -> [JSON] {
        var splitter = FrameSplitter(limit: .max)
        output.withUnsafeBytes { splitter.append($0) }
        var messages: [JSON] = []
        while let message = try splitter.next() { messages.append(try JSON.parse(message, maxDepth: 512)) }
        #expect(splitter.pendingBytes == 0)
        return messages
    }

    @Test("What is parsed is written and parsed again to the same", arguments: Seed.some(seeds))
    func parser(seed: Seed) throws {
        var hostile = HostileInput(seed.generator, samples: try ConformanceCase.all().map(\.bytes))
        for _ in 0..<inputs / FuzzTests.seeds / 2 {
            guard let json = try? JSON.parse(hostile.next(), maxDepth: 64) else { continue }
            var writer = JSONWriter()
            writer.value(json)
            let again = try JSON.parse(writer.bytes, maxDepth: 64)
            var second = JSONWriter()
            second.value(again)
            #expect(writer.bytes == second.bytes)
            _ = json.duplicatedMember()
            _ = json.int64
            _ = json.double
        }
    }
}
