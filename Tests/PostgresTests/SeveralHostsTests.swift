import Foundation
import Glibc
import Postgres
import Synchronization
import TestSupport
import Testing

private let createKept = Statement("CREATE TABLE kept (n int8 PRIMARY KEY)")
private let insert = Statement("INSERT INTO kept VALUES ($1)")
private let count = Statement("SELECT count(*) FROM kept") { try $0.get(0, as: Int.self) }
private let whichCluster = Statement("SELECT current_setting('data_directory')") {
    try $0.get(0, as: String.self)
}

@Suite("Several hosts, of which one takes changes")
struct SeveralHostsTests {
    /// Two servers with a table each, as if one were a copy of the other.
    private func twoClusters(
        _ body: (_ both: String, SQLConsole, SQLConsole) async throws -> Void
    ) async throws {
        let clusters = try [TestCluster(), TestCluster()]
        defer { for cluster in clusters { cluster.remove() } }
        let consoles = try clusters.map { try SQLConsole($0.conninfo()) }
        for console in consoles { console.run("CREATE TABLE kept (n int8 PRIMARY KEY)") }
        try await body(
            TestCluster.conninfo(of: clusters) + " target_session_attrs=read-write", consoles[0], consoles[1])
    }

    private func setReadOnly(_ console: SQLConsole, _ value: String) {
        #expect(console.run("ALTER SYSTEM SET default_transaction_read_only = \(value)").sqlState == nil)
        console.run("SELECT pg_reload_conf()")
        while console.run("SHOW default_transaction_read_only").rows != [[value]] {}
    }

    @Test(
        "A server that takes no changes any more is left by everybody, for reads, too; nothing is done twice or lost"
    )
    func demoted() async throws {
        try await twoClusters { both, first, second in
            setReadOnly(second, "on")
            let server = Server(both)
            let pool = Pool(PoolConfiguration(server: server, size: 3))
            defer { pool.close(within: 5) }
            let pipeline = try ReadPipeline(server, reactor: QueueReactor())
            try await pipeline.start()
            defer { pipeline.close() }
            try await pool.run { tx in try tx.execute(insert, 1) }
            let before = try await pipeline.one(Query(whichCluster))
            setReadOnly(second, "off")
            setReadOnly(first, "on")
            let errors = Mutex<[PostgresError.Kind]>([])
            for number in 2...20 {
                var isDone = false
                while !isDone {
                    do {
                        try await pool.run { tx in try tx.execute(insert, number) }
                        isDone = true
                    } catch let error as PostgresError {
                        errors.withLock { $0.append(error.kind) }
                    }
                }
            }
            #expect(errors.withLock { $0.allSatisfy { $0 == .connectionLost || $0 == .notConnected } })
            #expect(errors.withLock { !$0.isEmpty })
            #expect(first.run("SELECT count(*) FROM kept").rows == [["1"]])
            #expect(second.run("SELECT count(*) FROM kept").rows == [["19"]])
            var after: String?
            while after == nil { after = try? await pipeline.one(Query(whichCluster)) }
            #expect(after != before, "who reads roles must not read yesterday's")
        }
    }

    @Test("What a server that goes away says to COMMIT leaves the outcome open: the change may be there")
    func outcome() async throws {
        let cluster = try TestCluster()
        defer { cluster.remove() }
        let console = try SQLConsole(cluster.conninfo())
        console.run("CREATE TABLE kept (n int8 PRIMARY KEY)")
        // No standby has this name, so every commit waits for it.
        console.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        console.run("SELECT pg_reload_conf()")
        let pool = Pool(PoolConfiguration(conninfo: cluster.conninfo(), size: 1))
        defer { pool.close(within: 5) }
        async let failed = #expect(throws: PostgresError.self) {
            try await pool.run { tx in try tx.execute(insert, 1) }
        }
        let end = """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query = 'COMMIT'
            """
        while console.run(end).rows.isEmpty {}
        #expect(await failed?.kind == .outcomeUnknown)
        #expect(console.run("SELECT count(*) FROM kept").rows == [["1"]])
    }

    @Test("A read-only transaction that writes is this program's fault, not the server's")
    func ownFault() async throws {
        let pool = try Pool(PoolConfiguration(conninfo: TestCluster.shared.get().freshDatabase(), size: 1))
        defer { pool.close(within: 5) }
        let error = await #expect(throws: PostgresError.self) {
            try await pool.run(Patience(), .readOnly) { tx in try tx.execute(createKept) }
        }
        #expect(error?.kind == .server(.readOnlyTransaction))
        #expect(pool.metrics.connected == 1)
    }

    @Test("A host that takes connections and says nothing does not keep us from the next")
    func silent() async throws {
        try await withTemporaryFolder { folder in
            let listener = try silentListener(folder + "/.s.PGSQL.5432")
            defer { close(listener) }
            let cluster = try TestCluster.shared.get()
            let other = cluster.conninfo().split(separator: " ").filter { !$0.hasPrefix("host=") }
            let directory = cluster.socketPath.dropLast("/.s.PGSQL.5432".count)
            let both = (["host=\(folder),\(directory)"] + other).joined(separator: " ")
            let pool = Pool(
                PoolConfiguration(
                    server: Server(both), size: 1, connectTimeoutNanoseconds: 400_000_000))
            defer { pool.close(within: 5) }
            var found: Int?
            while found == nil {
                found = try? await pool.run { tx in
                    try tx.one(Statement("SELECT 7") { try $0.get(0, as: Int.self) })
                }
            }
            #expect(found == 7)
        }
    }

    private func silentListener(_ path: String) throws -> Int32 {
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(status == 0 && listen(listener, 10) == 0)
        return listener
    }

    @Test("URLs and keywords, with one port for all or one for each, name the same hosts")
    func forms() async throws {
        let cluster = try TestCluster.shared.get()
        let directory = String(cluster.socketPath.dropLast("/.s.PGSQL.5432".count))
        let escaped = directory.replacingOccurrences(of: "/", with: "%2F")
        for conninfo in [
            "host=/nowhere,\(directory) port=5432 user=rpcd dbname=postgres",
            "host=/nowhere,\(directory) port=1,5432 user=rpcd dbname=postgres",
            "postgresql://rpcd@%2Fnowhere,\(escaped)/postgres",
            "postgresql://rpcd@%2Fnowhere:1,\(escaped):5432/postgres?target_session_attrs=read-write",
            "postgresql://rpcd@%2Fnowhere,\(escaped)/postgres?target_session_attrs=prefer-standby",
        ] {
            let pool = Pool(PoolConfiguration(conninfo: conninfo, size: 1))
            defer { pool.close(within: 5) }
            var found: String?
            for _ in 0..<100 where found == nil {
                found = try? await pool.run { tx in try tx.one(whichCluster) }
            }
            #expect(found != nil, "\(conninfo)")
        }
        let nonsense = Pool(PoolConfiguration(conninfo: "host = 'unterminated", size: 1))
        defer { nonsense.close(within: 5) }
        await #expect(throws: PostgresError.self) { try await nonsense.run { tx in try tx.one(count) } }
    }
}
