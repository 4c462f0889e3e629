import Foundation
import Identifiers
import JSON
import Resilience
import TestSupport
import Testing

@testable import Services

/// One case: providers that behave as the seed says, jobs of two workspaces over the same people, daemons that die.
private struct JobCase {
    static let costs = ["one": 1, "two": 2, "five": 5]
    private static let fieldNames = ["email", "phone", "companySize"]

    let seed: Seed
    var random: SplitMix64
    let ours: JobStage
    let theirs: JobStage

    private var simulation: Simulation { ours.simulation }
    private var people: Int = 0

    init(_ seed: Seed, _ ours: JobStage, _ theirs: JobStage) {
        (self.seed, random, self.ours, self.theirs) = (seed, seed.generator, ours, theirs)
    }

    private func name(_ person: Int) -> String { "s\(seed.value) p\(person)" }

    private mutating func behave() async throws {
        func share(_ most: Double) -> Double {
            (Double.random(in: 0...most, using: &random) * 100).rounded() / 100
        }
        for name in JobCase.costs.keys.sorted() {
            let found = Double(Int.random(in: 0...2, using: &random)) / 2
            let low = share(0.9)
            let faults = ["http503", "http500", "wrongSchema", "reset", "errorInside", "nonUtf8"]
                .map { "\"\($0)\":\(share(0.1))" }.joined(separator: ",")
            try await simulation.control(
                .put, "providers/\(name)",
                #"{"found":\#(found),"notFound":"mixed","confidence":[\#(low),1],"faults":{\#(faults)}}"#)
        }
    }

    private mutating func params() -> String {
        let range = Int.random(in: 0..<people, using: &random)..<people
        let list = range.map {
            #"{"externalId":"\#(name($0))","fields":{"name":"\#(name($0))","domain":"c.example"}}"#
        }
        let fields = JobCase.fieldNames.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random))
            .map {
                field in
                let providers = JobCase.costs.keys.sorted().shuffled(using: &random)
                    .prefix(Int.random(in: 1...3, using: &random)).map { "\"sim-\($0)\"" }.joined(
                        separator: ",")
                return
                    #"{"name":"\#(field)","providers":[\#(providers)],"minConfidence":\#(Int.random(in: 0...9, using: &random))e-1}"#
            }
        let ceiling =
            Bool.random(using: &random) ? #","maxCredits":\#(Int.random(in: 0...60, using: &random))"# : ""
        let refresh = Int.random(in: 0..<4, using: &random) == 0 ? #","refresh":true"# : ""
        return #""records":[\#(list.joined(separator: ","))],"fields":[\#(fields.joined(separator: ","))],"#
            + #""keys":"platform"\#(ceiling)\#(refresh)"#
    }

    /// A daemon takes up what it finds, takes it upon itself to ask, and dies.
    private func die(_ stage: JobStage) async throws {
        let dead = TaskQueue(platform: stage.backend.platform)
        let batch = try await dead.claim(atMost: 5)
        let desk = LookupDesk(pool: stage.backend.platform.pool, daemon: dead.daemon)
        for task in batch.tasks {
            for provider in stage.backend.platform.providers.catalog.current.values {
                guard let record = batch.records[task.recordID],
                    case .success(let input) = provider.input(from: record)
                else { continue }
                _ = try await desk.place(
                    of: LookupKey(workspaceID: task.workspaceID, provider: provider.slug, hash: input.hash),
                    freshAfter: Timestamp(microseconds: 0), record: task.recordID)
            }
        }
        stage.console.run(
            "UPDATE job_tasks SET lease_until = now() WHERE leased_by = $1", [dead.daemon.description])
        stage.console.run(
            "UPDATE lookups SET asked_until = now() WHERE asked_by = $1", [dead.daemon.description])
    }

    mutating func run() async throws {
        people = Int.random(in: 1...10, using: &random)
        try await behave()
        let before = [ours, theirs].map { $0.account() }
        var jobs: [(stage: JobStage, job: JSON)] = []
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            jobs.append((ours, try await ours.create(params())))
        }
        jobs.append((theirs, try await theirs.create(params())))
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let runner = start()
            let steps = Int.random(in: 0...6, using: &random)
            for _ in 0..<steps { await Task.yield() }
            runner.cancel()
            await runner.value
            try await die(ours)
        }
        let runner = start()
        var ended: [(stage: JobStage, job: JSON)] = []
        for (stage, job) in jobs { ended.append((stage, try await stage.end(of: job))) }
        runner.cancel()
        await runner.value
        for (stage, before) in zip([ours, theirs], before) {
            let spent = ended.filter { $0.stage.workspace == stage.workspace }
                .reduce(Int64(0)) { $0 + ($1.job["spentCredits"]?.int64 ?? 0) }
            let (balance, held) = (stage.account()[0], stage.account()[1])
            #expect(
                held == "0" && balance == before[0].flatMap(Int64.init).map { "\($0 - spent)" }, "\(seed)")
        }
        var uses: [String: Uses] = [:]
        for (stage, job) in ended { try await check(job, stage, &uses) }
        try await checkCalls(uses)
    }

    private func start() -> Task<Void, Never> {
        Task { [platform = ours.backend.platform] in
            await JobRunner(platform, JobStage.quick) { Issue.record("\($0)") }.run()
        }
    }

    /// Of one person.
    private struct Uses {
        var attempts: Int64 = 0
        /// The workspaces that were told something by a provider.
        var told: [String: Set<String>] = [:]
    }

    private func check(_ job: JSON, _ stage: JobStage, _ uses: inout [String: Uses]) async throws {
        let id = try #require(job["id"]?.string)
        let results = try await stage.results(job)
        var spent: Int64 = 0
        for result in results {
            let status = try #require(
                result["status"]?.string.flatMap(TaskStatus.init(rawValue:)), "\(seed) \(result)")
            let provider = result["provider"]?.string ?? ""
            let cost = result["cost"]?.int64 ?? -1
            spent += cost
            switch status {
            case .found:
                #expect(cost == JobCase.costs[String(provider.dropFirst(4))].map(Int64.init), "\(seed)")
                #expect(result["value"]?.isNull == false, "\(seed)")
            case .cached, .exhausted: #expect(cost == 0 && result["value"]?.isNull == false, "\(seed)")
            case .notFound: #expect(cost == 0, "\(seed)")
            case .skipped, .failed: #expect(cost == 0 && result["error"]?.string?.isEmpty == false, "\(seed)")
            }
            let person = try #require(result["externalId"]?.string)
            uses[person, default: Uses()].attempts += result["attempts"]?.int64 ?? 0
            if status == .found || status == .cached {
                uses[person, default: Uses()].told[provider, default: []].insert(stage.workspace)
            }
        }
        let paid = stage.console.run(
            """
            SELECT coalesce(sum(amount), 0), count(*), count(DISTINCT reference_id) FROM ledger
            WHERE type = 'capture' AND reference_id LIKE $1
            """, ["task:\(id):%"])
        let found = results.filter { $0["status"]?.string == "found" }.count
        #expect(paid.rows == [["\(spent)", "\(found)", "\(found)"]], "\(seed)")
        #expect(
            job["spentCredits"]?.int64 == spent && job["counts"]?["found"]?.int64 == Int64(found), "\(seed)")
        #expect(job["total"]?.int64 == Int64(results.count), "\(seed)")
    }

    private func checkCalls(_ uses: [String: Uses]) async throws {
        for (person, use) in uses {
            for (provider, _) in JobCase.costs {
                let query =
                    "calls?provider=\(provider)&name=\(person.replacingOccurrences(of: " ", with: "%20"))&domain=c.example"
                let counts = try await simulation.control(.get, query)
                #expect(try #require(counts["calls"]?.int64) <= use.attempts, "\(seed) \(person) \(provider)")
                // What two workspaces were told was asked twice.
                let told = use.told["sim-\(provider)"]?.count ?? 0
                #expect(counts["found"]?.int64 ?? 0 >= Int64(told), "\(seed) \(person) \(provider)")
            }
        }
    }
}

@Suite("Jobs, whatever happens")
struct JobPropertyTests {
    @Test(
        "Each field is found or has a reason; what is found is paid once, nothing stays held; no call without an attempt, no answer without its workspace's call"
    )
    func cases() async throws {
        try await Simulation.run { simulation in
            var calls = ProviderCalls.Settings()
            calls.backoff = Backoff(baseNanoseconds: 1_000_000, capNanoseconds: 5_000_000)
            // Nor of how many retries there are.
            calls.retryPercent = 100
            // They open often here, and this is no test of how long they are open.
            calls.circuit.openNanoseconds = 20_000_000
            calls.circuit.maximumOpenNanoseconds = 100_000_000
            let providers = try JobCase.costs.sorted { $0.key < $1.key }.map { name, cost in
                try simulation.provider(name, [(#""platform": 2"#, #""platform": \#(cost)"#)])
            }
            let ours = try await JobStage(simulation, providers, credits: 1_000_000, calls: calls)
            let theirs = try await JobStage(simulation, ours.backend, credits: 1_000_000)
            for seed in Seed.some(100) {
                var one = JobCase(seed, ours, theirs)
                try await one.run()
            }
            let verified = try await ours.backend.connect(isOperator: true).call("admin.ledger.verify")
            #expect(verified["result"]?["found"]?.int64 == 0)
            #expect(ours.console.run("SELECT count(*) FROM job_turns").rows == [["0"]])
        }
    }
}
