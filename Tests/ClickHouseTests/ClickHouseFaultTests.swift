import Resilience
import TestSupport
import Testing

@testable import ClickHouse

@Suite("The client of ClickHouse, on a way that breaks", .enabled(if: ClickHouseServer.isHere))
struct ClickHouseFaultTests {
    private static let row = Array("[1]\n".utf8)
    private static let hundred: StaticString =
        "SELECT number, 'Code: 60. DB::Exception: no' FROM numbers(100)"

    @Test(
        "An exception behind the beginning of an answer is that exception, or no answer; never a shorter one")
    func tail() async throws {
        let way = try await BrokenWay()
        try await way.proxy.set(.exceptionInTail(241, "Memory limit exceeded (MEMORY_LIMIT_EXCEEDED)"))
        let old = await failure { _ = try await way.client.ask(Self.hundred) }
        #expect(old?.code == 241 && old?.isTransient == true && old?.message.contains("Memory limit") == true)
        try await way.proxy.set(.exceptionInTag(241, "Memory limit exceeded (MEMORY_LIMIT_EXCEEDED)"))
        let new = await failure { _ = try await way.client.ask(Self.hundred) }
        #expect(new?.reason == .truncated && new?.isTransient == true)
        try await way.proxy.set(.garbage)
        let garbage = await failure { _ = try await way.client.ask(Self.hundred) }
        #expect(garbage == .unavailable(.unreadable) && garbage?.isTransient == true)
        try await way.proxy.clear()
        #expect(try await way.client.ask(Self.hundred).count == 100)
    }

    @Test("Wherever an answer is cut, there is none", .serialized, arguments: Seed.some(100))
    func cut(seed: Seed) async throws {
        let way = try await Shared.cut.way()
        var random = seed.generator
        try await way.proxy.set(.resetAnswer(bytes: Int.random(in: 0..<2000, using: &random)))
        let failed = await failure { _ = try await way.client.ask(Self.hundred) }
        try await way.proxy.clear()
        #expect(failed?.reason == .truncated && failed?.isTransient == true)
    }

    @Test("Statuses of what is in between are no exceptions of ClickHouse")
    func statuses() async throws {
        let way = try await BrokenWay()
        for (status, wait) in [(503, 7), (429, 1), (502, nil), (504, nil), (500, nil), (408, nil)]
            as [(Int, Int?)]
        {
            try await way.proxy.set(.status(status, retryAfter: wait))
            let failed = await failure { _ = try await way.client.ask("SELECT 1") }
            #expect(failed == .unavailable(.status(status, retryAfterSeconds: wait)))
            #expect(failed?.isTransient == true)
            #expect(
                await failure { try await way.client.insert(into: "t", rows: Self.row, token: "x") }?
                    .isUnavailable
                    == true)
        }
        for status in [302, 401, 404] {
            try await way.proxy.set(.status(status))
            let failed = await failure { _ = try await way.client.ask("SELECT 1") }
            #expect(
                failed == .unavailable(.status(status, retryAfterSeconds: nil))
                    && failed?.isTransient == false)
        }
        try await way.proxy.set(.exception(252, "Too many parts (TOO_MANY_PARTS)"))
        let parts = await failure { try await way.client.insert(into: "t", rows: Self.row, token: "x") }
        #expect(parts == .refused(code: 252, message: "TOO_MANY_PARTS") && parts?.isTransient == true)
    }

    @Test("Nobody there is told as such, and passes")
    func refuse() async throws {
        let way = try await BrokenWay()
        try await way.client.ping(milliseconds: Patience.milliseconds)
        way.client.close()
        let client = try ClickHouseClient(way.client.configuration)
        try await way.proxy.set(.refuse)
        let failed = await failure { try await client.ping(milliseconds: Patience.milliseconds) }
        #expect(failed?.reason == .connect && failed?.wasSent == false && failed?.isTransient == true)
        try await way.proxy.clear()
        try await client.ping(milliseconds: Patience.milliseconds)
    }

    @Test(
        "However the way of an insert breaks, the same token again makes its rows count once",
        .serialized, arguments: Seed.some(100))
    func insertOnce(seed: Seed) async throws {
        let way = try await Shared.insert.way()
        var random = seed.generator
        let rows = Array(
            "[\(random.next() >> 2),\(random.next() >> 2)]\n[1,\(random.next() >> 2)]\n"
                .utf8)
        let faults: [FaultProxy.Fault] = [
            .loseAnswer, .resetRequest(bytes: Int.random(in: 0...rows.count, using: &random)),
            .status(503),
            .exception(252, "no (TOO_MANY_PARTS)"), .garbage, .exceptionInTail(236, "no (ABORTED)"),
            .exceptionInTag(236, "no (ABORTED)"),
        ]
        let fault = faults[Int.random(in: 0..<faults.count, using: &random)]
        let before = try await way.client.ask("SELECT count() FROM t").first?.integer(0) ?? -1
        // More often than the client tries again by itself.
        try await way.proxy.set(fault)
        let failed = await failure { try await way.client.insert(into: "t", rows: rows, token: "\(seed)") }
        try await way.proxy.clear()
        #expect(failed?.isTransient == true, "\(fault): \(String(describing: failed))")
        try await way.client.insert(into: "t", rows: rows, token: "\(seed)")
        #expect(try await way.client.ask("SELECT count() FROM t").first?.integer(0) == before + 2)
    }

    @Test(
        "A query whose task is cancelled, or whose time is up, ends its connection and is stopped at the server by its number"
    )
    func stop() async throws {
        let way = try await BrokenWay()
        let client = way.client
        try await way.proxy.set(.hang, match: "SELECT 'cancelled'")
        let task = Task { await failure { _ = try await client.ask("SELECT 'cancelled'") } }
        let line = try await way.proxy.sees { _, text in text.contains("SELECT 'cancelled'") }.line
        task.cancel()
        #expect(await task.value == .cancelled)
        let id = try #require(line.split(separator: "query_id=").last?.prefix(36))
        let kill = try await way.proxy.sees { _, text in
            text.contains("KILL QUERY WHERE query_id = {id:String} ASYNC")
        }
        #expect(kill.text.contains(id))
        try await way.proxy.set(.hang, match: "SELECT 'late'")
        let late = await failure {
            _ = try await client.query("SELECT 'late'", limits: .within(milliseconds: 2_000))
        }
        #expect(late?.reason == .timeout && late?.isTransient == true && late?.wasSent == true)
        let second = try await way.proxy.sees { _, text in text.contains("SELECT 'late'") }.line
        let lateID = try #require(second.split(separator: "query_id=").last?.prefix(36))
        _ = try await way.proxy.sees { _, text in text.contains("KILL QUERY") && text.contains(lateID) }
        try await way.proxy.clear()
        #expect(try await client.ask("SELECT 1").count == 1)
    }

    @Test("A statement that changes something is sent once, whatever becomes of its answer")
    func once() async throws {
        let way = try await BrokenWay()
        try await way.client.ping(milliseconds: Patience.milliseconds)
        try await way.proxy.set(.loseAnswer)
        let failed = await failure { try await way.client.execute("CREATE TABLE t (a Int8) ENGINE = Memory") }
        #expect(failed?.reason == .truncated && failed?.wasSent == true && failed?.isTransient == true)
        #expect(try await way.proxy.counts().requests == 2)
        try await way.proxy.clear()
        #expect(try await way.client.ask("SELECT * FROM t").count == 0)
    }

    @Test("A cancelled task before anything is sent stops nothing")
    func early() async throws {
        let way = try await BrokenWay()
        let client = way.client
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await failure { _ = try await client.ask("SELECT 1") }
        }
        #expect(await task.value == .cancelled)
        try await client.ping(milliseconds: Patience.milliseconds)
        #expect(try await way.proxy.counts().requests == 1)
    }

    @Test("A slow way is a way")
    func delay() async throws {
        let way = try await BrokenWay()
        try await way.proxy.set(.delay(milliseconds: 50), times: 1)
        #expect(try await way.client.ask("SELECT 1").count == 1)
        #expect(try await way.proxy.counts().faults == 1)
    }
}

/// One way for all seeds of a test, which come one after the other.
private actor Shared {
    static let cut = Shared()
    static let insert = Shared()
    private var making: Task<BrokenWay, any Error>?

    func way() async throws -> BrokenWay {
        let task = making ?? Task { try await make() }
        making = task
        return try await task.value
    }

    private func make() async throws -> BrokenWay {
        let way = try await BrokenWay()
        try await way.client.execute(
            """
            CREATE TABLE t (a UInt64, b UInt64) ENGINE = MergeTree ORDER BY a
            SETTINGS non_replicated_deduplication_window = 1000
            """)
        return way
    }
}
