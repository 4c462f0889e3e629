import Foundation
import Identifiers
import JSON
import Resilience
import TestSupport
import Testing

@testable import Services

/// A workspace on the providers of a simulation, with a runner that works on its jobs.
struct JobStage {
    let simulation: Simulation
    let backend: Backend
    let token: String
    let workspace: String
    let console: SQLConsole

    /// The operator's key for every provider.
    static let platformKeys = PlatformKeySource(
        stamp: { _ in "1" }, read: { _ in Array("platform-key".utf8) })

    /// - Parameter providers: names of the simulator's, with what is different in their manifests.
    init(
        _ simulation: Simulation, _ providers: [Provider], credits: Int = 1000,
        calls: ProviderCalls.Settings = ProviderCalls.Settings()
    ) async throws {
        var setup = ProviderSetup(
            catalog: ProviderCatalog(providers), client: simulation.client,
            platformKeys: JobStage.platformKeys,
            calls: calls)
        setup.resultSeconds = 3600
        try await self.init(simulation, Backend(providers: setup), credits: credits)
    }

    /// Another workspace of the same backend.
    init(_ simulation: Simulation, _ backend: Backend, credits: Int) async throws {
        self.simulation = simulation
        self.backend = backend
        token = try await backend.login("u" + UUID().uuidString.lowercased().prefix(8)).token
        let made = try await backend.connect().call("workspaces.create", #"{"name":"W"}"#, token: token)
        workspace = try #require(made["result"]?["id"]?.string)
        console = try SQLConsole(backend.conninfo)
        if credits > 0 {
            _ = try await backend.connect(isOperator: true).call(
                "billing.addCredits", #"{"workspaceId":"\#(workspace)","amount":\#(credits),"type":"bonus"}"#)
        }
    }

    func call(_ method: String, _ rest: String = "") async throws -> JSON {
        try await backend.connect().call(
            method, #"{"workspaceId":"\#(workspace)"\#(rest.isEmpty ? "" : ",")\#(rest)}"#, token: token)
    }

    func result(_ method: String, _ rest: String = "") async throws -> JSON {
        let answer = try await call(method, rest)
        return try #require(answer["result"], "\(answer.source)")
    }

    /// So many people, each of his own company.
    static func people(_ range: Range<Int>) -> String {
        let list = range.map {
            #"{"externalId":"p\#($0)","fields":{"name":"Person \#($0)","domain":"c\#($0).example"}}"#
        }
        return #""records":[\#(list.joined(separator: ","))]"#
    }

    static func fields(_ names: [String], _ providers: [String], minConfidence: Double = 0) -> String {
        let slugs = providers.map { "\"sim-\($0)\"" }.joined(separator: ",")
        return #""fields":["#
            + names.map { #"{"name":"\#($0)","providers":[\#(slugs)],"minConfidence":\#(minConfidence)}"# }
            .joined(separator: ",") + "]"
    }

    /// Of the platform's key.
    func circuit(_ slug: String) async throws -> String? {
        try await backend.connect().call("providers.get", #"{"slug":"\#(slug)"}"#, token: token)["result"]?[
            "circuit"]?
            .string
    }

    func create(_ params: String) async throws -> JSON { try await result("jobs.create", params) }

    /// Short pauses: how long they are is no question of these tests.
    static var quick: JobRunner.Settings {
        var settings = JobRunner.Settings()
        settings.retry = Backoff(baseNanoseconds: 10_000_000, capNanoseconds: 50_000_000)
        return settings
    }

    /// Works until the jobs have ended. - Returns: them, in this order.
    func run(_ jobs: [JSON]) async throws -> [JSON] {
        let runner = Task { [platform = backend.platform] in
            await JobRunner(platform, JobStage.quick) { Issue.record("\($0)") }.run()
        }
        var ended: [JSON] = []
        for job in jobs { ended.append(try await end(of: job)) }
        runner.cancel()
        await runner.value
        return ended
    }

    func run(_ job: JSON) async throws -> JSON { try #require(try await run([job]).first) }

    func end(of job: JSON) async throws -> JSON {
        let id = try #require(job["id"]?.string)
        while true {
            let state = try await result("jobs.get", #""jobId":"\#(id)""#)
            let status = state["status"]?.string.flatMap(JobStatus.init(rawValue:))
            if try #require(status).isEnded { return state }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    func results(_ job: JSON) async throws -> [JSON] {
        var (items, cursor): ([JSON], String) = ([], "")
        repeat {
            let page = try await result(
                "jobs.results", #""jobId":"\#(job["id"]?.string ?? "")","limit":100\#(cursor)"#)
            items += try #require(page["items"]).elements
            cursor = page["nextCursor"]?.string.map { #","cursor":"\#($0)""# } ?? ""
        } while !cursor.isEmpty
        return items
    }

    /// Balance and held.
    func account() -> [String?] {
        console.run("SELECT balance, held FROM accounts WHERE workspace_id = $1", [workspace]).rows.first
            ?? []
    }

    func count(_ status: TaskStatus, _ results: [JSON]) -> Int {
        results.filter { $0["status"]?.string == status.rawValue }.count
    }
}

@Suite("Jobs, beside the simulator of providers")
struct JobWaterfallTests {
    @Test(
        "What many results of a batch cost is taken from what expires first, row by row as the ledger is replayed"
    )
    func expiring() async throws {
        try await Simulation.run { simulation in
            let stage = try await JobStage(simulation, [simulation.provider("steady")], credits: 100)
            let operatorOf = stage.backend.connect(isOperator: true)
            for (amount, year) in [(7, 2098), (5, 2097), (20, 2099)] {
                let added = try await operatorOf.call(
                    "billing.addCredits",
                    #"{"workspaceId":"\#(stage.workspace)","amount":\#(amount),"type":"bonus","expiresAt":"\#(year)-01-01T00:00:00Z"}"#
                )
                #expect(added["result"] != nil, "\(added.source)")
            }
            let job = try await stage.run(
                stage.create(JobStage.people(0..<9) + "," + JobStage.fields(["email"], ["steady"])))
            let spent = try #require(job["spentCredits"]?.int64)
            #expect(job["counts"]?["found"]?.int64 == 9 && spent >= 9)
            let grants = try await stage.result("billing.get")["expiring"]?.elements.map {
                $0["amount"]?.int64
            }
            #expect(grants?.reduce(0) { $0 + ($1 ?? 0) } == 32 - spent)
            #expect(stage.account() == ["\(132 - spent)", "0"])
            let verified = try await operatorOf.call("admin.ledger.verify", "{}")
            #expect(verified["result"]?["differences"]?.count == 0, "\(verified.source)")
        }
    }

    @Test(
        "What is found is paid, once, and goes into the record with where it came from; asked again it is free"
    )
    func foundAndCached() async throws {
        try await Simulation.run { simulation in
            let stage = try await JobStage(simulation, [simulation.provider("steady")])
            let params = JobStage.people(0..<20) + "," + JobStage.fields(["email", "phone"], ["steady"])
            let dry = try await stage.create(params + #","dryRun":true"#)
            #expect(dry["estimatedCredits"]?.int64 == 80 && dry["counts"]?["cached"]?.int64 == 0)
            #expect(stage.console.run("SELECT count(*) FROM records").rows == [["0"]], "nothing was done")
            let job = try await stage.create(params)
            #expect(job["estimatedCredits"]?.int64 == 80 && stage.account() == ["1000", "80"])
            let ended = try await stage.run(job)
            #expect(ended["status"]?.string == "completed", "\(ended.source)")
            // Of two fields that one answer gives, the first pays.
            #expect(ended["counts"]?["found"]?.int64 == 20 && ended["counts"]?["cached"]?.int64 == 20)
            #expect(ended["spentCredits"]?.int64 == 40 && stage.account() == ["960", "0"])
            #expect(try await simulation.calls("steady") == 20)
            let results = try await stage.results(job)
            #expect(results.count == 40 && results.allSatisfy { $0["value"]?.string != nil })
            let record = try await stage.result(
                "records.get", #""recordId":"\#(results[0]["recordId"]?.string ?? "")""#)
            #expect(record["fields"]?["email"]?.string == results[0]["value"]?.string)
            let source = record["sources"]?["email"]
            #expect(
                source?["provider"]?.string == "sim-steady" && source?["jobId"]?.string == job["id"]?.string)

            // All of it is known by now.
            let known = try await stage.create(
                #""all":true,"# + JobStage.fields(["email", "phone"], ["steady"]) + #","dryRun":true"#)
            #expect(known["counts"]?["cached"]?.int64 == 40 && known["estimatedCredits"]?.int64 == 0)
            let again = try await stage.run(stage.create(params))
            #expect(again["counts"]?["cached"]?.int64 == 40 && again["spentCredits"]?.int64 == 0)
            #expect(try await simulation.calls("steady") == 20)
            // But who wants it anew gets it, and pays.
            let fresh = try await stage.run(stage.create(params + #","refresh":true"#))
            #expect(fresh["spentCredits"]?.int64 == 40 && fresh["counts"]?["found"]?.int64 == 20)
            #expect(try await simulation.calls("steady") == 40)
            let verified = try await stage.backend.connect(isOperator: true).call("admin.ledger.verify")
            #expect(verified["result"]?["found"]?.int64 == 0)
        }
    }

    @Test(
        "Jobs that run at the same time ask the same thing once; what one workspace has paid for, another does not get"
    )
    func sharing() async throws {
        try await Simulation.run { simulation in
            let stage = try await JobStage(simulation, [simulation.provider("steady")])
            let other = try await JobStage(simulation, stage.backend, credits: 1000)
            let params = JobStage.people(0..<50) + "," + JobStage.fields(["email"], ["steady"])
            let jobs = [try await stage.create(params), try await stage.create(params)]
            let theirs = try await other.create(params)
            let runners = (0..<2).map { _ in
                Task { [platform = stage.backend.platform] in
                    await JobRunner(platform, JobStage.quick) { Issue.record("\($0)") }.run()
                }
            }
            var spent: Int64 = 0
            for job in jobs { spent += try await stage.end(of: job)["spentCredits"]?.int64 ?? 0 }
            let ended = try await other.end(of: theirs)
            for runner in runners { runner.cancel() }
            for runner in runners { await runner.value }
            #expect(spent == 100 && stage.account() == ["900", "0"])
            #expect(ended["spentCredits"]?.int64 == 100 && ended["counts"]?["cached"]?.int64 == 0)
            #expect(try await simulation.calls("steady") == 100)
        }
    }

    @Test(
        "A provider that is dead is left alone, the next is asked, and when it is well again it is asked again"
    )
    func recovery() async throws {
        try await Simulation.run { simulation in
            let clock = StandingClock()
            var calls = ProviderCalls.Settings()
            calls.clock = { clock.now }
            calls.backoff = Backoff(baseNanoseconds: 1_000_000, capNanoseconds: 2_000_000)
            try await simulation.control(.put, "providers/ill", #"{"faults":{"http503":1}}"#)
            let stage = try await JobStage(
                simulation, [simulation.provider("ill"), simulation.provider("steady")], calls: calls)
            let asked = "," + JobStage.fields(["email"], ["ill", "steady"])
            let first = try await stage.run(stage.create(JobStage.people(0..<100) + asked))
            #expect(first["status"]?.string == "completed" && first["counts"]?["found"]?.int64 == 100)
            #expect(try await stage.results(first).allSatisfy { $0["provider"]?.string == "sim-steady" })
            let before = try await simulation.calls("ill")
            #expect(before < 200, "with retries it would be 300: it was left alone")
            #expect(try await stage.circuit("sim-ill") == "open")
            try await simulation.control(.put, "providers/ill", #"{}"#)
            clock.advance(seconds: 600)
            // The first few are the probes.
            let second = try await stage.run(stage.create(JobStage.people(100..<110) + asked))
            #expect(second["counts"]?["found"]?.int64 == 10)
            let third = try await stage.run(stage.create(JobStage.people(110..<150) + asked))
            #expect(try await stage.results(third).allSatisfy { $0["provider"]?.string == "sim-ill" })
            #expect(try await stage.circuit("sim-ill") == "closed")
        }
    }

    @Test(
        "What is less sure than was asked for is kept as exhausted, free; what nobody knows is not found; what nobody could be asked is skipped"
    )
    func reasons() async throws {
        try await Simulation.run { simulation in
            try await simulation.control(.put, "providers/vague", #"{"confidence":[0.1,0.3]}"#)
            try await simulation.control(.put, "providers/vaguer", #"{"confidence":[0.0,0.09]}"#)
            try await simulation.control(.put, "providers/ignorant", #"{"found":0,"notFound":"mixed"}"#)
            try await simulation.control(.put, "providers/broken", #"{"faults":{"wrongSchema":1}}"#)
            let names = ["vague", "vaguer", "ignorant", "broken"]
            let stage = try await JobStage(simulation, try names.map { try simulation.provider($0) })
            func end(_ providers: [String], _ records: String = JobStage.people(0..<3)) async throws -> [JSON]
            {
                let job = try await stage.create(
                    records + "," + JobStage.fields(["email"], providers, minConfidence: 0.5))
                _ = try await stage.run(job)
                return try await stage.results(job)
            }
            let exhausted = try await end(["vaguer", "vague", "ignorant"])
            #expect(stage.count(.exhausted, exhausted) == 3)
            #expect(exhausted.allSatisfy { $0["provider"]?.string == "sim-vague" && $0["cost"]?.int64 == 0 })
            // Of all who were asked.
            #expect(exhausted.allSatisfy { $0["attempts"]?.int64 == 3 })
            #expect(stage.count(.notFound, try await end(["ignorant"])) == 3)
            let failed = try await end(["broken"])
            #expect(
                stage.count(.failed, failed) == 3
                    && failed.allSatisfy { $0["error"]?.string?.isEmpty == false })
            let skipped = try await end(
                ["vague"], #""records":[{"externalId":"x","fields":{"name":"Nobody"}}]"#)
            #expect(
                stage.count(.skipped, skipped) == 1 && skipped[0]["error"]?.string?.contains("domain") == true
            )
            #expect(stage.account() == ["1000", "0"])
        }
    }

    @Test(
        "What nobody has paid for is not free for who asks next: neither what was not sure enough, nor what was not asked for"
    )
    func unpaid() async throws {
        try await Simulation.run { simulation in
            let stage = try await JobStage(simulation, [simulation.provider("steady")])
            let people = JobStage.people(0..<10)
            let unsure = try await stage.run(
                stage.create(people + "," + JobStage.fields(["email"], ["steady"], minConfidence: 1)))
            #expect(unsure["counts"]?["exhausted"]?.int64 == 10 && unsure["spentCredits"]?.int64 == 0)
            let sure = try await stage.run(
                stage.create(people + "," + JobStage.fields(["email"], ["steady"])))
            #expect(sure["counts"]?["found"]?.int64 == 10 && sure["spentCredits"]?.int64 == 20)
            let other = try await stage.call(
                "jobs.create", people + "," + JobStage.fields(["nothing"], ["steady"]))
            #expect(other.errorCode == "VALIDATION_ERROR" && other.source.contains("does not give nothing"))
        }
    }

    @Test(
        "What the platform's key has bought is not given to who asks with a key of his own, who asks himself")
    func unpaidByKind() async throws {
        try await Simulation.run { simulation in
            let stage = try await JobStage(simulation, [simulation.provider("steady")])
            _ = try await stage.result("credentials.create", #""provider":"sim-steady","key":"own-key""#)
            let people = JobStage.people(0..<10) + ","
            // With the own key where there is one, which costs nothing here.
            for (keys, cost) in [("platform", 20), ("auto", 0), ("own", 0)] {
                let forecast = try await stage.create(
                    people + JobStage.fields(["email"], ["steady"])
                        + #","keys":"\#(keys)","dryRun":true"#)
                #expect(forecast["estimatedCredits"]?.int64 == Int64(cost), "\(keys): \(forecast.source)")
            }
            try await stage.working {
                let unsure = try await stage.end(
                    of: stage.create(
                        people + JobStage.fields(["email"], ["steady"], minConfidence: 1)
                            + #","keys":"platform""#))
                #expect(unsure["counts"]?["exhausted"]?.int64 == 10)
                #expect(try await simulation.calls("steady") == 10)
                let own = try await stage.end(
                    of: stage.create(people + JobStage.fields(["email"], ["steady"]) + #","keys":"own""#))
                #expect(own["counts"]?["found"]?.int64 == 10 && own["spentCredits"]?.int64 == 0)
                #expect(try await simulation.calls("steady") == 20)
            }
        }
    }

    @Test(
        "Credits are asked for before anybody is called; maxCredits is the end of it, and who cannot be paid is not called"
    )
    func ceilings() async throws {
        try await Simulation.run { simulation in
            let stage = try await JobStage(simulation, [simulation.provider("steady")], credits: 100)
            let asked = "," + JobStage.fields(["email"], ["steady"])
            let refused = try await stage.call("jobs.create", JobStage.people(0..<51) + asked)
            #expect(refused.errorCode == "INSUFFICIENT_CREDITS")
            #expect(try await stage.result("jobs.list")["items"]?.count == 0)
            let job = try await stage.create(JobStage.people(0..<51) + asked + #","maxCredits":21"#)
            #expect(stage.account() == ["100", "21"])
            let ended = try await stage.run(job)
            #expect(ended["counts"]?["found"]?.int64 == 10 && ended["counts"]?["skipped"]?.int64 == 41)
            #expect(ended["spentCredits"]?.int64 == 20 && stage.account() == ["80", "0"])
            #expect(try await simulation.calls("steady") == 10)
        }
    }

    @Test("What failed can be asked again, and only that")
    func retry() async throws {
        try await Simulation.run { simulation in
            try await simulation.control(.put, "providers/moody", #"{"faults":{"wrongSchema":1}}"#)
            let clock = StandingClock()
            var calls = ProviderCalls.Settings()
            calls.clock = { clock.now }
            let stage = try await JobStage(
                simulation, [simulation.provider("moody"), simulation.provider("steady")], calls: calls)
            let people = JobStage.people(0..<10)
            let job = try await stage.create(
                people
                    + #","fields":[{"name":"email","providers":["sim-moody"]},{"name":"phone","providers":["sim-steady"]}]"#
            )
            let first = try await stage.run(job)
            #expect(
                first["status"]?.string == "partially_completed" && first["counts"]?["failed"]?.int64 == 10)
            try await simulation.control(.put, "providers/moody", "{}")
            clock.advance(seconds: 600)
            let again = try await stage.result("jobs.retry", #""jobId":"\#(job["id"]?.string ?? "")""#)
            #expect(again["status"]?.string == "pending" && again["remaining"]?.int64 == 10)
            let second = try await stage.run(job)
            #expect(second["status"]?.string == "completed" && second["counts"]?["found"]?.int64 == 20)
            #expect(second["spentCredits"]?.int64 == 40 && stage.account() == ["960", "0"])
            #expect(try await simulation.calls("steady") == 10)
            let retried = try await stage.call("jobs.retry", #""jobId":"\#(job["id"]?.string ?? "")""#)
            #expect(retried.errorCode == "CONFLICT")
        }
    }
}
