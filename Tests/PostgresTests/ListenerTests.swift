import Postgres
import TestSupport
import Testing

@Suite("Notifications, on a real server")
struct ListenerTests {
    private func listen(
        _ conninfo: String, _ body: (inout AsyncStream<Listener.Event>.Iterator) async throws -> Void
    ) async throws {
        let (events, continuation) = AsyncStream.makeStream(of: Listener.Event.self)
        let listener = Listener(conninfo: conninfo, channels: ["jobs", "Odd channel"]) {
            continuation.yield($0)
        }
        defer { listener.close() }
        var iterator = events.makeAsyncIterator()
        try await body(&iterator)
    }

    @Test("What is notified on its channels is heard in order, with its payload; other channels are not")
    func hears() async throws {
        let conninfo = try TestCluster.shared.get().freshDatabase()
        let pool = Pool(PoolConfiguration(conninfo: conninfo, size: 1))
        defer { pool.close(within: 5) }
        let notify = Statement("SELECT pg_notify($1, $2)")
        try await listen(conninfo) { events in
            #expect(await events.next() == .listening)
            try await pool.run { tx in
                try tx.execute(notify, "jobs", "first")
                try tx.execute(notify, "other", "unheard")
                try tx.execute(notify, "Odd channel", "é")
            }
            #expect(await events.next() == .notification(channel: "jobs", payload: "first"))
            #expect(await events.next() == .notification(channel: "Odd channel", payload: "é"))
        }
    }

    @Test("A lost connection is made again, and the listener is told that it may have missed something")
    func reconnects() async throws {
        let cluster = try TestCluster()
        defer { cluster.remove() }
        try await listen(try cluster.freshDatabase()) { events in
            #expect(await events.next() == .listening)
            try cluster.stopImmediately()
            #expect(await events.next() == .lost)
            try cluster.start()
            #expect(await events.next() == .listening)
        }
    }
}
