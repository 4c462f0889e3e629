import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@testable import rpcd_provider_sim

@Suite("What the simulator counts and promises")
struct CallsTests {
    private static let flaky = #"{"found":0.6,"notFound":"mixed","faults":{"http500":0.3,"http503":0.2}}"#

    /// The answers of a sequence of calls: status and body.
    private func transcript(_ arguments: [String]) async throws -> [String] {
        var lines: [String] = []
        try await Simulated.run(arguments) { simulated in
            try await simulated.put("/control/providers/acme", Self.flaky)
            for number in 0..<60 {
                let answer = try await simulated.call("GET", "/v1/acme/person?n=\(number % 20)")
                lines.append("\(answer.status) \(answer.text)")
            }
        }
        return lines
    }

    @Test("One seed gives the same answers and faults after a restart, another seed others")
    func seeds() async throws {
        let first = try await transcript(["--seed", "7"])
        #expect(try await transcript(["--seed", "7"]) == first)
        #expect(try await transcript(["--seed", "18446744073709551615"]) != first)
    }

    @Test("What is expected of an input comes, at the attempt that was told, after the faults that were told")
    func expectations() async throws {
        try await Simulated.run { simulated in
            try await simulated.put("/control/providers/acme", Self.flaky)
            let inputs = (0..<30).map { #"{"n":\#($0),"provider":"x"}"# }.joined(separator: ",")
            let answer = try await simulated.call(
                "POST", "/control/expect", #"{"provider":"acme","inputs":[\#(inputs)]}"#)
            let results = try answer.json()["results"]
            #expect(results?.count == 30)
            for number in 0..<30 {
                let expected = try #require(results?[number])
                let faults = expected["faults"]?.elements.map(\.string) ?? []
                for fault in faults {
                    let answer = try await simulated.call(
                        "POST", "/v1/acme/person", #"{"provider":"x","n":\#(number)}"#)
                    switch fault {
                    case "http500"?: #expect(answer.status == 500)
                    case "http503"?: #expect(answer.status == 503)
                    case nil where expected["found"]?.bool == true:
                        #expect(answer.status == 200 && answer.text == expected["answer"]?.source)
                    case nil: #expect(answer.status == 404 || !answer.text.contains("@"))
                    default: Issue.record("\(fault ?? "")")
                    }
                }
                if let first = faults.firstIndex(of: nil) {
                    #expect(expected["succeedsAt"]?.int64 == Int64(first))
                }
            }
            let one = try await simulated.get("/control/expect?provider=acme&n=5")
            #expect(one["input"]?.string == "n=5")
        }
    }

    @Test("Counts are exact when many call at once")
    func counts() async throws {
        try await Simulated.run { simulated in
            try await simulated.put("/control/providers/acme", Self.flaky)
            // Client c asks for input i 1 + (c + i) % 3 times, half of them under a key of their own.
            let (clients, inputs) = (8, 50)
            func times(_ client: Int, _ input: Int) -> Int { 1 + (client + input) % 3 }
            let statuses = try await withThrowingTaskGroup(of: [String].self) { group in
                for client in 0..<clients {
                    group.addTask {
                        let socket = try simulated.open()
                        for input in 0..<inputs {
                            for time in 0..<times(client, input) {
                                let headers = [
                                    Simulated.key,
                                    "Idempotency-Key: \(client % 2 == 0 ? "shared" : "\(client)-\(time)")",
                                ]
                                try await socket.send(
                                    Simulated.request(
                                        "GET", "/v1/acme/p?n=\(input)", "", headers, keepsOpen: true))
                            }
                        }
                        try await socket.send(Simulated.request("GET", "/control"))
                        let answers = try await socket.receiveAll().components(separatedBy: "HTTP/1.1 ")
                        return answers.dropFirst().dropLast().map { String($0.prefix(3)) }
                    }
                }
                return try await group.reduce(into: [String]()) { $0 += $1 }
            }
            let calls = try await simulated.get("/control/calls?provider=acme")
            #expect(calls["inputs"]?.count == inputs && calls["nextOffset"]?.isNull == true)
            for input in 0..<inputs {
                let counts = try await simulated.get("/control/calls?provider=acme&n=\(input)")
                let expected = (0..<clients).reduce(0) { $0 + times($1, input) }
                let keys = 1 + (0..<clients).filter { $0 % 2 == 1 }.reduce(0) { $0 + times($1, input) }
                #expect(counts["calls"]?.int64 == Int64(expected))
                #expect(counts["idempotencyKeys"]?.int64 == Int64(keys))
            }
            let totals = try #require(calls["totals"])
            let faults = statuses.count { $0 == "500" || $0 == "503" }
            #expect(totals["calls"]?.int64 == Int64(statuses.count))
            #expect(totals["faults"]?.int64 == Int64(faults))
            let answered = (totals["found"]?.int64 ?? 0) + (totals["notFound"]?.int64 ?? 0)
            #expect(answered == Int64(statuses.count { $0 == "200" || $0 == "404" }))
            #expect(calls["faultsByKind"]?["http500"]?.int64 == Int64(statuses.count { $0 == "500" }))
            #expect(try await simulated.get("/control/calls")["total"]?.int64 == Int64(statuses.count))
        }
    }

    @Test("A list comes in pages; forgetting starts everything over, attempts too")
    func pages() async throws {
        try await Simulated.run { simulated in
            try await simulated.put("/control/providers/acme", Self.flaky)
            var first: [Int] = []
            for number in 0..<25 {
                first.append(try await simulated.call("GET", "/v1/acme/p?n=\(number)").status)
            }
            var inputs: [String] = []
            var offset: Int64? = 0
            while let start = offset {
                let page = try await simulated.get("/control/calls?provider=acme&limit=10&offset=\(start)")
                #expect((page["inputs"]?.count ?? 0) <= 10)
                inputs += page["inputs"]?.elements.compactMap { $0["input"]?.string } ?? []
                offset = page["nextOffset"]?.int64
            }
            #expect(inputs == (0..<25).map { "n=\($0)" })
            #expect(try await simulated.call("DELETE", "/control/calls").status == 200)
            #expect(try await simulated.get("/control/calls")["total"]?.int64 == 0)
            #expect(try await simulated.get("/control/calls?provider=acme&n=1")["calls"]?.int64 == 0)
            for number in 0..<25 {
                #expect(try await simulated.call("GET", "/v1/acme/p?n=\(number)").status == first[number])
            }
        }
    }

    @Test("Input beyond the bounds is counted in the sums, and its faults pass")
    func bounds() {
        var ledger = CallLedger()
        let kept = ledger.slot(of: "a", 1, mayAdd: true)
        #expect(ledger.slot(of: "b", 1, mayAdd: true) != kept, "another input of the same identity")
        let refused = ledger.slot(of: "c", 3, mayAdd: false)
        #expect(refused == nil)
        let before = ledger.attempts(refused)
        ledger.count(.fault(.http500), refused)
        #expect(ledger.attempts(refused) == before + 1)
        #expect(ledger.untracked == 1 && ledger.total.calls == 1 && ledger.entries.count == 2)
        ledger.count(key: 5, refused)
        ledger.count(key: 5, refused)
        #expect(ledger.total.idempotencyKeys == 1)
    }
}
