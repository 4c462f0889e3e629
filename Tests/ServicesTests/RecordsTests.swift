import Foundation
import JSON
import RPC
import Resilience
import TestSupport
import Testing

/// A workspace with somebody who writes its records.
struct RecordsRoom: Sendable {
    let backend: Backend
    let token: String
    let workspace: String

    init(_ backend: Backend, token: String) async throws {
        (self.backend, self.token) = (backend, token)
        let made = try await backend.connect().call("workspaces.create", #"{"name":"W"}"#, token: token)
        workspace = try #require(made["result"]?["id"]?.string)
    }

    func call(_ method: String, _ rest: String = "", of workspace: String? = nil) async throws -> JSON {
        let w = #""workspaceId":"\#(workspace ?? self.workspace)""#
        return try await backend.connect().call(
            method, rest.isEmpty ? "{\(w)}" : "{\(w),\(rest)}", token: token)
    }

    /// - Returns: how many were inserted, updated, unchanged.
    @discardableResult
    func upsert(_ records: String, replace: Bool = false) async throws -> [Int64] {
        let answer = try await call("records.bulkUpsert", #""records":[\#(records)],"replace":\#(replace)"#)
        let result = try #require(answer["result"], "\(answer.source)")
        return ["inserted", "updated", "unchanged"].map { result[$0]?.int64 ?? -1 }
    }

    /// Every record, page by page.
    func all(_ filter: String = "") async throws -> [JSON] {
        var (records, cursor): ([JSON], String?) = ([], nil)
        repeat {
            let more = cursor.map { #","cursor":"\#($0)""# } ?? ""
            let page = try await call("records.list", #""limit":100\#(more)\#(filter)"#)
            records += try #require(page["result"]?["items"], "\(page.source)").elements
            cursor = page["result"]?["nextCursor"]?.string
        } while cursor != nil
        return records
    }

    func fields(of externalID: String) async throws -> [String: String]? {
        try await all(#","externalId":"\#(externalID)""#).first?["fields"].map(RecordsRoom.dictionary)
    }

    static func dictionary(_ object: JSON) -> [String: String] {
        Dictionary(object.members.map { ($0.key.string ?? "", $0.value.source) }) { first, _ in first }
    }

    /// Paths of what does not fit, with their codes.
    func faults(_ params: String) async throws -> [String: String] {
        let answer = try await call("records.bulkUpsert", params)
        #expect(answer.errorCode == "VALIDATION_ERROR", "\(answer.source.prefix(500))")
        let details = answer["error"]?["data"]?["error"]?["details"]?["fields"]
        return Dictionary(
            (details?.elements.map { $0 } ?? []).map {
                ($0["path"]?.string ?? "", $0["code"]?.string ?? "")
            }
        ) { first, _ in first }
    }
}

@Suite("Records")
struct RecordsTests {
    private func room() async throws -> RecordsRoom {
        let backend = try Backend()
        return try await RecordsRoom(backend, token: backend.login("ada").token)
    }

    @Test("Fields merge, null removes, replace leaves nothing else; what changes is counted exactly")
    func merging() async throws {
        let room = try await room()
        let ada = #"{"externalId":"ada","fields":{"city":"London","age":36,"is":true}}"#
        let bob = #"{"externalId":"bob","fields":{"city":null}}"#
        #expect(try await room.upsert("\(ada),\(bob)") == [2, 0, 0])
        #expect(try await room.upsert("\(bob),\(ada)") == [0, 0, 2])
        #expect(try await room.fields(of: "bob") == [:], "null is no value")
        let moved = #"{"externalId":"ada","fields":{"city":"Paris","age":null,"né":1}}"#
        #expect(
            try await room.faults(#""records":[\#(moved)]"#) == ["records[0].fields.né": "format"])
        let travelled = #"{"externalId":"ada","fields":{"city":"Paris","age":null}}"#
        #expect(
            try await room.upsert(travelled + #",{"externalId":"eve","fields":{}}"#) == [1, 1, 0])
        #expect(try await room.fields(of: "ada") == ["city": #""Paris""#, "is": "true"])
        #expect(try await room.upsert(travelled) == [0, 0, 1], "what is gone cannot be removed")
        #expect(
            try await room.upsert(
                #"{"externalId":"ada","fields":{"city":"Paris","x":null}}"#, replace: true) == [0, 1, 0])
        #expect(try await room.fields(of: "ada") == ["city": #""Paris""#])
        let record = try #require(try await room.all(#","externalId":"ada""#).first)
        #expect(record["version"]?.int64 == 3)
        let (made, changed) = (record["createdAt"]?.string ?? "", record["updatedAt"]?.string ?? "")
        #expect(made < changed)
    }

    @Test("What a provider found keeps its source until a caller changes the field")
    func sources() async throws {
        let room = try await room()
        let owner = try SQLConsole(room.backend.conninfo)
        let source = #"{"provider":"p","at":"2026-01-01T00:00:00Z","confidence":0.9,"jobId":"j","cost":2}"#
        func found() async throws {
            try await room.upsert(
                #"{"externalId":"ada","fields":{"email":"a@example.org","city":"Rome","name":"Ada"}}"#,
                replace: true)
            owner.run("UPDATE records SET sources = $1", [#"{"email":\#(source),"city":\#(source)}"#])
        }
        func kept() async throws -> Set<String> {
            let record = try #require(try await room.all().first)
            return Set(RecordsRoom.dictionary(try #require(record["sources"])).keys)
        }
        for (fields, replaces, expected) in [
            (#"{"name":"Eve"}"#, false, ["email", "city"]),
            (#"{"city":"Rome","name":"X"}"#, false, ["email", "city"]),
            (#"{"city":"Oslo"}"#, false, ["email"]), (#"{"email":null}"#, false, ["city"]),
            (#"{"email":"a@example.org"}"#, true, ["email"]), ("{}", true, []),
        ] {
            try await found()
            let counts = try await room.upsert(
                #"{"externalId":"ada","fields":\#(fields)}"#, replace: replaces)
            #expect(counts == [0, 1, 0], "\(fields)")
            #expect(try await kept() == Set(expected), "\(fields)")
        }
    }

    @Test("Everything that does not fit is told at once, by its place; then nothing has been stored")
    func validation() async throws {
        let room = try await room()
        try await room.upsert(#"{"externalId":"old","fields":{"a":"1"}}"#)
        let long = String(repeating: "x", count: 4097)
        let records = [
            #"{"externalId":"ok","fields":{"a":"1"}}"#, #"{"externalId":"ok","fields":{}}"#, "7",
            #"{"externalId":"","fields":{"a":[1],"b":{"c":1},"d":"\#(long)","e f":1,"":1,"\u0061-b":2}}"#,
            #"{"fields":{"a":1e309,"b":1e-309,"c":\#(String(repeating: "1", count: 65)),"d":1E+308,"e":"\u0000"}}"#,
            #"{"externalId":"\#(String(repeating: "é", count: 201))","fields":[],"name":"x"}"#,
            #"{"externalId":5,"externalId":"x","fields":{"a":1,"\u0061":2}}"#, #"{"externalId":"k"}"#,
            #"{"externalId":"\u0000","fields":{"\#(String(repeating: "n", count: 65))":1}}"#,
            #"{"externalId":"many","fields":{\#((0...100).map { "\"f\($0)\":1" }.joined(separator: ","))}}"#,
        ]
        let faults = try await room.faults(#""records":[\#(records.joined(separator: ","))],"replace":1"#)
        let name = String(repeating: "n", count: 64)
        #expect(
            faults == [
                "records[1].externalId": "duplicate", "records[2]": "type", "records[3].externalId": "length",
                "records[3].fields.a": "type", "records[3].fields.b": "type", "records[3].fields.d": "length",
                "records[3].fields.e f": "format", "records[3].fields.": "format",
                "records[4].externalId": "required",
                "records[4].fields.a": "range", "records[4].fields.b": "range",
                "records[4].fields.c": "range",
                "records[4].fields.e": "format", "records[5].externalId": "length",
                "records[5].fields": "type",
                "records[5].name": "unknown", "records[6].externalId": "duplicate",
                "records[6].fields.a": "duplicate", "records[7].fields": "required",
                "records[8].externalId": "format", "records[8].fields.\(name)": "format",
                "records[9].fields": "length", "replace": "type",
            ])
        #expect(try await room.all().count == 1)
        let twice = try await room.call(
            "records.bulkUpsert",
            #""records":[{"externalId":"é","fields":{}},{"externalId":"\u00e9","fields":{}}]"#)
        #expect(twice.source.contains("records[0], too"), "\(twice.source)")
        // Other code points are another name.
        #expect(
            try await room.upsert(
                #"{"externalId":"\u00e9","fields":{}},{"externalId":"e\u0301","fields":{}}"#) == [2, 0, 0])
        for params in [#""records":[]"#, #""records":{}"#, #""records":7"#] {
            #expect(try await room.faults(params).keys.contains("records"))
        }
        let tooMany = (0...1000).map { #"{"externalId":"\#($0)","fields":{}}"# }.joined(separator: ",")
        #expect(try await room.faults(#""records":[\#(tooMany)]"#) == ["records": "length"])
        let endless = (0..<1000).map { #"{"externalId":"\#($0)","fields":{"a":[],"b":[]}}"# }
        #expect(try await room.faults(#""records":[\#(endless.joined(separator: ","))]"#).count == 1000)
    }

    @Test(
        "A record has a bound, however often it is added to, and the call that would pass it changes nothing")
    func bounds() async throws {
        let room = try await room()
        func fields(_ range: Range<Int>, _ value: String = "1") -> String {
            "{" + range.map { "\"f\($0)\":\(value)" }.joined(separator: ",") + "}"
        }
        try await room.upsert(#"{"externalId":"ada","fields":\#(fields(0..<60))}"#)
        let more = #"{"externalId":"new","fields":{}},{"externalId":"ada","fields":\#(fields(50..<101))}"#
        #expect(try await room.faults(#""records":[\#(more)]"#) == ["records[1].fields": "length"])
        #expect(try await room.all().count == 1)
        #expect(
            try await room.upsert(#"{"externalId":"ada","fields":\#(fields(50..<100))}"#) == [0, 1, 0])
        let text = "\"\(String(repeating: "x", count: 4096))\""
        let large = #"{"externalId":"large","fields":\#(fields(0..<17, text))}"#
        #expect(try await room.faults(#""records":[\#(large)]"#) == ["records[0].fields": "length"])
        #expect(
            try await room.upsert(#"{"externalId":"large","fields":\#(fields(0..<15, text))}"#) == [1, 0, 0])
        #expect(
            try await room.faults(
                #""records":[{"externalId":"large","fields":{"f15":\#(text),"f16":\#(text)}}]"#)
                == ["records[0].fields": "length"])
    }

    @Test("Hostile texts come back as they were")
    func hostile() async throws {
        let room = try await room()
        let values = [
            "' OR 1=1 --", "$1", "{}", "null", #"\"quoted\""#, #"back\\slash"#, #"\u202Egnp.exe"#,
            "漢字 \u{1F600}",
            #"\ud83d\ude00"#, #"tab\tand\nline"#, "",
        ]
        for (number, value) in values.enumerated() {
            let id = value.isEmpty ? "empty" : value
            #expect(
                try await room.upsert(
                    #"{"externalId":"\#(id)","fields":{"v":"\#(value)","__proto__":\#(number),"constructor":false}}"#
                )
                    == [1, 0, 0])
        }
        let records = try await room.all()
        for value in values {
            let expected = try JSON.parse("\"\(value)\"").string
            #expect(records.contains { $0["fields"]?["v"]?.string == expected }, "\(value)")
            let found = try await room.all(#","filter":{"v":"\#(value)"}"#)
            #expect(found.count == 1, "\(value)")
        }
        #expect(records.count == values.count)
    }

    @Test("Lists go by filters, by name and by pages; what is deleted is gone")
    func listing() async throws {
        let room = try await room()
        let cities = ["Rome", "Oslo", "Wien"]
        let records = (0..<250).map {
            #"{"externalId":"p\#($0)","fields":{"city":"\#(cities[$0 % 3])","n":\#($0 % 5).0,"on":\#($0 % 2 == 0)}}"#
        }
        #expect(try await room.upsert(records.joined(separator: ",")) == [250, 0, 0])
        let all = try await room.all()
        #expect(Set(all.compactMap { $0["externalId"]?.string }).count == 250)
        #expect(
            all.map { $0["createdAt"]?.string ?? "" }.sorted() == all.map { $0["createdAt"]?.string ?? "" })
        #expect(try await room.all(#","filter":{"city":"Rome"}"#).count == 84)
        #expect(try await room.all(#","filter":{"city":"Rome","n":0,"on":true}"#).count == 9)
        #expect(try await room.all(#","filter":{"n":"0"}"#).isEmpty, "a text is no number")
        #expect(try await room.all(#","filter":{"city":"Rome"},"externalId":"p3""#).count == 1)
        #expect(try await room.all(#","filter":{"city":"Oslo"},"externalId":"p3""#).isEmpty)
        #expect(try await room.all(#","filter":{}"#).count == 250)
        for filter in [
            #"{"a":null}"#, #"{"a":[]}"#, #"{"a b":1}"#, #"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1}"#, "[]",
            #"{"a":1,"a":2}"#, #"{"a":1e999999}"#,
        ] {
            let answer = try await room.call("records.list", #""filter":\#(filter)"#)
            #expect(answer.errorCode == "VALIDATION_ERROR", "\(filter)")
        }
        let id = try #require(all[7]["id"]?.string)
        #expect(
            try await room.call("records.get", #""recordId":"\#(id)""#)["result"]?.source == all[7].source)
        #expect(try await room.call("records.delete", #""recordId":"\#(id)""#)["result"]?.source == "{}")
        for method in ["records.get", "records.delete"] {
            #expect(try await room.call(method, #""recordId":"\#(id)""#).errorCode == "NOT_FOUND")
        }
        #expect(try await room.all().count == 249)
    }

    @Test("With an idempotency key a call is done once")
    func once() async throws {
        let room = try await room()
        let params =
            #"{"workspaceId":"\#(room.workspace)","records":[{"externalId":"ada","fields":{"n":1}}],"_meta":{"token":"\#(room.token)","idempotencyKey":"k"}}"#
        let connection = room.backend.connect()
        let first = try await connection.call("records.bulkUpsert", params)
        #expect(first["result"]?["inserted"]?.int64 == 1)
        let again = try await connection.call("records.bulkUpsert", params)
        #expect(again["result"]?["inserted"]?.int64 == 1)
        #expect(again["result"]?["_meta"]?["replayed"]?.bool == true)
        #expect(try await room.all().count == 1)
    }

    @Test("In a table of many, lists and filters find their rows by an index, bound by row level security")
    func plans() async throws {
        let room = try await room()
        let owner = try SQLConsole(room.backend.conninfo)
        let filled = owner.run(
            """
            INSERT INTO records (workspace_id, external_id, fields, created_at)
            SELECT $1::uuid, 'x' || n, jsonb_build_object('email', n || '@example.org', 'city', n % 3), now() - n * interval '1 s'
            FROM generate_series(1, 50000) n
            """, [room.workspace])
        #expect(filled.affected == 50_000)
        owner.run("VACUUM ANALYZE records")
        let daemon = try SQLConsole(TestCluster.daemon(room.backend.conninfo))
        daemon.run("SELECT set_config('rpcd.workspace_id', $1, false)", [room.workspace])
        let statements = try StoreStatement.all(of: ["records", "records_of_workspace"])
        func plan(_ name: String, _ mode: String, _ values: String) throws -> String {
            let statement = try #require(statements.first { $0.name.hasSuffix(" " + name) })
            daemon.run("SET plan_cache_mode = \(mode)")
            daemon.run("DEALLOCATE ALL")
            daemon.run("PREPARE s AS " + statement.sql)
            let answer = daemon.run("EXPLAIN EXECUTE s('\(room.workspace)', \(values))")
            #expect(answer.sqlState == nil, "\(answer.message)")
            return answer.rows.compactMap { $0[0] }.joined(separator: "\n")
        }
        let place = "now() - interval '3 hours', '00000000-0000-0000-0000-000000000000', 26"
        for mode in ["force_custom_plan", "force_generic_plan"] {
            let list = try plan("listRecords", mode, place)
            #expect(
                list.contains("records_workspace_id_idx") && list.contains("ROW(created_at, id) >"), "\(list)"
            )
            #expect(!list.contains("Sort") && !list.contains("Filter: (ROW"), "\(list)")
            let byName = try plan("listByExternalID", mode, place + ", 'x7', NULL")
            #expect(byName.contains("records_external_id_key"), "\(byName)")
        }
        let rare = try plan("listByFields", "force_custom_plan", place + #", '{"email":"7@example.org"}'"#)
        #expect(rare.contains("records_fields_idx"), "\(rare)")
        let frequent = try plan("listByFields", "force_custom_plan", place + #", '{"city":1}'"#)
        #expect(frequent.contains("records_workspace_id_idx"), "\(frequent)")
        #expect(!(rare + frequent).contains("Seq Scan"))
    }
}
