import JSON
import Resilience
import TestSupport
import Testing

@testable import rpcd_provider_sim

@Suite("What a simulated provider knows")
struct OracleTests {
    @Test("Near the share that is set is found, whatever the seed", arguments: Seed.some(100))
    func foundShare(seed: Seed) throws {
        var random = seed.generator
        let share = Double.random(in: 0...1, using: &random)
        let provider = Provider("acme", Behaviour(found: share), seed: seed.value)
        let found = try (0..<1_000).count { try provider.expect(Input([("n", "\($0)")])).answer.isFound }
        // Seven standard deviations at the least.
        #expect(abs(Double(found) / 1_000 - share) < 0.11)
    }

    @Test(
        "Near the odds that are set each fault comes, independent of what is found", arguments: Seed.some(100)
    )
    func faultShare(seed: Seed) throws {
        let behaviour = Behaviour(found: 0.5, faults: FaultOdds([.http500: 0.3, .hang: 0.2]))
        let provider = Provider("acme", behaviour, seed: seed.value)
        var counts: [Fault?: Int] = [:]
        var faultsOfFound = 0
        for number in 0..<200 {
            let expectation = try provider.expect(Input([("n", "\(number)")]))
            for fault in expectation.faults {
                counts[fault, default: 0] += 1
                if fault != nil, expectation.answer.isFound { faultsOfFound += 1 }
            }
        }
        #expect(abs(Double(counts[.http500] ?? 0) / 1_600 - 0.3) < 0.09)
        #expect(abs(Double(counts[.hang] ?? 0) / 1_600 - 0.2) < 0.09)
        #expect(Set(counts.keys) == [nil, .http500, .hang])
        #expect(abs(Double(faultsOfFound) / 1_600 - 0.25) < 0.15)
    }

    @Test(
        "An answer is JSON, its address one that is taken, its confidence within bounds",
        arguments: Seed.some(100))
    func answers(seed: Seed) throws {
        var random = seed.generator
        let behaviour = Behaviour(confidence: 0.25...0.5, fields: Behaviour.Field.allCases)
        let words = ["Ada", "Lovelace", "Ōe", "李", "O'Neill", "  ", "x@y", "\"", "\n", "-", "0"]
        let domains = [
            "acme.example", "not a host", "-a.b", "a..b", "Ü.example", "",
            String(repeating: "a.", count: 300),
        ]
        for _ in 0..<20 {
            let name = (0..<3).map { _ in words.randomElement(using: &random) ?? "" }.joined(separator: " ")
            let domain = domains.randomElement(using: &random) ?? ""
            let input = try Input([("name", name), ("domain", domain), ("id", "1")])
            let provider = Provider("acme", behaviour, seed: random.next())
            var writer = JSONWriter()
            provider.expect(input).answer.write(id: "1", to: &writer)
            let json = try JSON.parse(writer.bytes)
            let address = try #require(json["email"]?.string)
            #expect(
                address.wholeMatch(of: /[a-z0-9]+([._][a-z0-9]+)*@[a-z0-9-]+(\.[a-z0-9-]+)+/) != nil,
                "\(address)")
            #expect(json["phone"]?.string?.wholeMatch(of: /\+1[2-9][0-9]{2}55501[0-9]{2}/) != nil)
            #expect((0.25...0.5).contains(try #require(json["confidence"]?.double)))
            #expect((1...100_000).contains(try #require(json["companySize"]?.int64)))
            #expect(json.count == Behaviour.Field.allCases.count + 2)
        }
    }

    @Test("The mixture has every fault in it, the flaky provider its four")
    func mixtures() throws {
        func faults(_ name: String) throws -> Set<Fault> {
            let provider = Provider(name, try #require(Behaviour.standard[name]), seed: 1)
            let faults = try (0..<200).map { try provider.expect(Input([("n", "\($0)")])).faults }
            return Set(faults.joined().compactMap { $0 })
        }
        #expect(try faults("mixed") == Set(Fault.allCases))
        #expect(try faults("flaky") == [.http500, .http503, .reset, .hang])
    }

    @Test("Half the delays are below p50, and one in a hundred above p99", arguments: Seed.some(100))
    func latency(seed: Seed) {
        var random = seed.generator
        let p50 = Double.random(in: 0.1...1_000, using: &random)
        let latency = Behaviour.Latency(p50: p50, p99: p50 * Double.random(in: 1.5...20, using: &random))
        let delays = (0..<4_000).map { _ in
            latency.milliseconds(
                Double.random(in: 0..<1, using: &random), Double.random(in: 0..<1, using: &random))
        }
        #expect(delays.allSatisfy { $0 > 0 && $0 <= Behaviour.Latency.maximumMs })
        #expect(abs(Double(delays.count { $0 < latency.p50 }) / 4_000 - 0.5) < 0.06)
        #expect((4...100).contains(delays.count { $0 > latency.p99 }))
        #expect(Behaviour.Latency.none.milliseconds(0.5, 0.5) == 0)
    }

    @Test("Providers, inputs and attempts are told apart; the way to an input is not")
    func independence() throws {
        let behaviour = Behaviour(faults: FaultOdds([.http500: 0.5]))
        func identity(_ provider: String, _ pairs: [(String, String)], _ seed: UInt64 = 1) throws -> UInt64 {
            Provider(provider, behaviour, seed: seed).expect(
                try Input(pairs.map { (name: $0.0, value: $0.1) })
            ).answer.identity
        }
        let first = try identity("a", [("x", "1"), ("y", "2")])
        #expect(try identity("a", [("y", " 2 "), ("x", "1"), ("z", "")]) == first)
        #expect(try identity("b", [("x", "1"), ("y", "2")]) != first)
        #expect(try identity("a", [("x", "2"), ("y", "1")]) != first)
        #expect(try identity("a", [("x", "1&y=2")]) != first)
        #expect(try identity("a", [("x", "1"), ("y", "2")], 2) != first)
        let faults = try Provider("a", behaviour, seed: 1).expect(Input([("x", "1")])).faults
        #expect(Set(faults).count == 2)
    }
}
