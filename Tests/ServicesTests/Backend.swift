import AnalyticsStores
import Cryptography
import Egress
import Foundation
import JSON
import Mail
import Postgres
import RPC
import Services
import TestSupport
import Testing

/// A whole backend on a database of its own, and connections to it.
final class Backend: Sendable {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// Of the owner, whom row level security does not bind.
    let conninfo: String
    /// The daemon's.
    let pool: Pool
    let platform: Platform
    private let tokens: Tokens
    private let masterKeys: WatchedKeys
    private let signingKeys: WatchedKeys
    private let dispatcher: Dispatcher
    var registry: Registry { dispatcher.registry }

    /// Another daemon on the same database, with the same keys.
    convenience init(
        sharing other: Backend, masterKeys: WatchedKeys? = nil, webhooks: HTTPClient? = nil,
        providers: ProviderSetup? = nil, shared: SharedMemory? = nil,
        methods: (Platform) -> [Method] = { _ in [] }
    ) throws {
        try self.init(
            masterKeys: masterKeys ?? other.masterKeys, signingKeys: other.signingKeys, webhooks: webhooks,
            conninfo: other.conninfo, providers: providers, shared: shared, methods: methods)
    }

    /// The manifests that are shipped; nobody is called.
    private static let shipped = Result {
        ProviderSetup(catalog: try ProviderCatalog(ManifestFolder(Backend.root + "/providers")))
    }

    /// Where analytics is kept for all tests that do not say otherwise: workspaces tell them apart.
    private static let analyticsStore = Result {
        try Backend.makeAnalyticsStore(on: TestCluster.analytics.get().freshDatabase())
    }

    /// - Parameter conninfo: of an empty database.
    static func makeAnalyticsStore(on conninfo: String) throws -> PostgresAnalytics {
        try Migrator(
            conninfo: conninfo, files: MigrationFile.read(folder: Backend.root + "/migrations/analytics")
        ).up()
        return PostgresAnalytics(conninfo: conninfo)
    }

    init(
        rates: Rates = Rates(auth: .off, general: .off), registrationIsOpen: Bool = true,
        masterKeys: WatchedKeys? = nil, signingKeys: WatchedKeys? = nil,
        mail: (transport: any MailTransport, settings: MailSettings)? = nil, webhooks: HTTPClient? = nil,
        conninfo existing: String? = nil, proxy: CuttingProxy? = nil, providers: ProviderSetup? = nil,
        analytics: (store: any AnalyticsStore, settings: Replicator.Settings)? = nil,
        shared: SharedMemory? = nil, replica: Replica? = nil, methods: (Platform) -> [Method] = { _ in [] }
    ) throws {
        conninfo = try existing ?? TestCluster.shared.get().freshDatabase()
        try Migrator(conninfo: conninfo, files: MigrationFile.read(folder: Backend.root + "/migrations")).up()
        let daemons = TestCluster.daemon(conninfo)
        pool = Pool(
            PoolConfiguration(
                conninfo: proxy.map { TestCluster.through($0.directory, daemons) } ?? daemons, size: 4))
        let first = try #require(NumberedKeys(file: NumberedKeys.makeLine(number: 1)))
        self.masterKeys = try masterKeys ?? WatchedKeys(first)
        self.signingKeys = try signingKeys ?? WatchedKeys(first)
        tokens = try Tokens(keys: self.signingKeys)
        platform = Platform(
            pool: pool, passwords: PasswordWorkers(count: 2), tokens: tokens,
            masterKeys: self.masterKeys, mail: mail, webhooks: webhooks,
            registrationIsOpen: registrationIsOpen, providers: try providers ?? Backend.shipped.get(),
            analytics: AnalyticsService(
                store: try analytics?.store ?? Backend.analyticsStore.get(),
                directURL: analytics == nil ? nil : daemons, analytics?.settings ?? Replicator.Settings()),
            shared: shared, replica: replica)
        let metrics = CallMetrics()
        let system = System(
            version: "1", commit: "test", limits: Limits(), pool: pool, metrics: metrics,
            platform: platform)
        var limits = Limits()
        // How busy the machine is with all tests at once is no test's question.
        limits.defaultTimeoutMs = 300_000
        dispatcher = Dispatcher(
            registry: try Registry(system.methods + platform.methods + methods(platform)), limits: limits,
            rates: rates, authenticator: tokens, shared: shared?.rates, observer: metrics.record)
    }

    /// Connections are few, and tests are many.
    deinit {
        DispatchQueue.global().async { [pool] in pool.close(within: 5) }
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
        Loopback(dispatcher, peer: Peer(.uid(uid), isOperator: isOperator), of: self)
    }

    /// As a client of the HTTP adapter.
    func connect(ip: String, agent: String? = nil) -> Loopback {
        Loopback(dispatcher, peer: Peer(.ip(ip), isOperator: false, agent: agent), of: self)
    }

    /// Registers somebody and logs him in.
    func login(_ name: String) async throws -> (id: String, token: String, refreshToken: String) {
        let connection = connect()
        let password = "correct horse battery"
        let made = try await connection.call(
            "auth.register", #"{"email":"\#(name)@example.org","password":"\#(password)","name":"\#(name)"}"#)
        #expect(made["result"] != nil || made.errorCode == "CONFLICT", "\(made.source)")
        let login = try await connection.call(
            "auth.login", #"{"email":"\#(name)@example.org","password":"\#(password)"}"#)
        let result = try #require(login["result"], "\(login.source)")
        return (
            try #require(result["user"]?["id"]?.string), try #require(result["accessToken"]?.string),
            try #require(result["refreshToken"]?.string)
        )
    }
}

extension Loopback {
    /// A record named `r`. - Returns: its id.
    func makeRecord(in workspace: String, token: String? = nil) async throws -> String {
        let w = #""workspaceId":"\#(workspace)""#
        _ = try await call(
            "records.bulkUpsert", #"{\#(w),"records":[{"externalId":"r","fields":{"city":"Rome"}}]}"#,
            token: token)
        let page = try await call("records.list", "{\(w)}", token: token)
        return try #require(page["result"]?["items"]?[0]?["id"]?.string, "\(page.source)")
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
