import Identifiers
import JSON
import Postgres
import RPC
import Synchronization
import TestSupport
import Testing

@testable import Services

/// Two daemons on one database and one Redis server.
private struct Fleet {
    struct Daemon {
        let backend: Backend
        let shared: SharedMemory
        let listener: Listener

        /// Whether somebody may, without any transaction but the role check.
        func allows(_ token: String, _ workspace: String, _ method: String = "test.standing") async throws
            -> String
        {
            let answer = try await backend.connect().call(
                method, #"{"workspaceId":"\#(workspace)"}"#, token: token)
            return answer.errorCode ?? "OK"
        }

        /// Returns when what is known of him is taken from Redis.
        func untilKnown(_ token: String, _ workspace: String) async throws {
            let before = shared.standings.lookups.hits
            while shared.standings.lookups.hits == before {
                #expect(try await allows(token, workspace) == "OK")
            }
        }
    }

    let daemons: [Daemon]
    let server: TestRedis
    let ada: String
    let workspace: String

    /// A method that does nothing but ask who calls.
    private static func methods(_ platform: Platform) -> [Method] {
        [("test.standing", Role.viewer), ("test.admin", Role.admin)].map { name, role in
            Method(
                name, "Asks who calls.", role: role, params: Params(.workspace), result: .done,
                example: Example("{}", gives: "{}"), run: platform.steps { _, _ in Done() })
        }
    }

    init(in folder: String, seconds: Int64 = 1) async throws {
        server = try await TestRedis(in: folder)
        var daemons: [Daemon] = []
        for _ in 0..<2 {
            let shared = try SharedMemory.forTests(server.url, standingSeconds: seconds)
            let backend =
                try daemons.first.map {
                    try Backend(sharing: $0.backend, shared: shared, methods: Fleet.methods)
                } ?? Backend(shared: shared, methods: Fleet.methods)
            let listener = Listener(conninfo: backend.conninfo, channels: [StandingCache.channel]) {
                shared.hear($0)
            }
            backend.platform.startSharing { _ in }
            while !shared.redis.isAtHand { await Task.yield() }
            daemons.append(Daemon(backend: backend, shared: shared, listener: listener))
        }
        self.daemons = daemons
        ada = try await daemons[0].backend.login("ada").token
        let made = try await daemons[0].backend.connect().call(
            "workspaces.create", #"{"name":"Acme"}"#, token: ada)
        workspace = try #require(made["result"]?["id"]?.string)
    }

    func add(_ name: String, _ role: String = "admin") async throws -> (id: String, token: String) {
        let user = try await daemons[0].backend.login(name)
        let added = try await daemons[0].backend.connect().call(
            "members.add",
            #"{"workspaceId":"\#(workspace)","email":"\#(name)@example.org","role":"\#(role)"}"#,
            token: ada)
        #expect(added["result"] != nil, "\(added.source)")
        return (user.id, user.token)
    }

    func end() async {
        for daemon in daemons {
            daemon.listener.close()
            daemon.shared.close()
        }
        await server.crash()
    }

    static func run(_ body: (Fleet) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let fleet = try await Fleet(in: folder)
            try await body(fleet)
            await fleet.end()
        }
    }
}

@Suite("What somebody is, as daemons know it together", .serialized)
struct StandingCacheTests {
    @Test(
        "Whatever ends a session or changes a role on one daemon is what the very next call on the other goes by",
        arguments: [
            ("members.remove", "AUTHORIZATION_ERROR"), ("members.setRole", "AUTHORIZATION_ERROR"),
            ("workspaces.delete", "AUTHORIZATION_ERROR"), ("admin.users.disable", "AUTHENTICATION_ERROR"),
            ("auth.logout", "AUTHENTICATION_ERROR"), ("auth.changePassword", "AUTHENTICATION_ERROR"),
            ("auth.sessions.revoke", "AUTHENTICATION_ERROR"),
        ])
    func revocations(method: String, code: String) async throws {
        try await Fleet.run { fleet in
            let bob = try await fleet.add("bob")
            for daemon in fleet.daemons { try await daemon.untilKnown(bob.token, fleet.workspace) }
            let w = #""workspaceId":"\#(fleet.workspace)""#
            let first = fleet.daemons[0].backend
            let second = try await first.login("bob")
            let sessions = try await first.connect().call("auth.sessions.list", token: second.token)
            let others = try #require(sessions["result"]?["items"]?.elements ?? sessions["result"]?.elements)
            let answer: JSON
            switch method {
            case "members.remove":
                answer = try await first.connect().call(
                    method, #"{\#(w),"userId":"\#(bob.id)"}"#, token: fleet.ada)
            case "members.setRole":
                answer = try await first.connect().call(
                    method, #"{\#(w),"userId":"\#(bob.id)","role":"member"}"#, token: fleet.ada)
            case "workspaces.delete":
                answer = try await first.connect().call(method, "{\(w)}", token: fleet.ada)
            case "admin.users.disable":
                answer = try await first.connect(isOperator: true).call(method, #"{"userId":"\#(bob.id)"}"#)
            case "auth.changePassword":
                answer = try await first.connect().call(
                    method,
                    #"{"currentPassword":"correct horse battery","newPassword":"another horse battery"}"#,
                    token: second.token)
            case "auth.sessions.revoke":
                for session in others {
                    guard let id = session["id"]?.string, session["current"]?.bool != true else { continue }
                    _ = try await first.connect().call(
                        method, #"{"sessionId":"\#(id)"}"#, token: second.token)
                }
                answer = sessions
            default:
                let login = try await first.login("bob")
                try await fleet.daemons[1].untilKnown(login.token, fleet.workspace)
                answer = try await first.connect().call(
                    method, #"{"refreshToken":"\#(login.refreshToken)"}"#)
                #expect(try await fleet.daemons[1].allows(login.token, fleet.workspace, "test.admin") == code)
            }
            #expect(answer["result"] != nil, "\(answer.source)")
            guard method != "auth.logout" else { return }
            #expect(try await fleet.daemons[1].allows(bob.token, fleet.workspace, "test.admin") == code)
        }
    }

    @Test("However roles change on either daemon, every call sees the last change", arguments: Seed.some(3))
    func random(seed: Seed) async throws {
        try await Fleet.run { fleet in
            var random = seed.generator
            let bob = try await fleet.add("bob", "viewer")
            let w = #""workspaceId":"\#(fleet.workspace)""#
            try await fleet.daemons[1].untilKnown(bob.token, fleet.workspace)
            var role: String? = "viewer"
            for _ in 0..<100 {
                let daemon = fleet.daemons[.random(in: 0..<2, using: &random)]
                switch Int.random(in: 0..<8, using: &random) {
                case 0:
                    guard role != nil else { continue }
                    let next = Bool.random(using: &random) ? "viewer" : "admin"
                    _ = try await daemon.backend.connect().call(
                        "members.setRole", #"{\#(w),"userId":"\#(bob.id)","role":"\#(next)"}"#,
                        token: fleet.ada)
                    role = next
                case 1 where role == nil:
                    _ = try await daemon.backend.connect().call(
                        "members.add", #"{\#(w),"email":"bob@example.org","role":"viewer"}"#, token: fleet.ada
                    )
                    role = "viewer"
                case 1:
                    _ = try await daemon.backend.connect().call(
                        "members.remove", #"{\#(w),"userId":"\#(bob.id)"}"#, token: fleet.ada)
                    role = nil
                default:
                    let seen = try await daemon.allows(bob.token, fleet.workspace)
                    #expect(seen == (role == nil ? "AUTHORIZATION_ERROR" : "OK"))
                    let admin = try await daemon.allows(bob.token, fleet.workspace, "test.admin")
                    #expect(admin == (role == "admin" ? "OK" : "AUTHORIZATION_ERROR"))
                }
            }
        }
    }

    @Test(
        "However a workspace changes on either daemon, every call sees the last change, kept or not",
        arguments: Seed.some(3))
    func configuration(seed: Seed) async throws {
        try await Fleet.run { fleet in
            var random = seed.generator
            let bob = try await fleet.add("bob", "viewer")
            let w = #""workspaceId":"\#(fleet.workspace)""#
            func read(_ daemon: Fleet.Daemon) async throws -> JSON {
                try await daemon.backend.connect().call("workspaces.get", "{\(w)}", token: bob.token)
            }
            /// Returns when it is taken from Redis.
            func untilKept(_ daemon: Fleet.Daemon) async throws {
                let before = daemon.shared.standings.lookups.hits
                while daemon.shared.standings.lookups.hits == before { _ = try await read(daemon) }
            }
            for daemon in fleet.daemons { try await untilKept(daemon) }
            var last = try #require(try await read(fleet.daemons[0])["result"])
            for turn in 0..<100 {
                let daemon = fleet.daemons[.random(in: 0..<2, using: &random)]
                switch Int.random(in: 0..<8, using: &random) {
                case 0:
                    let change = [
                        #""name":"A name of turn \#(turn)""#, #""slug":"acme-\#(turn)""#,
                        #""settings":{"turn":\#(turn),"text":"\"quoted\" and é"}"#,
                    ].randomElement(using: &random)
                    let answer = try await daemon.backend.connect().call(
                        "workspaces.update", "{\(w),\(change ?? "")}", token: fleet.ada)
                    last = try #require(answer["result"], "\(answer.source)")
                default:
                    #expect(try await read(daemon)["result"]?.source == last.source)
                }
            }
            for daemon in fleet.daemons {
                try await untilKept(daemon)
                #expect(try await read(daemon)["result"]?.source == last.source)
            }
            _ = try await fleet.daemons[0].backend.connect().call(
                "workspaces.delete", "{\(w)}", token: fleet.ada)
            #expect(try await read(fleet.daemons[1]).errorCode == "AUTHORIZATION_ERROR")
        }
    }

    @Test("What is kept of a workspace is for its members alone, and only while they are")
    func configurationOfOthers() async throws {
        try await Fleet.run { fleet in
            let bob = try await fleet.add("bob", "viewer")
            let eve = try await fleet.daemons[0].backend.login("eve")
            let w = #"{"workspaceId":"\#(fleet.workspace)"}"#
            let daemon = fleet.daemons[1]
            let before = daemon.shared.standings.lookups.hits
            while daemon.shared.standings.lookups.hits == before {
                let answer = try await daemon.backend.connect().call("workspaces.get", w, token: bob.token)
                #expect(answer["result"]?["name"]?.string == "Acme", "\(answer.source)")
            }
            let refused = try await daemon.backend.connect().call("workspaces.get", w, token: eve.token)
            #expect(refused.errorCode == "AUTHORIZATION_ERROR")
            let removed = try await fleet.daemons[0].backend.connect().call(
                "members.remove",
                #"{"workspaceId":"\#(fleet.workspace)","userId":"\#(bob.id)"}"#, token: fleet.ada)
            #expect(removed["result"] != nil, "\(removed.source)")
            let late = try await daemon.backend.connect().call("workspaces.get", w, token: bob.token)
            #expect(late.errorCode == "AUTHORIZATION_ERROR")
        }
    }

    @Test(
        "What others have put in the place of a workspace is not given out: only one object, of this workspace, on one line",
        arguments: [
            "not json", "[1]", #"{"id":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","version":7}"#,
            "{\"id\":\"WORKSPACE\",\"version\":7}\n", #"{"id":"WORKSPACE","version":8}"#,
            #"{"id":"WORKSPACE","version":7}}"#,
        ])
    func forgedConfiguration(text: String) async throws {
        try await Fleet.run { fleet in
            let bob = try await fleet.add("bob", "viewer")
            let w = #"{"workspaceId":"\#(fleet.workspace)"}"#
            let daemon = fleet.daemons[0]
            let before = daemon.shared.standings.lookups.hits
            while daemon.shared.standings.lookups.hits == before {
                _ = try await daemon.backend.connect().call("workspaces.get", w, token: bob.token)
            }
            let server = try #require(daemon.shared.redis.atHand?.serverRunID)
            let mark = try await fleet.server.read("GET", "rpcd:mark:\(fleet.workspace)")
            let word = try #require(mark.split(separator: "\r\n").dropFirst().first)
            let forged = "\(word) 7 " + text.replacing("WORKSPACE", with: fleet.workspace)
            try await fleet.server.ask(
                "SET", "rpcd:workspace:\(server):\(fleet.workspace)", forged, "EX", "60")
            let answer = try await daemon.backend.connect().call("workspaces.get", w, token: bob.token)
            #expect(answer["result"]?["name"]?.string == "Acme", "\(answer.source)")
        }
    }

    @Test("Redis stopped, a session revoked, Redis back with what it had: the session is not believed again")
    func revokedMeanwhile() async throws {
        try await Fleet.run { fleet in
            let bob = try await fleet.add("bob")
            for daemon in fleet.daemons { try await daemon.untilKnown(bob.token, fleet.workspace) }
            fleet.server.freeze()
            let disabled = try await fleet.daemons[0].backend.connect(isOperator: true).call(
                "admin.users.disable", #"{"userId":"\#(bob.id)"}"#)
            #expect(disabled["result"] != nil)
            fleet.server.thaw()
            for _ in 0..<20 {
                for daemon in fleet.daemons {
                    #expect(try await daemon.allows(bob.token, fleet.workspace) == "AUTHENTICATION_ERROR")
                }
            }
        }
    }

    @Test("What a restarted server still has is not believed, and every key goes by itself")
    func restarted() async throws {
        try await Fleet.run { fleet in
            let bob = try await fleet.add("bob")
            let daemon = fleet.daemons[0]
            try await daemon.untilKnown(bob.token, fleet.workspace)
            let info = try await fleet.server.read("INFO", "keyspace")
            let counts = info.split(whereSeparator: { ":,=\r\n".contains($0) }).compactMap { Int($0) }
            #expect(info.contains("keys=") && info.contains("expires="), "\(info)")
            if let keys = counts.dropFirst().first { #expect(info.contains("keys=\(keys),expires=\(keys)")) }
            let first = try #require(daemon.shared.redis.atHand?.serverRunID)
            await fleet.server.crash()
            while daemon.shared.redis.isAtHand { await Task.yield() }
            // As without Redis.
            #expect(try await daemon.allows(bob.token, fleet.workspace) == "OK")
            try await fleet.server.start()
            while !daemon.shared.redis.isAtHand { await Task.yield() }
            #expect(daemon.shared.redis.atHand?.serverRunID != first)
            try await daemon.untilKnown(bob.token, fleet.workspace)
        }
    }

    @Test("Nobody is believed before this daemon has listened for as long as an entry lives")
    func trust() {
        let clock = TestClock()
        let trust = StandingTrust(lifetimeNanoseconds: 100) { clock.now }
        let (user, other) = (UUID.random(), UUID.random())
        #expect(!trust.covers([user]))
        trust.redisIsBack()
        clock.advance(200)
        #expect(!trust.covers([user]))
        trust.databaseIsHeard()
        clock.advance(100)
        #expect(!trust.covers([user]))
        clock.advance(1)
        #expect(trust.covers([user]))
        trust.changed(user)
        #expect(!trust.covers([user]) && !trust.covers([other, user]) && trust.covers([other]))
        clock.advance(101)
        #expect(trust.covers([user]))
        trust.databaseIsUnheard()
        #expect(!trust.covers([user]))
        trust.databaseIsHeard()
        clock.advance(101)
        #expect(trust.covers([user]))
        trust.redisIsAway()
        clock.advance(101)
        #expect(!trust.covers([user]))
        trust.redisIsBack()
        #expect(!trust.covers([user]))
        clock.advance(101)
        // More than can be kept apart.
        for _ in 0..<10_001 { trust.changed(UUID.random()) }
        #expect(!trust.covers([other]))
        clock.advance(101)
        #expect(trust.covers([other]))
    }
}

/// Goes when the test says so.
private final class TestClock: Sendable {
    private let time = Atomic<UInt64>(1000)
    var now: UInt64 { time.load(ordering: .relaxed) }

    func advance(_ nanoseconds: UInt64) { time.add(nanoseconds, ordering: .relaxed) }
}
