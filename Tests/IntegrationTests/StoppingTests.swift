import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// Waits for what a daemon does in its own time.
func eventually(_ what: String, _ isTrue: () async throws -> Bool) async throws {
    let deadline = Date(timeIntervalSinceNow: 30)
    while try await !isTrue() {
        guard Date() < deadline else {
            Issue.record("\(what) did not come about")
            return
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}

@Suite("Stopping a daemon, and holding its calls")
struct StoppingTests {
    private func write(_ lines: [String], to path: String) throws {
        try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    }

    private func stop(_ served: Served) async {
        served.process.send(SIGTERM)
        #expect(await served.process.end() == 0, "\(served.process.errors)")
    }

    @Test("A call that outlasts the drain time is answered; the drain time is the one that was read last")
    func longCall() async throws {
        try await withTemporaryFolder { folder in
            let conninfo = try TestCluster.shared.get().freshDatabase()
            let file = folder + "/rpcd.conf"
            try write(["RPCD_LIMIT_DRAIN_TIMEOUT_MS=600000"], to: file)
            let served = try await Served.start(
                in: folder, conninfo: conninfo, environment: ["RPCD_CONFIG": file])
            let http = String(served.readyLine.split(separator: " ")[2].dropFirst("http=".count))
            let socket = try RawSocket(path: served.socket)
            _ = try await socket.call(
                "auth.register",
                #"{"email":"ada@example.org","password":"correct horse battery","name":"Ada"}"#)
            let made = try await socket.call(
                "workspaces.create", #"{"name":"w","slug":"w","ownerEmail":"ada@example.org"}"#)
            let id = try #require(made["result"]?["id"]?.string)
            let login = try await socket.call(
                "auth.login", #"{"email":"ada@example.org","password":"correct horse battery"}"#)
            let token = try #require(login["result"]?["accessToken"]?.string)
            try write(["RPCD_LIMIT_DRAIN_TIMEOUT_MS=100"], to: file)
            served.process.send(SIGHUP)
            try await eventually("the reload") {
                served.process.errors.contains("changed: RPCD_LIMIT_DRAIN_TIMEOUT_MS")
            }
            let holder = try SQLConsole(conninfo)
            holder.run("BEGIN")
            holder.run("SELECT FROM workspaces FOR UPDATE")
            try await socket.send(request(7, "workspaces.update", #"{"workspaceId":"\#(id)","name":"x"}"#))
            let body = request(
                8, "workspaces.update",
                #"{"workspaceId":"\#(id)","name":"y","_meta":{"token":"\#(token)"}}"#)
            async let overHTTP = RawSocket.http(http, "POST", "/rpc", body: body)
            try await eventually("both waiting") {
                holder.run(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                ).rows == [["2"]]
            }
            served.process.send(SIGTERM)
            let answer = try JSON.parse(try #require(try await socket.line()))
            #expect(answer["id"]?.int64 == 7)
            #expect(answer.errorCode == "SERVICE_UNAVAILABLE")
            #expect(try await socket.line() == nil)
            let other = try JSON.parse(try await overHTTP.body)
            #expect(other.errorCode == "SERVICE_UNAVAILABLE")
            #expect(await served.process.end() == 0)
            holder.run("COMMIT")
            #expect(holder.run("SELECT name FROM workspaces").rows == [["w"]])
        }
    }

    @Test("A daemon that is stopped in a pause finishes what it has held")
    func stopInPause() async throws {
        try await withTemporaryFolder { folder in
            let served = try await Served.start(
                in: folder, conninfo: try TestCluster.shared.get().freshDatabase())
            let (control, socket) = (try RawSocket(path: served.socket), try RawSocket(path: served.socket))
            let paused = try await control.call(
                "admin.pause", #"{"seconds":60,"_meta":{"requestId":"the-pause"}}"#)
            #expect(paused["result"]?["quiet"]?.bool == true)
            try await socket.send(request(7, "workspaces.list"))
            try await eventually("the call held") {
                try await control.call("system.metrics")["result"]?["text"]?.string?.contains(
                    "rpcd_paused_calls 1\n") == true
            }
            served.process.send(SIGTERM)
            #expect(try JSON.parse(try #require(try await socket.line()))["result"] != nil)
            await stop(served)
            let notice = try #require(
                served.process.errors.split(separator: "\n").first { $0.contains("Calls are held") })
            #expect(try JSON.parse(String(notice))["requestId"]?.string == "the-pause")
        }
    }

    @Test("A mail server that says nothing holds up no stop, and no mail is lost")
    func silentMailServer() async throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #expect(bind(listener, $0, length) == 0 && listen(listener, 16) == 0)
                #expect(getsockname(listener, $0, &length) == 0)
            }
        }
        let port = UInt16(bigEndian: address.sin_port)
        try await withTemporaryFolder { folder in
            let conninfo = try TestCluster.shared.get().freshDatabase()
            let served = try await Served.start(
                in: folder, conninfo: conninfo, environment: ["RPCD_SMTP_URL": "smtp://127.0.0.1:\(port)"])
            let client = try RawSocket(path: served.socket)
            for name in ["ada", "bob", "eve"] {
                let answer = try await client.call(
                    "auth.register",
                    #"{"email":"\#(name)@example.org","password":"correct horse battery","name":"N"}"#)
                #expect(answer["result"] != nil)
            }
            try await eventually("a connection") {
                var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
                return poll(&entry, 1, 0) > 0
            }
            await stop(served)
            let owner = try SQLConsole(conninfo)
            #expect(owner.run("SELECT count(*) FROM mails WHERE due_at <= now()").rows == [["3"]])
            #expect(!served.process.errors.contains("was not sent"))
        }
    }

    @Test("In a pause nothing of the daemon is connected: its database can be renamed meanwhile")
    func pauseLetsGo() async throws {
        let (cluster, reports) = (try TestCluster(), try TestCluster())
        defer {
            cluster.remove()
            reports.remove()
        }
        try await withTemporaryFolder { folder in
            let conninfo = try cluster.freshDatabase()
            let name = try #require(SQLConsole(conninfo).run("SELECT current_database()").rows[0][0])
            let served = try await Served.start(
                in: folder, conninfo: conninfo,
                environment: ["RPCD_ANALYTICS_URL": try reports.freshDatabase()])
            let socket = try RawSocket(path: served.socket)
            let console = try SQLConsole(cluster.conninfo())
            func connections(_ condition: String) -> String? {
                console.run(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(name)' AND \(condition)"
                ).rows[0][0]
            }
            // With the listener and the lock of who sends to analytics.
            try await eventually("the listener") { connections("query LIKE 'LISTEN%'") == "1" }
            try await eventually("the lock") {
                console.run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").rows == [["1"]]
            }
            for _ in 0..<2 {
                let paused = try await socket.call("admin.pause", #"{"seconds":60}"#)
                #expect(paused["result"]?["quiet"]?.bool == true)
                // What has been closed here the server sees a moment later.
                try await eventually("nobody") { connections("usename LIKE 'rpcd%'") == "0" }
                #expect(console.run("ALTER DATABASE \(name) RENAME TO aside").sqlState == nil)
                let held = try RawSocket(path: served.socket)
                try await held.send(request(7, "workspaces.list"))
                #expect(console.run("ALTER DATABASE aside RENAME TO \(name)").sqlState == nil)
                #expect(connections("usename LIKE 'rpcd%'") == "0")
                #expect(try await socket.call("admin.resume")["result"]?["wasPaused"]?.bool == true)
                #expect(try JSON.parse(try #require(try await held.line()))["result"] != nil)
                try await eventually("the listener again") { connections("query LIKE 'LISTEN%'") == "1" }
            }
            await stop(served)
        }
    }
}
