import NIOCore
import NIOPosix
import Redis
import Resilience
import Synchronization
import TestSupport
import Testing

/// A client of a test, and what it tells.
private struct Connected {
    let client: RedisClient
    private var events: AsyncStream<RedisClient.Event>.Iterator

    init(_ url: String, _ change: (inout RedisConfiguration) -> Void = { _ in }) throws {
        let (stream, continuation) = AsyncStream.makeStream(of: RedisClient.Event.self)
        var configuration = RedisConfiguration(try RedisURL(url))
        change(&configuration)
        client = try RedisClient(configuration, on: MultiThreadedEventLoopGroup.singleton.next()) {
            continuation.yield($0)
        }
        events = stream.makeAsyncIterator()
        client.start()
    }

    mutating func next() async -> RedisClient.Event? { await events.next() }

    func call(_ name: String, _ arguments: any RedisArgument...) async throws -> RESPValue {
        try await client.call(RedisCommand(name, arguments), within: .seconds(10))
    }

    /// Anything but success.
    func failure(_ name: String, _ arguments: any RedisArgument...) async -> RedisError? {
        do throws(RedisError) {
            _ = try await client.call(RedisCommand(name, arguments), within: .seconds(10))
            return nil
        } catch {
            return error
        }
    }
}

@Suite("The client, on a real Redis server", .serialized)
struct RedisClientTests {
    private typealias Change = (inout RedisConfiguration) -> Void

    /// A server, and a client that serves.
    private func serving(
        _ change: Change = { _ in },
        _ body: (TestRedis, inout Connected) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let server = try await TestRedis(in: folder)
            var connected = try Connected(server.url, change)
            defer { connected.client.close() }
            #expect(await connected.next() == .connected)
            try await body(server, &connected)
            await server.crash()
        }
    }

    @Test("It speaks RESP3, under its name, and in its database")
    func greeting() async throws {
        try await withTemporaryFolder { folder in
            let server = try await TestRedis(in: folder)
            var connected = try Connected(server.url + "?db=5") { $0.name = "a-test" }
            defer { connected.client.close() }
            #expect(await connected.next() == .connected)
            #expect(connected.client.isConnected)
            let info = try await connected.call("CLIENT", "INFO").text ?? ""
            #expect(info.contains("name=a-test") && info.contains("db=5") && info.contains("resp=3"))
            _ = try await connected.call("HSET", "h", "field", "value")
            let pair = RESPValue.Pair(.bulk(Array("field".utf8)), .bulk(Array("value".utf8)))
            #expect(try await connected.call("HGETALL", "h") == .map([pair]))
            #expect(await connected.failure("HGETALL") == .refused(code: "ERR"))
            #expect(await connected.failure("GET", "h") == .refused(code: "WRONGTYPE"))
            #expect(try await connected.call("GET", "nothing") == .null)
            await server.crash()
        }
    }

    @Test("Many commands are under way at once, and each has its own answer", arguments: Seed.some(3))
    func pipelining(seed: Seed) async throws {
        try await serving { _, connected in
            let client = connected.client
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<50 {
                    group.addTask {
                        var random = SplitMix64(seed: seed.value &+ UInt64(task))
                        for _ in 0..<20 {
                            let word = String(UInt64.random(in: .min ... .max, using: &random))
                            let padding = String(repeating: "x", count: .random(in: 0...300, using: &random))
                            let answer = try await client.call(
                                RedisCommand("ECHO", word + padding), within: .seconds(10))
                            #expect(answer.text == word + padding)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("On its event loop a command needs no hop: what cannot be sent is answered before send returns")
    func onLoop() async throws {
        try await serving { server, connected in
            let client = connected.client
            let future = client.eventLoop.flatSubmit {
                client.send(RedisCommand("PING"), within: .seconds(10))
            }
            #expect(try await future.get() == .simple("PONG"))
            await server.crash()
            guard case .disconnected = await connected.next() else {
                Issue.record("it has not noticed")
                return
            }
            let wasImmediate = try await client.eventLoop.submit {
                let answered = Atomic(false)
                client.send(RedisCommand("PING"), within: .seconds(10)) { result in
                    #expect(result == .failure(.away))
                    answered.store(true, ordering: .relaxed)
                }
                return answered.load(ordering: .relaxed)
            }.get()
            #expect(wasImmediate)
        }
    }

    @Test("A script runs by its digest, and by its text when the server has forgotten it")
    func scripts() async throws {
        let script = RedisScript("return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}")
        let unknown = RedisScript("return 7")
        let change: Change = { $0.scripts = [script] }
        try await serving(change) { server, connected in
            func run(_ script: RedisScript) async throws -> RESPValue {
                let client = connected.client
                let promise = client.eventLoop.makePromise(of: RESPValue.self)
                client.run(script, keys: ["k"], ["a"], within: .seconds(10)) {
                    promise.completeWith($0.mapError { $0 })
                }
                return try await promise.futureResult.get()
            }
            func calls(of command: String) async throws -> Bool {
                try await server.read("INFO", "commandstats").contains("cmdstat_\(command):")
            }
            #expect(try await run(script).elements?.last == .integer(1))
            #expect(try await !calls(of: "eval"))
            try await server.ask("SCRIPT", "FLUSH")
            #expect(try await run(script).elements?.last == .integer(2))
            #expect(try await calls(of: "eval"))
            #expect(try await run(unknown) == .integer(7))
        }
    }

    @Test("What is published on its channels is heard, beside commands")
    func messages() async throws {
        let change: Change = { $0.channels = ["one", "two"] }
        try await serving(change) { server, connected in
            try await server.ask("PUBLISH", "one", "a")
            try await server.ask("PUBLISH", "three", "unheard")
            try await server.ask("PUBLISH", "two", "b")
            #expect(await connected.next() == .message(channel: "one", Array("a".utf8)))
            #expect(await connected.next() == .message(channel: "two", Array("b".utf8)))
            #expect(try await connected.call("PING") == .simple("PONG"))
            #expect(try await connected.call("PUBLISH", "one", "c") == .integer(1))
            #expect(await connected.next() == .message(channel: "one", Array("c".utf8)))
        }
    }

    @Test("A server that dies is told of once, and found again when it is back")
    func restart() async throws {
        try await serving { server, connected in
            for _ in 0..<3 {
                await server.crash()
                #expect(await connected.next() == .disconnected(.connectionLost))
                #expect(await connected.failure("PING") == .away)
                #expect(!connected.client.isConnected)
                try await server.start()
                // The next thing it tells, however often it has tried.
                #expect(await connected.next() == .connected)
                #expect(try await connected.call("PING") == .simple("PONG"))
            }
        }
    }

    @Test("Commands that were under way when the server died fail, each once")
    func underWay() async throws {
        try await serving { server, connected in
            let client = connected.client
            server.freeze()
            let commands = (0..<100).map { _ in
                Task { () -> RedisError? in
                    do throws(RedisError) {
                        _ = try await client.call(RedisCommand("PING"), within: .seconds(30))
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            await server.crash()
            for command in commands {
                let failure = await command.value
                #expect(failure == .connectionLost || failure == .away)
            }
        }
    }

    @Test(
        "A server that hangs holds a command up no longer than its deadline, then is given up, then is back")
    func hangs() async throws {
        let change: Change = { $0.patience = .milliseconds(300) }
        try await serving(change) { server, connected in
            let client = connected.client
            server.freeze()
            func attempt() async -> RedisError? {
                do throws(RedisError) {
                    _ = try await client.call(RedisCommand("PING"), within: .milliseconds(30))
                    return nil
                } catch {
                    return error
                }
            }
            #expect(await attempt() == .timeout)
            // Behind one that is late nobody queues up.
            let second = await attempt()
            #expect(second == .busy || second == .away)
            #expect(await connected.next() == .disconnected(.timeout))
            server.thaw()
            #expect(await connected.next() == .connected)
            let answer = try await connected.call("PING")
            #expect(answer == .simple("PONG"))
        }
    }

    @Test("An answer that comes after its deadline is nobody else's")
    func late() async throws {
        let change: Change = { $0.patience = .seconds(30) }
        try await serving(change) { server, connected in
            server.freeze()
            let late = Task { [client = connected.client] in
                try await client.call(RedisCommand("ECHO", "late"), within: .milliseconds(20))
            }
            await #expect(throws: RedisError.timeout) { try await late.value }
            server.thaw()
            // Until the late answer has come nothing is sent behind it.
            while await connected.failure("PING") == .busy { await Task.yield() }
            let answer = try await connected.call("ECHO", "mine")
            #expect(answer.text == "mine")
        }
    }

    @Test("No more wait than may: the next is refused at once")
    func bounded() async throws {
        let change: Change = {
            $0.maximumInFlight = 10
            $0.patience = .seconds(30)
        }
        try await serving(change) { server, connected in
            let client = connected.client
            server.freeze()
            let refused = Atomic(0)
            let waiting = try await client.eventLoop.submit {
                (0..<25).map { _ in
                    client.send(RedisCommand("PING"), within: .seconds(30)).map { _ in }
                        .flatMapErrorThrowing { error in
                            #expect(error as? RedisError == .busy)
                            refused.add(1, ordering: .relaxed)
                        }
                }
            }.get()
            server.thaw()
            for future in waiting { try await future.get() }
            #expect(refused.load(ordering: .relaxed) == 15)
        }
    }

    @Test("A closed client says so, and connects no more")
    func closed() async throws {
        try await serving { _, connected in
            connected.client.close()
            #expect(await connected.failure("PING") == .closed)
            connected.client.start()
            #expect(await connected.failure("PING") == .closed)
        }
    }
}
