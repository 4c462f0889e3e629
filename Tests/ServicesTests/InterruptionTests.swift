import Dispatch
import JSON
import Postgres
import RPC
import TestSupport
import Testing

private let lockWorkspaces = Statement("SELECT id FROM workspaces FOR UPDATE")
private let waiting = Statement("SELECT count(*) FROM pg_locks WHERE NOT granted") {
    try $0.get(0, as: Int.self)
}

@Suite("What ends a call reaches the statement that runs for it")
struct InterruptionTests {
    /// A call that waits for a row which somebody else has locked, until `body` has ended it.
    private func blocked(
        meta: String = "", _ body: (Loopback) async throws -> Void, expecting code: String?
    ) async throws {
        let backend = try Backend()
        let ada = try await backend.login("ada")
        let connection = backend.connect()
        let made = try await connection.call("workspaces.create", #"{"name":"Acme"}"#, token: ada.token)
        let id = try #require(made["result"]?["id"]?.string)
        let other = Pool(PoolConfiguration(conninfo: backend.conninfo, size: 2))
        defer { other.close(within: 5) }
        let release = DispatchSemaphore(value: 0)
        let (locked, isLocked) = AsyncStream.makeStream(of: Void.self)
        async let holder: Void = withCheckedContinuation { continuation in
            other.transaction(Patient()) { tx in
                try tx.execute(lockWorkspaces)
                isLocked.finish()
                release.wait()
            } completion: { _ in
                continuation.resume()
            }
        }
        for await _ in locked {}
        func waiters() async throws -> Int {
            try await withCheckedThrowingContinuation { continuation in
                other.transaction(Patient()) {
                    try $0.one(waiting)
                } completion: {
                    continuation.resume(with: $0)
                }
            }
        }
        connection.send(
            #"{"jsonrpc":"2.0","id":7,"method":"workspaces.update","params":{"workspaceId":"\#(id)","name":"New","_meta":{"token":"\#(ada.token)"\#(meta)}}}"#
                + "\n")
        while try await waiters() == 0 {}
        try await body(connection)
        if let code {
            let answer = try await connection.next()
            #expect(answer["id"]?.int64 == 7)
            #expect(answer.errorCode == code)
        }
        while try await waiters() > 0 {}
        release.signal()
        await holder
        let now = try await backend.connect().call(
            "workspaces.get", #"{"workspaceId":"\#(id)"}"#, token: ada.token)
        #expect(now["result"]?["name"]?.string == "Acme", "nothing of it was committed")
    }

    @Test("$/cancelRequest")
    func cancel() async throws {
        try await blocked(
            { $0.send(#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":7}}"# + "\n") },
            expecting: "CANCELLED")
    }

    @Test("A deadline")
    func deadline() async throws {
        try await blocked(
            meta: #","timeoutMs":60000"#, { $0.conversation.expire(now: .max) }, expecting: "TIMEOUT")
    }

    @Test("A client that goes away")
    func vanished() async throws {
        try await blocked({ $0.conversation.vanish() }, expecting: nil)
    }
}
