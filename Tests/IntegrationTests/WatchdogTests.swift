import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// The other end of `NOTIFY_SOCKET`.
final class NotifySocket {
    private let descriptor: Int32

    init(_ path: String) {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(status == 0)
    }

    deinit { close(descriptor) }

    /// The next datagram; nil when none comes within this time.
    func next(milliseconds: Int32 = 20_000) -> String? {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, milliseconds) > 0 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    /// The next that has this in it.
    func next(with part: String) -> String? {
        while let text = next() {
            if text.contains(part) { return text }
        }
        return nil
    }
}

@Suite("What the service manager is told")
struct WatchdogTests {
    /// A thread of a daemon that stands still until this is let go.
    private final class Frozen {
        private let tracer: ServedProcess

        init(_ thread: String) async throws {
            tracer = try ServedProcess(
                "/usr/bin/env",
                ["python3", Project.root + "/Tests/IntegrationTests/clients/freeze.py", thread])
            _ = try await tracer.readyLine()
        }

        func letGo() async {
            tracer.stream.endWriting()
            #expect(await tracer.end() == 0)
        }
    }

    private func threads(of process: ServedProcess, named name: String) throws -> [String] {
        let folder = "/proc/\(process.pid)/task"
        return try FileManager.default.contentsOfDirectory(atPath: folder).filter {
            try String(contentsOfFile: "\(folder)/\($0)/comm", encoding: .utf8).hasPrefix(name)
        }.sorted()
    }

    @Test(
        "When one event loop hangs, or one thread of the database, no ping is sent any more; when it goes on, they come again",
        .enabled(if: geteuid() == 0), arguments: ["NIO-ELT", "rpcd-pool"])
    func hangs(name: String) async throws {
        try await withTemporaryFolder { folder in
            let manager = NotifySocket(folder + "/notify")
            let served = try await Served.start(
                in: folder, conninfo: try TestCluster.shared.get().freshDatabase(),
                environment: ["NOTIFY_SOCKET": folder + "/notify", "WATCHDOG_USEC": "200000"])
            #expect(manager.next(with: "READY=1") != nil)
            #expect(manager.next(with: "WATCHDOG=1") != nil)
            let thread = try #require(try threads(of: served.process, named: name).last)
            let frozen = try await Frozen(thread)
            // A thread of the database is given ten seconds: a loaded machine may hold it up.
            let deadline = Date(timeIntervalSinceNow: 30)
            while manager.next(milliseconds: 3000) != nil, Date() < deadline {}
            #expect(Date() < deadline)
            await frozen.letGo()
            #expect(manager.next(with: "WATCHDOG=1") != nil)
            served.process.send(SIGTERM)
            #expect(await served.process.end() == 0)
        }
    }

    @Test("A reload in a pause leaves the status paused")
    func reloadInPause() async throws {
        try await withTemporaryFolder { folder in
            let manager = NotifySocket(folder + "/notify")
            let served = try await Served.start(
                in: folder, conninfo: try TestCluster.shared.get().freshDatabase(),
                environment: ["NOTIFY_SOCKET": folder + "/notify"])
            #expect(manager.next(with: "READY=1")?.contains("socket=\(served.socket)") == true)
            let socket = try RawSocket(path: served.socket)
            _ = try await socket.call("admin.pause", #"{"seconds":60}"#)
            served.process.send(SIGHUP)
            #expect(manager.next(with: "RELOADING=1") != nil)
            #expect(manager.next(with: "READY=1")?.contains("STATUS=Paused, 0 calls wait") == true)
            _ = try await socket.call("admin.resume")
            served.process.send(SIGTERM)
            #expect(await served.process.end() == 0)
        }
    }

    @Test(
        "Every socket that is handed over is served; the one named http by HTTP, though it is a Unix socket")
    func sockets() async throws {
        try await withTemporaryFolder { folder in
            let conninfo = try TestCluster.shared.get().freshDatabase()
            let settings = try Served.settings(in: folder, conninfo: conninfo)
            try await Served.migrate(conninfo, settings)
            let port = try TestRedis.freePort()
            let places = ["\(folder)/one", "\(folder)/two", "\(folder)/web", "127.0.0.1:\(port)"]
            let process = try ServedProcess(
                "/usr/bin/systemd-socket-activate",
                places.flatMap { ["-l", $0] } + ["--fdname=rpcd:rpcd:http:http"]
                    + settings.flatMap { ["-E", "\($0)=\($1)"] } + [
                        ServedProcess.programs + "/rpcd", "serve",
                    ],
                environment: [:], in: folder)
            var first: RawSocket?
            while first == nil {
                first = try? RawSocket(path: places[1])
                await Task.yield()
            }
            #expect(try await #require(first).call("system.ping")["result"] != nil)
            #expect(
                try await process.readyLine()
                    == "ready socket=\(places[0]) socket=\(places[1]) http=\(places[2]) http=\(places[3])")
            let one = try RawSocket(path: places[0])
            let metrics = try await one.call("system.metrics")["result"]?["text"]?.string ?? ""
            for (transport, place) in zip(["socket", "socket", "http", "http"], places) {
                #expect(
                    metrics.contains(#"rpcd_listening{transport="\#(transport)",address="\#(place)"} 1"#))
            }
            for web in [try RawSocket(path: places[2]), try RawSocket(port: port)] {
                try await web.send("GET /api/v1/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                #expect(try await web.receiveAll().hasPrefix("HTTP/1.1 200"))
            }
            let status = try await ServedProcess.run("rpcd", ["status", "--json", "--socket", places[0]])
            #expect(status.output.contains(#""socket":"\#(places[0]), \#(places[1])""#))
            process.send(SIGTERM)
            #expect(await process.end() == 0)
        }
    }

    @Test("rpcd status --watch shows the same again every second, with calls a second")
    func watch() async throws {
        try await withTemporaryFolder { folder in
            let served = try await Served.start(
                in: folder, conninfo: try TestCluster.shared.get().freshDatabase())
            let watching = try ServedProcess(
                "rpcd", ["status", "--watch", "--json", "--socket", served.socket])
            var answered: [Int64] = []
            for number in 0..<3 {
                let line = try #require(try await watching.stream.line(), "\(watching.errors)")
                let text = String(decoding: line, as: UTF8.self)
                #expect(text.contains("\"perSecond\"") == (number > 0))
                let shown = try JSON.parse(text)
                answered.append(try #require(shown["calls"]?["answered"]?.int64))
            }
            #expect(answered[0] < answered[1] && answered[1] < answered[2])
            watching.send(SIGINT)
            #expect(await watching.end() == -SIGINT)
            served.process.send(SIGTERM)
            #expect(await served.process.end() == 0)
        }
    }
}
