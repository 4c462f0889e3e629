import CPostgres
import Glibc
import Resilience

/// One libpq connection in pipeline mode, used by one thread at a time. It waits in poll(2) with a bound, never inside libpq, so
/// neither a frozen server nor a lost network holds its thread.
final class Connection {
    /// A statement with its values, on its way.
    struct Command {
        let sql: StaticString
        let values: [String?]
        /// How many rows it has to touch; anything else is an error.
        var expectedRows: Int?

        /// - Throws: `.parameter` for what PostgreSQL cannot hold.
        func check() throws(PostgresError) {
            for case var value? in values where value.withUTF8({ $0.contains(0) }) {
                throw PostgresError(
                    .parameter, "text with a NUL character cannot be stored", statement: sql.excerpt)
            }
        }
    }

    /// A statement, and how many rows it has to touch: the server itself holds it to that, for its answer may come after COMMIT.
    struct Preparation: Hashable {
        let text: UnsafePointer<UInt8>
        let rows: Int?

        init(_ command: Command) {
            (text, rows) = (command.sql.utf8Start, command.expectedRows)
        }

        /// Another number of rows divides by zero, and everything is undone. Nothing of a caller can be in it: the statement is a
        /// `StaticString`, written in the source, and the number is an integer that the source gives with it.
        func sql(_ text: StaticString) -> String {
            guard let rows else { return text.description }
            return "WITH touched AS (\(text) RETURNING 1) SELECT 1 / (count(*) = \(rows))::int FROM touched"
        }
    }

    /// What the next result of the pipeline belongs to.
    enum Expected {
        case preparation(Preparation, name: String)
        case command(StaticString, expectedRows: Int?, take: ((OpaquePointer) throws -> Void)? = nil)
        /// Of this library's own, in every transaction where there are no sessions.
        case setting
    }

    private let handle: OpaquePointer
    private let canceller: Canceller
    private let server: Server
    /// The server's, when this began to connect.
    private let generation: UInt64
    private let wakeup: Wakeup
    /// The names of the statements that this connection has prepared, by where their text stands in the program.
    private var prepared: [Preparation: String] = [:]
    private var preparations = 0
    private var expected: [Expected] = []
    private(set) var isBroken = false
    /// Whether the server was found here to take no changes any more.
    private(set) var isDemoted = false
    /// Whether the present transaction is one that changes something.
    var isForChanges = true
    /// What bounds the present work.
    private var bound: (any Interruptible)?

    /// Ends when the connection has been freed.
    var presence: Presence?

    /// How long a cancelled statement may take to end before the connection is given up.
    private static let cancelGrace: UInt64 = 1_000_000_000
    /// Connects within `timeoutNanoseconds`. Throws `.notConnected`.
    init(_ server: Server, canceller: Canceller, timeoutNanoseconds: UInt64) throws(PostgresError) {
        wakeup = try Wakeup()
        self.canceller = canceller
        self.server = server
        generation = server.generation
        handle = try Connection.open(server, timeoutNanoseconds: timeoutNanoseconds)
        if server.pooling == .none { try script(SessionSettings.script) }
        guard PQenterPipelineMode(handle) == 1 else {
            throw PostgresError(.notConnected, Connection.message(handle))
        }
    }

    /// To the server itself, as one session.
    convenience init(
        _ conninfo: String, canceller: Canceller, timeoutNanoseconds: UInt64
    ) throws(PostgresError) {
        try self.init(Server(conninfo), canceller: canceller, timeoutNanoseconds: timeoutNanoseconds)
    }

    deinit { PQfinish(handle) }

    /// Runs several statements without values by the simple protocol, before or outside pipeline mode.
    func script(_ sql: String) throws(PostgresError) {
        let inPipeline = PQpipelineStatus(handle) != PQ_PIPELINE_OFF
        if inPipeline { PQexitPipelineMode(handle) }
        guard PQsendQuery(handle, sql) == 1 else { throw lost(.connectionLost) }
        var failure: PostgresError?
        while let result = try nextResult(.connectionLost) {
            defer { PQclear(result) }
            if PQresultStatus(result) == PGRES_FATAL_ERROR, failure == nil {
                failure = serverError(result, nil)
            }
        }
        if inPipeline, PQenterPipelineMode(handle) != 1 { throw lost(.connectionLost) }
        if let failure { throw failure }
    }

    // MARK: pipelines

    /// Has `bound` stop what runs from here on; `nil` lifts it.
    func setBound(_ bound: (any Interruptible)?) {
        self.bound = bound
        wakeup.lower()
        bound?.onInterruption { [wakeup] in wakeup.raise() }
    }

    /// Adds a command to the pipeline. It is sent with ``exchange(_:read:)``.
    /// - Parameter take: gets its result, when that comes.
    func add(_ command: Command, take: ((OpaquePointer) throws -> Void)? = nil) throws(PostgresError) {
        try command.check()
        let key = Preparation(command)
        guard isSession else {
            guard send(.text(key.sql(command.sql)), command.values) else { throw lost(.connectionLost) }
            expected.append(.command(command.sql, expectedRows: command.expectedRows, take: take))
            return
        }
        let name: String
        if let known = prepared[key] ?? nameUnderPreparation(of: key) {
            name = known
        } else {
            preparations += 1
            name = "s\(preparations)"
            guard PQsendPrepare(handle, name, key.sql(command.sql), 0, nil) == 1 else {
                throw lost(.connectionLost)
            }
            expected.append(.preparation(key, name: name))
        }
        guard send(.prepared(name), command.values) else { throw lost(.connectionLost) }
        expected.append(.command(command.sql, expectedRows: command.expectedRows, take: take))
    }

    /// Adds what a session would have had set from its beginning: the first statement of a transaction.
    func addSettings(_ sql: StaticString) throws(PostgresError) {
        guard send(.text(sql.description), []) else { throw lost(.connectionLost) }
        expected.append(.setting)
    }

    private func nameUnderPreparation(of key: Preparation) -> String? {
        for case .preparation(key, let name) in expected { return name }
        return nil
    }

    private enum Sent {
        case prepared(String)
        /// Parsed, planned and forgotten.
        case text(String)
    }

    private func send(_ what: Sent, _ values: [String?]) -> Bool {
        // One block of memory for all of them, each with its NUL.
        var texts: [UInt8] = []
        var starts: [Int?] = []
        for value in values {
            starts.append(value == nil ? nil : texts.count)
            guard let value else { continue }
            texts.append(contentsOf: value.utf8)
            texts.append(0)
        }
        return texts.withUnsafeBytes { texts in
            let pointers = starts.map { start in
                start.flatMap { texts.baseAddress?.advanced(by: $0).assumingMemoryBound(to: CChar.self) }
            }
            let count = Int32(values.count)
            switch what {
            case .prepared(let name):
                return PQsendQueryPrepared(handle, name, count, pointers, nil, nil, 1) == 1
            case .text(let sql):
                return PQsendQueryParams(handle, sql, count, nil, pointers, nil, nil, 1) == 1
            }
        }
    }

    /// Sends what was added and reads every answer. `read` gets the result of the last command.
    /// - Parameter loss: what a broken connection means here: after COMMIT, nobody knows.
    func exchange<Value>(
        loss: PostgresError.Kind = .connectionLost, read: (OpaquePointer) throws -> Value
    ) throws -> Value {
        guard PQpipelineSync(handle) == 1 else { throw lost(loss) }
        let expected = self.expected
        self.expected = []
        var failure: (any Error)?
        var value: Value?
        for (index, entry) in expected.enumerated() {
            guard let result = try nextResult(loss) else { throw lost(loss) }
            defer { PQclear(result) }
            do {
                try check(result, entry)
                if case .command(_, _, let take?) = entry { try take(result) }
                if index == expected.count - 1 { value = try read(result) }
            } catch {
                failure = failure ?? Connection.meaning(of: error, loss)
            }
            while let extra = try nextResult(loss) { PQclear(extra) }
        }
        guard let sync = try nextResult(loss) else { throw lost(loss) }
        PQclear(sync)
        if let failure { throw failure }
        guard let value else { throw lost(loss) }
        return value
    }

    func check(_ result: OpaquePointer, _ entry: Expected) throws(PostgresError) {
        let status = PQresultStatus(result)
        switch entry {
        case .preparation(let key, let name):
            guard status == PGRES_COMMAND_OK else { throw serverError(result, nil) }
            prepared[key] = name
        case .setting:
            guard status == PGRES_TUPLES_OK else { throw serverError(result, nil) }
        case .command(let sql, let expectedRows, _):
            guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else {
                let error = serverError(result, sql)
                guard expectedRows != nil, error.kind == .server(.divisionByZero) else { throw error }
                throw PostgresError(.rowCount, "another number of rows than expected", statement: sql.excerpt)
            }
        }
    }

    // MARK: for a thread that does not wait

    var socket: Int32 { PQsocket(handle) }

    /// Ends a batch of commands, whose results come when they come.
    /// - Returns: what they will belong to.
    func sync() throws(PostgresError) -> [Expected] {
        guard PQpipelineSync(handle) == 1 else { throw lost(.connectionLost) }
        defer { expected = [] }
        return expected
    }

    /// Sends what can be sent. Returns whether some is left.
    func flush() throws(PostgresError) -> Bool {
        let unsent = PQflush(handle)
        guard unsent >= 0 else { throw lost(.connectionLost) }
        return unsent == 1
    }

    func consumeInput() throws(PostgresError) {
        guard PQconsumeInput(handle) == 1 else { throw lost(.connectionLost) }
    }

    /// Whether ``takeResult()`` would have to wait.
    var isBusy: Bool { PQisBusy(handle) == 1 }

    /// The next result; `nil` between those of two commands. The caller clears it.
    func takeResult() -> OpaquePointer? { PQgetResult(handle) }

    /// What a session has notified, in order; `nil` when nothing is left.
    func takeNotification() -> (channel: String, payload: String)? {
        guard let notification = PQnotifies(handle) else { return nil }
        defer { PQfreemem(notification) }
        return (String(cString: notification.pointee.relname), String(cString: notification.pointee.extra))
    }

    /// Returns whether something has arrived within the time.
    func waitForInput(milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&entry, 1, milliseconds) > 0
    }

    static func affectedRows(_ result: OpaquePointer) -> Int {
        PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0
    }

    // MARK: transactions

    /// Whether statements and settings last as long as the connection.
    var isSession: Bool { server.pooling == .none }

    /// The process that serves this connection; of a pooler's own making where there is one.
    var serverProcess: Int32 { PQbackendPID(handle) }

    /// Whether the server was found to take no changes any more since this began to connect.
    var isOutdated: Bool { server.generation != generation }

    /// Whether the server has not closed an idle connection, as far as this side has heard, and is still the right one.
    func isStillOpen() -> Bool {
        if isOutdated { isBroken = true }
        var entry = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        if Glibc.poll(&entry, 1, 0) != 0, PQconsumeInput(handle) != 1 { isBroken = true }
        return !isBroken && PQstatus(handle) == CONNECTION_OK
    }

    var isIdle: Bool { !isBroken && PQtransactionStatus(handle) == PQTRANS_IDLE }

    /// Ends whatever is open, bounded by the grace of a cancel. Afterwards the connection is idle or broken.
    func rollback() {
        setBound(nil)
        do {
            if !expected.isEmpty { try? exchange { _ in } }
            guard !isBroken, PQtransactionStatus(handle) != PQTRANS_IDLE else { return }
            isForChanges = true
            try add(Command(sql: "ROLLBACK", values: []))
            try exchange { _ in }
        } catch {
            isBroken = true
        }
        if !isIdle { isBroken = true }
    }

    // MARK: waiting

    /// The next result, waiting for it no longer than the present work may.
    private func nextResult(_ loss: PostgresError.Kind) throws(PostgresError) -> OpaquePointer? {
        var giveUp: UInt64?
        while true {
            let unsent = PQflush(handle)
            guard unsent >= 0 else { throw lost(loss) }
            if PQisBusy(handle) == 0 { return PQgetResult(handle) }
            let now = MonotonicClock.now
            if let giveUp, now >= giveUp {
                isBroken = true
                throw PostgresError(
                    loss == .outcomeUnknown ? loss : .interrupted, "the server did not answer in time")
            }
            if giveUp == nil, loss != .outcomeUnknown, let bound,
                bound.isInterrupted || now >= bound.deadlineNanoseconds
            {
                canceller.cancel(PQgetCancel(handle), waitNanoseconds: Connection.cancelGrace)
                giveUp = MonotonicClock.now + Connection.cancelGrace
                continue
            }
            if giveUp == nil, loss == .outcomeUnknown || bound == nil {
                giveUp = now + 10 * Connection.cancelGrace
            }
            _ = Connection.poll(
                [(PQsocket(handle), unsent == 1 ? POLLIN | POLLOUT : POLLIN), (wakeup.descriptor, POLLIN)],
                until: giveUp ?? bound?.deadlineNanoseconds ?? now + Connection.cancelGrace)
            // Raised for this work, the loop sees it at its top; raised for work that has ended, it means nothing.
            wakeup.lower()
            guard PQconsumeInput(handle) == 1 else {
                // A pooler may answer the cancel of what waits by closing the connection.
                throw lost(giveUp != nil && loss != .outcomeUnknown && bound != nil ? .interrupted : loss)
            }
        }
    }

    // MARK: errors

    private func lost(_ kind: PostgresError.Kind) -> PostgresError {
        isBroken = true
        return PostgresError(kind, Connection.message(handle))
    }

    /// What a server or a pooler that goes away says after COMMIT was sent tells nothing of the transaction.
    private static func meaning(of error: any Error, _ loss: PostgresError.Kind) -> any Error {
        guard loss == .outcomeUnknown, let error = error as? PostgresError,
            case .server(let state) = error.kind, state.leavesOutcomeOpen
        else { return error }
        return PostgresError(loss, error.message, statement: error.statement)
    }

    private func serverError(_ result: OpaquePointer, _ sql: StaticString?) -> PostgresError {
        func field(_ code: Int32) -> String? { PQresultErrorField(result, code).map { String(cString: $0) } }
        if PQresultStatus(result) == PGRES_PIPELINE_ABORTED {
            return PostgresError(.aborted, "an earlier statement failed", statement: sql?.excerpt)
        }
        guard let state = field(rpcd_diag_sqlstate).map(SQLState.init) else { return lost(.connectionLost) }
        if state.isAboutTheServer { isBroken = true }
        if state == .readOnlyTransaction, isForChanges {
            (isBroken, isDemoted) = (true, true)
            server.demoted(in: generation)
            return PostgresError(
                .connectionLost, "the server takes no changes any more", statement: sql?.excerpt)
        }
        let stopped =
            state == .queryCanceled
            && bound.map { $0.isInterrupted || MonotonicClock.now >= $0.deadlineNanoseconds } ?? false
        return PostgresError(
            stopped ? .interrupted : .server(state), field(rpcd_diag_message) ?? "", statement: sql?.excerpt,
            constraint: field(rpcd_diag_constraint), table: field(rpcd_diag_table),
            column: field(rpcd_diag_column))
    }
}
