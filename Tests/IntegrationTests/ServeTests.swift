import Foundation
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

/// `rpcd serve` on a cluster that a test may stop.
struct Served {
    let process: ServedProcess
    let socket: String
    let readyLine: String

    static func start(
        in folder: String, conninfo: String, environment: [String: String] = [:], program: String = "rpcd",
        arguments: [String] = ["serve"]
    ) async throws -> Served {
        let settings = try settings(in: folder, conninfo: conninfo).merging(environment) { $1 }
        try await migrate(conninfo, settings)
        let process = try ServedProcess(program, arguments, environment: settings, in: folder)
        return Served(process: process, socket: folder + "/s", readyLine: try await process.readyLine())
    }

    /// As the owner of the tables.
    static func migrate(_ conninfo: String, _ settings: [String: String]) async throws {
        let owner = settings.merging(["RPCD_DATABASE_URL": conninfo, "RPCD_DATABASE_DIRECT_URL": conninfo]) {
            $1
        }
        let migrated = try await ServedProcess.run("rpcd", ["migrate", "up"], environment: owner)
        #expect(migrated.status == 0, "\(migrated.errors)")
    }

    static func settings(in folder: String, conninfo: String) throws -> [String: String] {
        let key = folder + "/key"
        for (path, digit) in [(key, "5e"), (folder + "/master", "a7")] {
            try ("1 " + String(repeating: digit, count: 32)).write(
                toFile: path, atomically: true, encoding: .utf8)
            chmod(path, 0o600)
        }
        return [
            "RPCD_DATABASE_URL": TestCluster.daemon(conninfo), "RPCD_SOCKET": folder + "/s",
            "RPCD_HTTP_LISTEN": "127.0.0.1:0",
            "RPCD_JWT_KEY_FILE": key, "RPCD_MASTER_KEY_FILE": folder + "/master",
            "RPCD_MIGRATIONS": Project.root + "/migrations",
            "RPCD_RATE_GENERAL": "off", "RPCD_RATE_AUTH": "off",
        ]
    }
}

@Suite("rpcd serve")
struct ServeTests {
    @Test("PostgreSQL dies under load and comes back: no wrong answer, no hang, nothing acknowledged is lost")
    func databaseRestart() async throws {
        let cluster = try TestCluster()
        defer { cluster.remove() }
        try await withTemporaryFolder { folder in
            let served = try await Served.start(in: folder, conninfo: try cluster.freshDatabase())
            let first = try RawSocket(path: served.socket)
            _ = try await first.call(
                "auth.register",
                #"{"email":"ada@example.org","password":"correct horse battery","name":"Ada"}"#)
            let ledger = Ledger()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in 0..<8 {
                    group.addTask {
                        let socket = try RawSocket(path: served.socket)
                        for number in 0... {
                            let answer = try await socket.call(
                                "workspaces.create",
                                #"{"name":"w","slug":"w\#(client)-\#(number)","ownerEmail":"ada@example.org"}"#
                            )
                            if let id = answer["result"]?["id"]?.string {
                                _ = ledger.acknowledged.withLock { $0.insert(id) }
                                let read = try await socket.call(
                                    "workspaces.get", #"{"workspaceId":"\#(id)"}"#)
                                if let code = read.errorCode {
                                    _ = ledger.refusals.withLock { $0.insert(code) }
                                }
                                if ledger.isBack.load(ordering: .relaxed) { return }
                            } else if let code = answer.errorCode {
                                _ = ledger.refusals.withLock { $0.insert(code) }
                            }
                        }
                    }
                }
                while ledger.acknowledged.withLock({ $0.count }) < 50 { await Task.yield() }
                try cluster.stopImmediately()
                let ready = try await first.call("system.ready")
                #expect(ready.errorCode == "SERVICE_UNAVAILABLE")
                #expect(try await first.call("system.ping")["result"] != nil)
                try cluster.start()
                ledger.isBack.store(true, ordering: .relaxed)
                try await group.waitForAll()
            }
            #expect(ledger.refusals.withLock { $0 }.isSubset(of: ["SERVICE_UNAVAILABLE"]))
            for id in ledger.acknowledged.withLock({ $0 }) {
                let read = try await first.call("workspaces.get", #"{"workspaceId":"\#(id)"}"#)
                #expect(read["result"]?["id"]?.string == id)
            }
            served.process.send(SIGTERM)
            #expect(await served.process.end() == 0)
        }
    }

    @Test("The service manager is told of readiness and of the end; its sockets are taken by their names")
    func activation() async throws {
        try await withTemporaryFolder { folder in
            let notifications = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            defer { close(notifications) }
            #expect(bindDatagram(notifications, folder + "/notify") == 0)
            let conninfo = try TestCluster.shared.get().freshDatabase()
            let settings = try Served.settings(in: folder, conninfo: conninfo)
            try await Served.migrate(conninfo, settings)
            let token = String(repeating: "operator", count: 5)
            try token.write(toFile: folder + "/token", atomically: true, encoding: .utf8)
            chmod(folder + "/token", 0o600)
            let process = try ServedProcess(
                "/usr/bin/systemd-socket-activate",
                ["-l", folder + "/activated", "-l", folder + "/admin", "--fdname=rpcd:admin"]
                    + (settings.merging([
                        "NOTIFY_SOCKET": folder + "/notify", "WATCHDOG_USEC": "200000",
                        "RPCD_OPERATOR_TOKEN_FILE": folder + "/token",
                    ]) { $1 }).flatMap {
                        ["-E", "\($0)=\($1)"]
                    } + [ServedProcess.programs + "/rpcd", "serve"],
                environment: [:], in: folder)
            // The first connection starts the daemon; it is answered.
            var first: RawSocket?
            while first == nil {
                first = try? RawSocket(path: folder + "/activated")
                await Task.yield()
            }
            let client = try #require(first)
            #expect(try await client.call("system.ping")["result"] != nil)
            #expect(datagram(notifications).contains("READY=1"))
            for _ in 0..<3 {
                var next = datagram(notifications)
                while next.hasPrefix("STATUS=") { next = datagram(notifications) }
                #expect(next == "WATCHDOG=1")
            }
            #expect(access(folder + "/s", F_OK) != 0)
            for (header, status) in [("", "401"), ("Authorization: Bearer \(token)\r\n", "200")] {
                let operators = try RawSocket(path: folder + "/admin")
                try await operators.send(
                    "GET /api/v1/metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(header)\r\n")
                #expect(try await operators.receiveAll().hasPrefix("HTTP/1.1 \(status)"))
            }
            process.send(SIGTERM)
            #expect(await process.end() == 0)
            var last = datagram(notifications)
            while last == "WATCHDOG=1" || last.hasPrefix("STATUS=") { last = datagram(notifications) }
            #expect(last == "STOPPING=1")
            // The socket's file is the service manager's.
            #expect(access(folder + "/activated", F_OK) == 0)
        }
    }

    private func bindDatagram(_ descriptor: Int32, _ path: String) -> Int32 {
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private func datagram(_ descriptor: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    @Test("A ring that is another one than what is sealed was sealed with ends the start with status 78")
    func otherMasterKey() async throws {
        try await withTemporaryFolder { folder in
            let conninfo = try TestCluster.shared.get().freshDatabase()
            let served = try await Served.start(in: folder, conninfo: conninfo)
            // It tells the database of its key within a moment.
            let console = try SQLConsole(conninfo)
            while console.run("SELECT FROM master_keys WHERE fingerprint IS NOT NULL").rows.isEmpty {
                await Task.yield()
            }
            served.process.send(SIGTERM)
            #expect(await served.process.end() == 0)
            let settings = try Served.settings(in: folder, conninfo: conninfo)
            try "1 \(String(repeating: "b8", count: 32))".write(
                toFile: folder + "/master", atomically: true, encoding: .utf8)
            chmod(folder + "/master", 0o600)
            let refused = try await ServedProcess.run("rpcd", ["serve"], environment: settings)
            #expect(refused.status == 78)
            #expect(
                refused.errors.contains("RPCD_MASTER_KEY_FILE: key 1 is another one"), "\(refused.errors)")
        }
    }

    @Test("Metrics are the operator's: on the socket, and over HTTP only on his own listener with his token")
    func metrics() async throws {
        try await withTemporaryFolder { folder in
            let token = String(repeating: "operator", count: 5)
            try token.write(toFile: folder + "/token", atomically: true, encoding: .utf8)
            chmod(folder + "/token", 0o600)
            let served = try await Served.start(
                in: folder, conninfo: try TestCluster.shared.get().freshDatabase(),
                environment: [
                    "RPCD_ADMIN_LISTEN": "127.0.0.1:0", "RPCD_OPERATOR_TOKEN_FILE": folder + "/token",
                ])
            let parts = served.readyLine.split(separator: " ").map(String.init)
            let (http, admin) = (parts[2], parts[3])
            #expect(try await RawSocket.http(http, "GET", "/metrics").head.hasPrefix("HTTP/1.1 404"))
            #expect(try await RawSocket.http(admin, "GET", "/metrics").head.hasPrefix("HTTP/1.1 401"))
            let wrong = ["Authorization: Bearer " + String(repeating: "operatos", count: 5)]
            #expect(
                try await RawSocket.http(admin, "GET", "/metrics", headers: wrong).head.hasPrefix(
                    "HTTP/1.1 401"))
            let right = try await RawSocket.http(
                admin, "GET", "/metrics", headers: ["Authorization: Bearer " + token])
            #expect(right.head.contains("text/plain; version=0.0.4"))
            // Where scrapers look, and only here.
            let (bare, outside) = (["Authorization: Bearer " + token], [String]())
            for (address, path, headers, status) in [
                (admin, "/metrics", bare, "200"), (admin, "/metrics?format=openmetrics", bare, "200"),
                (admin, "/health", bare, "200"), (admin, "/readiness", bare, "200"),
                (admin, "/admin/users", bare, "200"), (admin, "/metrics", outside, "401"),
                (admin, "/api/v1metrics", bare, "404"), (http, "/metrics", bare, "404"),
                (http, "/health", outside, "404"),
            ] {
                let answer = try await RawSocket.http(address, "GET", path, below: "", headers: headers)
                #expect(answer.head.hasPrefix("HTTP/1.1 " + status), "\(path): \(answer.head)")
            }
            let onSocket = try await RawSocket(path: served.socket).call("system.metrics")
            let text = try #require(onSocket["result"]?["text"]?.string)
            #expect(text.contains(#"rpcd_calls_total{method="system.metrics",code="OK"} 3"#))
            #expect(!served.process.errors.contains(token))
            served.process.send(SIGTERM)
            #expect(await served.process.end() == 0)
        }
    }

    @Test("An older release serves beside newer migrations, until one of them is not for it")
    func newerSchema() async throws {
        try await withTemporaryFolder { folder in
            let conninfo = try TestCluster.shared.get().freshDatabase()
            let settings = try Served.settings(in: folder, conninfo: conninfo)
            let newer = folder + "/migrations"
            try FileManager.default.copyItem(atPath: Project.root + "/migrations", toPath: newer)
            let last =
                try FileManager.default.contentsOfDirectory(atPath: newer).compactMap {
                    Int($0.prefix(4))
                }.max() ?? 0
            func add(_ number: Int, _ mark: String) async throws {
                let file =
                    newer + "/" + String(repeating: "0", count: 4 - "\(number)".count) + "\(number)_x.sql"
                try "\(mark)-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n".write(
                    toFile: file, atomically: true, encoding: .utf8)
                try await Served.migrate(conninfo, settings.merging(["RPCD_MIGRATIONS": newer]) { $1 })
            }
            try await add(last + 1, "")
            let served = try await Served.start(in: folder, conninfo: conninfo)
            #expect(served.process.errors.contains("migrated by a newer release"))
            #expect(try await RawSocket(path: served.socket).call("system.ready")["result"] != nil)
            served.process.send(SIGTERM)
            #expect(await served.process.end() == 0)
            try await add(last + 2, "-- migrate:breaks-before \(last + 1)\n")
            let refused = try await ServedProcess.run("rpcd", ["serve"], environment: settings)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("migration \(last + 2) is not for this one"))
        }
    }

    @Test("A database without the schema is refused, and so is one's owner; the error says what to do")
    func unfitDatabase() async throws {
        try await withTemporaryFolder { folder in
            let conninfo = try TestCluster.shared.get().freshDatabase()
            let settings = try Served.settings(in: folder, conninfo: conninfo)
            let owner = settings.merging(["RPCD_DATABASE_URL": conninfo]) { $1 }
            let empty = try await ServedProcess.run("rpcd", ["serve"], environment: owner)
            #expect(empty.status == 1)
            #expect(empty.errors.contains("run rpcd migrate up"))
            try await Served.migrate(conninfo, settings)
            let unbound = try await ServedProcess.run("rpcd", ["serve"], environment: owner)
            #expect(unbound.status == 78)
            #expect(unbound.errors.contains("row level security"))
            let nobody = conninfo.replacing("user=rpcd", with: "user=nobody_here")
            let unreachable = try await ServedProcess.run(
                "rpcd", ["serve"], environment: settings.merging(["RPCD_DATABASE_URL": nobody]) { $1 })
            #expect(unreachable.status == 1)
            #expect(
                unreachable.errors.contains("cannot be reached") && unreachable.errors.contains("nobody_here")
            )
        }
    }
}

extension JSON {
    var errorCode: String? { self["error"]?["data"]?["error"]?["code"]?.string }
}
