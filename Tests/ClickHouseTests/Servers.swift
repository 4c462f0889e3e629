import Egress
import TestSupport
import Testing

@testable import ClickHouse

/// How long a test waits for what will come: on a busy machine, long.
enum Patience {
    static let milliseconds = 120_000
}

extension ClickHouseClient {
    /// A query with patience.
    func ask(_ sql: StaticString, _ parameters: [ClickHouseParameter] = []) async throws(ClickHouseFailure)
        -> ClickHouseRows
    {
        try await query(sql, parameters, limits: .within(milliseconds: Patience.milliseconds))
    }

    /// One on this URL, which has to be one.
    static func forTests(_ url: String) throws -> ClickHouseClient {
        try ClickHouseClient(try #require(ClickHouseConfiguration(url: url)))
    }

    /// One on an empty database, on the server that the tests share.
    static func onFreshDatabase() async throws -> ClickHouseClient {
        try forTests(try await ClickHouseServer.shared().freshDatabase())
    }
}

/// A client, a proxy that breaks what it says, and the shared server, on an empty database.
struct BrokenWay {
    let client: ClickHouseClient
    let proxy: FaultProxy

    init() async throws {
        let server = try await ClickHouseServer.shared()
        proxy = try await FaultProxy(to: server.port)
        let database = try await server.freshDatabase().split(separator: "/").last.map(String.init)
        client = try .forTests(server.url(database: try #require(database), port: proxy.port))
    }
}

/// What it fails with; nil when it does not.
func failure(_ body: () async throws -> Void) async -> ClickHouseFailure? {
    do {
        try await body()
        return nil
    } catch {
        return error as? ClickHouseFailure
    }
}

extension ClickHouseFailure {
    /// Of an exception.
    var code: Int? { if case .refused(let code, _) = self { code } else { nil } }
    var message: String { if case .refused(_, let message) = self { message } else { "" } }
    var isUnavailable: Bool { if case .unavailable = self { true } else { false } }
    var reason: HTTPFailure.Reason? {
        if case .unavailable(.connection(let failure)) = self { failure.reason } else { nil }
    }
}
