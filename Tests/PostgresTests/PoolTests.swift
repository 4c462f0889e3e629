import Dispatch
import Identifiers
import Postgres
import Resilience
import Synchronization
import TestSupport
import Testing

/// A caller who waits ten minutes, unless told otherwise, and may cancel.
final class Patience: Interruptible {
    private struct State {
        var isInterrupted = false
        var hook: (@Sendable () -> Void)?
    }

    let deadlineNanoseconds: UInt64
    private let state = Mutex(State())

    init(milliseconds: UInt64 = 600_000) {
        deadlineNanoseconds = MonotonicClock.now + milliseconds * 1_000_000
    }

    var isInterrupted: Bool { state.withLock { $0.isInterrupted } }

    func onInterruption(_ hook: @escaping @Sendable () -> Void) {
        let runsNow = state.withLock { state in
            state.hook = hook
            return state.isInterrupted
        }
        if runsNow { hook() }
    }

    func cancel() {
        let hook = state.withLock { state in
            state.isInterrupted = true
            return state.hook.take()
        }
        hook?()
    }
}

extension Pool {
    /// Waits for the outcome of one transaction.
    @discardableResult
    func run<Value: Sendable>(
        _ patience: Patience = Patience(), _ options: TransactionOptions = .readCommitted,
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            transaction(patience, options, body) { continuation.resume(with: $0) }
        }
    }
}

private let one = Statement("SELECT 1::int8") { try $0.get(0, as: Int64.self) }
private let createNumbers = Statement("CREATE TABLE numbers (n int8 PRIMARY KEY CHECK (n < 1000))")
private let insertNumber = Statement("INSERT INTO numbers VALUES ($1)")
private let countNumbers = Statement("SELECT count(*) FROM numbers") { try $0.get(0, as: Int.self) }
private let sleepLong = Statement("SELECT pg_sleep(60)")
private let sleeping = Statement(
    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid() AND datname = current_database()"
) {
    try $0.get(0, as: Int.self)
}

private func pool(_ size: Int = 4, queueLimit: Int = 1000) throws -> Pool {
    try Pool(
        PoolConfiguration(
            conninfo: TestCluster.shared.get().freshDatabase(), size: size, queueLimit: queueLimit))
}

private func kind<Value>(_ body: () async throws -> Value) async -> PostgresError.Kind? {
    do {
        _ = try await body()
        return nil
    } catch {
        return (error as? PostgresError)?.kind
    }
}

@Suite("The pool, on a real server")
struct PoolTests {
    private struct Stop: Error {}

    /// What the clients of a test were told.
    private final class Ledger: Sendable {
        let acknowledged = Mutex<Set<Int>>([])
        let isBack = Atomic(false)
    }

    private func sleepers(_ pool: Pool) async throws -> Int {
        try await pool.run { tx in try tx.one(sleeping) }
    }

    @Test("Values of every type come back as they went")
    func values() async throws {
        let pool = try pool(1)
        defer { pool.close(within: 5) }
        let echo = Statement(
            "SELECT $1::text, $2::int8, $3::bool, $4::uuid, $5::timestamptz, $6::bytea, $7::jsonb, $8::text"
        ) { row in
            #expect(try row.get(0, as: String.self) == "'; DROP TABLE numbers; -- é🚀")
            #expect(try row.get(1, as: Int64.self) == .min)
            #expect(try row.get(2, as: Bool.self) == true)
            let uuid = try row.get(3, as: UUID.self)
            #expect(try row.get(4, as: Timestamp.self).microseconds == 1_700_000_000_123_456)
            #expect(try row.get(5, as: [UInt8].self) == [0, 255, 10])
            #expect(try row.get(6, as: JSONText.self).text == #"{"a": 1}"#)
            #expect(try row.getOptional(7, as: String.self) == nil)
            return uuid
        }
        let uuid = UUID.random()
        let result = try await pool.run { tx in
            try tx.one(
                echo, "'; DROP TABLE numbers; -- é🚀", Int64.min, true, uuid,
                Timestamp(microseconds: 1_700_000_000_123_456),
                [UInt8]([0, 255, 10]), JSONText(#"{"a":1}"#), String?.none)
        }
        #expect(result == uuid)
    }

    @Test(
        "An error says which statement, constraint and column, never a value; the next user of the connection is unharmed"
    )
    func errors() async throws {
        let pool = try pool(1)
        defer { pool.close(within: 5) }
        try await pool.run { tx in try tx.execute(createNumbers) }
        try await pool.run { tx in try tx.execute(insertNumber, 7) }
        let error = await #expect(throws: PostgresError.self) {
            try await pool.run { tx in try tx.execute(insertNumber, 7) }
        }
        #expect(error?.kind == .server(.uniqueViolation))
        #expect(error?.violates("numbers_pkey") == true)
        #expect(error?.statement == "INSERT INTO numbers VALUES ($1)")
        #expect("\(try #require(error))".contains("7") == false)
        let wrong = Statement("SELECT n AS amount FROM numbers") { try $0.get(0, as: Bool.self) }
        #expect(
            await kind { try await pool.run { tx in try tx.all(wrong) } } == .decoding(column: "amount"))
        let text = Statement("SELECT $1::text")
        #expect(await kind { try await pool.run { tx in try tx.execute(text, "a\0b") } } == .parameter)
        #expect(try await pool.run { tx in try tx.one(countNumbers) } == 1)
    }

    @Test("What throws is rolled back, what was queued too; what returns is committed")
    func atomicity() async throws {
        let pool = try pool(1)
        defer { pool.close(within: 5) }
        try await pool.run { tx in try tx.execute(createNumbers) }
        await #expect(throws: Stop.self) {
            try await pool.run { tx in
                try tx.execute(insertNumber, 1)
                tx.queue(insertNumber, 2)
                throw Stop()
            }
        }
        try await pool.run { tx in
            tx.queue(insertNumber, 3)
            tx.queue(insertNumber, 4, expecting: 1)
        }
        #expect(try await pool.run { tx in try tx.one(countNumbers) } == 2)
    }

    @Test("The error of a queued statement surfaces at COMMIT, and nothing is committed")
    func queuedFailure() async throws {
        let pool = try pool(1)
        defer { pool.close(within: 5) }
        try await pool.run { tx in try tx.execute(createNumbers) }
        let failure = await kind {
            try await pool.run { tx in
                try tx.execute(insertNumber, 1)
                tx.queue(insertNumber, 5000)
            }
        }
        #expect(failure == .server(.checkViolation))
        #expect(try await pool.run { tx in try tx.one(countNumbers) } == 0)
        let none = Statement("DELETE FROM numbers WHERE n = $1")
        #expect(await kind { try await pool.run { tx in tx.queue(none, 9, expecting: 1) } } == .rowCount)
        // It travelled with COMMIT: what else did has not been committed either.
        #expect(
            await kind {
                try await pool.run { tx in
                    tx.queue(insertNumber, 77, expecting: 1)
                    tx.queue(none, 9, expecting: 1)
                }
            } == .rowCount)
        #expect(try await pool.run { tx in try tx.one(countNumbers) } == 0)
    }

    @Test("A savepoint undoes what its body did, and the transaction goes on")
    func savepoints() async throws {
        let pool = try pool(1)
        defer { pool.close(within: 5) }
        try await pool.run { tx in try tx.execute(createNumbers) }
        try await pool.run { tx in
            try tx.execute(insertNumber, 1)
            #expect(throws: PostgresError.self) {
                try tx.savepoint { tx in
                    try tx.execute(insertNumber, 2)
                    try tx.execute(insertNumber, 1)
                }
            }
            try tx.savepoint { tx in try tx.execute(insertNumber, 3) }
        }
        #expect(try await pool.run { tx in try tx.one(countNumbers) } == 2)
    }

    @Test("Of serializable transactions that conflict, each succeeds in the end")
    func serialization() async throws {
        let pool = try pool(4)
        defer { pool.close(within: 5) }
        try await pool.run { tx in try tx.execute(createNumbers) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await pool.run(Patience(), .serializable) { tx in
                        let count = try tx.one(countNumbers)
                        try tx.execute(insertNumber, count)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await pool.run { tx in try tx.one(countNumbers) } == 20)
    }

    @Test("A cancel reaches the running statement, a deadline too; the connection serves on")
    func cancelling() async throws {
        let pool = try pool(2)
        defer { pool.close(within: 5) }
        let patience = Patience()
        async let cancelled = kind { try await pool.run(patience) { tx in try tx.execute(sleepLong) } }
        while try await sleepers(pool) == 0 {}
        patience.cancel()
        #expect(await cancelled == .interrupted)
        #expect(try await sleepers(pool) == 0)
        #expect(
            await kind { try await pool.run(Patience(milliseconds: 50)) { tx in try tx.execute(sleepLong) } }
                == .interrupted)
        #expect(try await sleepers(pool) == 0)
        #expect(pool.metrics.connected == 2)
    }

    @Test(
        "Cancels that race with completions never hit the next user of the connection",
        arguments: Seed.some(3))
    func innocent(seed: Seed) async throws {
        let pool = try pool(1)
        defer { pool.close(within: 5) }
        var random = seed.generator
        for _ in 0..<100 {
            let patience = Patience()
            let spin = Int.random(in: 0...3000, using: &random)
            async let raced = kind { try await pool.run(patience) { tx in try tx.one(one) } }
            for _ in 0..<spin { _ = patience.isInterrupted }
            patience.cancel()
            #expect([nil, .interrupted].contains(await raced))
            #expect(try await pool.run { tx in try tx.one(one) } == 1)
        }
    }

    @Test(
        "More than may wait is refused at once; who waits past his deadline is told; cancelled work is never begun"
    )
    func queueing() async throws {
        let pool = try pool(1, queueLimit: 2)
        defer { pool.close(within: 5) }
        let (holder, waiter, second) = (Patience(), Patience(), Patience())
        async let held = kind { try await pool.run(holder) { tx in try tx.execute(sleepLong) } }
        while pool.metrics.busy == 0 { await Task.yield() }
        let late = await kind { try await pool.run(Patience(milliseconds: 30)) { tx in try tx.one(one) } }
        #expect(late == .poolExhausted)
        async let waiting = kind { try await pool.run(waiter) { tx in try tx.one(one) } }
        async let other = kind { try await pool.run(second) { tx in try tx.one(one) } }
        while pool.metrics.waiting < 2 { await Task.yield() }
        #expect(await kind { try await pool.run { tx in try tx.one(one) } } == .poolExhausted)
        waiter.cancel()
        second.cancel()
        #expect(await waiting == .interrupted)
        #expect(await other == .interrupted)
        holder.cancel()
        #expect(await held == .interrupted)
    }

    @Test(
        "A database that goes away and comes back: nothing hangs, nothing acknowledged is lost, service returns"
    )
    func restart() async throws {
        let cluster = try TestCluster()
        defer { cluster.remove() }
        let pool = Pool(PoolConfiguration(conninfo: try cluster.freshDatabase(), size: 4))
        defer { pool.close(within: 5) }
        try await pool.run { tx in try tx.execute(Statement("CREATE TABLE kept (n int8 PRIMARY KEY)")) }
        let insert = Statement("INSERT INTO kept VALUES ($1)")
        let ledger = Ledger()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<4 {
                group.addTask {
                    var number = client
                    while !ledger.isBack.load(ordering: .relaxed) || number < 400 {
                        let current = number
                        number += 4
                        if (try? await pool.run { tx in try tx.execute(insert, current) }) != nil {
                            ledger.acknowledged.withLock { _ = $0.insert(current) }
                        }
                    }
                }
            }
            while ledger.acknowledged.withLock({ $0.count }) < 50 { await Task.yield() }
            try cluster.stopImmediately()
            #expect(await kind { try await pool.run { tx in try tx.one(one) } } != nil)
            try cluster.start()
            while (try? await pool.run { tx in try tx.one(one) }) == nil {}
            ledger.isBack.store(true, ordering: .relaxed)
            try await group.waitForAll()
        }
        let all = Statement("SELECT n FROM kept") { try $0.get(0, as: Int.self) }
        let kept = Set(try await pool.run { tx in try tx.all(all) })
        #expect(ledger.acknowledged.withLock { $0.subtracting(kept) }.isEmpty)
    }
}
