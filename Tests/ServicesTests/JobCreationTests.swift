import JSON
import TestSupport
import Testing

@testable import Services

@Suite("Jobs of all records, while records come and go", .timeLimit(.minutes(5)))
struct JobCreationTests {
    /// Makes a job of all records, and has `meanwhile` committed when it waits for what `first` has locked.
    private static func create(
        _ stage: JobStage, first: String, meanwhile: String = "SELECT 1"
    ) async throws -> JSON {
        let (other, watcher) = (
            try SQLConsole(stage.backend.conninfo), try SQLConsole(stage.backend.conninfo)
        )
        other.run("BEGIN")
        #expect(other.run(first).sqlState == nil)
        let (backend, token) = (stage.backend, stage.token)
        let params =
            #"{"workspaceId":"\#(stage.workspace)","all":true,"#
            + JobStage.fields(["email", "phone"], ["steady"]) + "}"
        async let answer = backend.connect().call("jobs.create", params, token: token)
        let waits =
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        while watcher.run(waits).rows.isEmpty { await Task.yield() }
        #expect(watcher.run(meanwhile).sqlState == nil)
        other.run("COMMIT")
        let made = try await answer
        return try #require(made["result"], "\(made.source)")
    }

    private static func stage(_ simulation: Simulation) async throws -> JobStage {
        let stage = try await JobStage(simulation, [simulation.provider("steady")])
        _ = try await stage.result("records.bulkUpsert", JobStage.people(0..<10))
        return stage
    }

    private static func expectSound(_ stage: JobStage, _ job: JSON, records: Int64) async throws {
        #expect(job["total"]?.int64 == 2 * records && job["remaining"]?.int64 == 2 * records)
        #expect(job["estimatedCredits"]?.int64 == 4 * records)
        #expect(stage.account() == ["1000", "\(4 * records)"])
        let tasks = stage.console.run("SELECT count(*), min(seq), max(seq) FROM job_tasks")
        #expect(tasks.rows == [["\(2 * records)", "0", "\(2 * records - 1)"]])
        let ended = try await stage.run(job)
        #expect(ended["status"]?.string == "completed" && ended["remaining"]?.int64 == 0)
        #expect(stage.account() == ["\(1000 - 2 * records)", "0"])
    }

    @Test("A record that goes while the job is made is none of its tasks; the job ends")
    func deleted() async throws {
        try await Simulation.run { simulation in
            let stage = try await JobCreationTests.stage(simulation)
            let job = try await JobCreationTests.create(
                stage, first: "DELETE FROM records WHERE external_id = 'p3'")
            try await JobCreationTests.expectSound(stage, job, records: 9)
        }
    }

    @Test(
        "A record that comes while the job is made, or after it was estimated, is counted and paid for",
        arguments: ["jobs", "job_tasks"])
    func added(whileLocked table: String) async throws {
        try await Simulation.run { simulation in
            let stage = try await JobCreationTests.stage(simulation)
            let job = try await JobCreationTests.create(
                stage, first: "LOCK TABLE \(table) IN SHARE MODE",
                meanwhile: """
                    INSERT INTO records (workspace_id, external_id, fields)
                    SELECT workspace_id, 'new', '{"name":"New Person","domain":"new.example"}' FROM records LIMIT 1
                    """)
            try await JobCreationTests.expectSound(stage, job, records: 11)
        }
    }

    @Test("A workspace has so many jobs that have not ended, and no more")
    func most() async throws {
        try await Simulation.run { simulation in
            let stage = try await JobCreationTests.stage(simulation)
            let one = JobStage.people(0..<1) + "," + JobStage.fields(["email"], ["steady"])
            _ = try await stage.create(one)
            let more = """
                INSERT INTO jobs SELECT (jsonb_populate_record(j, jsonb_build_object('id', gen_random_uuid(), 'hold_id', null))).*
                FROM jobs j, generate_series(2, 999)
                """
            #expect(stage.console.run(more).sqlState == nil)
            let turns = """
                INSERT INTO job_turns (job_id, workspace_id, priority) SELECT id, workspace_id, 0 FROM jobs WHERE hold_id IS NULL
                """
            #expect(stage.console.run(turns).sqlState == nil)
            _ = try await stage.create(one)
            let refused = try await stage.call("jobs.create", one)
            #expect(refused.errorCode == "CONFLICT", "\(refused.source)")
            #expect(stage.console.run("SELECT count(*) FROM jobs").rows == [["1000"]])
        }
    }

    @Test("What has expired goes when a job is made that sets nothing aside")
    func overdue() async throws {
        try await Simulation.run { simulation in
            let stage = try await JobCreationTests.stage(simulation)
            _ = try await stage.result("billing.holds.create", #""amount":100"#)
            let aged = stage.console.run("UPDATE credit_holds SET expires_at = now()")
            #expect(aged.sqlState == nil)
            let job = try await stage.create(
                #""all":true,"maxCredits":0,"# + JobStage.fields(["email"], ["steady"]))
            #expect(job["total"]?.int64 == 10)
            #expect(stage.account() == ["1000", "0"])
        }
    }

    @Test(
        "Who cannot pay for all records is refused, and no task is written; what is known is not set aside for"
    )
    func refused() async throws {
        try await Simulation.run { simulation in
            let stage = try await JobStage(simulation, [simulation.provider("steady")], credits: 30)
            _ = try await stage.result("records.bulkUpsert", JobStage.people(0..<20))
            let all = #""all":true,"# + JobStage.fields(["email"], ["steady"])
            for rest in ["", #","refresh":true"#] {
                let refused = try await stage.call("jobs.create", all + rest)
                #expect(refused.errorCode == "INSUFFICIENT_CREDITS", "\(refused.source)")
            }
            #expect(
                stage.console.run("SELECT (SELECT count(*) FROM jobs) + count(*) FROM job_tasks").rows == [
                    ["0"]
                ])
            _ = try await stage.run(
                stage.create(JobStage.people(0..<10) + "," + JobStage.fields(["email"], ["steady"])))
            #expect(stage.account() == ["10", "0"])
            let refused = try await stage.call("jobs.create", all)
            #expect(refused.errorCode == "INSUFFICIENT_CREDITS")
            _ = try await stage.backend.connect(isOperator: true).call(
                "billing.addCredits", #"{"workspaceId":"\#(stage.workspace)","amount":10,"type":"bonus"}"#)
            let job = try await stage.create(all)
            #expect(job["total"]?.int64 == 20 && job["estimatedCredits"]?.int64 == 20)
            let ended = try await stage.run(job)
            #expect(ended["counts"]?["found"]?.int64 == 10 && ended["counts"]?["cached"]?.int64 == 10)
            #expect(stage.account() == ["0", "0"])
        }
    }
}
