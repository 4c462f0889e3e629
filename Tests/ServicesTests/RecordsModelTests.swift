import Foundation
import JSON
import RPC
import Resilience
import TestSupport
import Testing

/// What the records of a workspace are, by the words of the documentation.
private struct RecordsModel {
    struct Entry {
        /// Values as JSON; a number by its value.
        var fields: [String: String]
        var sources: Set<String> = []
        var version = 1
    }

    private(set) var entries: [String: Entry] = [:]

    static let names = ["a", "b", "c", "d.e", "F-1"]
    static let values = [#""x""#, #""y""#, #""""#, "1", "1.0", "2", "true", "false", "null"]

    static func canonical(_ value: String) -> String { value == "1.0" ? "1" : value }

    /// - Returns: how many were inserted, updated, unchanged.
    mutating func upsert(_ records: [(id: String, fields: [String: String])], replace: Bool) -> [Int64] {
        var counts: [Int64] = [0, 0, 0]
        for (id, given) in records {
            let patch = given.mapValues(Self.canonical)
            guard var entry = entries[id] else {
                entries[id] = Entry(fields: patch.filter { $0.value != "null" })
                counts[0] += 1
                continue
            }
            let merged = (replace ? patch : entry.fields.merging(patch) { $1 }).filter { $0.value != "null" }
            guard merged != entry.fields else {
                counts[2] += 1
                continue
            }
            entry.sources = entry.sources.filter { merged[$0] == entry.fields[$0] }
            entry.fields = merged
            entry.version += 1
            entries[id] = entry
            counts[1] += 1
        }
        return counts
    }

    mutating func find(_ id: String, _ name: String) {
        guard entries[id]?.fields[name] != nil else { return }
        entries[id]?.sources.insert(name)
    }

    mutating func delete(_ id: String) { entries[id] = nil }
}

@Suite("Records against a model")
struct RecordsModelTests {
    private static let ids = (0..<10).map { "id-\($0)" }

    private func difference(_ seed: UInt64, _ room: RecordsRoom, _ owner: SQLConsole) async throws -> String?
    {
        var random = SplitMix64(seed: seed)
        var model = RecordsModel()
        for step in 0..<Int.random(in: 5...15, using: &random) {
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                guard let id = Self.ids.randomElement(using: &random),
                    let name = RecordsModel.names.randomElement(using: &random)
                else { continue }
                model.find(id, name)
                owner.run(
                    """
                    UPDATE records SET sources = sources || jsonb_build_object($3::text, '{}'::jsonb)
                    WHERE workspace_id = $1::uuid AND external_id = $2 AND fields ? $3::text
                    """, [room.workspace, id, name])
            case 1:
                guard let id = model.entries.keys.sorted().randomElement(using: &random) else { continue }
                let record = try #require(try await room.all(#","externalId":"\#(id)""#).first?["id"]?.string)
                #expect(
                    try await room.call("records.delete", #""recordId":"\#(record)""#)["result"] != nil)
                model.delete(id)
            default:
                let replaces = Int.random(in: 0..<4, using: &random) == 0
                let records = Self.ids.shuffled(using: &random).prefix(.random(in: 1...10, using: &random))
                    .map { id in
                        let names = RecordsModel.names.shuffled(using: &random)
                            .prefix(.random(in: 0...4, using: &random))
                        let fields = Dictionary(
                            uniqueKeysWithValues: names.map {
                                ($0, RecordsModel.values.randomElement(using: &random) ?? "1")
                            })
                        return (id: id, fields: fields)
                    }
                let text = records.map { id, fields in
                    let members = fields.map { "\"\($0)\":\($1)" }.joined(separator: ",")
                    return #"{"externalId":"\#(id)","fields":{\#(members)}}"#
                }
                let expected = model.upsert(records, replace: replaces)
                let counts = try await room.upsert(text.joined(separator: ","), replace: replaces)
                guard counts == expected else { return "step \(step): \(counts) instead of \(expected)" }
            }
        }
        let records = try await room.all()
        guard records.count == model.entries.count else { return "\(records.count) records" }
        for record in records {
            let id = record["externalId"]?.string ?? ""
            guard let entry = model.entries[id], let fields = record["fields"],
                let sources = record["sources"]
            else { return "\(id) should not be" }
            let actual = RecordsRoom.dictionary(fields).mapValues(RecordsModel.canonical)
            guard actual == entry.fields else { return "\(id) is \(actual), not \(entry.fields)" }
            guard Set(RecordsRoom.dictionary(sources).keys) == entry.sources else {
                return "\(id) has the sources \(sources.source), not \(entry.sources)"
            }
            guard record["version"]?.int64 == Int64(entry.version) else { return "\(id): version" }
        }
        return nil
    }

    @Test("Whatever is merged, removed, replaced and deleted, counts and records are those of the model")
    func sequences() async throws {
        let backend = try Backend()
        let token = try await backend.login("ada").token
        let seeds = Seed.some(200)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    let owner = try SQLConsole(backend.conninfo)
                    for seed in stride(from: worker, to: seeds.count, by: 4).map({ seeds[$0] }) {
                        let room = try await RecordsRoom(backend, token: token)
                        let found = try await difference(seed.value, room, owner)
                        #expect(found == nil, "\(seed)")
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("Calls that touch the same records in different orders all succeed, and their counts add up")
    func concurrency() async throws {
        let backend = try Backend()
        let room = try await RecordsRoom(backend, token: backend.login("ada").token)
        let (clients, calls, universe) = (8, 25, 120)
        let sums = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for client in 0..<clients {
                group.addTask {
                    var random = SplitMix64(seed: .random(in: .min ... .max))
                    var sum: [Int64] = [0, 0, 0]
                    for call in 0..<calls {
                        // More and more of them are there: adding and changing meet.
                        let upper = max(1, universe * (call + 1) / calls)
                        let records = (0..<upper).shuffled(using: &random).prefix(60).map {
                            #"{"externalId":"\#($0)","fields":{"by":"\#(Bool.random(using: &random) ? client : 0)"}}"#
                        }
                        let counts = try await room.upsert(records.joined(separator: ","))
                        #expect(counts.reduce(0, +) == records.count)
                        sum = zip(sum, counts).map(+)
                    }
                    return sum
                }
            }
            return try await group.reduce([0, 0, 0]) { zip($0, $1).map(+) }
        }
        let records = try await room.all()
        #expect(sums[0] == records.count && (60...universe).contains(records.count))
        #expect(records.reduce(0) { $0 + ($1["version"]?.int64 ?? 0) - 1 } == sums[1])
        let errors = try SQLConsole(backend.conninfo).run(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        #expect(errors.rows == [["0"]])
    }

    @Test("A name that another transaction adds meanwhile is waited for, then merged into")
    func outrun() async throws {
        let backend = try Backend()
        let room = try await RecordsRoom(backend, token: backend.login("ada").token)
        let (other, watcher) = (try SQLConsole(backend.conninfo), try SQLConsole(backend.conninfo))
        other.run("BEGIN")
        other.run(
            #"INSERT INTO records (workspace_id, external_id, fields) VALUES ($1::uuid, 'm', '{"a":"1"}')"#,
            [room.workspace])
        async let counts = room.upsert(
            ["z", "m", "a"].map { #"{"externalId":"\#($0)","fields":{"b":"2"}}"# }.joined(separator: ","))
        while watcher.run("SELECT FROM pg_locks WHERE NOT granted").rows.isEmpty { await Task.yield() }
        other.run("COMMIT")
        #expect(try await counts == [2, 1, 0])
        #expect(try await room.fields(of: "m") == ["a": #""1""#, "b": #""2""#])
    }

    @Test("Of a workspace that is being deleted nothing is left, and nobody is told of a fault of the daemon")
    func deletedMeanwhile() async throws {
        let backend = try Backend()
        let token = try await backend.login("ada").token
        for _ in 0..<10 {
            let room = try await RecordsRoom(backend, token: token)
            let records = (0..<50).map { #"{"externalId":"\#($0)","fields":{"n":\#($0)}}"# }
            try await room.upsert(records[0..<25].joined(separator: ","))
            let codes = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let text = records.shuffled().joined(separator: ",").replacing(
                            "\"n\":", with: "\"m\":")
                        return try await room.call("records.bulkUpsert", #""records":[\#(text)]"#).errorCode
                    }
                }
                group.addTask { try await room.call("workspaces.delete").errorCode }
                return try await group.reduce(into: Set()) { $0.insert($1 ?? "OK") }
            }
            #expect(codes.isSubset(of: ["OK", "AUTHORIZATION_ERROR", "NOT_FOUND"]), "\(codes)")
        }
        let left = try SQLConsole(backend.conninfo).run("SELECT count(*) FROM records")
        #expect(left.rows == [["0"]])
    }
}
