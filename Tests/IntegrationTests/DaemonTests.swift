import Foundation
import Glibc
import JSON
import Postgres
import Synchronization
import TestSupport
import Testing

/// A line of JSON-RPC.
func request(_ id: Int, _ method: String, _ params: String = "{}") -> String {
    #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"# + "\n"
}

extension RawSocket {
    /// One call, and its answer.
    func call(_ method: String, _ params: String = "{}") async throws -> JSON {
        try await send(request(1, method, params))
        guard let line = try await line() else { throw Closed() }
        return try JSON.parse(line)
    }

    /// The daemon has gone.
    struct Closed: Error {}

    /// One request over HTTP, and the body of its answer.
    static func http(
        _ address: String, _ verb: String, _ path: String, below prefix: String = "/api/v1",
        headers: [String] = [], body: String = ""
    ) async throws -> (head: String, body: String) {
        let port = try #require(address.split(separator: ":").last.flatMap { Int($0) })
        let socket = try RawSocket(port: port)
        let type =
            body.isEmpty ? [] : ["Content-Type: application/json", "Content-Length: \(body.utf8.count)"]
        let lines =
            ["\(verb) \(prefix)\(path) HTTP/1.1", "Host: localhost", "Connection: close"] + type + headers
        try await socket.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
        let answer = try await socket.receiveAll()
        let end = try #require(answer.range(of: "\r\n\r\n"))
        return (String(answer[..<end.lowerBound]), String(answer[end.upperBound...]))
    }
}

/// What the clients of a test were told.
final class Ledger: Sendable {
    let acknowledged = Mutex<Set<String>>([])
    let refusals = Mutex<Set<String>>([])
    let isBack = Atomic(false)
}

@Suite("The daemon, as a process on a PostgreSQL of its own")
struct DaemonTests {
    @Test("rpcd dev serves from an empty folder, ends in order, and finds its data again")
    func restarts() async throws {
        try await withTemporaryFolder { folder in
            let first = try await ServedProcess.dev(in: folder)
            let made = try await ServedProcess.run(
                "rpcd",
                [
                    "call", "auth.register", "email=ada@example.org", "password=correct horse battery",
                    "name=Ada", "--socket", first.socket,
                ])
            #expect(made.status == 0)
            #expect(try JSON.parse(made.output)["email"]?.string == "ada@example.org")
            let page = try await RawSocket.http(first.http, "GET", "/version")
            #expect(page.head.hasPrefix("HTTP/1.1 200"))
            first.process.send(SIGTERM)
            #expect(await first.process.end() == 0)
            #expect(access(first.socket, F_OK) != 0)

            let second = try await ServedProcess.dev(in: folder)
            let login = try await RawSocket(path: second.socket).call(
                "auth.login", #"{"email":"ada@example.org","password":"correct horse battery"}"#)
            #expect(login["result"]?["tokenType"]?.string == "Bearer")
            let other = try await ServedProcess.run("rpcd", ["dev", "--data-dir", folder], in: folder)
            #expect(other.status == 1)
            #expect(other.errors.contains("Another rpcd uses"))
            second.process.send(SIGTERM)
            #expect(await second.process.end() == 0)
        }
    }

    @Test("A PostgreSQL of its own that has ended is started again", .timeLimit(.minutes(3)))
    func databaseKilled() async throws {
        try await withTemporaryFolder { folder in
            let served = try await ServedProcess.dev(in: folder)
            let file = try String(contentsOfFile: folder + "/postgres/data/postmaster.pid", encoding: .utf8)
            let postmaster = try #require(file.split(separator: "\n").first.flatMap { pid_t($0) })
            #expect(kill(postmaster, SIGKILL) == 0)
            try await eventually("an answer of the database") {
                let ready = try await RawSocket(path: served.socket).call("system.ready")
                return served.process.errors.contains("PostgreSQL has ended") && ready["result"] != nil
            }
            served.process.send(SIGTERM)
            #expect(await served.process.end() == 0)
        }
    }

    @Test("Killed in the middle of writes and started again, it has every write that was acknowledged")
    func killed() async throws {
        try await withTemporaryFolder { folder in
            let first = try await ServedProcess.dev(in: folder)
            let operatorSocket = try RawSocket(path: first.socket)
            _ = try await operatorSocket.call(
                "auth.register",
                #"{"email":"ada@example.org","password":"correct horse battery","name":"Ada"}"#)
            let ledger = Ledger()
            await withTaskGroup(of: Void.self) { group in
                for client in 0..<4 {
                    group.addTask {
                        guard let socket = try? RawSocket(path: first.socket) else { return }
                        for number in 0... {
                            let answer = try? await socket.call(
                                "workspaces.create",
                                #"{"name":"w","slug":"w\#(client)-\#(number)","ownerEmail":"ada@example.org"}"#
                            )
                            guard let slug = answer?["result"]?["slug"]?.string else { return }
                            if ledger.acknowledged.withLock({ $0.insert(slug).inserted && $0.count == 100 }) {
                                first.process.send(SIGKILL)
                            }
                        }
                    }
                }
            }
            #expect(await first.process.end() == -SIGKILL)
            let second = try await ServedProcess.dev(in: folder)
            let socket = try RawSocket(path: second.socket)
            var kept: Set<String> = []
            var cursor = ""
            repeat {
                let page = try await socket.call("workspaces.list", #"{"limit":100\#(cursor)}"#)
                for item in try #require(page["result"]?["items"]).elements {
                    kept.insert(try #require(item["slug"]?.string))
                }
                cursor = page["result"]?["nextCursor"]?.string.map { #","cursor":"\#($0)""# } ?? ""
            } while !cursor.isEmpty
            #expect(ledger.acknowledged.withLock { $0.count } >= 100)
            #expect(ledger.acknowledged.withLock { $0.subtracting(kept) }.isEmpty)
            second.process.send(SIGTERM)
            #expect(await second.process.end() == 0)
        }
    }

    @Test("The same failing call has the same envelope on every transport, byte for byte but for meta")
    func sameEnvelope() async throws {
        try await withTemporaryFolder { folder in
            let daemon = try await ServedProcess.dev(in: folder)
            let params = #"{"email":"no address","password":"short","name":"","extra":1}"#
            let call = request(1, "auth.register", params)
            let socket = try RawSocket(path: daemon.socket)
            try await socket.send(call)
            let onSocket = try JSON.parse(try #require(try await socket.line()))
            let piped = try await ServedProcess.run(
                "rpcd", ["stdio", "--connect", daemon.socket], input: call)
            let onRPC = try await RawSocket.http(daemon.http, "POST", "/rpc", body: call)
            let onRoute = try await RawSocket.http(daemon.http, "POST", "/auth/register", body: params)
            let envelopes = [
                onSocket["error"]?["data"]?.source,
                try JSON.parse(piped.output)["error"]?["data"]?.source,
                try JSON.parse(onRPC.body)["error"]?["data"]?.source,
                onRoute.body,
            ]
            let withoutMeta = envelopes.map { text -> String in
                guard let text, let meta = text.range(of: #","meta":{"#) else { return "no envelope" }
                return String(text[..<meta.lowerBound])
            }
            #expect(
                withoutMeta[0].hasPrefix(#"{"success":false,"data":null,"error":{"code":"VALIDATION_ERROR""#))
            #expect(Set(withoutMeta).count == 1)
            #expect(onRoute.head.hasPrefix("HTTP/1.1 400"))
            daemon.process.send(SIGTERM)
            #expect(await daemon.process.end() == 0)
        }
    }

    @Test("rpcd keys rotate takes a new key into use while the daemon serves; one that nothing needs may go")
    func keys() async throws {
        try await withTemporaryFolder { folder in
            let daemon = try await ServedProcess.dev(in: folder)
            let socket = try RawSocket(path: daemon.socket)
            _ = try await socket.call(
                "auth.register",
                #"{"email":"ada@example.org","password":"correct horse battery","name":"Ada"}"#)
            let made = try await socket.call(
                "workspaces.create", #"{"name":"Acme","ownerEmail":"ada@example.org"}"#)
            let w = #""workspaceId":"\#(try #require(made["result"]?["id"]?.string))""#
            let first = try await socket.call("credentials.create", #"{\#(w),"provider":"p","key":"k"}"#)
            #expect(first["result"]?["keyVersion"]?.int64 == 1)
            let rotated = try await ServedProcess.run("rpcd", ["keys", "rotate", "--data-dir", folder])
            #expect(rotated.status == 0, "\(rotated.errors)")
            #expect(rotated.output == "added key 2\n1 credentials and webhooks sealed anew under key 2\n")
            let second = try await socket.call("credentials.create", #"{\#(w),"provider":"p","key":"k"}"#)
            #expect(second["result"]?["keyVersion"]?.int64 == 2)
            let listed = try await ServedProcess.run("rpcd", ["keys", "list", "--data-dir", folder])
            #expect(
                listed.output.hasPrefix("1\topens\t0 credentials")
                    && listed.output.contains("\n2\tseals\t2 credentials\n"), "\(listed.output)")
            func retire(_ number: String) async throws -> (status: Int32, output: String, errors: String) {
                try await ServedProcess.run("rpcd", ["keys", "retire", number, "--data-dir", folder])
            }
            let current = try await retire("2")
            #expect(current.status == 1 && current.errors.contains("is the one that seals"))
            let owner = try SQLConsole(EmbeddedCluster.conninfo(directory: folder))
            #expect(owner.run("UPDATE credentials SET key_version = 1 WHERE key_version = 2").affected == 2)
            let needed = try await retire("1")
            #expect(needed.status == 1 && needed.errors.contains("still needed"))
            owner.run("UPDATE credentials SET key_version = 2")
            while owner.run("SELECT count(*) FROM mails").rows != [["0"]] { await Task.yield() }
            let retired = try await retire("1")
            #expect(retired.status == 0 && retired.output == "removed key 1\n", "\(retired)")
            let unknown = try await retire("1")
            #expect(unknown.status == 1 && unknown.errors.contains("rpcd keys list"))
            let file = try String(contentsOfFile: folder + "/master-key", encoding: .utf8)
            #expect(file.hasPrefix("2 ") && file.split(separator: "\n").count == 1)
            // A daemon that had not heard of it cannot seal under it any more.
            #expect(
                owner.run("UPDATE credentials SET key_version = 1").sqlState == "23503",
                "nothing names a key that is gone")
            let third = try await socket.call("credentials.create", #"{\#(w),"provider":"p","key":"k"}"#)
            #expect(third["result"]?["keyVersion"]?.int64 == 2)
            // Several at once: one after the other, or refused. No key is lost.
            let outcomes = try await withThrowingTaskGroup(of: Int32.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        try await ServedProcess.run("rpcd", ["keys", "rotate", "--data-dir", folder]).status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.contains(0))
            let after = try await ServedProcess.run("rpcd", ["keys", "rotate", "--data-dir", folder])
            #expect(after.status == 0, "everything opens: \(after)")
            daemon.process.send(SIGTERM)
            #expect(await daemon.process.end() == 0)
        }
    }
}
