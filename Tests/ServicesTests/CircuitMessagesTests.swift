import Identifiers
import JSON
import Resilience
import Synchronization
import TestSupport
import Testing

@testable import Services

@Suite("Circuits, told by Redis")
struct CircuitMessagesTests {
    private static func breakers() -> CircuitBreakers {
        CircuitBreakers(CircuitBreaker.Settings()) { UInt64(max(0, Timestamp.now.microseconds)) * 1000 }
    }

    @Test("What one daemon finds out the others know, without a visit to the database")
    func told() async throws {
        try await withTemporaryFolder { folder in
            let server = try await TestRedis(in: folder)
            let daemons = try (0..<2).map { _ in
                (circuits: CircuitMessagesTests.breakers(), shared: try SharedMemory.forTests(server.url))
            }
            for (circuits, shared) in daemons {
                let messages = CircuitMessages(circuits, shared.redis)
                shared.start(messages) { _ in }
                circuits.tell { messages.tell($0) }
                while !shared.redis.isAtHand { await Task.yield() }
            }
            let key = CircuitKey("hunter", CircuitKey.platform)
            for (from, to) in [(0, 1), (1, 0)] {
                for force in [CircuitBreaker.Forced.open, .none] {
                    daemons[from].circuits.force(force, key, of: nil)
                    let expected = daemons[from].circuits.circuit(key)
                    while daemons[to].circuits.circuit(key) != expected { await Task.yield() }
                    // The database is told by whoever found it out.
                    #expect(daemons[from].circuits.news().map(\.key) == [key])
                    if let news = daemons[from].circuits.news().first { daemons[from].circuits.wasTold(news) }
                    #expect(daemons[to].circuits.news().isEmpty)
                }
            }
            for daemon in daemons { daemon.shared.close() }
            await server.crash()
        }
    }

    @Test("A message is read as it was written; what is none says nothing", arguments: Seed.some(100))
    func messages(seed: Seed) {
        var random = seed.generator
        let news = CircuitBreakers.News(
            key: CircuitKey("hunter", "\(UUID.random())"), workspace: Bool.random() ? UUID.random() : nil,
            snapshot: CircuitBreaker.Snapshot(
                state: .random(in: 0...2, using: &random), openings: .random(in: 0...9, using: &random),
                openUntil: .random(in: 0...Int64.max, using: &random),
                changedAt: .random(in: 0...Int64.max, using: &random),
                forced: .random(in: 0...2, using: &random),
                forcedAt: .random(in: 0...Int64.max, using: &random)))
        let bytes = CircuitMessages.encode(news)
        let read = CircuitMessages.decode(bytes)
        #expect(read?.key == news.key && read?.workspace == news.workspace && read?.snapshot == news.snapshot)
        var input = HostileInput(random, samples: [bytes])
        guard let shared = try? SharedMemory.forTests("redis://127.0.0.1:1") else { return }
        let messages = CircuitMessages(CircuitMessagesTests.breakers(), shared.redis)
        for _ in 0..<50 { messages.hear(input.next()) }
    }

    @Test("A daemon that is hours ahead, or no daemon at all, does not keep the truth out")
    func ahead() throws {
        let circuits = CircuitMessagesTests.breakers()
        let messages = CircuitMessages(
            circuits, try SharedMemory.forTests("redis://127.0.0.1:1").redis)
        let key = CircuitKey("hunter", CircuitKey.platform)
        let now = Int64(clamping: circuits.clock())
        for (hours, expected) in [(2, Circuit.Force.auto), (0, .open)] {
            let time = now + Int64(hours) * 3_600_000_000_000
            let snapshot = CircuitBreaker.Snapshot(
                state: CircuitBreaker.State.closed.rawValue, openings: 0, openUntil: 0, changedAt: time,
                forced: CircuitBreaker.Forced.open.rawValue, forcedAt: time)
            messages.hear(
                CircuitMessages.encode(CircuitBreakers.News(key: key, workspace: nil, snapshot: snapshot)))
            #expect(circuits.circuit(key).forced == expected)
        }
    }
}
