import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("Providers, over HTTP")
struct BehaviourTests {
    private static let person = "/person?name=Ada%20Lovelace&domain=acme.example"

    private func ask(_ simulated: Simulated, _ provider: String) async throws -> Simulated.Answer {
        try await simulated.call("GET", "/v1/\(provider)" + Self.person)
    }

    @Test("A steady provider answers with the fields it is known for")
    func steady() async throws {
        try await Simulated.run { simulated in
            let answer = try await ask(simulated, "steady")
            #expect(answer.status == 200)
            #expect(answer.head.contains("content-type: application/json"))
            let json = try answer.json()
            #expect(json["email"]?.string?.hasSuffix("@acme.example") == true)
            #expect(json["phone"]?.string?.hasPrefix("+1") == true)
            #expect((1...100_000).contains(try #require(json["companySize"]?.int64)))
            #expect((0.5...1).contains(try #require(json["confidence"]?.double)))
        }
    }

    @Test(
        "One input has many spellings: by GET, by JSON, by form, in capitals, with blanks, with a key in it")
    func spellings() async throws {
        try await Simulated.run { simulated in
            let first = try await ask(simulated, "steady")
            let spellings = [
                ("GET", "/v1/steady/other?domain=ACME.example&name=+ada++LOVELACE+", "", ""),
                ("GET", "/v1/steady/a/b?name=Ada%09Lovelace&domain=acme.example&title=&api_key=k", "", ""),
                (
                    "POST", "/v1/steady/person",
                    #"{"name":"Ada Lovelace","title":null,"domain":"acme.example"}"#,
                    "Content-Type: application/json"
                ),
                ("POST", "/v1/steady/person?name=ada+lovelace", #"{"domain":"Acme.Example"}"#, ""),
                (
                    "POST", "/v1/steady/person", "name=Ada+Lovelace&domain=acme.example",
                    "Content-Type: application/x-www-form-urlencoded"
                ),
            ]
            for (method, path, body, type) in spellings {
                let headers = [Simulated.key] + (type.isEmpty ? [] : [type])
                let answer = try await simulated.call(method, path, body, headers: headers)
                #expect(answer.body == first.body, "\(path) \(body)")
            }
            let inputs = try await simulated.get("/control/calls?provider=steady")["inputs"]
            #expect(inputs?.count == 1)
            #expect(inputs?[0]?["input"]?.string == "domain=acme.example&name=ada%20lovelace")
            #expect(inputs?[0]?["calls"]?.int64 == 6)
        }
    }

    @Test("Without a key, or with a revoked one, it is 401 and no call; keys are shown nowhere")
    func keys() async throws {
        try await Simulated.run { simulated in
            let path = "/v1/steady" + Self.person
            for headers in [
                [], ["Authorization: Basic a"], ["Authorization: Bearer "], ["X-Api-Key: revoked-1"],
            ] {
                let answer = try await simulated.call("GET", path, headers: headers)
                #expect(answer.status == 401)
                #expect(answer.head.contains("www-authenticate: bearer"))
            }
            for header in ["authorization: bearer s3cret", "x-api-key: s3cret"] {
                let answer = try await simulated.call("GET", path + "&api_key=s3cret", headers: [header])
                #expect(answer.status == 200)
                #expect(!answer.text.contains("s3cret"))
            }
            _ = try await simulated.call("POST", "/hooks/h", "x", headers: ["Authorization: Bearer s3cret"])
            let loop = try await simulated.call("GET", "/v1/redirect-loop" + Self.person + "&api_key=s3cret")
            #expect(!loop.head.contains("s3cret"))
            for path in ["/control/calls", "/control/calls?provider=steady", "/control/hooks/h"] {
                let answer = try await simulated.call("GET", path)
                #expect(!answer.text.contains("s3cret"), "\(path)")
            }
            let calls = try await simulated.get("/control/calls")
            #expect(calls["unauthorized"]?.int64 == 4)
            #expect(calls["byProvider"]?["steady"]?["calls"]?.int64 == 2)
        }
    }

    @Test("Wrong answers are wrong as they are meant to be")
    func wrongAnswers() async throws {
        try await Simulated.run { simulated in
            let dead = try await ask(simulated, "dead")
            #expect(dead.status == 503)
            let page = try await ask(simulated, "wrong-type")
            #expect(page.status == 200)
            #expect(page.head.contains("content-type: text/html"))
            let inside = try await ask(simulated, "error-inside")
            #expect(inside.status == 200)
            #expect(try inside.json()["error"]?["message"] != nil)
            let bytes = try await ask(simulated, "non-utf8")
            #expect(bytes.status == 200)
            #expect(String(validating: bytes.body, as: UTF8.self) == nil)
            for number in 0..<40 {
                let shape = try await simulated.call("GET", "/v1/wrong-schema/person?n=\(number)")
                #expect(shape.status == 200)
                let json = try? JSON.parse(shape.body)
                #expect(json?["email"]?.string?.contains("@") != true)
            }
            let ids = try await [
                ask(simulated, "duplicate-ids"), simulated.call("GET", "/v1/duplicate-ids/person?name=Grace"),
            ].map { try $0.json() }
            #expect(ids[0]["id"]?.string == ids[1]["id"]?.string)
            #expect(ids[0]["email"]?.string != ids[1]["email"]?.string)
            #expect(ids[0]["results"]?[0]?["id"]?.string == ids[0]["results"]?[1]?["id"]?.string)
        }
    }

    @Test("Redirects lead to a trap that counts who follows, or nowhere")
    func redirects() async throws {
        try await Simulated.run { simulated in
            let trap = try #require(try await simulated.get("/control")["trap"]?.string)
            let loopback = try await ask(simulated, "redirect-loopback")
            #expect(loopback.status == 302)
            #expect(loopback.head.contains("location: http://\(trap)/"))
            #expect(try await simulated.get("/control/calls")["trapped"]?.int64 == 0)
            let follower = try RawSocket(port: try #require(Int(trap.split(separator: ":")[1])))
            #expect(try await follower.receive().isEmpty)
            #expect(try await simulated.get("/control/calls")["trapped"]?.int64 == 1)
            let loop = try await ask(simulated, "redirect-loop")
            #expect(loop.status == 302)
            #expect(
                loop.head.contains(
                    "location: /v1/redirect-loop/person?domain=acme.example&name=ada%20lovelace"))
        }
    }

    @Test("A bomb is a megabyte of valid gzip that unpacks into a gigabyte")
    func bomb() async throws {
        try await Simulated.run { simulated in
            let bomb = try await ask(simulated, "bomb")
            #expect(bomb.head.contains("content-encoding: gzip"))
            #expect(bomb.body.count < 1_100_000)
            try await withTemporaryFolder { folder in
                try Data(bomb.body).write(to: URL(fileURLWithPath: folder + "/bomb.gz"))
                let result = try await ServedProcess.run(
                    "/bin/sh", ["-c", "gzip -dc bomb.gz | wc -c"], in: folder)
                #expect(result.output == "1082130961\n")
                #expect(result.errors.isEmpty)
            }
        }
    }

    @Test("A truncated body ends before its announced length, an endless one not at all")
    func bodies() async throws {
        try await Simulated.run { simulated in
            let truncated = try await ask(simulated, "truncated")
            let announced = truncated.head.split(separator: "content-length: ")[1].prefix { $0.isNumber }
            #expect(truncated.status == 200)
            #expect(truncated.body.count < (Int(announced) ?? 0))
            let socket = try simulated.open()
            try await socket.send(Simulated.request("GET", "/v1/endless" + Self.person, "", [Simulated.key]))
            var count = 0
            while count < 5_000_000 {
                let part = try await socket.receive()
                try #require(!part.isEmpty)
                count += part.count
            }
        }
    }

    @Test("A dripping provider sends a byte, and waits; in the end it has sent the right answer")
    func drip() async throws {
        try await Simulated.run { simulated in
            let request = Simulated.request("GET", "/v1/drip" + Self.person, "", [Simulated.key])
            try await simulated.put(
                "/control/providers/drip", #"{"faults":{"drip":1},"dripIntervalMs":60000}"#)
            let waiting = try simulated.open()
            try await waiting.send(request)
            var bytes: [UInt8] = []
            while (try? Simulated.parse(bytes))?.body.isEmpty != false {
                let part = try await waiting.receive()
                try #require(!part.isEmpty)
                bytes += part
            }
            #expect(try Simulated.parse(bytes).text == "{")
            try await simulated.put("/control/providers/drip", #"{"faults":{"drip":1},"dripIntervalMs":1}"#)
            let answer = try await ask(simulated, "drip")
            let expected = try await simulated.get(
                "/control/expect?provider=drip&" + Self.person.dropFirst(8))
            #expect(answer.text == expected["answer"]?.source)
        }
    }

    @Test(
        "A reset is a reset, not an end; a hanging call is held until its client has gone, and holds up no end"
    )
    func silence() async throws {
        try await Simulated.run { simulated in
            let reset = try simulated.open()
            try await reset.send(Simulated.request("GET", "/v1/reset" + Self.person, "", [Simulated.key]))
            let (count, error) = try await onThread {
                var byte: UInt8 = 0
                let count = recv(reset.descriptor, &byte, 1, 0)
                return (count, errno)
            }
            #expect(count == -1 && error == ECONNRESET)
            let hanging = try simulated.open()
            try await hanging.send(Simulated.request("GET", "/v1/hang" + Self.person, "", [Simulated.key]))
            while try await simulated.get("/control/calls?provider=hang")["totals"]?["calls"]?.int64 != 1 {}
            var byte: UInt8 = 0
            #expect(recv(hanging.descriptor, &byte, 1, Int32(MSG_DONTWAIT)) == -1)
            #expect(errno == EAGAIN)
        }
    }

    @Test("A throttled provider admits a key's burst, then says when to come back; another key has its own")
    func throttled() async throws {
        try await Simulated.run { simulated in
            try await simulated.put("/control/providers/throttled", #"{"ratePerSecond":3}"#)
            let socket = try simulated.open()
            let path = "/v1/throttled" + Self.person
            for _ in 0..<200 {
                try await socket.send(Simulated.request("GET", path, "", [Simulated.key], keepsOpen: true))
            }
            try await socket.send(Simulated.request("GET", path, "", ["X-Api-Key: another"]))
            let answers = try await socket.receiveAll().components(separatedBy: "HTTP/1.1 ").dropFirst()
            let admitted = answers.count { $0.hasPrefix("200") }
            let refused = answers.filter { $0.hasPrefix("429") }
            #expect(answers.count == 201 && admitted + refused.count == 201)
            #expect(
                answers.prefix(3).allSatisfy { $0.hasPrefix("200") } && answers.last?.hasPrefix("200") == true
            )
            #expect(!refused.isEmpty && refused.allSatisfy { $0.contains("\r\nRetry-After: 1\r\n") })
            let totals = try await simulated.get("/control/calls?provider=throttled")["totals"]
            #expect(totals?["throttled"]?.int64 == Int64(refused.count))
            #expect(totals?["found"]?.int64 == Int64(admitted))
        }
    }

    @Test("A storm is 50 failures in a row out of 200")
    func storm() async throws {
        try await Simulated.run { simulated in
            let socket = try simulated.open()
            for number in 0..<400 {
                let close = number == 399
                try await socket.send(
                    Simulated.request(
                        "GET", "/v1/storm/p?n=\(number)", "", [Simulated.key], keepsOpen: !close))
            }
            let answers = try await socket.receiveAll().components(separatedBy: "HTTP/1.1 ").dropFirst()
            let failed = answers.map { $0.hasPrefix("500") }
            #expect(failed.count == 400 && failed.count { $0 } == 100)
            let changes = zip(failed, failed.dropFirst()).count { $0 != $1 }
            #expect((3...4).contains(changes))
        }
    }

    @Test("A sparse provider knows few, and says so in each of its ways")
    func sparse() async throws {
        try await Simulated.run { simulated in
            var kinds: [String: Int] = [:]
            for number in 0..<120 {
                let answer = try await simulated.call("GET", "/v1/sparse/p?n=\(number)")
                switch (answer.status, answer.text) {
                case (404, _): kinds["404", default: 0] += 1
                case (200, "{}"): kinds["empty", default: 0] += 1
                case (200, let text) where text.hasPrefix(#"{"email":null,"#): kinds["null", default: 0] += 1
                case (200, _): kinds["found", default: 0] += 1
                default: Issue.record("\(answer)")
                }
            }
            #expect(Set(kinds.keys) == ["404", "empty", "null", "found"])
            #expect(kinds.values.reduce(0, +) == 120 && (1..<60).contains(kinds["found"] ?? 0))
            let totals = try await simulated.get("/control/calls?provider=sparse")["totals"]
            #expect(totals?["found"]?.int64 == kinds["found"].map(Int64.init))
        }
    }

    @Test("A slow provider keeps to its distribution, and other calls do not wait for it")
    func slow() async throws {
        try await Simulated.run { simulated in
            // The first call would take ten minutes: what comes after it is answered before.
            try await simulated.put("/control/providers/slow", #"{"latencyMs":{"p50":600000}}"#)
            let waiting = try simulated.open()
            try await waiting.send(Simulated.request("GET", "/v1/slow" + Self.person, "", [Simulated.key]))
            while try await simulated.get("/control/calls?provider=slow")["totals"]?["calls"]?.int64 != 1 {}
            try await simulated.put("/control/providers/slow", #"{"latencyMs":{"p50":2,"p99":5}}"#)
            #expect(try await ask(simulated, "slow").status == 200)
        }
    }
}
