import Identifiers
import JSON
import RPC
import Resilience
import TestSupport
import Testing

@testable import Services

extension JobStage {
    /// Lets runners work while `body` looks on.
    func working<Value>(_ runners: Int = 1, _ body: () async throws -> Value) async throws -> Value {
        let runners = (0..<runners).map { _ in
            Task { [platform = backend.platform] in
                await JobRunner(platform, JobStage.quick) { Issue.record("\($0)") }.run()
            }
        }
        func stop() async {
            for runner in runners { runner.cancel() }
            for runner in runners { await runner.value }
        }
        do {
            let value = try await body()
            await stop()
            return value
        } catch {
            await stop()
            throw error
        }
    }

    /// One number of the database.
    func number(_ sql: String, _ job: JSON) throws -> Int {
        let result = console.run(sql, [job["id"]?.string])
        return try #require(result.rows.first?.first?.flatMap { Int($0) }, "\(result.message)")
    }

    /// Waits for a condition that the test's time limit bounds.
    func until(_ isSo: () async throws -> Bool) async throws {
        while !(try await isSo()) { try await Task.sleep(for: .milliseconds(5)) }
    }
}

@Suite("Jobs that have to wait")
struct JobPatienceTests {
    private static let failures = "SELECT coalesce(sum(failures), 0) FROM job_tasks WHERE job_id = $1"

    @Test(
        "A provider that is slow holds up nobody else: what it cannot serve now waits without a place, and has not failed",
        .timeLimit(.minutes(2)))
    func slow() async throws {
        try await Simulation.run { simulation in
            try await simulation.control(.put, "providers/slow1", "{}")
            let slow = try simulation.provider("slow1", [(#""limit": "off""#, #""limit": "1/s""#)])
            let stage = try await JobStage(simulation, [slow, simulation.provider("steady")], credits: 5000)
            let other = try await JobStage(simulation, stage.backend, credits: 1000)
            let many = try await stage.create(
                JobStage.people(0..<1000) + "," + JobStage.fields(["email"], ["slow1"]))
            try await stage.working {
                let begun = ContinuousClock.now
                try await stage.until { try await simulation.calls("slow1") > 0 }
                let few = try await stage.create(
                    JobStage.people(1000..<1100) + "," + JobStage.fields(["email"], ["steady"]))
                let theirs = try await other.create(
                    JobStage.people(0..<100) + "," + JobStage.fields(["email"], ["steady"]))
                for (stage, job) in [(stage, few), (other, theirs)] {
                    #expect(try await stage.end(of: job)["counts"]?["found"]?.int64 == 100)
                }
                let calls = try await simulation.calls("slow1")
                let seconds = (ContinuousClock.now - begun).components.seconds
                #expect(calls <= Int(seconds) + 2, "one a second, and the first at once")
                let state = "SELECT count(*) FROM job_tasks WHERE job_id = $1 AND state = 'running'"
                try await stage.until { try stage.number(state, many) <= 10 }
                let served = try await simulation.calls("slow1")
                try await stage.until { try await simulation.calls("slow1") >= served + 3 }
                // It rested once, long ago; since then it is their turn that they wait for.
                stage.console.run(
                    "UPDATE job_tasks SET waits_since = now() - interval '2 days' WHERE waits_since IS NULL")
                let waiting =
                    "SELECT count(*) FROM job_tasks WHERE job_id = $1 AND state = 'waiting' AND waits_since IS NULL"
                try await stage.until { try stage.number(waiting, many) > 0 }
                #expect(try stage.number(JobPatienceTests.failures, many) == 0)
                let status = try await stage.result("jobs.get", #""jobId":"\#(many["id"]?.string ?? "")""#)
                #expect(status["status"]?.string == "running" && status["counts"]?["failed"]?.int64 == 0)
            }
        }
    }

    @Test(
        "An outage that begins long after its job costs no task anything: patience counts from when it began",
        .timeLimit(.minutes(2)))
    func outage() async throws {
        try await Simulation.run { simulation in
            let stage = try await JobStage(simulation, [simulation.provider("steady")])
            let circuits = stage.backend.platform.providers.calls.circuits
            let key = CircuitKey("sim-steady", CircuitKey.platform)
            circuits.force(.open, key, of: nil)
            let job = try await stage.create(
                JobStage.people(0..<20) + "," + JobStage.fields(["email"], ["steady"]))
            try await stage.working {
                let waiting = "SELECT count(*) FROM job_tasks WHERE job_id = $1 AND waits_since IS NOT NULL"
                try await stage.until { try stage.number(waiting, job) == 20 }
                // They have seen another outage, too.
                stage.console.run("UPDATE jobs SET started_at = now() - interval '1 hour'")
                stage.console.run("UPDATE job_tasks SET waits_since = now() - interval '1 hour'")
                try await stage.until {
                    try stage.number("SELECT min(takes) FROM job_tasks WHERE job_id = $1", job) > 1
                }
                #expect(try stage.number(JobPatienceTests.failures, job) == 0)
                circuits.force(.none, key, of: nil)
                #expect(try await stage.end(of: job)["counts"]?["found"]?.int64 == 20)
            }
        }
    }

    @Test(
        "A key that cannot be read holds up nothing: the next is asked, or the task fails, and it is told once"
    )
    func unreadableKey() async throws {
        struct Unreadable: Error {}
        try await Simulation.run { simulation in
            let setup = ProviderSetup(
                catalog: ProviderCatalog([try simulation.provider("ill"), try simulation.provider("steady")]),
                client: simulation.client,
                platformKeys: PlatformKeySource(stamp: { _ in "1" }) { slug in
                    guard slug == "sim-steady" else { throw Unreadable() }
                    return Array("platform-key".utf8)
                })
            let stage = try await JobStage(simulation, Backend(providers: setup), credits: 1000)
            let notices = AsyncStream.makeStream(of: Notice.self)
            let runner = Task { [platform = stage.backend.platform] in
                await JobRunner(platform, JobStage.quick) { notices.continuation.yield($0) }.run()
            }
            for (providers, status) in [(["ill", "steady"], "found"), (["ill"], "failed")] {
                let job = try await stage.create(
                    JobStage.people(0..<20) + "," + JobStage.fields(["email"], providers)
                        + #","refresh":true"#)
                let ended = try await stage.end(of: job)
                #expect(ended["counts"]?[status]?.int64 == 20, "\(ended.source)")
                if status == "failed" {
                    #expect(try await stage.results(job).first?.source.contains("key cannot be read") == true)
                }
            }
            runner.cancel()
            await runner.value
            notices.continuation.finish()
            let told = await notices.stream.reduce(into: [Notice]()) { $0.append($1) }
            #expect(told.map(\.kind) == [.keyUnreadable])
        }
    }

    @Test("What a provider refuses for being too much has not failed", .timeLimit(.minutes(2)))
    func throttled() async throws {
        try await Simulation.run { simulation in
            try await simulation.control(.put, "providers/full", #"{"faults":{"http429":1}}"#)
            let stage = try await JobStage(
                simulation, [simulation.provider("full")], calls: .patient)
            let job = try await stage.create(
                JobStage.people(0..<10) + "," + JobStage.fields(["email"], ["full"]))
            try await stage.working {
                let waiting = "SELECT count(*) FROM job_tasks WHERE job_id = $1 AND waits_since IS NOT NULL"
                try await stage.until { try stage.number(waiting, job) > 0 }
                try await stage.until { try await simulation.calls("full") > 14 }
                #expect(try stage.number(JobPatienceTests.failures, job) == 0)
                try await simulation.control(.put, "providers/full", "{}")
                #expect(try await stage.end(of: job)["counts"]?["found"]?.int64 == 10)
            }
        }
    }

    @Test("What could do harm the second time is asked once, however often the task is tried")
    func unsafe() async throws {
        try await Simulation.run { simulation in
            try await simulation.control(.put, "providers/ill", #"{"faults":{"http503":1}}"#)
            let posting = try simulation.provider(
                "hang",
                [
                    (#""method": "GET""#, #""method": "POST""#), (#""query": {"name""#, #""body": {"name""#),
                    (#""timeoutMs": 1000"#, #""timeoutMs": 200"#),
                ])
            var settings = ProviderCalls.Settings.patient
            settings.retryPercent = 100
            let stage = try await JobStage(
                simulation, [posting, simulation.provider("ill")], calls: settings)
            let job = try await stage.run(
                stage.create(JobStage.people(0..<3) + "," + JobStage.fields(["email"], ["hang", "ill"])))
            #expect(job["counts"]?["failed"]?.int64 == 3)
            #expect(try await simulation.calls("hang") == 3)
            #expect(try await simulation.calls("ill") >= 12)
            // Whoever asks again knows what he does.
            try await simulation.control(.put, "providers/ill", "{}")
            let again = try await stage.result("jobs.retry", #""jobId":"\#(job["id"]?.string ?? "")""#)
            #expect(try await stage.run(again)["counts"]?["found"]?.int64 == 3)
            #expect(try await simulation.calls("hang") == 6)
        }
    }

    @Test("A task that is tried again takes a retry of the provider's budget", .timeLimit(.minutes(2)))
    func budget() async throws {
        try await Simulation.run { simulation in
            try await simulation.control(.put, "providers/ill", #"{"faults":{"http503":1}}"#)
            let ill = try simulation.provider("ill", [(#""concurrency": 200"#, #""concurrency": 5"#)])
            let stage = try await JobStage(simulation, [ill], calls: .patient)
            let start = MonotonicClock.now
            _ = try await stage.create(JobStage.people(0..<20) + "," + JobStage.fields(["email"], ["ill"]))
            try await stage.working {
                try await stage.until { try await simulation.calls("ill") >= 32 }
                let calls = try await simulation.calls("ill")
                let seconds = Int((MonotonicClock.now - start) / 1_000_000_000) + 1
                // One a second within calls, and a fifth of five between them.
                #expect(calls <= 20 + 4 + 2 + 2 * seconds)
            }
        }
    }

    @Test(
        "Of a job that is cancelled what is under way ends at once, and what was set aside goes back",
        .timeLimit(.minutes(1)))
    func cancelled() async throws {
        try await Simulation.run { simulation in
            let hanging = try simulation.provider(
                "hang", [(#""timeoutMs": 1000"#, #""timeoutMs": 60000"#)])
            let stage = try await JobStage(simulation, [hanging, simulation.provider("steady")])
            let people = JobStage.people(0..<10) + ","
            let job = try await stage.create(
                people + JobStage.fields(["email"], ["steady", "hang"], minConfidence: 1))
            let load = { stage.backend.platform.providers.calls.load()["sim-hang"]?.inFlight ?? 0 }
            try await stage.working(2) {
                try await stage.until { load() == 10 }
                #expect(stage.account() == ["1000", "20"])
                let id = #""jobId":"\#(job["id"]?.string ?? "")""#
                #expect(try await stage.result("jobs.cancel", id)["status"]?.string == "cancelled")
                try await stage.until { load() == 0 && stage.account()[1] == "0" }
                #expect(stage.account() == ["1000", "0"])
                #expect(stage.count(.skipped, try await stage.results(job)) == 10)
                let held = "SELECT count(*) FROM lookups WHERE asked_by IS NOT NULL AND $1::text IS NOT NULL"
                #expect(try stage.number(held, job) == 0, "whoever wants may ask")
                // What it had come to is not lost: who pays gets it.
                let sure = try await stage.create(people + JobStage.fields(["email"], ["steady"]))
                #expect(try await stage.end(of: sure)["spentCredits"]?.int64 == 20)
            }
            #expect(try await simulation.calls("hang") == 10)
        }
    }

    @Test("Of the jobs of a workspace the one with the highest priority has the next turn")
    func priority() async throws {
        try await Simulation.run { simulation in
            let stage = try await JobStage(simulation, [simulation.provider("steady")])
            let asked = JobStage.people(0..<3) + "," + JobStage.fields(["email"], ["steady"])
            var jobs: [String?] = []
            for priority in [0, -10, 10] {
                jobs.append(try await stage.create(asked + #","priority":\#(priority)"#)["id"]?.string)
            }
            let queue = TaskQueue(platform: stage.backend.platform)
            var turns: [String?] = []
            for _ in 0..<9 {
                let tasks = try await queue.claim(atMost: 1).tasks
                turns.append(tasks.first?.jobID.description)
            }
            #expect(turns == [jobs[2], jobs[0], jobs[1]].flatMap { [$0, $0, $0] })
        }
    }

    @Test("What nobody has paid for is paid once when two daemons work, whichever of them has it")
    func together() async throws {
        try await Simulation.run { simulation in
            let stage = try await JobStage(simulation, [simulation.provider("steady")])
            let people = JobStage.people(0..<20) + ","
            try await stage.working(2) {
                let unsure = try await stage.create(
                    people + JobStage.fields(["email"], ["steady"], minConfidence: 1))
                #expect(try await stage.end(of: unsure)["counts"]?["exhausted"]?.int64 == 20)
                let sure = try await stage.create(people + JobStage.fields(["email"], ["steady"]))
                #expect(try await stage.end(of: sure)["counts"]?["found"]?.int64 == 20)
                #expect(stage.account() == ["960", "0"])
                let free = try await stage.create(people + JobStage.fields(["email"], ["steady"]))
                #expect(try await stage.end(of: free)["counts"]?["cached"]?.int64 == 20)
            }
            #expect((20...40).contains(try await simulation.calls("steady")))
            #expect(stage.account() == ["960", "0"])
        }
    }
}

@Suite("What the steps of a task come to")
struct WaterfallProgressTests {
    private static let field = JobField(name: "email", providers: ["a", "b"], minConfidence: 0)

    private static func progress(_ waited: Double, _ failure: LookupFailure) -> Waterfall.Progress {
        var progress = Waterfall.Progress(waited: waited)
        #expect(progress.take(.failed(failure, provider: "a"), field) == nil)
        return progress
    }

    private static func circuit(_ waited: Double, open seconds: UInt64) -> Double? {
        let failure = LookupFailure(
            .circuitOpen, "x", isTransient: true, retryAfterNanoseconds: 2_000_000_000,
            wait: .circuit(forNanoseconds: seconds * 1_000_000_000))
        let progress = progress(waited, failure)
        #expect(progress.repeatable.isEmpty)
        var random = SystemRandomNumberGenerator()
        return progress.restSeconds(using: &random)
    }

    @Test(
        "An open circuit is waited for as long as patience lasts: from when it opened, or from when the task came"
    )
    func circuits() {
        for (waited, open) in [(0.0, 0), (0, 36_000), (3600, 10), (299, 299)] {
            let pause = WaterfallProgressTests.circuit(waited, open: UInt64(open))
            #expect(pause.map { (1...2).contains($0) } == true, "\(waited) \(open)")
        }
        #expect(WaterfallProgressTests.circuit(301, open: 301) == nil)
    }

    @Test("Who failed is asked again where that is safe, and not before he wants it")
    func failures() {
        var failure = LookupFailure(
            .unavailable, "x", isTransient: true, retryAfterNanoseconds: 120_000_000_000)
        let progress = WaterfallProgressTests.progress(0, failure)
        #expect(progress.repeatable == ["a"] && progress.retryAfterSeconds == 120)
        failure.isRepeatable = false
        #expect(WaterfallProgressTests.progress(0, failure).repeatable.isEmpty)
        #expect(WaterfallProgressTests.progress(0, .notAgain).repeatable.isEmpty)
    }

    @Test("A provider that wants to be left alone for long is waited for, though not for ever")
    func rests() {
        let failure = LookupFailure(
            .throttled, "x", isTransient: true, retryAfterNanoseconds: 600_000_000_000, wait: .rest)
        var random = SystemRandomNumberGenerator()
        let pause = WaterfallProgressTests.progress(3600, failure).restSeconds(using: &random)
        #expect((pause ?? 0) >= 600)
        #expect(WaterfallProgressTests.progress(90_000, failure).restSeconds(using: &random) == nil)
    }
}
