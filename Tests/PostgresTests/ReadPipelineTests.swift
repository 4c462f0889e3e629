import Dispatch
import Glibc
import Postgres
import TestSupport
import Testing

/// A reactor on a dispatch queue. What it watches it watches until the process ends.
final class QueueReactor: Reactor {
    private static let key = DispatchSpecificKey<Bool>()
    private let queue = DispatchQueue(label: "reactor")

    init() { queue.setSpecific(key: QueueReactor.key, value: true) }

    var isCurrent: Bool { DispatchQueue.getSpecific(key: QueueReactor.key) == true }

    func execute(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }

    func watch(eventDescriptor: Int32, _ onRaised: @escaping @Sendable () -> Void) async throws {
        let source = DispatchSource.makeReadSource(fileDescriptor: eventDescriptor, queue: queue)
        source.setEventHandler {
            var count: UInt64 = 0
            // The source holds on to itself.
            guard !source.isCancelled, read(eventDescriptor, &count, 8) == 8 else { return }
            onRaised()
        }
        source.resume()
    }
}

extension ReadPipeline {
    func one<Row: Sendable>(_ query: Query<Row>) async throws -> Row? {
        try await withCheckedThrowingContinuation { continuation in
            read(query, Query<Void>?.none) { continuation.resume(with: $0.map(\.0)) }
        }
    }
}

private let same = Statement("SELECT $1::int8") { try $0.get(0, as: Int64.self) }
private let inverse = Statement("SELECT 100 / $1::int8") { try $0.get(0, as: Int64.self) }
private let text = Statement("SELECT $1::text") { try $0.get(0, as: String.self) }
private let none = Statement("SELECT 1::int8 WHERE $1::bool") { try $0.get(0, as: Int64.self) }
private let backend = Statement("SELECT pg_backend_pid()") { try $0.get(0, as: Int64.self) }
private let terminate = Statement("SELECT pg_terminate_backend($1::int4)")
private let write = Statement("CREATE TABLE forbidden (n int8)")

@Suite("Reads on the shared pipeline, on a real server")
struct ReadPipelineTests {
    private func run(
        conninfo: String? = nil, _ body: (ReadPipeline, String) async throws -> Void
    ) async throws {
        let conninfo = try conninfo ?? TestCluster.shared.get().freshDatabase()
        let pipeline = try ReadPipeline(Server(conninfo), reactor: QueueReactor())
        try await pipeline.start()
        defer { pipeline.close() }
        try await body(pipeline, conninfo)
    }

    /// Until it serves again.
    private func recovered(_ pipeline: ReadPipeline) async {
        while (try? await pipeline.one(Query(same, 1))) != 1 { await Task.yield() }
    }

    @Test("Of thousands at once each gets its own rows, from both of its queries")
    func ownRows() async throws {
        try await run { pipeline, _ in
            await withTaskGroup(of: Bool.self) { group in
                for number in Int64(1)...3000 {
                    group.addTask {
                        await withCheckedContinuation { continuation in
                            pipeline.read(Query(same, number), Query(text, "\(number)")) { result in
                                let rows = try? result.get()
                                continuation.resume(returning: rows?.0 == number && rows?.1 == "\(number)")
                            }
                        }
                    }
                }
                for await isRight in group { #expect(isRight) }
            }
            let nothing = try await pipeline.one(Query(none, false))
            #expect(nothing == nil)
            let asked = await withCheckedContinuation { continuation in
                pipeline.read(Query<Void>?.none, Query<Void>?.none) { continuation.resume(returning: $0) }
            }
            #expect((try? asked.get()) != nil, "to ask for nothing is answered, too")
        }
    }

    @Test(
        "A read that fails takes none of its neighbours along, whichever of them fail",
        arguments: Seed.some(100))
    func neighbours(seed: Seed) async throws {
        let pipeline = try await NeighbourPipeline.shared.value
        var random = seed.generator
        let divisors = (0..<20).map { _ in Int64.random(in: 0...2, using: &random) }
        await withTaskGroup(of: (Int64, Int64?).self) { group in
            for divisor in divisors {
                group.addTask { (divisor, try? await pipeline.one(Query(inverse, divisor))) }
            }
            for await (divisor, result) in group { #expect(result == (divisor == 0 ? nil : 100 / divisor)) }
        }
    }

    /// One for all seeds: a hundred connections would be the test's own load.
    private enum NeighbourPipeline {
        static let shared = Task {
            let pipeline = try ReadPipeline(
                Server(TestCluster.shared.get().freshDatabase()), reactor: QueueReactor())
            try await pipeline.start()
            return pipeline
        }
    }

    @Test("Text that PostgreSQL cannot hold, and a statement that writes, are refused; the next read works")
    func refusals() async throws {
        try await run { pipeline, _ in
            let error = await #expect(throws: PostgresError.self) {
                try await pipeline.one(Query(text, "a\0b"))
            }
            #expect(error?.kind == .parameter)
            await #expect(throws: PostgresError.self) { try await pipeline.one(Query(write)) }
            let seven = try await pipeline.one(Query(same, 7))
            #expect(seven == 7)
        }
    }

    @Test("A connection that is cut fails what was under way and is replaced")
    func reconnects() async throws {
        try await run { pipeline, conninfo in
            let pool = Pool(PoolConfiguration(conninfo: conninfo, size: 1))
            defer { pool.close(within: 5) }
            let before = try await pipeline.one(Query(backend))
            let pid = try #require(before)
            try await pool.run { tx in try tx.execute(terminate, pid) }
            await recovered(pipeline)
            let after = try await pipeline.one(Query(backend))
            #expect(after != pid)
        }
    }

    @Test("A server that stops and starts again is served from again, and nobody waits for ever meanwhile")
    func restart() async throws {
        let cluster = try TestCluster()
        defer { cluster.remove() }
        try await run(conninfo: try cluster.freshDatabase()) { pipeline, _ in
            try cluster.stopImmediately()
            await #expect(throws: PostgresError.self) {
                while true { _ = try await pipeline.one(Query(same, 1)) }
            }
            try cluster.start()
            await recovered(pipeline)
        }
    }
}
