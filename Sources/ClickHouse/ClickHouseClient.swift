import Egress
import Identifiers
import Resilience
import Synchronization

/// ClickHouse 24 or later, by its HTTP interface.
///
/// Statements are literals of this program, their values go beside them as ``ClickHouseParameter``. Nothing but the configured
/// origin is connected to, and redirects are not followed. Cancelling the task ends the connection and stops the statement at the server.
public final class ClickHouseClient: Sendable {
    public let configuration: ClickHouseConfiguration
    private let http: HTTPClient
    /// Statements that are being stopped.
    private let stopping = Atomic(0)

    private static let connectTimeoutMs = 5_000
    /// For stopping a statement, whose caller has gone already.
    private static let stopTimeoutMs = 5_000
    /// Beyond it the server's own check of the connection has to do.
    private static let maximumStopping = 16

    /// - Throws: ``ClickHouseFailure/unavailable(_:)`` when libcurl does not start.
    public init(_ configuration: ClickHouseConfiguration) throws(ClickHouseFailure) {
        self.configuration = configuration
        var settings = HTTPClient.Configuration(policy: configuration.policy)
        settings.authorities = configuration.authorities
        settings.maximumInFlight = 32
        settings.maximumIdleConnections = 8
        do throws(HTTPFailure) { http = try HTTPClient(settings) } catch { throw ClickHouseFailure(error) }
    }

    /// Fails what is under way. It returns at once.
    public func close() { http.close() }

    /// Asks, and waits for the whole answer.
    ///
    /// - Parameter sql: a SELECT without FORMAT.
    /// - Throws: also when the answer is cut off or ends in an exception: it never is merely shorter.
    public func query(
        _ sql: StaticString, _ parameters: [ClickHouseParameter] = [], limits: QueryLimits = QueryLimits()
    ) async throws(ClickHouseFailure) -> ClickHouseRows {
        var call = Call(timeoutMs: limits.milliseconds)
        call.settings =
            limits.settings + [
                // Of the two values that read only, the one that lets settings be sent along; a profile that reads only has it, too.
                ("readonly", "2"), ("cancel_http_readonly_queries_on_client_close", "1"),
                ("default_format", "JSONCompact"), ("output_format_json_quote_64bit_integers", "0"),
                ("output_format_json_quote_denormals", "0"),
            ]
        call.answerBytes = limits.answerBytes
        call.isRepeatable = true
        let response = try await send(call, StatementForm("\(sql)", parameters), hiding: parameters)
        guard let rows = ClickHouseRows(response.body) else {
            throw ServerException(inTailOf: response.body)?.without(hidden(parameters))
                ?? .unavailable(.unreadable)
        }
        return rows
    }

    /// Inserts rows and waits until they are written.
    ///
    /// - Parameters:
    ///   - table: its name as in SQL, columns behind it in parentheses where not all are given.
    ///   - rows: a line each, a list of values in the order of the columns; none are nothing to do.
    ///   - token: what these rows are told by: where the table keeps tokens (`non_replicated_deduplication_window`, or Replicated), the same
    ///     rows with the same token are there once, in its materialised views too.
    ///   - milliseconds: for all of it.
    public func insert(
        into table: StaticString, rows: [UInt8], token: String, milliseconds: Int = 30_000
    ) async throws(ClickHouseFailure) {
        guard !rows.isEmpty else { return }
        guard let body = await Gzip.compress(rows) else { throw .unusable("there is no memory") }
        guard body.count <= HTTPRequest.maximumSentBytes else {
            throw .unusable("the rows have more than \(HTTPRequest.maximumSentBytes) bytes, compressed")
        }
        var call = Call(timeoutMs: milliseconds)
        call.settings = [
            // A `StaticString`, written in the source: nothing of a caller can be in it.
            ("query", "INSERT INTO \(table) FORMAT JSONCompactEachRow"),
            ("max_execution_time", QueryLimits.seconds(milliseconds)), ("timeout_overflow_mode", "throw"),
            ("async_insert", "0"), ("insert_deduplicate", "1"), ("insert_deduplication_token", token),
            ("deduplicate_blocks_in_dependent_materialized_views", "1"),
            ("date_time_input_format", "best_effort"),
        ]
        call.isRepeatable = true
        let response = try await send(
            call, headers: [("Content-Encoding", "gzip"), ("Content-Type", "application/x-ndjson")], body
        ) { $0.withoutRows }
        guard response.body.isEmpty else {
            throw ServerException(inTailOf: response.body)?.withoutRows ?? .unavailable(.unreadable)
        }
        try requireConfirmation(response, of: call)
    }

    /// Carries out a statement that changes something, and waits until it is done on every replica: a deletion too.
    public func execute(
        _ sql: StaticString, _ parameters: [ClickHouseParameter] = [], milliseconds: Int = 60_000
    ) async throws(ClickHouseFailure) {
        try await execute("\(sql)", parameters, milliseconds)
    }

    /// Carries out a statement of a migration: of a file that comes with the program, never put together from values.
    public func execute(migration sql: String, milliseconds: Int = 600_000) async throws(ClickHouseFailure) {
        try await execute(sql, [], milliseconds)
    }

    private func execute(_ sql: String, _ parameters: [ClickHouseParameter], _ milliseconds: Int)
        async throws(ClickHouseFailure)
    {
        var call = Call(timeoutMs: milliseconds)
        call.settings = [
            ("max_execution_time", QueryLimits.seconds(milliseconds)), ("timeout_overflow_mode", "throw"),
            // 2: of all replicas. That of lightweight deletes is 2 by itself, and unknown to the oldest servers.
            ("mutations_sync", "2"),
        ]
        let response = try await send(call, StatementForm(sql, parameters), hiding: parameters)
        if let exception = ServerException(inTailOf: response.body) {
            throw exception.without(hidden(parameters))
        }
        try requireConfirmation(response, of: call)
    }

    /// Whatever stands between may answer 200 and nothing, too: only ClickHouse names the statement.
    private func requireConfirmation(_ response: HTTPResponse, of call: Call) throws(ClickHouseFailure) {
        guard response.headers["X-ClickHouse-Query-Id"] == call.id else { throw .unavailable(.unreadable) }
    }

    /// Whether it answers at all; it needs neither user nor database.
    public func ping(milliseconds: Int = 5_000) async throws(ClickHouseFailure) {
        var request = try request(.get, "/ping")
        request.timeoutMs = milliseconds
        let response = try await perform(request)
        guard response.status == 200, response.body.starts(with: "Ok.".utf8) else {
            throw failure(of: response) ?? .unavailable(.unreadable)
        }
    }

    /// As `26.5.1.1`.
    public func version(milliseconds: Int = 5_000) async throws(ClickHouseFailure) -> String {
        let rows = try await query("SELECT version()", limits: .within(milliseconds: milliseconds))
        guard let row = rows.first else { throw .unavailable(.unreadable) }
        return try row.text(0)
    }

    /// Which server it is.
    public func identity(milliseconds: Int = 5_000) async throws(ClickHouseFailure) -> ClickHouseIdentity {
        let rows = try await query(
            "SELECT toString(serverUUID()), displayName(), hostName(), toInt64(tcpPort()), version()",
            limits: .within(milliseconds: milliseconds))
        guard let row = rows.first, let uuid = UUID(try row.text(0)) else { throw .unavailable(.unreadable) }
        return ClickHouseIdentity(
            serverUUID: uuid, displayName: try row.text(1), hostName: try row.text(2),
            tcpPort: Int(clamping: try row.integer(3)), version: try row.text(4))
    }
}

/// What tells one server from another.
public struct ClickHouseIdentity: Sendable, Equatable {
    /// Made at its first start and kept below its data.
    public let serverUUID: UUID
    public let displayName: String
    public let hostName: String
    /// Of its own protocol.
    public let tcpPort: Int
    public let version: String
}

// MARK: - A call

extension ClickHouseClient {
    private struct Call {
        let id = UUID.random().description
        /// Of the server's work.
        let timeoutMs: Int
        var settings: [(name: String, value: String)] = []
        var answerBytes = 1 << 20
        var isRepeatable = false

        init(timeoutMs: Int) { self.timeoutMs = min(max(1, timeoutMs), 3_600_000 - QueryLimits.graceMs) }
    }

    private func send(_ call: Call, _ form: StatementForm, hiding parameters: [ClickHouseParameter])
        async throws(ClickHouseFailure) -> HTTPResponse
    {
        try await send(call, headers: [("Content-Type", form.contentType)], form.body) {
            $0.without(self.hidden(parameters))
        }
    }

    /// - Parameter show: what the caller gets to see of an exception.
    private func send(
        _ call: Call, headers: [(name: String, value: String)], _ body: [UInt8],
        show: (ServerException) -> ClickHouseFailure
    ) async throws(ClickHouseFailure) -> HTTPResponse {
        let own = [
            ("database", configuration.database), ("query_id", call.id),
            // The answer waits for the end of the query: then what fails has a status that says so.
            ("wait_end_of_query", "1"),
        ]
        let query = (own + call.settings).map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(
            separator: "&")
        var request = try request(.post, "/?" + query, headers: headers, body)
        request.timeoutMs = call.timeoutMs + QueryLimits.graceMs
        request.maximumBodyBytes = min(max(0, call.answerBytes), HTTPRequest.maximumReceivedBytes)
        request.isRepeatable = call.isRepeatable
        let response: HTTPResponse
        do throws(HTTPFailure) {
            response = try await http.send(request)
        } catch {
            if error.mayHaveBeenSent, error.reason == .cancelled || error.reason == .timeout { stop(call.id) }
            throw ClickHouseFailure(error)
        }
        if let exception = ServerException(in: response) { throw show(exception) }
        if let failure = failure(of: response) { throw failure }
        return response
    }

    private func request(
        _ method: HTTPRequest.Method, _ target: String, headers: [(name: String, value: String)] = [],
        _ body: [UInt8] = []
    ) throws(ClickHouseFailure) -> HTTPRequest {
        do throws(HTTPFailure) {
            var request = try HTTPRequest(
                method, configuration.origin + target, headers: configuration.headers + headers, body: body)
            request.maximumRedirects = 0
            request.connectTimeoutMs = ClickHouseClient.connectTimeoutMs
            return request
        } catch {
            throw ClickHouseFailure(error)
        }
    }

    private func perform(_ request: HTTPRequest) async throws(ClickHouseFailure) -> HTTPResponse {
        do throws(HTTPFailure) { return try await http.send(request) } catch {
            throw ClickHouseFailure(error)
        }
    }

    /// Of an answer without an exception in it.
    private func failure(of response: HTTPResponse) -> ClickHouseFailure? {
        guard response.status != 200 else { return nil }
        let wait = response.headers["Retry-After"].flatMap {
            RetryAfter.seconds(parsing: $0, unixSeconds: Timestamp.now.seconds)
        }
        return .unavailable(.status(response.status, retryAfterSeconds: wait))
    }

    private func hidden(_ parameters: [ClickHouseParameter]) -> [String] {
        parameters.flatMap(\.hidden) + [configuration.user, configuration.password].compactMap { $0 }
    }

    /// Tells the server that nobody waits for this statement any more. Nobody waits for this, either: it is bounded in number and in
    /// time, ends with the client's connections, and where it fails the server has its own limits.
    private func stop(_ id: String) {
        guard stopping.add(1, ordering: .relaxed).newValue <= ClickHouseClient.maximumStopping else {
            stopping.subtract(1, ordering: .relaxed)
            return
        }
        Task {
            defer { stopping.subtract(1, ordering: .relaxed) }
            try? await stopNow(id)
        }
    }

    private func stopNow(_ id: String) async throws(ClickHouseFailure) {
        let form = try StatementForm(
            "KILL QUERY WHERE query_id = {id:String} ASYNC", [.text("id", id)])
        var request = try request(
            .post, "/?database=\(PercentEncoding.encode(configuration.database))",
            headers: [("Content-Type", form.contentType)], form.body)
        request.timeoutMs = ClickHouseClient.stopTimeoutMs
        _ = try await perform(request)
    }
}
