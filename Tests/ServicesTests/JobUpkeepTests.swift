import JSON
import TestSupport
import Testing

@testable import Services

@Suite("Jobs and answers, as time goes by")
struct JobUpkeepTests {
    @Test(
        "A job that ended long ago goes with its tasks, however many; what it paid for and what it found stay"
    )
    func retention() async throws {
        let bench = try await JobBench()
        let (old, recent) = (try await bench.makeJob(tasks: 2500), try await bench.makeJob(tasks: 3))
        try await JobBench.run([bench.backend]) {
            for job in [old, recent] where !(try await bench.isEnded(job)) { return false }
            return true
        }
        let cancelled = try await bench.makeJob(tasks: 3)
        let unsettled = try await bench.makeJob(tasks: 3, hold: 10)
        let paused = try await bench.makeJob(tasks: 3)
        for (job, method) in [(cancelled, "cancel"), (unsettled, "cancel"), (paused, "pause")] {
            let answer = try await bench.backend.connect().call(
                "jobs." + method, #"{"workspaceId":"\#(bench.workspace)","jobId":"\#(job)"}"#,
                token: bench.token)
            try #require(answer["result"] != nil, "\(answer.source)")
        }
        bench.console.run("UPDATE jobs SET created_at = now() - interval '500 days'")
        bench.console.run(
            "UPDATE jobs SET finished_at = now() - interval '401 days' WHERE id NOT IN ($1, $2)",
            [recent, paused])
        let records = bench.console.run("SELECT count(*) FROM records").rows
        try await bench.backend.platform.clearOut()
        let left = bench.console.run("SELECT job_id, count(*) FROM job_tasks GROUP BY job_id").rows
        #expect(Set(left.map { $0[0] }) == [recent, unsettled, paused] && left.allSatisfy { $0[1] == "3" })
        let jobs = bench.console.run("SELECT id FROM jobs").rows
        #expect(Set(jobs.map { $0[0] }) == [recent, unsettled, paused])
        #expect(bench.console.run("SELECT count(*) FROM records").rows == records)
        let gone = try await bench.backend.connect().call(
            "jobs.get", #"{"workspaceId":"\#(bench.workspace)","jobId":"\#(old)"}"#, token: bench.token)
        #expect(gone.errorCode == "NOT_FOUND")
    }

    @Test(
        "Answers that are too old are forgotten, and questions that nobody asks any more; what is asked at this moment is not"
    )
    func forgotten() async throws {
        let bench = try await JobBench()
        func insert(_ name: String, answered: String?, asked: String?) {
            let made = bench.console.run(
                """
                INSERT INTO lookups (workspace_id, provider, input_hash, fresh_after, answer, answered_at, asked_by, asked_until)
                VALUES ($1, $2, sha256('x'), now(), CASE WHEN $3::interval IS NOT NULL THEN '[]'::jsonb END, now() - $3::interval,
                    CASE WHEN $4::interval IS NOT NULL THEN gen_random_uuid() END, now() - $4::interval)
                """, [bench.workspace, name, answered, asked])
            #expect(made.sqlState == nil, "\(made.message)")
        }
        insert("fresh", answered: "29 days", asked: nil)
        insert("old", answered: "31 days", asked: nil)
        insert("old-asked-anew", answered: "29 days", asked: "-10 seconds")
        insert("asked", answered: nil, asked: "-10 seconds")
        insert("asked-by-one-that-died", answered: nil, asked: "2 hours")
        insert("let-go", answered: nil, asked: nil)
        try await JobRunner(bench.backend.platform) { Issue.record("\($0)") }.forgetOldAnswers()
        let left = bench.console.run("SELECT provider FROM lookups ORDER BY provider").rows.map { $0[0] }
        #expect(left == ["asked", "fresh", "old-asked-anew"])
    }

    @Test("An answer is good until its time is up, then the provider is asked and paid again")
    func expiry() async throws {
        try await Simulation.run { simulation in
            // An hour.
            let stage = try await JobStage(simulation, [simulation.provider("steady")])
            let params = JobStage.people(0..<4) + "," + JobStage.fields(["email"], ["steady"])
            _ = try await stage.run(stage.create(params))
            func age(_ minutes: Int) {
                stage.console.run(
                    "UPDATE lookups SET answered_at = now() - make_interval(mins => $1::int)", ["\(minutes)"])
            }
            age(58)
            // It may be over when a task's turn comes, so it is set aside for; but it is not.
            let late = try await stage.create(params)
            #expect(late["estimatedCredits"]?.int64 == 8)
            #expect(try await stage.run(late)["counts"]?["cached"]?.int64 == 4)
            #expect(stage.account() == ["992", "0"])
            #expect(try await simulation.calls("steady") == 4)
            age(61)
            let anew = try await stage.run(stage.create(params))
            #expect(anew["counts"]?["found"]?.int64 == 4 && stage.account() == ["984", "0"])
            #expect(try await simulation.calls("steady") == 8)
            let sources = stage.console.run(
                "SELECT count(*) FROM records WHERE sources -> 'email' ->> 'jobId' = $1", [anew["id"]?.string]
            )
            #expect(sources.rows == [["4"]], "it was paid for anew")
        }
    }

    @Test(
        "What a paused job has set aside goes back when its time is over; resumed, nobody is asked who cannot be paid"
    )
    func pausedForLong() async throws {
        try await Simulation.run { simulation in
            let stage = try await JobStage(simulation, [simulation.provider("steady")])
            let job = try await stage.create(
                JobStage.people(0..<4) + "," + JobStage.fields(["email"], ["steady"]))
            let id = #""jobId":"\#(job["id"]?.string ?? "")""#
            _ = try await stage.result("jobs.pause", id)
            #expect(stage.account() == ["1000", "8"])
            let aged = stage.console.run("UPDATE credit_holds SET expires_at = now()")
            #expect(aged.affected == 1)
            try await stage.backend.platform.lookAfterAccounts()
            #expect(stage.account() == ["1000", "0"])
            _ = try await stage.result("jobs.resume", id)
            let ended = try await stage.run(job)
            #expect(ended["status"]?.string == "completed" && ended["counts"]?["skipped"]?.int64 == 4)
            #expect(try await stage.results(job).allSatisfy { $0["error"]?.string?.isEmpty == false })
            #expect(try await simulation.calls("steady") == 0)
            #expect(stage.account() == ["1000", "0"])
            let verified = try await stage.backend.connect(isOperator: true).call("admin.ledger.verify")
            #expect(verified["result"]?["found"]?.int64 == 0)
        }
    }
}
