import Identifiers
import Resilience
import TestSupport
import Testing

@testable import ClickHouse

@Suite("Values beside statements", .enabled(if: ClickHouseServer.isHere))
struct ClickHouseParameterTests {
    @Test(
        "Whatever a text holds, the engine gets that text: alone, in an array, and nothing of it as SQL",
        arguments: Seed.some(100))
    func hostile(seed: Seed) async throws {
        let client = try await ClickHouseClient.onFreshSharedDatabase()
        var random = seed.generator
        let pieces = [
            "'", "\\", "\\'", "''", "\n", "\r", "\r\n", "\t", "\0", "\u{8}", "\u{C}", "\\N", "\\n", "\\0",
            "`", "\"", ",", "]", "['", "}", "{x:String}", ");",
            "DROP TABLE t; --", "/*", "%", "%00", "&param_other=1", "+", "--", "é", "👩‍👩‍👧", "\u{FEFF}",
            "\u{2028}", "\u{7F}", " ", "a", "NULL", "Code: 60. DB::Exception: ",
        ]
        func text() -> String {
            (0..<Int.random(in: 0...12, using: &random)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }.joined()
        }
        let (one, many) = (text(), (0..<Int.random(in: 0...5, using: &random)).map { _ in text() })
        let rows = try await client.ask(
            "SELECT {one:String}, {many:Array(String)}, length({one:String}), {one:Nullable(String)}",
            [.text("one", one), .texts("many", many)])
        let row = try #require(rows.first)
        // Bytes: to Swift, texts of other bytes can be equal.
        #expect(try Array(row.text(0).utf8) == Array(one.utf8))
        #expect(row.values[1].elements.map { Array(($0.string ?? "-").utf8) } == many.map { Array($0.utf8) })
        #expect(try row.integer(2) == Int64(one.utf8.count))
        #expect(try Array(row.text(3).utf8) == Array(one.utf8))
    }

    @Test("Integers, identifiers, moments and null arrive as what they are", arguments: Seed.some(100))
    func others(seed: Seed) async throws {
        let client = try await ClickHouseClient.onFreshSharedDatabase()
        var random = seed.generator
        let number = Int64.random(in: .min ... .max, using: &random)
        let numbers = (0..<3).map { _ in Int64.random(in: .min ... .max, using: &random) }
        let ids = (0..<3).map { _ in UUID.random(random.next(), random.next()) }
        // 1971 to 2100.
        let moment = Timestamp(
            microseconds: Int64.random(in: 31_536_000_000_000...4_102_444_800_000_000, using: &random))
        let rows = try await client.ask(
            """
            SELECT {number:Int64}, {numbers:Array(Int64)}, {id:UUID}, {ids:Array(UUID)}, toUnixTimestamp64Micro({moment:DateTime64(6, 'UTC')}),
                toUnixTimestamp64Micro({moment:DateTime64(6, 'Asia/Kathmandu')}), toUnixTimestamp64Milli({moment:DateTime64(3, 'UTC')}),
                {nothing:Nullable(String)}, {nothing:Nullable(Int64)}
            """,
            [
                .integer("number", number), .integers("numbers", numbers), .uuid("id", ids[0]),
                .uuids("ids", ids),
                .moment("moment", moment), .null("nothing"),
            ])
        let row = try #require(rows.first)
        #expect(try row.integer(0) == number)
        #expect(row.values[1].elements.map(\.int64) == numbers)
        #expect(try row.text(2) == ids[0].description)
        #expect(row.values[3].elements.map(\.string) == ids.map(\.description))
        #expect(try row.integer(4) == moment.microseconds && row.integer(5) == moment.microseconds)
        #expect(try row.integer(6) == moment.microseconds / 1_000)
        #expect(try row.isNull(7) && row.isNull(8))
    }

    @Test(
        "A value longer than the server takes is refused before it is sent; the largest arrives, in thousands, too"
    )
    func large() async throws {
        let client = try await ClickHouseClient.onFreshSharedDatabase()
        let most = String(repeating: "x", count: StatementForm.maximumValueBytes)
        #expect(
            try await client.ask("SELECT length({x:String})", [.text("x", most)]).first?.integer(0)
                == Int64(most.utf8.count))
        let failed = await failure {
            _ = try await client.ask("SELECT {x:String}", [.text("x", most + "x")])
        }
        #expect(failed == .unusable("param_x has more than 131072 bytes"))
        let ids = (0..<3000).map { _ in UUID.random() }
        #expect(
            try await client.ask("SELECT length({ids:Array(UUID)})", [.uuids("ids", ids)]).first?.integer(0)
                == 3000)
    }

    @Test("A value that does not fit its type, and one that is missing, are refused; neither is shown")
    func refused() async throws {
        let client = try await ClickHouseClient.onFreshSharedDatabase()
        let wrong = await failure {
            _ = try await client.ask("SELECT {x:Int64}", [.text("x", "person@example.org")])
        }
        #expect(wrong?.isTransient == false && wrong?.code != nil)
        #expect(wrong?.description.contains("person@example.org") == false)
        #expect(await failure { _ = try await client.ask("SELECT {x:Int64}") }?.code == 456)
        let parameter = ClickHouseParameter.text("x", "person@example.org")
        #expect("\(parameter)" == "x: ***" && !String(reflecting: parameter).contains("person"))
    }
}

/// One client for all seeds.
private actor SharedClient {
    static let one = SharedClient()
    private var making: Task<ClickHouseClient, any Error>?

    func client() async throws -> ClickHouseClient {
        let task = making ?? Task { try await ClickHouseClient.onFreshDatabase() }
        making = task
        return try await task.value
    }
}

extension ClickHouseClient {
    fileprivate static func onFreshSharedDatabase() async throws -> ClickHouseClient {
        try await SharedClient.one.client()
    }
}
