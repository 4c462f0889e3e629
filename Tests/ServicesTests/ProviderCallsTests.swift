import Egress
import Identifiers
import JSON
import RPC
import Resilience
import TestSupport
import Testing

@testable import Services

@Suite("Calls to providers, beside the simulator")
struct ProviderCallsTests {
    @Test(
        "Each way in which a provider is bad ends in its own word, in time, and nothing of what it said is taken",
        .timeLimit(.minutes(3)))
    func hostile() async throws {
        try await Simulation.run { simulation in
            let calls = ProviderCalls(client: simulation.client, .patient)
            let expected: [(String, [String])] = [
                ("steady", ["found"]), ("slow", ["found", "timeout"]), ("duplicate-ids", ["found"]),
                ("sparse", ["found", "notFound"]), ("dead", ["unavailable"]), ("hang", ["timeout"]),
                ("reset", ["unavailable", "badAnswer"]), ("truncated", ["badAnswer"]),
                ("endless", ["badAnswer"]),
                ("drip", ["timeout"]), ("wrong-schema", ["badAnswer"]), ("wrong-type", ["badAnswer"]),
                ("non-utf8", ["badAnswer"]), ("error-inside", ["providerError"]), ("bomb", ["badAnswer"]),
                ("redirect-loopback", ["blocked"]), ("redirect-loop", ["badAnswer"]),
            ]
            for (name, words) in expected {
                let provider = try simulation.provider(name)
                for person in 0..<5 {
                    let report = try await simulation.report(calls, provider, "Person \(person)", seconds: 4)
                    #expect(words.contains(report.outcome.word), "\(name): \(report.outcome)")
                    #expect(report.calls >= 1 && report.calls <= 3, "\(name)")
                    if let failure = report.outcome.failure {
                        #expect(!"\(failure)".contains("a-key") && !failure.message.isEmpty)
                    }
                }
                let counted = try await simulation.calls(name)
                let sent = calls.metrics.counts(provider.slug)
                if name == "redirect-loop" {
                    #expect(counted > Int(sent.calls))
                } else {
                    #expect(counted == Int(sent.calls), "\(name)")
                }
                #expect(sent.calls == sent.lookups + sent.retries)
            }
            #expect(try await simulation.control(.get, "calls")["trapped"]?.int64 == 0)
        }
    }

    @Test("What is found is what the provider knows, and a fault that passes is overcome by asking again")
    func truth() async throws {
        try await Simulation.run { simulation in
            try await simulation.control(
                .put, "providers/shaky",
                #"{"found":0.6,"notFound":"mixed","faults":{"http503":0.2,"http500":0.1}}"#)
            var settings = ProviderCalls.Settings.patient
            settings.retryPercent = 100
            let calls = ProviderCalls(client: simulation.client, settings)
            let provider = try simulation.provider("shaky")
            var outcomes: [String: Int] = [:]
            for person in 0..<100 {
                let report = try await simulation.report(calls, provider, "person \(person)")
                let expected = try await simulation.control(
                    .get, "expect?provider=shaky&name=person%20\(person)&domain=acme.example")
                let succeedsAt = try #require(expected["succeedsAt"]?.int64)
                outcomes[report.outcome.word, default: 0] += 1
                guard succeedsAt < 3 else {
                    #expect(report.outcome.word == "unavailable" && report.calls == 3)
                    continue
                }
                #expect(report.calls == Int(succeedsAt) + 1, "person \(person)")
                guard expected["found"]?.bool == true else {
                    #expect(report.outcome == .notFound)
                    continue
                }
                guard case .found(let fields) = report.outcome else {
                    Issue.record("person \(person): \(report.outcome)")
                    continue
                }
                for field in fields {
                    #expect(
                        expected["answer"]?[field.name]?.source
                            == String(decoding: field.value, as: UTF8.self))
                    #expect(expected["answer"]?["confidence"]?.double == field.confidence)
                }
                #expect(fields.map(\.name) == ["email", "phone", "companySize"])
            }
            #expect((outcomes["found"] ?? 0) > 30 && (outcomes["notFound"] ?? 0) > 20, "\(outcomes)")
        }
    }

    @Test("Retries are at most a fifth of the calls, and what is not safe to repeat is asked once")
    func retries() async throws {
        try await Simulation.run { simulation in
            let calls = ProviderCalls(client: simulation.client, .patient)
            let provider = try simulation.provider("dead")
            let start = MonotonicClock.now
            for person in 0..<200 { _ = try await simulation.report(calls, provider, "person \(person)") }
            let seconds = Int((MonotonicClock.now - start) / 1_000_000_000)
            let counts = calls.metrics.counts(provider.slug)
            // And one a second for those who ask seldom.
            #expect(counts.retries >= 30 && Int(counts.retries) <= 40 + 2 + seconds, "\(counts)")
            #expect(try await simulation.calls("dead") == Int(counts.calls))

            // The parameters go into the body.
            func posting(_ slug: String, _ more: String = "") throws -> Provider {
                try simulation.provider(
                    "dead",
                    [
                        (#""method": "GET""#, #""method": "POST"\#(more)"#),
                        (#""query": {"name""#, #""body": {"name""#),
                        (#""sim-dead""#, #""\#(slug)""#),
                    ])
            }
            let once = try await simulation.report(calls, try posting("sim-dead-post"))
            #expect(once.calls == 1 && once.outcome.word == "unavailable")
            let keyed = try posting("sim-dead-keyed", #", "idempotencyHeader": "Idempotency-Key""#)
            let again = try await simulation.report(calls, keyed, "Grace Hopper")
            #expect(again.calls == 2 || again.calls == 3)
            let counted = try await simulation.control(
                .get, "calls?provider=dead&name=grace%20hopper&domain=acme.example")
            #expect(counted["idempotencyKeys"]?.int64 == 1, "\(counted.source)")
        }
    }

    @Test("A provider that says it is too much is asked less, and all are served")
    func throttled() async throws {
        try await Simulation.run { simulation in
            let calls = ProviderCalls(client: simulation.client, .patient)
            // The manifest knows nothing of the limit: it has to be found out.
            let provider = try simulation.provider("throttled")
            let key = try Simulation.key()
            let outcomes = try await withThrowingTaskGroup(of: LookupOutcome.self) { group in
                for person in 0..<20 {
                    let input = try Simulation.input(provider, "person \(person)")
                    group.addTask {
                        var outcome = LookupOutcome.notFound
                        // As a job would: what is transient is asked again.
                        for _ in 0..<50 {
                            outcome = await calls.ask(
                                provider, input, key: key, workspace: .random(),
                                deadlineNanoseconds: MonotonicClock.now + 20_000_000_000)
                            guard outcome.failure?.isTransient == true else { break }
                        }
                        return outcome
                    }
                }
                return try await group.reduce(into: [LookupOutcome]()) { $0.append($1) }
            }
            #expect(outcomes.allSatisfy { $0.word == "found" }, "\(outcomes.map(\.word))")
            let totals = try await simulation.control(.get, "calls?provider=throttled")["totals"]
            #expect(totals?["found"]?.int64 == 20 && (totals?["throttled"]?.int64 ?? 0) > 0)
            // Twenty at once and then as they come: not a storm of refusals.
            #expect((totals?["throttled"]?.int64 ?? 0) < 60, "\(totals?.source ?? "")")
        }
    }

    @Test("Cancelling ends a lookup at once, wherever it is; a deadline that has passed asks nobody")
    func ends() async throws {
        try await Simulation.run { simulation in
            let calls = ProviderCalls(client: simulation.client, .patient)
            let provider = try simulation.provider(
                "hang",
                [
                    (#""timeoutMs": 1000"#, #""timeoutMs": 60000"#),
                    (#""concurrency": 200"#, #""concurrency": 1"#),
                ])
            let tasks = try (0..<3).map { person in
                let input = try Simulation.input(provider, "person \(person)")
                let key = try Simulation.key()
                return Task {
                    await calls.ask(
                        provider, input, key: key, workspace: .random(),
                        deadlineNanoseconds: MonotonicClock.now + 60_000_000_000)
                }
            }
            while try await simulation.calls("hang") < 1 {}
            while calls.load()["sim-hang"]?.waiting != 2 { await Task.yield() }
            for task in tasks { task.cancel() }
            for task in tasks { #expect(await task.value.word == "cancelled") }
            #expect(calls.load()["sim-hang"]?.inFlight == 0)
            let late = try await simulation.report(calls, provider, seconds: 0)
            #expect(late.outcome.word == "timeout" && late.calls == 0)
            #expect(try await simulation.calls("hang") == 1)
        }
    }

    @Test("A key that is not taken is no matter of time; without a client nobody is called")
    func keys() async throws {
        try await Simulation.run { simulation in
            let calls = ProviderCalls(client: simulation.client, .patient)
            let provider = try simulation.provider("steady")
            let revoked = try await simulation.report(calls, provider, key: try Simulation.key("revoked-key"))
            #expect(revoked.outcome.word == "unauthorized" && revoked.outcome.failure?.isTransient == false)
            #expect(revoked.calls == 1)
            let nobody = ProviderCalls(client: nil)
            #expect(try await simulation.report(nobody, provider).outcome.word == "unavailable")
        }
    }

    @Test(
        "With one key a circuit opens and with another it does not; it is tried again, and closes when all is well"
    )
    func circuit() async throws {
        try await Simulation.run { simulation in
            var settings = ProviderCalls.Settings.patient
            settings.circuit = CircuitBreaker.Settings()
            let clock = StandingClock()
            settings.clock = { clock.now }
            let calls = ProviderCalls(client: simulation.client, settings)
            try await simulation.control(.put, "providers/ill", #"{"faults":{"http503":1}}"#)
            let provider = try simulation.provider("ill")
            let credential = UUID.random()
            let own = try Simulation.key("own-key", credential: credential)
            func ask(_ number: Int) async throws -> ProviderCalls.Report {
                try await simulation.report(calls, provider, "person \(number)", key: own, maximumAttempts: 1)
            }
            for number in 0..<5 { #expect(try await ask(number).outcome.word == "unavailable") }
            let refused = try await ask(5)
            #expect(refused.outcome.word == "circuitOpen" && refused.calls == 0)
            #expect(
                (refused.outcome.failure?.retryAfterNanoseconds ?? .max) <= settings.circuit.openNanoseconds)
            let key = CircuitKey("sim-ill", credential.description)
            #expect(calls.circuits.circuit(key).state != .closed)
            #expect(calls.circuits.circuit(CircuitKey("sim-ill", CircuitKey.platform)).state == .closed)
            #expect(
                try await simulation.report(calls, provider, maximumAttempts: 1).outcome.word == "unavailable"
            )
            #expect(
                calls.circuits.takeNotices().contains {
                    $0.kind == .circuitOpened && $0.description.contains("sim-ill")
                })

            try await simulation.control(.put, "providers/ill", "{}")
            #expect(try await ask(6).outcome.word == "circuitOpen", "it is not yet time")
            clock.advance(seconds: 6)
            for number in 0..<settings.circuit.probes {
                #expect(calls.circuits.circuit(key).state == .halfOpen)
                #expect(try await ask(number).outcome.word == "found")
            }
            #expect(calls.circuits.circuit(key).state == .closed)
            #expect(try await ask(0).outcome.word == "found")
            #expect(calls.circuits.takeNotices().contains { $0.description.contains("is closed") })
            var text = PrometheusText()
            calls.writeMetrics(["sim-ill"], to: &text)
            for line in [
                #"rpcd_provider_lookups_total{provider="sim-ill",outcome="circuitOpen"}"#,
                #"rpcd_provider_circuits_open{provider="sim-ill"} 0"#,
                #"rpcd_provider_circuit_state{provider="sim-ill"} 0"#,
            ] { #expect(text.text.contains(line), "\(text.text)") }
        }
    }

    @Test(
        "A redirect to another host does not carry the key along, and one to an address that may not be called is refused"
    )
    func redirect() async throws {
        try await Simulation.run { simulation in
            let calls = ProviderCalls(client: simulation.client, .patient)
            let provider = try simulation.provider("redirect-loopback")
            let refused = try await simulation.report(calls, provider)
            #expect(refused.outcome.word == "blocked")
            #expect(try await simulation.control(.get, "calls")["trapped"]?.int64 == 0)
            // Where the way is open, the key still stays behind.
            let input = try Simulation.input(provider)
            let request = try provider.manifest.request.request(
                Filling(inputs: input.values, key: "canary", secret: nil), timeoutMs: 1000,
                idempotencyKey: "x")
            #expect(request.secretHeaders == ["Authorization"] && !request.followsAfterAnyMethod)
        }
    }
}
