import Postgres
import Synchronization
import TestSupport
import Testing

private let one = Statement("SELECT 1::int8") { try $0.get(0, as: Int64.self) }
private let same = Statement("SELECT $1::int8") { try $0.get(0, as: Int64.self) }
private let inverse = Statement("SELECT 100 / $1::int8") { try $0.get(0, as: Int64.self) }
private let write = Statement("CREATE TABLE forbidden (n int8)")
private let sleepLong = Statement("SELECT pg_sleep(60)")
private let setting = Statement("SELECT coalesce(current_setting($1, true), '')") {
    try $0.get(0, as: String.self)
}
private let enter = Statement("SELECT set_config('rpcd.workspace_id', $1, true)")
private let becomeOther = Statement("SET LOCAL ROLE pg_read_all_data")
private let whoAmI = Statement(
    "SELECT current_user || ' ' || coalesce(current_setting('rpcd.workspace_id', true), '')"
) {
    try $0.get(0, as: String.self)
}
private let sleeping = Statement(
    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid() AND datname = current_database()"
) { try $0.get(0, as: Int.self) }

@Suite("Through a transaction pooler")
struct PoolerTests {
    /// - Parameter servers: the pooler's connections.
    private func through(
        servers: Int, clients: Int = 4, _ pooling: Pooling = .transaction, settings: [String: String] = [:],
        _ body: (Pool, Pool, TestPooler) async throws -> Void
    ) async throws {
        let conninfo = try TestCluster.shared.get().freshDatabase()
        let pooler = try TestPooler(to: conninfo, poolSize: servers, settings: settings)
        defer { pooler.remove() }
        let pool = Pool(
            PoolConfiguration(server: Server(pooler.conninfo(conninfo), pooling: pooling), size: clients))
        let direct = Pool(PoolConfiguration(conninfo: conninfo, size: 1))
        defer {
            pool.close(within: 5)
            direct.close(within: 5)
        }
        try await body(pool, direct, pooler)
    }

    /// What the tasks of a test have in common.
    private final class Shared: Sendable {
        let isOver = Atomic(false)
        let errors = Mutex<[PostgresError]>([])
    }

    private func sleepers(_ pool: Pool) async throws -> Int {
        try await pool.run { tx in try tx.one(sleeping) }
    }

    private func kind(_ body: () async throws -> Void) async -> PostgresError.Kind? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? PostgresError)?.kind
        }
    }

    @Test("What a session would have set holds in every transaction, and in nobody else's")
    func settings() async throws {
        try await through(servers: 1, clients: 2) { pool, _, pooler in
            for _ in 0..<4 {
                let found = try await pool.run { tx in
                    try ["statement_timeout", "TimeZone", "enable_seqscan", "jit", "client_encoding"].map {
                        try tx.one(setting, $0)
                    }
                }
                #expect(found == ["65s", "UTC", "off", "off", "UTF8"])
            }
            let console = try SQLConsole(pooler.conninfo(TestCluster.shared.get().conninfo()))
            #expect(console.run("SHOW statement_timeout").rows == [["0"]])
        }
    }

    @Test("Whose transaction it is never shows in another's, however few sessions there are")
    func noLeaks() async throws {
        try await through(servers: 2, clients: 8) { pool, _, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in 0..<16 {
                    group.addTask {
                        for round in 0..<50 {
                            let own = "\(client)-\(round)"
                            switch client % 4 {
                            case 0:
                                let seen = try await pool.run { tx in
                                    tx.queue(enter, own)
                                    return try tx.one(whoAmI)
                                }
                                #expect(seen == "rpcd " + own)
                            case 1:
                                let seen = try await pool.run { tx in
                                    tx.queue(becomeOther)
                                    return try tx.one(whoAmI)
                                }
                                #expect(seen == "pg_read_all_data ")
                            case 2:
                                struct Stop: Error {}
                                _ = try? await pool.run { tx in
                                    try tx.execute(enter, own)
                                    try tx.execute(becomeOther)
                                    throw Stop()
                                }
                            default: #expect(try await pool.run { tx in try tx.one(whoAmI) } == "rpcd ")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("A cancel reaches the statement that runs; its session serves others at once")
    func cancelling() async throws {
        try await through(servers: 1, clients: 2) { pool, direct, _ in
            let patience = Patience()
            async let cancelled = kind {
                _ = try await pool.run(patience) { tx in try tx.execute(sleepLong) }
            }
            while try await sleepers(direct) == 0 {}
            patience.cancel()
            #expect(await cancelled == .interrupted)
            #expect(try await pool.run { tx in try tx.one(one) } == 1)
        }
    }

    @Test("One who waits for a session and cancels is told so, and holds up nobody")
    func cancelledWhileWaiting() async throws {
        try await through(servers: 1, clients: 2) { pool, direct, _ in
            let (holder, waiter) = (Patience(), Patience())
            async let held = kind { _ = try await pool.run(holder) { tx in try tx.execute(sleepLong) } }
            while try await sleepers(direct) == 0 {}
            async let waited = kind { _ = try await pool.run(waiter) { tx in try tx.one(one) } }
            while pool.metrics.busy < 2 { await Task.yield() }
            waiter.cancel()
            #expect(await waited == .interrupted)
            holder.cancel()
            #expect(await held == .interrupted)
            #expect(try await pool.run { tx in try tx.one(one) } == 1)
        }
    }

    @Test(
        "Cancels that race with completions never hit the neighbours in the pool", arguments: Seed.some(3))
    func innocent(seed: Seed) async throws {
        try await through(servers: 2, clients: 6) { pool, _, pooler in
            let shared = Shared()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        while !shared.isOver.load(ordering: .relaxed) {
                            let found = try await pool.run { tx in try tx.one(one) }
                            #expect(found == 1)
                        }
                    }
                }
                await withTaskGroup(of: Void.self) { racers in
                    for racer in UInt64(0)..<2 {
                        racers.addTask {
                            var random = Seed(seed.value &+ racer).generator
                            for _ in 0..<100 {
                                let patience = Patience()
                                let spin = Int.random(in: 0...20_000, using: &random)
                                async let raced = kind {
                                    _ = try await pool.run(patience) { tx in try tx.one(one) }
                                }
                                for _ in 0..<spin { _ = patience.isInterrupted }
                                patience.cancel()
                                #expect([nil, .interrupted].contains(await raced))
                            }
                        }
                    }
                }
                shared.isOver.store(true, ordering: .relaxed)
                try await group.waitForAll()
            }
            #expect(!pooler.log.contains("FATAL"))
        }
    }

    @Test("Of thousands of reads at once each gets its own rows, though some fail; none can write")
    func reads() async throws {
        let conninfo = try TestCluster.shared.get().freshDatabase()
        let pooler = try TestPooler(to: conninfo, poolSize: 1)
        defer { pooler.remove() }
        let pipelines = try (0..<2).map { _ in
            try ReadPipeline(
                Server(pooler.conninfo(conninfo), pooling: .transaction), reactor: QueueReactor())
        }
        for pipeline in pipelines { try await pipeline.start() }
        defer { for pipeline in pipelines { pipeline.close() } }
        await withTaskGroup(of: Bool.self) { group in
            for number in Int64(1)...3000 {
                let pipeline = pipelines[Int(number) % 2]
                group.addTask {
                    guard number % 100 == 0 else {
                        return (try? await pipeline.one(Query(same, number))) == number
                    }
                    return (try? await pipeline.one(Query(inverse, 0))) == .none
                }
            }
            for await isRight in group { #expect(isRight) }
        }
        let limit = try await pipelines[0].one(Query(setting, "statement_timeout"))
        #expect(limit == "2s")
        let error = await #expect(throws: PostgresError.self) { try await pipelines[0].one(Query(write)) }
        #expect(error?.kind == .server(.readOnlyTransaction))
    }

    @Test("Who gets no session in time may try again")
    func noSession() async throws {
        try await through(servers: 1, clients: 2, settings: ["query_wait_timeout": "1"]) { pool, direct, _ in
            let holder = Patience()
            async let held = kind { _ = try await pool.run(holder) { tx in try tx.execute(sleepLong) } }
            while try await sleepers(direct) == 0 {}
            let error = await #expect(throws: PostgresError.self) {
                try await pool.run { tx in try tx.one(one) }
            }
            #expect(error?.breaksConnection == true, "\(String(describing: error))")
            holder.cancel()
            #expect(await held == .interrupted)
            #expect(try await pool.run { tx in try tx.one(one) } == 1)
        }
    }

    @Test("A session that is not the one where a statement was prepared is a fault of the connection")
    func misconfigured() async throws {
        try await through(servers: 2, clients: 4, .none) { pool, _, _ in
            let shared = Shared()
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<20 {
                            do {
                                _ = try await pool.run { tx in try tx.one(one) }
                            } catch let error as PostgresError {
                                shared.errors.withLock { $0.append(error) }
                            } catch {}
                        }
                    }
                }
            }
            let found = shared.errors.withLock { $0 }
            #expect(!found.isEmpty)
            for error in found { #expect(error.breaksConnection, "\(error)") }
        }
    }

    @Test("Whether a pooler is between can be told")
    func detection() async throws {
        try await through(servers: 1) { pool, direct, _ in
            let (pooled, own) = try await (
                pool.run { tx in try tx.isDirect() }, direct.run { tx in try tx.isDirect() }
            )
            #expect((pooled, own) == (false, true))
        }
    }
}
