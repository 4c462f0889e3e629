import Glibc
import TestSupport
import Testing

@testable import ClickHouse

@Suite("The client of ClickHouse, on its engine", .enabled(if: ClickHouseServer.isHere))
struct ClickHouseClientTests {
    @Test("An answer comes whole: names, types, integers to the last digit, nulls, what is not finite")
    func rows() async throws {
        let client = try await ClickHouseClient.onFreshDatabase()
        let rows = try await client.ask(
            """
            SELECT toInt64(-9223372036854775808) AS least, toUInt64(18446744073709551615) AS most, 1.5 AS half, NULL AS nothing, nan AS none,
                'é"\\\\' AS text, toDecimal64('12.34', 2) AS money FROM numbers(2)
            """)
        #expect(rows.columns.map(\.name) == ["least", "most", "half", "nothing", "none", "text", "money"])
        #expect(rows.columns[0].type == "Int64" && rows.count == 2)
        let row = try #require(rows.first)
        #expect(try row.integer(0) == .min && row.double(2) == 1.5 && row.text(5) == "é\"\\")
        #expect(row.values[1].source == "18446744073709551615" && row.values[6].source == "12.34")
        #expect(try row.isNull(3) && row.isNull(4))
        #expect(
            await failure { _ = try row.integer(5) } == .unusable("column 5 of the answer is not an integer"))
        #expect(await failure { _ = try row.text(7) } == .unusable("column 7 of the answer is not a string"))
        #expect(try await client.ask("SELECT 1 WHERE 0").rows.isEmpty)
    }

    @Test("A query only reads")
    func readOnly() async throws {
        let client = try await ClickHouseClient.onFreshDatabase()
        #expect(
            await failure { _ = try await client.ask("CREATE TABLE t (a Int8) ENGINE = Memory") }?.code
                == 164)
        #expect(await failure { _ = try await client.ask("SELECT * FROM t") }?.code == 60)
    }

    @Test(
        "Inserted rows are there; the same token counts once, another one again; a wrong row refuses all, and is not shown"
    )
    func insert() async throws {
        let client = try await ClickHouseClient.onFreshDatabase()
        try await client.execute(
            "CREATE TABLE t (a Int64, b String) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100"
        )
        func count() async throws -> Int64? {
            try await client.ask("SELECT count() FROM t").first?.integer(0)
        }
        let rows = Array("[1,\"x\"]\n[2,\"y\\n'\"]\n".utf8)
        try await client.insert(into: "t", rows: rows, token: "first")
        try await client.insert(into: "t", rows: rows, token: "first")
        #expect(try await count() == 2)
        try await client.insert(into: "t", rows: rows, token: "second & ' / token")
        #expect(try await count() == 4)
        let wrong = Array("[7,\"x\"]\n[\"person@example.org\",\"y\"]\n".utf8)
        let failed = await failure { try await client.insert(into: "t", rows: wrong, token: "third") }
        #expect(failed?.code == 27 && failed?.isAboutRows == true && failed?.isTransient == false)
        #expect(failed?.message == "CANNOT_PARSE_INPUT_ASSERTION_FAILED")
        #expect(try await count() == 4)
        #expect(
            await failure { try await client.insert(into: "nowhere", rows: rows, token: "fifth") }?.code == 60
        )
        try await client.insert(into: "t", rows: [], token: "nothing")
        #expect(try await count() == 4)
    }

    @Test("A batch of many pieces is compressed, and every row of it arrives")
    func large() async throws {
        let client = try await ClickHouseClient.onFreshDatabase()
        try await client.execute("CREATE TABLE t (a Int64, b String) ENGINE = MergeTree ORDER BY a")
        let count = 80_000
        var rows: [UInt8] = []
        for number in 0..<count {
            rows += "[\(number),\"value of \(number &* 2_654_435_761)\"]\n".utf8
        }
        #expect(rows.count > 8 * Gzip.pieceBytes)
        let compressed = try #require(await Gzip.compress(rows))
        #expect(compressed.count < rows.count / 3)
        try await client.insert(into: "t", rows: rows, token: "all")
        let row = try #require(try await client.ask("SELECT count(), sum(a), uniqExact(b) FROM t").first)
        #expect(
            try row.integer(0) == Int64(count) && row.integer(1) == Int64(count * (count - 1) / 2)
                && row.integer(2) == Int64(count))
    }

    @Test("Beyond a limit the server refuses; it never answers less")
    func limits() async throws {
        let client = try await ClickHouseClient.onFreshDatabase()
        func failed(_ sql: StaticString, _ change: (inout QueryLimits) -> Void) async -> ClickHouseFailure? {
            var limits = QueryLimits.within(milliseconds: Patience.milliseconds)
            change(&limits)
            return await failure { _ = try await client.query(sql, limits: limits) }
        }
        let rows = await failed("SELECT number FROM numbers(1000)") { $0.rows = 999 }
        #expect(rows?.code == 396 && rows?.isLimit == true)
        #expect(await failed("SELECT number FROM numbers(1000)") { $0.rows = 1000 } == nil)
        let read = await failed("SELECT count() FROM numbers_mt(1000000)") { $0.rowsRead = 1000 }
        #expect(read?.code == 158 && read?.isLimit == true)
        let bytes = await failed("SELECT sum(number) FROM numbers_mt(1000000)") { $0.bytesRead = 1000 }
        #expect(bytes?.code == 307)
        let memory = await failed("SELECT uniqExact(number) FROM numbers_mt(5000000)") {
            $0.memoryBytes = 1 << 20
        }
        #expect(memory?.code == 241 && memory?.isTransient == true)
        let time = await failed(
            "SELECT sum(sleepEachRow(0.05)) FROM numbers(200) SETTINGS max_block_size = 1"
        ) { $0.milliseconds = 300 }
        #expect(time?.code == 159 && time?.isLimit == true)
        #expect(
            await failed("SELECT repeat('x', 100000)") { $0.answerBytes = 1000 }
                == .unusable("the answer is larger than its limit"))
        #expect(
            try await client.ask("SELECT getSetting('max_result_rows')").first?.integer(0)
                == QueryLimits().rows)
    }

    @Test("Who asks side by side gets his own answer")
    func sideBySide() async throws {
        let client = try await ClickHouseClient.onFreshDatabase()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<100 as Range<Int64> {
                group.addTask {
                    let rows = try await client.ask("SELECT {x:Int64}", [.integer("x", number)])
                    return try rows.first?.integer(0) == number
                }
            }
            for try await isOwn in group { #expect(isOwn) }
        }
    }

    @Test("A deletion is done when it is answered, and goes by values")
    func deletion() async throws {
        let client = try await ClickHouseClient.onFreshDatabase()
        try await client.execute("CREATE TABLE t (a Int64, b String) ENGINE = ReplacingMergeTree ORDER BY a")
        try await client.insert(
            into: "t", rows: Array("[1,\"it's\"]\n[2,\"other\"]\n".utf8), token: "x")
        try await client.execute("DELETE FROM t WHERE b = {b:String}", [.text("b", "it's")])
        #expect(try await client.ask("SELECT a FROM t").rows.map { try $0.integer(0) } == [2])
        try await client.execute("ALTER TABLE t DELETE WHERE b = {b:String}", [.text("b", "other")])
        #expect(try await client.ask("SELECT a FROM t").count == 0)
        #expect(await failure { try await client.execute(migration: "CREATE TABEL x") }?.code == 62)
    }

    @Test("Who asks is told by headers; nobody else gets in, and the refusal shows no password")
    func credentials() async throws {
        let server = try await ClickHouseServer(user: "rpcd", password: "s3cret ü")
        let url = { (user: String) in "http://\(user)@127.0.0.1:\(server.port)/default" }
        let known = try ClickHouseClient.forTests(url("rpcd:s3cret%20%C3%BC"))
        #expect(try await known.version(milliseconds: Patience.milliseconds).isEmpty == false)
        let proxy = try await FaultProxy(to: server.port)
        let seen = try ClickHouseClient.forTests(
            "http://rpcd:s3cret%20%C3%BC@127.0.0.1:\(proxy.port)/default")
        _ = try await seen.ask("SELECT {x:String}", [.text("x", "hidden")])
        let line = try await proxy.sees { _, text in text.contains("SELECT") }.line
        #expect(!line.contains("s3cret") && !line.contains("rpcd") && !line.contains("hidden"))
        for user in ["rpcd:wrong-one", "other:s3cret%20%C3%BC"] {
            let client = try ClickHouseClient.forTests(url(user))
            let failed = await failure { _ = try await client.version(milliseconds: Patience.milliseconds) }
            #expect(failed?.code == 516 && failed?.isTransient == false)
            #expect(
                failed?.description.contains("wrong-one") == false
                    && failed?.description.contains("other:") == false)
            try await client.ping(milliseconds: Patience.milliseconds)
        }
        server.remove()
    }

    @Test("What was acknowledged is there after a crash, on the same server as before")
    func crash() async throws {
        let server = try await ClickHouseServer()
        let client = try ClickHouseClient.forTests(try await server.freshDatabase())
        let before = try await client.identity(milliseconds: Patience.milliseconds)
        let version = try await client.version(milliseconds: Patience.milliseconds)
        #expect(before.tcpPort > 0 && before.version == version && !before.hostName.isEmpty)
        try await client.execute(
            "CREATE TABLE t (a Int64) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100"
        )
        try await client.insert(into: "t", rows: Array("[1]\n[2]\n".utf8), token: "x")
        await server.kill()
        let away = await failure { try await client.ping(milliseconds: Patience.milliseconds) }
        #expect(away?.reason == .connect && away?.isTransient == true && away?.wasSent == false)
        try await server.start()
        #expect(try await client.identity(milliseconds: Patience.milliseconds) == before)
        try await client.insert(into: "t", rows: Array("[1]\n[2]\n".utf8), token: "x")
        #expect(try await client.ask("SELECT sum(a) FROM t").first?.integer(0) == 3)
        let other = try await ClickHouseServer()
        #expect(
            try await ClickHouseClient.forTests(other.url()).identity(milliseconds: Patience.milliseconds)
                .serverUUID != before.serverUUID)
        other.remove()
        server.remove()
    }
}
