import Foundation
import Glibc
import Synchronization

/// ClickHouse's own engine behind its HTTP interface (Tests/ClickHouseServer), on a folder of its own, from scripts/install-test-clients.
/// One statement runs at a time; there is one user, or none.
public final class ClickHouseServer: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// Whether the engine is installed: in CI it has to be.
    public static let isHere =
        FileManager.default.fileExists(atPath: python) || ProcessInfo.processInfo.environment["CI"] != nil

    static let python = Project.root + "/.build/test-clients/bin/python"
    static let scripts = Project.root + "/Tests/ClickHouseServer/"
    /// One for all tests of a process; stopped at its end.
    private static let common = CommonServer()
    private static let toRemove = Mutex<[ClickHouseServer]>([])

    public let user: String?
    public let password: String?
    private let folder: String
    private let databases = Atomic(0)
    private let state = Mutex<(process: ServedProcess?, port: Int)>((nil, 0))

    public static func shared() async throws -> ClickHouseServer { try await common.server() }

    /// A server of the test's own, which it may kill and start again; it is removed at the end of the process, or earlier by ``remove()``.
    public init(user: String? = nil, password: String? = nil) async throws {
        (self.user, self.password) = (user, password)
        folder = "/tmp/rpcd-ch\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let isFirst = ClickHouseServer.toRemove.withLock { servers in
            servers.append(self)
            return servers.count == 1
        }
        if isFirst { atexit { for server in ClickHouseServer.toRemove.withLock({ $0 }) { server.remove() } } }
        try await start()
    }

    /// Its port: the same after every start.
    public var port: Int { state.withLock { $0.port } }

    public func start() async throws {
        var environment: [String: String] = [:]
        if let user { environment["CLICKHOUSE_USER"] = user }
        if let password { environment["CLICKHOUSE_PASSWORD"] = password }
        let process = try ServedProcess(
            ClickHouseServer.python,
            [ClickHouseServer.scripts + "server.py", folder + "/data", String(port)],
            environment: environment)
        let line = try await process.readyLine()
        guard let port = line.split(separator: ":").last.flatMap({ Int($0) }) else {
            throw Failure(description: line)
        }
        state.withLock { $0 = (process, port) }
    }

    /// As a crash would: nothing is written any more.
    public func kill() async { await end(SIGKILL) }

    public func stop() async { await end(SIGTERM) }

    private func end(_ signal: Int32) async {
        let process = state.withLock { state in state.process.take() }
        process?.send(signal)
        await process?.end()
    }

    /// Ends it and takes its data away.
    public func remove() {
        state.withLock { $0.process.take() }?.kill()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The URL of a new, empty database.
    public func freshDatabase() async throws -> String {
        let name = "test\(getpid())_\(databases.add(1, ordering: .relaxed).newValue)"
        _ = try await LocalHTTP.send(
            "POST", "/", port: port, headers: credentials, body: "CREATE DATABASE \(name)")
        return url(database: name)
    }

    /// - Parameter port: of a proxy in front of it.
    public func url(database: String = "default", port: Int? = nil) -> String {
        let names = user.map { "\($0):\(password ?? "")@" } ?? ""
        return "http://\(names)127.0.0.1:\(port ?? self.port)/\(database)"
    }

    private var credentials: [String] {
        (user.map { ["X-ClickHouse-User: \($0)"] } ?? [])
            + (password.map { ["X-ClickHouse-Key: \($0)"] } ?? [])
    }
}

private actor CommonServer {
    private var running: Task<ClickHouseServer, any Error>?

    func server() async throws -> ClickHouseServer {
        let task = running ?? Task { try await ClickHouseServer() }
        running = task
        return try await task.value
    }
}
