import Cryptography
import Foundation
import JSON
import Postgres
import RPC
import Services
import TestSupport
import Testing

/// A whole backend on a database of its own, and connections to it.
struct Backend {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// Of the owner, whom row level security does not bind.
    let conninfo: String
    /// The daemon's.
    let pool: Pool
    private let dispatcher: Dispatcher
    var registry: Registry { dispatcher.registry }

    init(
        rates: Rates = Rates(auth: .off, general: .off), registrationIsOpen: Bool = true,
        masterKeys: MasterKeyRing? = nil
    ) throws {
        conninfo = try TestCluster.shared.get().freshDatabase()
        try Migrator(conninfo: conninfo, files: MigrationFile.read(folder: Backend.root + "/migrations")).up()
        pool = Pool(PoolConfiguration(conninfo: TestCluster.daemon(conninfo), size: 4))
        let seed = try SecretBytes.random(count: 32)
        let tokens = try Tokens(keys: KeyRing(signer: Ed25519.SigningKey(seed: seed)), seed: seed)
        let first = try #require(MasterKeys(file: MasterKeys.makeLine(number: 1)))
        let masterKeys = try masterKeys ?? MasterKeyRing(first)
        let platform = Platform(
            pool: pool, passwords: PasswordWorkers(count: 2), tokens: tokens,
            masterKeys: masterKeys,
            registrationIsOpen: registrationIsOpen)
        let metrics = CallMetrics()
        let system = System(version: "1", commit: "test", limits: Limits(), pool: pool, metrics: metrics)
        dispatcher = Dispatcher(
            registry: try Registry(system.methods + platform.methods), limits: Limits(), rates: rates,
            authenticator: tokens, observer: metrics.record)
    }

    /// Asks the database as its owner.
    func ask<Value: Sendable, each P: PostgresParameter & Sendable>(
        _ statement: Statement<Value>, _ values: repeat each P
    ) async throws -> [Value] {
        let pool = Pool(PoolConfiguration(conninfo: conninfo, size: 1))
        defer { pool.close(within: 5) }
        return try await withCheckedThrowingContinuation { continuation in
            pool.transaction(Patient()) {
                try $0.all(statement, repeat each values)
            } completion: {
                continuation.resume(with: $0)
            }
        }
    }

    func connect(uid: UInt32 = 1000, isOperator: Bool = false) -> Loopback {
        Loopback(dispatcher, peer: Peer(.uid(uid), isOperator: isOperator))
    }

    /// Registers somebody and logs him in.
    func login(_ name: String) async throws -> (id: String, token: String, refreshToken: String) {
        let connection = connect()
        let password = "correct horse battery"
        _ = try await connection.call(
            "auth.register", #"{"email":"\#(name)@example.org","password":"\#(password)","name":"\#(name)"}"#)
        let login = try await connection.call(
            "auth.login", #"{"email":"\#(name)@example.org","password":"\#(password)"}"#)
        let result = try #require(login["result"])
        return (
            try #require(result["user"]?["id"]?.string), try #require(result["accessToken"]?.string),
            try #require(result["refreshToken"]?.string)
        )
    }
}

/// Work of the test's own, for as long as it takes.
final class Patient: Interruptible {
    let deadlineNanoseconds = UInt64.max
    let isInterrupted = false

    func onInterruption(_ hook: @escaping @Sendable () -> Void) {}
}

extension JSON {
    /// The error code of the contract in a JSON-RPC answer.
    var errorCode: String? { self["error"]?["data"]?["error"]?["code"]?.string }
}
