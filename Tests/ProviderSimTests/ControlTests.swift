import Foundation
import Glibc
import JSON
import NIOHTTP1
import TestSupport
import Testing

@testable import rpcd_provider_sim

@Suite("The simulator's control")
struct ControlTests {
    @Test(
        "A behaviour that is none is refused, and told why",
        arguments: [
            ("", "not JSON"), ("{", "not JSON"), ("[]", "takes an object"),
            (#"{"found":1.5}"#, "found: got 1.5"),
            (#"{"found":"1"}"#, "found: got"), (#"{"found":1,"found":1}"#, "found stands there twice"),
            (#"{"fuond":1}"#, "fuond is not known"), (#"{"confidence":[0.9,0.1]}"#, "confidence[1]: got 0.1"),
            (#"{"confidence":[0.9]}"#, "confidence: got"),
            (#"{"faults":{"http500":-1}}"#, "faults.http500: got -1"),
            (#"{"faults":{"http500":0.6,"reset":0.6}}"#, "at most 1 together"),
            (#"{"faults":{"meteor":0.6}}"#, "faults.meteor is not known; there are http500"),
            (#"{"latencyMs":{"p50":10,"p99":5}}"#, "latencyMs: got"),
            (#"{"latencyMs":{"p99":5}}"#, "latencyMs: got"),
            (#"{"latencyMs":{"p50":1e9}}"#, "p50: got 1e9"),
            (#"{"latencyMs":{"p90":1}}"#, "p90 is not known"),
            (#"{"ratePerSecond":0}"#, "ratePerSecond: got 0"),
            (#"{"ratePerSecond":1.5}"#, "ratePerSecond: got 1.5"),
            (#"{"storm":{"everyCalls":5,"lengthCalls":6}}"#, "storm: got"), (#"{"storm":{}}"#, "storm: got"),
            (#"{"storm":{"often":1}}"#, "often is not known"),
            (#"{"fields":[]}"#, "fields: got"), (#"{"fields":["shoe"]}"#, "takes one of email, phone"),
            (#"{"fields":["email","email"]}"#, "each field once"),
            (#"{"notFound":"maybe"}"#, "takes one of 404"),
            (#"{"dripIntervalMs":0}"#, "dripIntervalMs: got 0"),
        ])
    func badBehaviours(body: String, message: String) throws {
        let answer = try answer(.PUT, "/control/providers/acme", body)
        #expect(answer.status == .badRequest)
        #expect(answer.body["error"]?["message"]?.string?.contains(message) == true, "\(answer.body.source)")
        #expect(try self.answer(.GET, "/control/providers/acme", "").status == .badRequest)
    }

    @Test(
        "A request that makes no sense is refused, and told what would",
        arguments: [
            (HTTPMethod.GET, "/control/calls?provider=nobody", "", 400, "no provider nobody"),
            (.GET, "/control/calls?name=x", "", 400, "provider is missing"),
            (.GET, "/control/calls?provider=steady&limit=0", "", 400, "limit is"),
            (.GET, "/control/calls?provider=steady&offset=-1", "", 400, "offset is"),
            (.GET, "/control/calls?provider=%zz", "", 400, "hexadecimal"),
            (.GET, "/control/expect?provider=steady", "", 400, "no input"),
            (.GET, "/control/expect?name=x", "", 400, "provider is missing"),
            (.POST, "/control/expect", #"{"inputs":[]}"#, 400, "provider is missing"),
            (.POST, "/control/expect", #"{"provider":"steady","inputs":[1]}"#, 400, "takes an object"),
            (.POST, "/control/expect", #"{"provider":"steady","input":{}}"#, 400, "input is not known"),
            (.PUT, "/control/providers/a%20b", "{}", 400, "A name has"),
            (.PUT, "/control/providers/" + String(repeating: "a", count: 65), "{}", 400, "A name has"),
            (.PUT, "/control/hooks/h", #"{"status":99}"#, 400, "status: got 99"),
            (.PUT, "/control/hooks/h", #"{"times":0}"#, 400, "times: got 0"),
            (.PUT, "/control/hooks/h", #"{"faults":{"x":1}}"#, 400, "x is not known"),
            (.GET, "/control/hooks/h?page=1", "", 400, "offset and limit"),
            (.POST, "/hooks/a.b", "", 400, "A name has"),
            (.GET, "/hooks/h", "", 405, "takes POST"), (.PUT, "/control/calls", "", 405, "takes GET, DELETE"),
            (.POST, "/control/providers/x", "{}", 405, "takes GET, PUT, DELETE"),
            (.DELETE, "/v1/steady/person?a=b", "", 405, "takes GET, POST"),
            (.GET, "/", "", 404, "/v1/{provider}"), (.GET, "/v1/steady", "", 404, "/v1/{provider}"),
            (.GET, "/control/nothing", "", 404, "/control/expect"),
            (.GET, "/control/calls/x", "", 404, "/control/expect"),
            (.GET, "/v1/nobody/person?a=b", "", 404, "/control/providers lists"),
            (.GET, "/v1/steady/person", "", 400, "no input"),
            (.GET, "/v1/steady/person?a=&b=+", "", 400, "no input"),
            (.GET, "/v1/steady/person?a=%f", "", 400, "hexadecimal"),
            (.POST, "/v1/steady/person", "[]", 400, "takes an object"),
            (.POST, "/v1/steady/person", #"{"a":1,"a":2}"#, 400, "twice"),
            (.GET, "/v1/steady/person?a=" + String(repeating: "x", count: 5_000), "", 400, "at most 4096"),
            (.GET, "/v1/steady/person?" + String(repeating: "a=b&", count: 101), "", 400, "At most 100"),
        ])
    func badRequests(method: HTTPMethod, path: String, body: String, status: UInt, message: String) throws {
        let answer = try answer(method, path, body)
        #expect(answer.status.code == status)
        #expect(answer.body["error"]?["message"]?.string?.contains(message) == true, "\(answer.body.source)")
    }

    /// What a fresh simulator answers, in this process.
    private func answer(
        _ method: HTTPMethod, _ path: String, _ body: String
    ) throws -> (status: HTTPResponseStatus, body: JSON) {
        let simulator = Simulator(try Configuration(seed: 1, file: nil), trap: "127.0.0.1:9")
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
        head.headers.add(name: "X-Api-Key", value: "k")
        let reaction = simulator.react(to: Request(head, body: Array(body.utf8)))
        guard case .answer(let answer) = reaction.act else { throw Unexpected(reaction: reaction) }
        return (answer.status, try JSON.parse(Array(answer.body.readableBytesView)))
    }

    private struct Unexpected: Error {
        let reaction: Reaction
    }

    @Test("A provider is set, shown, set back and forgotten; what is shown can be set again")
    func providers() async throws {
        try await Simulated.run { simulated in
            let all = try await simulated.get("/control/providers")
            for (name, behaviour) in all.members {
                try await simulated.put("/control/providers/copy", behaviour.source)
                let copy = try await simulated.get("/control/providers/copy")
                #expect(copy.source == behaviour.source, "\(name.source)")
            }
            try await simulated.put(
                "/control/providers/steady", #"{"faults":{"http500":1},"fields":["country"]}"#)
            #expect(try await simulated.call("GET", "/v1/steady/p?a=b").status == 500)
            _ = try await simulated.call("DELETE", "/control/providers/steady")
            #expect(try await simulated.call("GET", "/v1/steady/p?a=b").status == 200)
            _ = try await simulated.call("DELETE", "/control/providers/copy")
            #expect(try await simulated.call("GET", "/v1/copy/p?a=b").status == 404)
            #expect(try await simulated.get("/control/providers").source == all.source)
        }
    }

    @Test("A configuration file adds providers; one that is none stops the start with its reason")
    func configuration() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/config.json"
            try #"{"providers":{"acme":{"found":0,"notFound":"null","fields":["country"]}}}"#.write(
                toFile: path, atomically: true, encoding: .utf8)
            try await Simulated.run(["--config", path]) { (simulated: Simulated) async throws in
                #expect(
                    try await simulated.call("GET", "/v1/acme/p?a=b").text
                        == #"{"country":null,"confidence":null}"#)
                #expect(try await simulated.call("GET", "/v1/steady/p?a=b").status == 200)
            }
            try #"{"providers":{"acme":{"found":7}}}"#.write(toFile: path, atomically: true, encoding: .utf8)
            let refused = try await ServedProcess.run("rpcd-provider-sim", ["--config", path])
            #expect(refused.status == 78)
            #expect(refused.errors.contains("configuration.providers.acme.found: got 7, takes a number"))
        }
        let missing = try await ServedProcess.run("rpcd-provider-sim", ["--config", "/nowhere/config"])
        #expect(missing.status == 78 && missing.errors.contains("No such file"))
        let address = try await ServedProcess.run("rpcd-provider-sim", ["--listen", "nowhere"])
        #expect(address.status == 64 && address.errors.contains("takes HOST:PORT"))
        let help = try await ServedProcess.run("rpcd-provider-sim", ["--help"])
        for word in ["--listen", "--seed", "--config", "/control/expect", "wrong-schema"] {
            #expect(help.output.contains(word))
        }
    }

    @Test("It ends with 0 on either signal, whatever hangs", arguments: [SIGTERM, SIGINT])
    func signals(signal: Int32) async throws {
        let process = try ServedProcess("rpcd-provider-sim", [])
        let line = try await process.readyLine()
        let socket = try RawSocket(port: try #require(line.split(separator: ":").last.flatMap { Int($0) }))
        try await socket.send(Simulated.request("GET", "/v1/hang/p?a=b", "", [Simulated.key]))
        process.send(signal)
        #expect(await process.end() == 0)
    }

    @Test("It ends with its input where it is told to")
    func inputEnds() async throws {
        let process = try ServedProcess("rpcd-provider-sim", ["--until-input-ends"])
        _ = try await process.readyLine()
        process.stream.endWriting()
        #expect(await process.end() == 0)
    }

    @Test("What is not HTTP, and what is too much, is refused; the next client is served")
    func hostileBytes() async throws {
        try await Simulated.run { simulated in
            let garbage = try simulated.open()
            try await garbage.send("\u{1}\u{2}\u{3} nonsense\r\n\r\n")
            #expect(try await garbage.receiveAll().hasPrefix("HTTP/1.1 400"))
            let large = String(repeating: "x", count: 5_000_000)
            #expect(try await simulated.call("POST", "/hooks/h", large).status == 413)
            #expect(try await simulated.get("/control/hooks/h")["received"]?.int64 == 0)
            let half = try simulated.open()
            try await half.send("POST /hooks/h HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
            half.endWriting()
            #expect(try await half.receiveAll().contains("200") == false)
            #expect(try await simulated.call("GET", "/v1/steady/p?a=b").status == 200)
        }
    }

    @Test("Damaged requests never stop it: each gets an answer", arguments: Seed.some(100))
    func damaged(seed: Seed) throws {
        let simulator = Simulator(try Configuration(seed: seed.value, file: nil), trap: "127.0.0.1:9")
        let behaviours = Behaviour.standard.values.map { behaviour in
            var writer = JSONWriter()
            behaviour.write(to: &writer)
            return writer.bytes
        }
        let hook = Array(#"{"status":500,"times":3,"retryAfterSeconds":1,"faults":{"reset":0.5}}"#.utf8)
        var bodies = HostileInput(seed.generator, samples: behaviours + [hook])
        var paths = HostileInput(
            seed.generator,
            samples: [
                "/v1/steady/person?name=Ada%20Lovelace&domain=acme.example", "/control/providers/acme",
                "/control/calls?provider=mixed&offset=1&limit=5", "/control/hooks/h", "/hooks/h",
                "/control/expect?provider=mixed&a=b",
            ].map { Array($0.utf8) })
        var random = seed.generator
        for _ in 0..<50 {
            let method = [HTTPMethod.GET, .POST, .PUT, .DELETE].randomElement(using: &random) ?? .GET
            var head = HTTPRequestHead(
                version: .http1_1, method: method, uri: String(decoding: paths.next(), as: UTF8.self))
            head.headers.add(name: "X-Api-Key", value: "k")
            let reaction = simulator.react(to: Request(head, body: bodies.next()))
            #expect(reaction.delayMs.isFinite && reaction.delayMs <= Behaviour.Latency.maximumMs)
            guard case .answer(let answer) = reaction.act else { continue }
            #expect((200..<600).contains(answer.status.code))
        }
    }
}
