import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

/// Two daemons on one database and one Redis server, as processes.
private struct Pair {
    let daemons: [Served]
    let redis: TestRedis

    static func run(
        rates: [String: String] = [:], _ body: (Pair) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let redis = try await TestRedis(in: folder)
            let conninfo = try TestCluster.shared.get().freshDatabase()
            var daemons: [Served] = []
            for number in 0..<2 {
                let own = folder + "/d\(number)"
                try #require(mkdir(own, 0o755) == 0)
                daemons.append(
                    try await Served.start(
                        in: own, conninfo: conninfo,
                        environment: rates.merging([
                            "RPCD_REDIS_URL": redis.url, "RPCD_REDIS_CACHE_SECONDS": "1",
                        ]) { $1 }))
            }
            let pair = Pair(daemons: daemons, redis: redis)
            for daemon in daemons {
                try await pair.wait(daemon) { $0["checks"]?["redis"]?.string == "ok" }
            }
            try await body(pair)
            for daemon in daemons {
                daemon.process.send(SIGTERM)
                #expect(await daemon.process.end() == 0)
            }
            await redis.crash()
        }
    }

    func http(_ number: Int) -> String {
        let words = daemons[number].readyLine.split(separator: " ").map(String.init)
        return words.first { $0.hasPrefix("http=") }.map { String($0.dropFirst("http=".count)) } ?? ""
    }

    /// Asks until its readiness is what is wanted.
    func wait(_ daemon: Served, _ isDone: (JSON) -> Bool) async throws {
        let socket = try RawSocket(path: daemon.socket)
        while true {
            if let ready = try await socket.call("system.ready")["result"], isDone(ready) { return }
            await Task.yield()
        }
    }

    func warnings(_ number: Int) -> Int {
        daemons[number].process.errors.split(separator: "\n").filter { $0.contains("Redis is away") }.count
    }

    /// How many of as many requests are let through, in turn by either daemon.
    func admitted(
        _ count: Int, by numbers: [Int] = [0, 1], _ verb: String = "GET", _ path: String = "/ping",
        body: String = ""
    ) async throws -> Int {
        var admitted = 0
        for request in 0..<count {
            let answer = try await RawSocket.http(
                http(numbers[request % numbers.count]), verb, path, body: body)
            if answer.head.hasPrefix("HTTP/1.1 200") {
                admitted += 1
            } else {
                #expect(answer.head.hasPrefix("HTTP/1.1 429"), "\(answer)")
                #expect(answer.head.contains("etry-"), "\(answer.head)")
            }
        }
        return admitted
    }
}

/// What clients under load have in common.
private final class Load: Sendable {
    let isOver = Atomic(false)
    let count = Atomic(0)
}

@Suite("Daemons that share a Redis server")
struct SharedDaemonsTests {
    private static let reset = #"{"email":"nobody@example.org"}"#

    @Test("A limit is one for both; with Redis gone each goes on from there; back, nobody starts anew")
    func limits() async throws {
        try await Pair.run(rates: ["RPCD_RATE_GENERAL": "30/hour", "RPCD_RATE_AUTH": "5/hour"]) { pair in
            #expect(try await pair.admitted(60) == 30)
            await pair.redis.crash()
            for daemon in pair.daemons {
                try await pair.wait(daemon) {
                    $0["checks"]?["redis"]?.string == "away" && $0["status"]?.string == "degraded"
                }
            }
            // What is used up is used up on each daemon.
            #expect(try await pair.admitted(20) == 0)
            // What was not touched before each counts by itself.
            for number in 0..<2 {
                #expect(
                    try await pair.admitted(
                        8, by: [number], "POST", "/auth/request-password-reset",
                        body: SharedDaemonsTests.reset) == 5)
            }
            try await pair.redis.start()
            for daemon in pair.daemons {
                try await pair.wait(daemon) { $0["status"]?.string == "ok" }
            }
            #expect(try await pair.admitted(10) == 0)
            #expect(
                try await pair.admitted(
                    6, "POST", "/auth/request-password-reset", body: SharedDaemonsTests.reset) == 0)
            for number in 0..<2 {
                #expect(pair.warnings(number) == 1)
                #expect(pair.daemons[number].process.errors.contains("Redis is back"))
                let metrics = try await RawSocket(path: pair.daemons[number].socket).call("system.metrics")
                let text = try #require(metrics["result"]?["text"]?.string)
                #expect(text.contains("\nrpcd_redis_connected 1\n"))
                #expect(text.contains("\nrpcd_redis_rate_fallbacks_total "))
            }
        }
    }

    @Test("Redis killed, stopped and started under load: no call fails, and each absence is told once")
    func underLoad() async throws {
        try await Pair.run(rates: ["RPCD_RATE_GENERAL": "1000000/s"]) { pair in
            let load = Load()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in 0..<4 {
                    group.addTask {
                        while !load.isOver.load(ordering: .relaxed) {
                            let answer = try await RawSocket.http(pair.http(client % 2), "GET", "/ping")
                            #expect(answer.head.hasPrefix("HTTP/1.1 200"), "\(answer)")
                            load.count.add(1, ordering: .relaxed)
                        }
                    }
                }
                func calls(_ more: Int) async {
                    let before = load.count.load(ordering: .relaxed)
                    while load.count.load(ordering: .relaxed) < before + more { await Task.yield() }
                }
                for _ in 0..<3 {
                    await calls(50)
                    await pair.redis.crash()
                    await calls(50)
                    try await pair.redis.start()
                    for daemon in pair.daemons {
                        try await pair.wait(daemon) { $0["status"]?.string == "ok" }
                    }
                }
                // It hangs: connections are there, and nobody answers.
                pair.redis.freeze()
                for daemon in pair.daemons {
                    try await pair.wait(daemon) { $0["status"]?.string == "degraded" }
                }
                await calls(50)
                pair.redis.thaw()
                for daemon in pair.daemons {
                    try await pair.wait(daemon) { $0["status"]?.string == "ok" }
                }
                load.isOver.store(true, ordering: .relaxed)
                try await group.waitForAll()
            }
            for number in 0..<2 { #expect(pair.warnings(number) == 4) }
        }
    }

    @Test(
        "A session that is revoked on one is refused by the next call on the other; a circuit forced on one is on the other"
    )
    func revoked() async throws {
        try await Pair.run { pair in
            let sockets = try pair.daemons.map { try RawSocket(path: $0.socket) }
            let password = #""password":"correct horse battery""#
            _ = try await sockets[0].call(
                "auth.register", #"{"email":"ada@example.org",\#(password),"name":"Ada"}"#)
            let made = try await sockets[0].call(
                "workspaces.create", #"{"name":"Acme","ownerEmail":"ada@example.org"}"#)
            let workspace = try #require(made["result"]?["id"]?.string)
            let login = try await sockets[0].call("auth.login", #"{"email":"ada@example.org",\#(password)}"#)
            let token = try #require(login["result"]?["accessToken"]?.string)
            let user = try #require(login["result"]?["user"]?["id"]?.string)
            let watch =
                #"{"workspaceId":"\#(workspace)","jobId":"00000000-0000-4000-8000-000000000000","_meta":{"token":"\#(token)"}}"#
            // The role is taken from Redis before the job is looked for.
            while true {
                #expect(try await sockets[1].call("jobs.watch", watch).errorCode == "NOT_FOUND")
                let text = try await sockets[1].call("system.metrics")["result"]?["text"]?.string ?? ""
                let hits = #"rpcd_redis_standing_lookups_total{outcome="hit"} "#
                if text.contains(hits), !text.contains(hits + "0\n") { break }
            }
            _ = try await sockets[0].call("admin.users.revokeSessions", #"{"userId":"\#(user)"}"#)
            #expect(try await sockets[1].call("jobs.watch", watch).errorCode == "AUTHENTICATION_ERROR")

            let forced = try await sockets[0].call(
                "admin.circuits.force", #"{"provider":"hunter","state":"open"}"#)
            #expect(forced["result"] != nil, "\(forced.source)")
            while try await sockets[1].call("providers.get", #"{"slug":"hunter"}"#)["result"]?["circuit"]?
                .string
                != "open"
            { await Task.yield() }
        }
    }

    @Test("A URL that does not fit is refused without being repeated")
    func settings() async throws {
        let result = try await ServedProcess.run(
            "rpcd", ["serve"], environment: ["RPCD_REDIS_URL": "redis://u:topsecret@host:x"])
        #expect(result.status == 78)
        #expect(result.errors.contains("RPCD_REDIS_URL") && !result.errors.contains("topsecret"))
    }
}
