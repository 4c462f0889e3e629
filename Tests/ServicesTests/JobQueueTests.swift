import Foundation
import Identifiers
import JSON
import Postgres
import RPC
import Synchronization
import TestSupport
import Testing

@testable import Services

/// A workspace with records and credits, and jobs that are written as the database has them.
struct JobBench {
    let backend: Backend
    let workspace: String
    let token: String
    let console: SQLConsole

    init(_ backend: Backend? = nil, credits: Int = 1000) async throws {
        self.backend = try backend ?? Backend()
        token = try await self.backend.login("u" + UUID().uuidString.lowercased().prefix(8)).token
        let made = try await self.backend.connect().call("workspaces.create", #"{"name":"W"}"#, token: token)
        workspace = try #require(made["result"]?["id"]?.string)
        console = try SQLConsole(self.backend.conninfo)
        let added = try await self.backend.connect(isOperator: true).call(
            "billing.addCredits", #"{"workspaceId":"\#(workspace)","amount":\#(credits),"type":"bonus"}"#)
        try #require(added["result"] != nil)
    }

    /// A job whose only provider is nobody: its tasks come to `skipped` without anybody being asked.
    func makeJob(tasks: Int, hold: Int = 0) async throws -> String {
        let id = UUID().uuidString.lowercased()
        var holdID: String?
        if hold > 0 {
            let made = try await backend.connect().call(
                "billing.holds.create", #"{"workspaceId":"\#(workspace)","amount":\#(hold)}"#, token: token)
            holdID = try #require(made["result"]?["id"]?.string)
            console.run("UPDATE credit_holds SET purpose = 'job' WHERE id = $1", [holdID])
        }
        console.run(
            """
            INSERT INTO records (workspace_id, external_id, fields) SELECT $1, $2 || n, '{}' FROM generate_series(1, $3::int) n
            """, [workspace, id, "\(tasks)"])
        console.run(
            """
            INSERT INTO jobs (id, workspace_id, fields, keys, is_refresh, total, remaining, estimated_credits, hold_id, created_by)
            VALUES ($1, $2, '[{"name":"email","providers":["nobody"],"minConfidence":0}]', 'own', false, $3, $3, 0, $4, 'x')
            """, [id, workspace, "\(tasks)", holdID])
        console.run(
            """
            INSERT INTO job_tasks (job_id, seq, workspace_id, record_id, field)
            SELECT $1, row_number() OVER (ORDER BY id) - 1, workspace_id, id, 0 FROM records WHERE external_id LIKE $2 || '%'
            """, [id, id])
        let turn = console.run(
            "INSERT INTO job_turns (job_id, workspace_id, priority) VALUES ($1, $2, 0)", [id, workspace])
        try #require(turn.sqlState == nil, "\(turn.message)")
        return id
    }

    func job(_ id: String) async throws -> JSON {
        let answer = try await backend.connect().call(
            "jobs.get", #"{"workspaceId":"\#(workspace)","jobId":"\#(id)"}"#, token: token)
        return try #require(answer["result"], "\(answer.source)")
    }

    func isEnded(_ id: String) async throws -> Bool {
        let status = try await job(id)["status"]?.string
        return ["completed", "partially_completed", "failed", "cancelled"].contains(status ?? "")
    }

    /// Lets runners work until `isDone`.
    static func run(
        _ backends: [Backend], log: @escaping @Sendable (Notice) -> Void = { Issue.record("\($0)") },
        until isDone: () async throws -> Bool
    ) async throws {
        let runners = backends.map { backend in
            Task { await JobRunner(backend.platform, log: log).run() }
        }
        while !(try await isDone()) { try await Task.sleep(for: .milliseconds(5)) }
        for runner in runners { runner.cancel() }
        for runner in runners { await runner.value }
    }
}

@Suite("The queue of tasks")
struct JobQueueTests {
    private static func outcome(_ task: ClaimedTask, _ result: TaskOutcome.Result) throws -> TaskOutcome {
        TaskOutcome(task: task, record: try JSON.parse("{}"), kind: .done(result))
    }

    private static func result(_ seq: Int64, cost: Int64 = 0) -> TaskOutcome.Result {
        TaskOutcome.Result(
            status: .found, value: JSONText("\"a\(seq)@example.org\""), provider: "p", confidence: 0.9,
            cost: cost)
    }

    @Test("Several daemons do every task of every job once, and say how the jobs ended")
    func together() async throws {
        let bench = try await JobBench()
        let others = try [Backend(sharing: bench.backend), Backend(sharing: bench.backend)]
        var jobs: [String] = []
        for size in [1, 300, 1500] { jobs.append(try await bench.makeJob(tasks: size)) }
        let made = jobs
        try await JobBench.run([bench.backend] + others) {
            for job in made where !(try await bench.isEnded(job)) { return false }
            return true
        }
        for (job, size) in zip(jobs, [1, 300, 1500]) {
            let state = try await bench.job(job)
            #expect(
                state["status"]?.string == "completed" && state["counts"]?["skipped"]?.int64 == Int64(size))
        }
        let attempts = bench.console.run(
            "SELECT max(takes), max(attempts), count(*) FROM job_tasks WHERE state = 'done'")
        #expect(attempts.rows == [["1", "0", "1801"]])
        #expect(bench.console.run("SELECT count(*) FROM events WHERE type = 'job.completed'").rows == [["3"]])
        #expect(bench.console.run("SELECT count(*) FROM job_turns").rows == [["0"]])
    }

    @Test(
        "What a daemon had taken up that died is done by another; whoever comes too late with a result changes nothing"
    )
    func rescue() async throws {
        let bench = try await JobBench()
        let job = try await bench.makeJob(tasks: 10, hold: 100)
        let (dead, alive) = (
            TaskQueue(platform: bench.backend.platform), TaskQueue(platform: bench.backend.platform)
        )
        let lost = try await dead.claim(atMost: 100)
        #expect(lost.tasks.count == 10)
        #expect(try await alive.claim(atMost: 100).tasks.isEmpty)
        #expect(try await alive.rescue() == 0, "it gives signs of life")
        bench.console.run("UPDATE job_tasks SET lease_until = now() - interval '1 second'")
        try await dead.heartbeat(Array(lost.tasks.prefix(4)), [])
        #expect(try await alive.rescue() == 6)
        let batch = try await alive.claim(atMost: 100)
        #expect(batch.tasks.map(\.take) == [2, 2, 2, 2, 2, 2])
        let state = try #require(batch.jobs.values.first)
        func outcomes(_ tasks: [ClaimedTask]) throws -> [TaskOutcome] {
            try tasks.map { try JobQueueTests.outcome($0, JobQueueTests.result($0.seq, cost: 3)) }
        }
        #expect(try await alive.complete(outcomes(batch.tasks), of: state).results.count == 6)
        // All ten, six of which are somebody else's by now; and all of it twice.
        #expect(try await dead.complete(outcomes(lost.tasks), of: state).results.count == 4)
        #expect(try await dead.complete(outcomes(lost.tasks), of: state).results.isEmpty)
        let after = try await bench.job(job)
        #expect(after["remaining"]?.int64 == 0 && after["counts"]?["found"]?.int64 == 10)
        #expect(after["spentCredits"]?.int64 == 30)
        let paid = bench.console.run("SELECT count(*), sum(amount) FROM ledger WHERE type = 'capture'")
        #expect(paid.rows == [["10", "30"]])
        try await JobBench.run([bench.backend]) { try await bench.isEnded(job) }
        let account = bench.console.run(
            "SELECT balance, held FROM accounts WHERE workspace_id = $1", [bench.workspace])
        #expect(account.rows == [["970", "0"]], "the rest has gone back")
        let verified = try await bench.backend.connect(isOperator: true).call("admin.ledger.verify")
        #expect(verified["result"]?["found"]?.int64 == 0)
        let record = bench.console.run(
            "SELECT count(*) FROM records WHERE fields ->> 'email' LIKE 'a%@example.org' AND sources -> 'email' ->> 'cost' = '3'"
        )
        #expect(record.rows == [["10"]])
    }

    @Test("A job pays no more than it has set aside: what nobody pays for, nobody gets")
    func ceiling() async throws {
        let bench = try await JobBench()
        let job = try await bench.makeJob(tasks: 5, hold: 10)
        let queue = TaskQueue(platform: bench.backend.platform)
        let batch = try await queue.claim(atMost: 10)
        let outcomes = try batch.tasks.map {
            try JobQueueTests.outcome($0, JobQueueTests.result($0.seq, cost: 4))
        }
        try await queue.complete(outcomes, of: try #require(batch.jobs.values.first))
        let after = try await bench.job(job)
        #expect(after["counts"]?["found"]?.int64 == 2 && after["counts"]?["skipped"]?.int64 == 3)
        #expect(after["spentCredits"]?.int64 == 8)
        #expect(
            bench.console.run("SELECT count(*) FROM job_tasks WHERE status = 'skipped' AND value IS NULL")
                .rows == [["3"]])
    }

    @Test("A workspace with many tasks does not hold up one with few")
    func fairness() async throws {
        let large = try await JobBench()
        let small = try await JobBench(large.backend)
        let (many, few) = (try await large.makeJob(tasks: 20_000), try await small.makeJob(tasks: 10))
        let queue = TaskQueue(platform: large.backend.platform)
        var claimed: [String: Int] = [:]
        for _ in 0..<4 {
            for task in try await queue.claim(atMost: 200).tasks {
                claimed[task.jobID.description, default: 0] += 1
            }
        }
        #expect(claimed[few] == 10 && (claimed[many] ?? 0) > 100)
    }

    @Test("When one place is free at a time, too, each workspace has its turn")
    func oneByOne() async throws {
        let large = try await JobBench()
        let small = try await JobBench(large.backend)
        _ = try await large.makeJob(tasks: 500)
        let few = try await small.makeJob(tasks: 10)
        let queue = TaskQueue(platform: large.backend.platform)
        var ours = 0
        for _ in 0..<24 {
            let claimed = try await queue.claim(atMost: 1).tasks
            #expect(claimed.count == 1)
            ours += claimed.filter { $0.jobID.description == few }.count
        }
        #expect(ours == 10)
    }

    @Test(
        "A reason that is longer than its column is shortened; a paused job that has nothing left ends; a workspace that goes takes nothing along"
    )
    func edges() async throws {
        let bench = try await JobBench()
        let queue = TaskQueue(platform: bench.backend.platform)
        let job = try await bench.makeJob(tasks: 2, hold: 20)
        let batch = try await queue.claim(atMost: 1)
        let result = TaskOutcome.Result(status: .failed, error: String(repeating: "é", count: 2000))
        try await queue.complete(
            batch.tasks.map { try JobQueueTests.outcome($0, result) },
            of: try #require(batch.jobs.values.first))
        #expect(
            bench.console.run("SELECT length(error) FROM job_tasks WHERE state = 'done'").rows == [["500"]])
        let paused = try await bench.backend.connect().call(
            "jobs.pause", #"{"workspaceId":"\#(bench.workspace)","jobId":"\#(job)"}"#, token: bench.token)
        #expect(paused["result"]?["status"]?.string == "paused")
        bench.console.run("DELETE FROM records")
        try await JobBench.run([bench.backend]) { try await bench.isEnded(job) }
        let account = "SELECT held FROM accounts WHERE workspace_id = $1"
        #expect(bench.console.run(account, [bench.workspace]).rows == [["0"]])
        _ = try await bench.makeJob(tasks: 2, hold: 20)
        #expect(bench.console.run(account, [bench.workspace]).rows == [["20"]])
        let gone = try await bench.backend.connect().call(
            "workspaces.delete", #"{"workspaceId":"\#(bench.workspace)"}"#, token: bench.token)
        #expect(gone["result"] != nil, "\(gone.source)")
        #expect(bench.console.run(account, [bench.workspace]).rows == [["0"]])
    }

    @Test(
        "Paused, nothing is taken up; resumed, it goes on; cancelled, what is under way is settled and the rest goes back"
    )
    func steering() async throws {
        let bench = try await JobBench()
        let job = try await bench.makeJob(tasks: 20, hold: 50)
        let queue = TaskQueue(platform: bench.backend.platform)
        func steer(_ method: String) async throws -> JSON {
            try await bench.backend.connect().call(
                "jobs." + method, #"{"workspaceId":"\#(bench.workspace)","jobId":"\#(job)"}"#,
                token: bench.token)
        }
        let running = try await queue.claim(atMost: 5)
        #expect(running.tasks.count == 5)
        #expect(try await steer("pause")["result"]?["status"]?.string == "paused")
        #expect(try await queue.claim(atMost: 5).tasks.isEmpty)
        #expect(try await steer("pause").errorCode == "CONFLICT")
        #expect(try await steer("resume")["result"]?["status"]?.string == "running")
        #expect(try await queue.claim(atMost: 3).tasks.count == 3)
        #expect(try await steer("cancel")["result"]?["status"]?.string == "cancelled")
        #expect(try await queue.claim(atMost: 5).tasks.isEmpty)
        let outcomes = try running.tasks.map {
            try JobQueueTests.outcome($0, JobQueueTests.result($0.seq, cost: 2))
        }
        try await queue.complete(outcomes, of: try #require(running.jobs.values.first))
        // The other three: their daemon is dead.
        bench.console.run(
            "UPDATE job_tasks SET lease_until = now() - interval '1 second' WHERE state = 'running'")
        try await JobBench.run([bench.backend]) {
            bench.console.run("SELECT held FROM accounts WHERE workspace_id = $1", [bench.workspace]).rows
                == [["0"]]
        }
        let account = bench.console.run(
            "SELECT balance, held FROM accounts WHERE workspace_id = $1", [bench.workspace])
        #expect(account.rows == [["990", "0"]])
        let results = try await bench.backend.connect().call(
            "jobs.results", #"{"workspaceId":"\#(bench.workspace)","jobId":"\#(job)","limit":100}"#,
            token: bench.token)
        let statuses = try #require(results["result"]?["items"]).elements.compactMap { $0["status"]?.string }
        #expect(
            statuses.filter { $0 == "found" }.count == 5 && statuses.filter { $0 == "skipped" }.count == 15)
        #expect(try await steer("retry").errorCode == "CONFLICT")
        let events = bench.console.run(
            "SELECT type, data->>'jobId', data->>'found' FROM events WHERE type LIKE 'job.%'")
        #expect(events.rows == [["job.cancelled", job, "0"]], "once, as it is cancelled")
    }

    @Test(
        "A result that the database does not take fails alone; the others of its job, and other jobs, go on")
    func unstorable() async throws {
        let bench = try await JobBench()
        let (bad, good) = (try await bench.makeJob(tasks: 20), try await bench.makeJob(tasks: 20))
        // Whatever the reason may be.
        bench.console.run(
            "ALTER TABLE job_tasks ADD CONSTRAINT odd CHECK (job_id <> '\(bad)' OR seq <> 7 OR status IS NULL OR status = 'failed')"
        )
        let lines = Mutex<[String]>([])
        let note: @Sendable (Notice) -> Void = { notice in
            lines.withLock { $0.append(notice.description) }
        }
        try await JobBench.run([bench.backend], log: note) {
            for job in [bad, good] where !(try await bench.isEnded(job)) { return false }
            return true
        }
        let counts = try await bench.job(bad)["counts"]
        #expect(counts?["skipped"]?.int64 == 19 && counts?["failed"]?.int64 == 1)
        #expect(try await bench.job(good)["counts"]?["skipped"]?.int64 == 20)
        #expect(lines.withLock { $0.contains { $0.contains(bad) } })
    }

    @Test("Whoever is told to stop before he has begun stops", .timeLimit(.minutes(1)))
    func earlyStop() async throws {
        let bench = try await JobBench()
        let writer = ResultWriter(TaskQueue(platform: bench.backend.platform)) {
            Issue.record("\($0)")
        } settled: { _ in
        }
        writer.stop()
        await writer.run()
    }

    @Test("What was paid is gone before anybody plans with what comes back; an old word does not raise it")
    func budgets() {
        let (budgets, job, hold) = (JobBudgets(), UUID.random(), UUID.random())
        budgets.set(20, of: hold, for: job)
        for _ in 0..<2 { #expect(budgets.reserve(10, beside: 0, for: job) == .reserved) }
        #expect(budgets.reserve(10, beside: 0, for: job) == .later)
        budgets.release(10, rest: 10, of: hold, for: job)
        #expect(budgets.reserve(10, beside: 0, for: job) == .later)
        // Claimed before that was paid, and heard of after it.
        budgets.set(20, of: hold, for: job)
        #expect(budgets.reserve(10, beside: 0, for: job) == .later)
        // Nothing came of the second.
        budgets.release(10, rest: nil, of: hold, for: job)
        #expect(budgets.reserve(10, beside: 0, for: job) == .reserved)
        budgets.release(10, rest: 0, of: hold, for: job)
        #expect(budgets.reserve(1, beside: 0, for: job) == .usedUp)
        // Asked again for what failed, with credits of its own.
        budgets.set(5, of: UUID.random(), for: job)
        budgets.release(0, rest: 0, of: hold, for: job)
        #expect(budgets.reserve(5, beside: 0, for: job) == .reserved)
    }

    @Test("A record that is deleted takes its tasks along, and its job ends without them")
    func erasure() async throws {
        let bench = try await JobBench()
        let job = try await bench.makeJob(tasks: 3)
        let record = try #require(bench.console.run("SELECT id FROM records LIMIT 1").rows[0][0])
        let gone = try await bench.backend.connect().call(
            "records.delete", #"{"workspaceId":"\#(bench.workspace)","recordId":"\#(record)"}"#,
            token: bench.token)
        #expect(gone["result"] != nil, "\(gone.source)")
        let state = try await bench.job(job)
        #expect(state["remaining"]?.int64 == 2 && state["counts"]?["skipped"]?.int64 == 1)
        try await JobBench.run([bench.backend]) { try await bench.isEnded(job) }
        #expect(try await bench.job(job)["counts"]?["skipped"]?.int64 == 3)
    }
}
