import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("A fleet on one database")
struct FleetTests {
    @Test(
        "The primary is killed and its standby promoted under clients of two daemons: scripts/prove failover, in short",
        arguments: Seed.some(1))
    func failover(seed: Seed) async throws {
        try await Proof.run("failover", seed, expecting: "2 kills of a daemon, 2 of PostgreSQL")
    }

    @Test(
        "The same calls through a transaction pooler: scripts/prove ledger --pooler, in short",
        arguments: Seed.some(1))
    func pooled(seed: Seed) async throws {
        try await Proof.run(
            "ledger", seed, ["--pooler"], expecting: "6 kills of a daemon, 2 of PostgreSQL")
    }

    /// Who works in one workspace, and knows what is in it.
    private struct Tenant {
        let name: String
        let workspace: String
        let token: String

        /// As the owner of a workspace of his own, with credits.
        static func make(_ name: String, _ socket: RawSocket) async throws -> Tenant {
            let (email, password) = ("\(name)@example.org", "correct horse battery")
            _ = try await socket.call(
                "auth.register", #"{"email":"\#(email)","password":"\#(password)","name":"\#(name)"}"#)
            let login = try await socket.call(
                "auth.login", #"{"email":"\#(email)","password":"\#(password)"}"#)
            let made = try await socket.call(
                "workspaces.create", #"{"name":"\#(name)","ownerEmail":"\#(email)"}"#)
            let workspace = try #require(made["result"]?["id"]?.string)
            _ = try await socket.call(
                "billing.addCredits", #"{"workspaceId":"\#(workspace)","amount":100000,"type":"bonus"}"#)
            _ = try await socket.call(
                "records.bulkUpsert",
                #"{"workspaceId":"\#(workspace)","records":[{"externalId":"\#(name)","fields":{}}]}"#)
            return Tenant(
                name: name, workspace: workspace,
                token: try #require(login["result"]?["accessToken"]?.string, "\(login.source)"))
        }

        func params(_ rest: String = "", in other: String? = nil) -> String {
            #"{"workspaceId":"\#(other ?? workspace)",\#(rest)"_meta":{"token":"\#(token)"}}"#
        }

        /// Some calls, of which some are cancelled. - Returns: how many debits were acknowledged.
        func work(_ path: String, beside other: String) async throws -> Int64 {
            let socket = try RawSocket(path: path)
            var debits: Int64 = 0
            for round in 0..<60 {
                switch round % 4 {
                case 0:
                    let answer = try await socket.call("billing.debit", params(#""amount":1,"#))
                    #expect(answer["result"]?["workspaceId"]?.string == workspace, "\(answer.source)")
                    debits += 1
                case 1:
                    let page = try await socket.call("records.list", params())
                    #expect(page["result"]?["items"]?.count == 1, "\(page.source)")
                    #expect(page["result"]?["items"]?[0]?["externalId"]?.string == name)
                case 2:
                    let mine = try await socket.call("workspaces.get", params())
                    #expect(mine["result"]?["name"]?.string == name, "\(mine.source)")
                    let theirs = try await socket.call("workspaces.get", params(in: other))
                    #expect(theirs.errorCode == "AUTHORIZATION_ERROR", "\(theirs.source)")
                default:
                    try await socket.send(
                        #"{"jsonrpc":"2.0","id":7,"method":"records.list","params":\#(params())}"# + "\n"
                            + #"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":7}}"# + "\n")
                    let line = try #require(try await socket.line())
                    let answer = try JSON.parse(line)
                    #expect(
                        answer["result"]?["items"]?.count == 1 || answer.errorCode == "CANCELLED",
                        "\(answer.source)")
                }
            }
            return debits
        }
    }

    @Test("Two workspaces through two sessions: nobody sees or cancels another's, and the books agree")
    func pooledTenants() async throws {
        let conninfo = try TestCluster.shared.get().freshDatabase()
        let pooler = try TestPooler(to: conninfo, poolSize: 2)
        defer { pooler.remove() }
        try await withTemporaryFolder { folder in
            let served = try await Served.start(
                in: folder, conninfo: conninfo,
                environment: [
                    "RPCD_DATABASE_URL": TestCluster.daemon(pooler.conninfo(conninfo)),
                    "RPCD_DATABASE_DIRECT_URL": TestCluster.daemon(conninfo),
                    "RPCD_DATABASE_POOLER": "transaction",
                ])
            let operators = try RawSocket(path: served.socket)
            let tenants = try await [Tenant.make("ada", operators), Tenant.make("bob", operators)]
            let debits = try await withThrowingTaskGroup(of: (Int, Int64).self) { group in
                for client in 0..<8 {
                    let tenant = tenants[client % 2]
                    let other = tenants[1 - client % 2].workspace
                    group.addTask { (client % 2, try await tenant.work(served.socket, beside: other)) }
                }
                return try await group.reduce(into: [0, 0]) { $0[$1.0] += $1.1 }
            }
            for (tenant, debits) in zip(tenants, debits) {
                let billing = try await operators.call(
                    "billing.get", #"{"workspaceId":"\#(tenant.workspace)"}"#)
                #expect(billing["result"]?["creditBalance"]?.int64 == 100_000 - debits)
            }
            let verified = try await ServedProcess.run(
                "rpcd", ["ledger", "verify", "--socket", served.socket])
            #expect(verified.status == 0, "\(verified)")
            #expect(!pooler.log.contains("FATAL"))
            served.process.send(SIGTERM)
            #expect(await served.process.end() == 0)
            #expect(!served.process.errors.contains("leads through a pooler"), "\(served.process.errors)")
        }
    }

    @Test("A pooler without the direct way is refused; one that nobody has told of is warned of")
    func poolerSettings() async throws {
        let conninfo = try TestCluster.shared.get().freshDatabase()
        let pooler = try TestPooler(to: conninfo, poolSize: 8, settings: ["pool_mode": "session"])
        defer { pooler.remove() }
        try await withTemporaryFolder { folder in
            let served = try await Served.start(
                in: folder, conninfo: conninfo,
                environment: [
                    "RPCD_DATABASE_URL": TestCluster.daemon(pooler.conninfo(conninfo)), "RPCD_POOL_SIZE": "2",
                ])
            #expect(served.process.errors.contains("leads through a pooler"))
            served.process.send(SIGTERM)
            #expect(await served.process.end() == 0)
            let settings = try Served.settings(in: folder, conninfo: conninfo)
                .merging(["RPCD_DATABASE_POOLER": "transaction"]) { $1 }
            let refused = try await ServedProcess.run("rpcd", ["serve"], environment: settings)
            #expect(refused.status == 78)
            #expect(refused.errors.hasPrefix("rpcd: RPCD_DATABASE_DIRECT_URL: is missing"))
        }
    }

    @Test("What one daemon has seen of a session or a key does not outlive its end on another")
    func revocations() async throws {
        let conninfo = try TestCluster.shared.get().freshDatabase()
        try await withTemporaryFolder { folder in
            let first = try await Served.start(in: folder, conninfo: conninfo)
            let second = try await Served.start(
                in: folder, conninfo: conninfo, environment: ["RPCD_SOCKET": folder + "/t"])
            let here = try RawSocket(path: first.socket)
            let there = try RawSocket(path: folder + "/t")
            let ada = try await Tenant.make("ada", here)
            let made = try await here.call(
                "apiKeys.create", ada.params(#""name":"k","role":"member","#))
            let id = try #require(made["result"]?["id"]?.string, "\(made.source)")
            let secret = try #require(made["result"]?["secret"]?.string)
            let byKey = Tenant(name: "ada", workspace: ada.workspace, token: secret)
            for tenant in [ada, byKey] {
                for _ in 0..<2 {
                    let seen = try await there.call("workspaces.get", tenant.params())
                    #expect(seen["result"] != nil, "\(seen.source)")
                }
            }
            let revoked = try await here.call("apiKeys.revoke", ada.params(#""apiKeyId":"\#(id)","#))
            #expect(revoked["result"] != nil, "\(revoked.source)")
            let keyless = try await there.call("workspaces.get", byKey.params())
            #expect(keyless.errorCode == "AUTHENTICATION_ERROR")
            let changed = try await here.call(
                "auth.changePassword",
                #"{"currentPassword":"correct horse battery","newPassword":"incorrect horse battery","_meta":{"token":"\#(ada.token)"}}"#
            )
            #expect(changed["result"] != nil, "\(changed.source)")
            let ended = try await there.call("workspaces.get", ada.params())
            #expect(ended.errorCode == "AUTHENTICATION_ERROR")
            for process in [first.process, second.process] {
                process.send(SIGTERM)
                #expect(await process.end() == 0)
            }
        }
    }
}
