import Foundation
import Glibc
import JSON
import Postgres
import Synchronization
import TestSupport
import Testing

/// What clients were told, by key.
private final class Answered: Sendable {
    private let ids = Mutex<[String: Set<String>]>([:])

    var count: Int { ids.withLock { $0.count } }
    var all: [String: Set<String>] { ids.withLock { $0 } }

    func add(_ id: String, for key: String) {
        ids.withLock { _ = $0[key, default: []].insert(id) }
    }
}

@Suite("The ledger, in a running daemon")
struct LedgerTests {
    private func account(_ socket: RawSocket, credits: Int) async throws -> String {
        _ = try await socket.call(
            "auth.register", #"{"email":"ada@example.org","password":"correct horse battery","name":"Ada"}"#)
        let made = try await socket.call(
            "workspaces.create", #"{"name":"Acme","ownerEmail":"ada@example.org"}"#)
        let id = try #require(made["result"]?["id"]?.string)
        let added = try await socket.call(
            "billing.addCredits", #"{"workspaceId":"\#(id)","amount":\#(credits),"type":"bonus"}"#)
        #expect(added["result"] != nil)
        return id
    }

    @Test("The example of a payment service settles what is bought; the same call three times is one effect")
    func purchase() async throws {
        try await withTemporaryFolder { folder in
            let daemon = try await ServedProcess.dev(in: folder)
            let socket = try RawSocket(path: daemon.socket)
            let workspace = try await account(socket, credits: 1)
            let service = try ServedProcess(
                "/usr/bin/env", ["python3", Project.root + "/examples/payment_service.py", daemon.socket])
            var ids: Set<String?> = []
            var replays = 0
            for _ in 0..<3 {
                let answer = try await socket.call(
                    "billing.purchases.create",
                    #"{"workspaceId":"\#(workspace)","amount":500,"_meta":{"idempotencyKey":"buy"}}"#)
                ids.insert(answer["result"]?["id"]?.string)
                if answer["result"]?["_meta"]?["replayed"]?.bool == true { replays += 1 }
            }
            #expect(ids.count == 1 && replays == 2)
            let line = try #require(try await service.stream.line(), "\(service.errors)")
            #expect(try JSON.parse(Array(line))["result"]?["status"]?.string == "settled")
            let billing = try await socket.call("billing.get", #"{"workspaceId":"\#(workspace)"}"#)
            #expect(billing["result"]?["creditBalance"]?.int64 == 501)
            let verified = try await ServedProcess.run(
                "rpcd", ["ledger", "verify", "--socket", daemon.socket])
            #expect(verified.status == 0 && verified.output.contains("2 checked, 0 differ"), "\(verified)")
            service.send(SIGTERM)
            daemon.process.send(SIGTERM)
            #expect(await daemon.process.end() == 0)
        }
    }

    @Test(
        "Killed again and again under clients that repeat with their keys: each key has one effect, and the books agree"
    )
    func kills() async throws {
        try await withTemporaryFolder { folder in
            let first = try await ServedProcess.dev(in: folder)
            let workspace = try await account(try RawSocket(path: first.socket), credits: 1000)
            let (clients, each, socketPath) = (8, 25, first.socket)
            let answered = Answered()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in 0..<clients {
                    group.addTask {
                        var socket: RawSocket?
                        for number in 0..<each {
                            let key = "\(client)-\(number)"
                            let params =
                                #"{"workspaceId":"\#(workspace)","amount":1,"_meta":{"idempotencyKey":"\#(key)"}}"#
                            // As the documentation tells clients: again, until it is answered.
                            while true {
                                if socket == nil { socket = try? RawSocket(path: socketPath) }
                                if let answer = try? await socket?.call("billing.debit", params) {
                                    if let id = answer["result"]?["id"]?.string {
                                        answered.add(id, for: key)
                                        break
                                    }
                                    #expect(answer.errorCode == "SERVICE_UNAVAILABLE")
                                } else {
                                    socket = nil
                                }
                                await Task.yield()
                            }
                        }
                    }
                }
                var daemon = first
                for kill in 1...4 {
                    while answered.count < kill * clients * each / 5 {
                        await Task.yield()
                    }
                    daemon.process.send(SIGKILL)
                    #expect(await daemon.process.end() == -SIGKILL)
                    daemon = try await ServedProcess.dev(in: folder)
                }
                try await group.waitForAll()
                let told = answered.all
                #expect(told.count == clients * each && told.values.allSatisfy { $0.count == 1 })
                let owner = try SQLConsole(EmbeddedCluster.conninfo(directory: folder))
                #expect(
                    owner.run("SELECT count(*), sum(amount) FROM ledger WHERE type = 'debit'").rows
                        == [["\(clients * each)", "\(clients * each)"]])
                #expect(
                    owner.run("SELECT count(*) FROM audit_log WHERE action = 'billing.debit'").rows
                        == [["\(clients * each)"]])
                let verified = try await ServedProcess.run(
                    "rpcd", ["ledger", "verify", "--socket", daemon.socket])
                #expect(verified.status == 0, "\(verified)")
                daemon.process.send(SIGTERM)
                #expect(await daemon.process.end() == 0)
            }
        }
    }

    @Test(
        "Daemons and database are killed under clients of two daemons: scripts/prove ledger, in short",
        arguments: Seed.some(1))
    func proof(seed: Seed) async throws {
        try await Proof.run("ledger", seed, expecting: "6 kills of a daemon, 2 of PostgreSQL")
    }
}
