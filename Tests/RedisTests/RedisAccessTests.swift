import Foundation
import NIOPosix
import Redis
import TestSupport
import Testing

@Suite("Passwords and TLS, on a real Redis server", .serialized)
struct RedisAccessTests {
    /// The first thing that a client tells.
    private func firstEvent(_ url: String, authorities: String? = nil) async throws -> RedisClient.Event? {
        let (stream, continuation) = AsyncStream.makeStream(of: RedisClient.Event.self)
        var configuration = RedisConfiguration(try RedisURL(url))
        configuration.authorities = authorities
        let client = try RedisClient(configuration, on: MultiThreadedEventLoopGroup.singleton.next()) {
            continuation.yield($0)
        }
        defer { client.close() }
        client.start()
        var events = stream.makeAsyncIterator()
        let event = await events.next()
        if event == .connected {
            let answer = try await client.call(RedisCommand("PING"), within: .seconds(10))
            #expect(answer == .simple("PONG"))
        }
        return event
    }

    @Test("Who has the password is let in, who has another or none is told so, by a code alone")
    func passwords() async throws {
        try await withTemporaryFolder { folder in
            let port = try TestRedis.freePort()
            let server = try await TestRedis(
                in: folder,
                options: ["--bind", "127.0.0.1", "--port", "\(port)", "--requirepass", "p@ss word"])
            #expect(try await firstEvent("redis://:p%40ss%20word@127.0.0.1:\(port)") == .connected)
            #expect(try await firstEvent("redis://default:p%40ss%20word@localhost:\(port)/2") == .connected)
            #expect(
                try await firstEvent("redis://:other@127.0.0.1:\(port)")
                    == .disconnected(.refused(code: "WRONGPASS")))
            #expect(
                try await firstEvent("redis://127.0.0.1:\(port)") == .disconnected(.refused(code: "NOAUTH")))
            await server.crash()
            guard case .disconnected(.notConnected) = try await firstEvent("redis://127.0.0.1:\(port)") else {
                Issue.record("somebody serves there")
                return
            }
        }
    }

    @Test(
        "TLS with a password: only with the authority that has signed, and only under the name that was signed"
    )
    func tls() async throws {
        try await withTemporaryFolder { folder in
            let names = "subjectAltName=DNS:localhost"
            try await openssl(
                in: folder,
                [
                    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
                    "-subj", "/CN=test authority", "-days", "2",
                ])
            try await openssl(
                in: folder,
                [
                    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out",
                    "server.pem", "-subj", "/CN=localhost", "-addext", names, "-addext",
                    "basicConstraints=critical,CA:FALSE", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
                ])
            let port = try TestRedis.freePort()
            let server = try await TestRedis(
                in: folder,
                options: [
                    "--bind", "127.0.0.1", "--tls-port", "\(port)", "--tls-cert-file", folder + "/server.pem",
                    "--tls-key-file", folder + "/server.key", "--tls-ca-cert-file", folder + "/ca.pem",
                    "--tls-auth-clients", "no", "--requirepass", "secret",
                ])
            let authority = folder + "/ca.pem"
            let url = "rediss://:secret@localhost:\(port)"
            #expect(try await firstEvent(url, authorities: authority) == .connected)
            for (url, file) in [(url, nil), ("rediss://:secret@127.0.0.1:\(port)", authority)] {
                guard
                    case .disconnected(.notConnected(let why)) = try await firstEvent(url, authorities: file)
                else {
                    Issue.record("a certificate that is not his was taken")
                    continue
                }
                #expect(why.hasPrefix("TLS"))
            }
            // Without TLS, where it is asked for.
            #expect(try await firstEvent("redis://:secret@127.0.0.1:\(port)") != .connected)
            await server.crash()
        }
    }

    @Test("A file of authorities that cannot be read is an error at the start")
    func authorities() throws {
        var configuration = RedisConfiguration(try RedisURL("rediss://localhost"))
        configuration.authorities = "/nonexistent/ca.pem"
        #expect(throws: RedisError.self) {
            try RedisClient(configuration, on: MultiThreadedEventLoopGroup.singleton.next())
        }
    }

    private func openssl(in folder: String, _ arguments: [String]) async throws {
        let result = try await ServedProcess.run("/usr/bin/openssl", arguments, in: folder)
        try #require(result.status == 0, "\(result.errors)")
    }
}
