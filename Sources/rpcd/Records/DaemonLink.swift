import ArgumentParser
import JSON
import Resilience
import Transports

/// Why the daemon refused a call.
struct DaemonError: Error, CustomStringConvertible {
    /// As `VALIDATION_ERROR`.
    let code: String
    let message: String
    let details: JSON?

    /// - Parameter error: the `error` of an answer.
    init(_ error: JSON) {
        let envelope = error["data"]?["error"]
        code = envelope?["code"]?.string ?? error["code"]?.source ?? ""
        message = error["message"]?.string ?? ""
        details = envelope?["details"]
    }

    /// Whether the same call may succeed a little later.
    var passes: Bool { ["SERVICE_UNAVAILABLE", "TIMEOUT", "RATE_LIMIT_EXCEEDED"].contains(code) }

    var description: String { "\(code): \(message)" + (details.map { "\n" + $0.source } ?? "") }
}

/// Calls to a daemon, several at once if need be, for work that outlives its restarts: what is sent has to be such that it may be sent again.
final class DaemonLink {
    private let path: String
    private let token: String?
    private var client: UnixSocketClient
    private var lastID = 0
    private var failures = 0
    private var succeededAt = MonotonicClock.now
    private var random = SystemRandomNumberGenerator()

    /// The longest that a call may take; the daemon's own default limit.
    private static let callTimeoutMs: Int64 = 60_000
    /// A daemon that says nothing for longer has gone.
    private static let silenceSeconds = 90
    /// For how long nothing may succeed.
    private static let patienceNanoseconds: UInt64 = 120_000_000_000
    private static let backoff = Backoff(baseNanoseconds: 100_000_000, capNanoseconds: 5_000_000_000)

    /// - Throws: the exit status 2, having told why, when there is no daemon.
    init(path: String, token: String?) throws {
        self.path = path
        self.token = token
        do {
            client = try UnixSocketClient(path: path, timeoutSeconds: DaemonLink.silenceSeconds)
        } catch {
            DaemonCall.tellUnreachable(error)
            throw DaemonCall.unreachable
        }
    }

    /// - Parameter params: writes the members of the params.
    /// - Returns: the id under which the answer comes.
    func send(
        _ method: StaticString, reserving bytes: Int = 256, params: (inout JSONWriter) -> Void
    ) throws(SocketError) -> Int {
        lastID += 1
        var writer = JSONWriter(reserving: bytes + 512)
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("id")
        writer.int(lastID)
        writer.key("method")
        writer.string("\(method)")
        writer.key("params")
        writer.beginObject()
        params(&writer)
        writer.key("_meta")
        writer.beginObject()
        if let token {
            writer.key("token")
            writer.string(token)
        }
        writer.key("timeoutMs")
        writer.int(DaemonLink.callTimeoutMs)
        writer.endObject()
        writer.endObject()
        writer.endObject()
        try client.send(writer.bytes)
        try client.send([UInt8(ascii: "\n")])
        return lastID
    }

    /// The next answer, whichever it belongs to.
    func answer() throws -> (id: Int?, outcome: Result<JSON, DaemonError>) {
        while true {
            guard let line = try client.line() else { throw SocketError.closed(path) }
            let message = try JSON.parse(line, maxDepth: 512)
            // What is no answer is a notification.
            guard let id = message["id"] else { continue }
            let number = id.int64.map(Int.init)
            if let error = message["error"] { return (number, .failure(DaemonError(error))) }
            guard let result = message["result"] else { continue }
            failures = 0
            succeededAt = MonotonicClock.now
            return (number, .success(result))
        }
    }

    /// Waits until what has failed may be tried again.
    /// - Throws: the error, when nothing has succeeded for too long.
    func rest(after error: DaemonError) async throws {
        guard isPatient else { throw error }
        let wanted = (error.details?["retryAfterMs"]?.int64).map {
            UInt64(max(0, min($0, 120_000))) * 1_000_000
        }
        let pause = DaemonLink.backoff.delayNanoseconds(attempt: failures, using: &random)
        failures += 1
        try await Task.sleep(nanoseconds: max(wanted ?? 0, pause))
    }

    /// Connects again, as often as it takes. What was sent and not answered has to be sent anew.
    /// - Throws: the exit status 2, having told why, when the daemon stays away for too long.
    func reconnect(after error: SocketError) async throws {
        var error = error
        while isPatient {
            let pause = DaemonLink.backoff.delayNanoseconds(attempt: failures, using: &random)
            failures += 1
            try await Task.sleep(nanoseconds: pause)
            do {
                client = try UnixSocketClient(path: path, timeoutSeconds: DaemonLink.silenceSeconds)
                return
            } catch let failure {
                error = failure
            }
        }
        DaemonCall.tellUnreachable(error)
        throw DaemonCall.unreachable
    }

    private var isPatient: Bool { MonotonicClock.now - succeededAt < DaemonLink.patienceNanoseconds }
}
