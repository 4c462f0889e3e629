import JSON
import Postgres
import TestSupport
import Testing

@testable import Services

/// A primary and a standby that stands still when it is told to.
private struct Pair {
    let backend: Backend
    let replica: Replica
    let standby: TestCluster
    /// As the standby's superuser.
    let console: SQLConsole

    /// Until the replica has everything.
    func catchUp() async throws {
        let target = try SQLConsole(backend.conninfo).run("SELECT pg_current_wal_lsn()").rows[0][0]
        while console.run("SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn", [target]).rows != [["t"]] {}
        try await replica.measure(against: backend.pool)
    }

    func pause() {
        console.run("SELECT pg_wal_replay_pause()")
        while console.run("SELECT pg_get_wal_replay_pause_state()").rows != [["paused"]] {}
    }

    func resume() { console.run("SELECT pg_wal_replay_resume()") }

    static func with(mostLagSeconds: Int64 = 3600, _ body: (Pair) async throws -> Void) async throws {
        let primary = try TestCluster()
        defer { primary.remove() }
        let conninfo = try primary.freshDatabase()
        let standby = try TestCluster(standbyOf: primary)
        defer { standby.remove() }
        let copy = standby.sameDatabase(conninfo)
        let replica = Replica(
            Pool(PoolConfiguration(conninfo: TestCluster.daemon(copy), size: 2)),
            mostLagSeconds: mostLagSeconds)
        defer { replica.close() }
        let backend = try Backend(conninfo: conninfo, replica: replica)
        let pair = try Pair(
            backend: backend, replica: replica, standby: standby, console: SQLConsole(copy))
        try await pair.catchUp()
        try await body(pair)
    }

    /// Two members of one workspace, which is on the replica, too.
    func members() async throws -> (workspace: String, ada: Loopback, bob: Loopback, tokens: [String]) {
        let (ada, bob) = (backend.connect(), backend.connect())
        let tokens = try await [backend.login("ada").token, backend.login("bob").token]
        let made = try await ada.call("workspaces.create", #"{"name":"W"}"#, token: tokens[0])
        let workspace = try #require(made["result"]?["id"]?.string, "\(made.source)")
        let added = try await ada.call(
            "members.add", #"{"workspaceId":"\#(workspace)","email":"bob@example.org","role":"viewer"}"#,
            token: tokens[0])
        #expect(added["result"] != nil, "\(added.source)")
        try await catchUp()
        return (workspace, ada, bob, tokens)
    }
}

@Suite("Lists from a replica", .serialized)
struct ReplicaTests {
    private func upsert(_ connection: Loopback, _ workspace: String, _ token: String) async throws {
        let made = try await connection.call(
            "records.bulkUpsert",
            #"{"workspaceId":"\#(workspace)","records":[{"externalId":"r","fields":{"city":"Rome"}}]}"#,
            token: token)
        #expect(made["result"]?["inserted"]?.int64 == 1, "\(made.source)")
    }

    private func count(
        _ connection: Loopback, _ workspace: String, _ token: String
    ) async throws -> Int? {
        let page = try await connection.call(
            "records.list", #"{"workspaceId":"\#(workspace)"}"#, token: token)
        return page["result"]?["items"]?.count
    }

    @Test("A list may lag for others, never for who made the change; when the replica has it, all see it")
    func ownChanges() async throws {
        try await Pair.with { pair in
            let (workspace, ada, bob, tokens) = try await pair.members()
            pair.pause()
            try await upsert(ada, workspace, tokens[0])
            try await pair.replica.measure(against: pair.backend.pool)
            #expect(pair.replica.standing == .ok)
            #expect(try await count(bob, workspace, tokens[1]) == 0)
            #expect(try await count(ada, workspace, tokens[0]) == 1)
            pair.resume()
            try await pair.catchUp()
            #expect(try await count(bob, workspace, tokens[1]) == 1)
            #expect(try await count(ada, workspace, tokens[0]) == 1)
        }
    }

    @Test("Who may call is the primary's to say; another workspace's rows are as hidden as there")
    func roles() async throws {
        try await Pair.with { pair in
            let (workspace, ada, bob, tokens) = try await pair.members()
            try await upsert(ada, workspace, tokens[0])
            try await pair.catchUp()
            let other = try await bob.call("workspaces.create", #"{"name":"X"}"#, token: tokens[1])
            let others = try #require(other["result"]?["id"]?.string)
            try await pair.catchUp()
            #expect(try await count(bob, others, tokens[1]) == 0)
            #expect(try await count(bob, workspace, tokens[1]) == 1)
            let operators = pair.backend.connect(isOperator: true)
            let seen = try await operators.call("records.list", #"{"workspaceId":"\#(workspace)"}"#)
            #expect(seen["result"]?["items"]?.count == 1, "\(seen.source)")
            pair.pause()
            let me = try await bob.call("auth.me", "{}", token: tokens[1])
            let id = try #require(me["result"]?["user"]?["id"]?.string)
            let removed = try await ada.call(
                "members.remove", #"{"workspaceId":"\#(workspace)","userId":"\#(id)"}"#, token: tokens[0])
            #expect(removed["result"] != nil, "\(removed.source)")
            let refused = try await bob.call(
                "records.list", #"{"workspaceId":"\#(workspace)"}"#, token: tokens[1])
            #expect(refused.errorCode == "AUTHORIZATION_ERROR")
            pair.resume()
        }
    }

    @Test("A replica that is too far behind, or away, serves nobody, and readiness says so")
    func away() async throws {
        try await Pair.with(mostLagSeconds: 1) { pair in
            let (workspace, ada, bob, tokens) = try await pair.members()
            pair.pause()
            try await upsert(ada, workspace, tokens[0])
            while pair.replica.standing == .ok { try await pair.replica.measure(against: pair.backend.pool) }
            #expect(pair.replica.standing == .behind)
            #expect(try await count(bob, workspace, tokens[1]) == 1)
            pair.resume()
            try await pair.catchUp()
            #expect(pair.replica.standing == .ok)
            try pair.standby.stopImmediately()
            // Nobody has noticed yet.
            #expect(try await count(bob, workspace, tokens[1]) == 1)
            await #expect(throws: (any Error).self) {
                try await pair.replica.measure(against: pair.backend.pool)
            }
            let ready = try await bob.call("system.ready")
            #expect(ready["result"]?["status"]?.string == "degraded", "\(ready.source)")
            #expect(ready["result"]?["checks"]?["replica"]?.string == "away")
            try pair.standby.start()
            while pair.replica.standing != .ok { try? await pair.replica.measure(against: pair.backend.pool) }
        }
    }

    @Test("A replica that has become a primary of its own serves nobody")
    func promoted() async throws {
        try await Pair.with { pair in
            #expect(pair.replica.standing == .ok)
            try pair.standby.promote()
            try await pair.replica.measure(against: pair.backend.pool)
            #expect(pair.replica.standing == .away)
        }
    }
}
