import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// One after the other: every demonstration has its simulator at one address.
@Suite("Jobs of a running daemon", .serialized)
struct JobTests {
    /// A daemon, and a job that nobody can be asked for.
    private static func run(
        _ body: (
            _ daemon: (process: ServedProcess, socket: String, http: String), _ token: String, _ path: String
        ) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let daemon = try await ServedProcess.dev(in: folder)
            let curl = Curl(address: daemon.http)
            let token = try await curl.account("ada")
            let made = try await curl("POST", "/workspaces", #"{"name":"Acme"}"#, token: token)
            let workspace = "/workspaces/" + (try #require(made.data?["id"]?.string))
            let job = try await curl(
                "POST", workspace + "/jobs",
                #"{"records":[{"externalId":"a","fields":{}},{"externalId":"b","fields":{}}],"fields":[{"name":"email","providers":["sim-steady"]}],"keys":"own"}"#,
                token: token)
            let id = try #require(job.data?["id"]?.string, "\(job.envelope)")
            try await body(daemon, token, workspace + "/jobs/" + id)
            daemon.process.send(SIGTERM)
            #expect(await daemon.process.end() == 0)
        }
    }

    @Test(
        "Over HTTP a job tells how far it is as events, with ids that go on from the client's last; then the job itself"
    )
    func events() async throws {
        try await JobTests.run { daemon, token, path in
            let result = try await ServedProcess.run(
                "/usr/bin/curl",
                [
                    "-sSN", "-H", "Authorization: Bearer \(token)", "-H", "Last-Event-ID: 41",
                    "http://\(daemon.http)/api/v1\(path)/events",
                ])
            let events = result.output.components(separatedBy: "\n\n").filter { !$0.isEmpty }.map {
                $0.components(separatedBy: "\n")
            }
            let last = try #require(events.last, "\(result)")
            #expect(events.first?.first == "id: 42" && last[1] == "event: end")
            let job = try JSON.parse(String(last[2].dropFirst("data: ".count)))
            #expect(job["status"]?.string == "completed" && job["counts"]?["skipped"]?.int64 == 2)
            for event in events.dropLast() { #expect(event[1] == "event: progress") }
        }
    }

    @Test("rpcd jobs watch ends with the job, and prints it")
    func watch() async throws {
        try await JobTests.run { daemon, token, path in
            let parts = path.split(separator: "/").map(String.init)
            let result = try await ServedProcess.run(
                ServedProcess.programs + "/rpcd",
                [
                    "jobs", "watch", parts[3], "--workspace", parts[1], "--socket", daemon.socket, "--token",
                    token,
                ])
            #expect(result.status == 0, "\(result.errors)")
            #expect(try JSON.parse(result.output)["remaining"]?.int64 == 0)
        }
    }

    @Test(
        "Two daemons and their database are killed under jobs: scripts/prove jobs, in short",
        arguments: Seed.some(1))
    func proof(seed: Seed) async throws {
        try await Proof.run("jobs", seed, expecting: "3 kills of a daemon, 1 of PostgreSQL")
    }

    @Test("The simulator of a demonstration ends with it, and if it is killed", .timeLimit(.minutes(2)))
    func killed() async throws {
        let isThere = { (try? RawSocket(port: 18090)) != nil }
        try #require(!isThere(), "there is one already, and it is another's")
        try await withTemporaryFolder { folder in
            let daemon = try ServedProcess(
                "rpcd", ["dev", "--demo", "--data-dir", folder, "--http", "off"],
                environment: ["RPCD_MIGRATIONS": Project.root + "/migrations"], in: folder)
            _ = try await daemon.readyLine()
            while !isThere() { try await Task.sleep(for: .milliseconds(20)) }
            daemon.send(SIGKILL)
            #expect(await daemon.end() == -SIGKILL)
            while isThere() { try await Task.sleep(for: .milliseconds(20)) }
            // The next one ends what is left of its databases.
            let next = try await ServedProcess.dev(in: folder)
            next.process.send(SIGTERM)
            #expect(await next.process.end() == 0)
        }
    }

    @Test(
        "The demonstration runs to its end: import, job, export, books, a webhook that standardwebhooks verifies",
        .enabled(if: Clients.areHere))
    func demonstration() async throws {
        let demo = try await ServedProcess.run(Project.root + "/scripts/demo", [ServedProcess.programs])
        #expect(demo.status == 0, "\(demo.output)\(demo.errors)")
        #expect(demo.output.contains("1000 rows: 1000 inserted") && demo.output.contains(", 0 differ"))
        #expect(demo.output.contains("1 y msg_"))
        #expect(demo.output.contains("by the job, the export and the funnel"))
        #expect(demo.output.contains("its circuit: open") && demo.output.contains("its circuit: closed"))
    }
}
