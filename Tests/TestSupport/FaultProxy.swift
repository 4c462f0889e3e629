import Foundation
import JSON

/// Stands between an HTTP client and an HTTP server and breaks what the test says (Tests/ClickHouseServer/proxy.py).
public final class FaultProxy: Sendable {
    public enum Fault: Sendable {
        /// The port is closed.
        case refuse
        /// A reset after so many bytes of the request's body, which is not forwarded.
        case resetRequest(bytes: Int)
        /// The request takes effect; its answer is lost.
        case loseAnswer
        /// A reset after so many bytes of the answer's body.
        case resetAnswer(bytes: Int)
        case hang
        case delay(milliseconds: Int)
        case status(Int, retryAfter: Int? = nil)
        /// What ClickHouse answers to a statement that fails.
        case exception(Int, String)
        /// Status 200, half of the answer, an exception, and a proper end: as ClickHouse before 25.11.
        case exceptionInTail(Int, String)
        /// Status 200, half of the answer, an exception, and no end: as ClickHouse since.
        case exceptionInTag(Int, String)
        case garbage

        var words: [(String, String)] {
            switch self {
            case .refuse: [("kind", "refuse")]
            case .resetRequest(let bytes): [("kind", "reset-request"), ("bytes", String(bytes))]
            case .loseAnswer: [("kind", "lose-answer")]
            case .resetAnswer(let bytes): [("kind", "reset-answer"), ("bytes", String(bytes))]
            case .hang: [("kind", "hang")]
            case .delay(let milliseconds): [("kind", "delay"), ("ms", String(milliseconds))]
            case .status(let code, let wait):
                [("kind", "status"), ("code", String(code))]
                    + (wait.map { [("retry-after", String($0))] } ?? [])
            case .exception(let code, let text):
                [("kind", "exception"), ("code", String(code)), ("text", text)]
            case .exceptionInTail(let code, let text):
                [("kind", "tail"), ("code", String(code)), ("text", text)]
            case .exceptionInTag(let code, let text):
                [("kind", "tag"), ("code", String(code)), ("text", text)]
            case .garbage: [("kind", "garbage")]
            }
        }
    }

    public struct Counts: Sendable {
        public let connections: Int
        public let requests: Int
        public let faults: Int
        /// The last requests: their first line, then headers and the beginning of the body.
        public let seen: [(line: String, text: String)]
    }

    private let process: ServedProcess
    public let port: Int
    private let control: Int

    /// - Parameter port: of the server, on 127.0.0.1.
    public init(to port: Int) async throws {
        process = try ServedProcess(
            "/usr/bin/env", ["python3", ClickHouseServer.scripts + "proxy.py", "127.0.0.1:\(port)"])
        let ports = try await process.readyLine().split(separator: " ").compactMap {
            $0.split(separator: ":").last.flatMap { Int($0) }
        }
        guard ports.count == 2 else { throw ServedProcess.Failure(description: "two ports were to come") }
        (self.port, control) = (ports[0], ports[1])
    }

    /// - Parameters:
    ///   - times: how many requests meet it; nil is until it is changed.
    ///   - match: only requests that have this in them.
    public func set(_ fault: Fault, times: Int? = nil, match: String = "") async throws {
        let words = fault.words + [("times", String(times ?? 0)), ("match", match)]
        let query = words.map { "\($0.0)=\(FaultProxy.encode($0.1))" }.joined(separator: "&")
        _ = try await LocalHTTP.send("PUT", "/fault?\(query)", port: control)
    }

    /// Everything is forwarded again, and what hangs is cut.
    public func clear() async throws { _ = try await LocalHTTP.send("DELETE", "/fault", port: control) }

    public func counts() async throws -> Counts {
        let state = try await JSON.parse(LocalHTTP.send("GET", "/state", port: control))
        func count(_ name: String) -> Int { Int(state[name]?.int64 ?? 0) }
        let seen = state["seen"].map { Array($0.elements) } ?? []
        return Counts(
            connections: count("connections"), requests: count("requests"), faults: count("faults"),
            seen: seen.map { ($0["line"]?.string ?? "", $0["text"]?.string ?? "") })
    }

    /// Waits until a request has been seen of which this is true, and gives it back.
    public func sees(_ isIt: (_ line: String, _ text: String) -> Bool) async throws -> (
        line: String, text: String
    ) {
        for _ in 0..<24_000 {
            if let request = try await counts().seen.first(where: { isIt($0.line, $0.text) }) {
                return request
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw ServedProcess.Failure(description: "no such request has come")
    }

    private static func encode(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            let digits = String(byte, radix: 16)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (digits.count < 2 ? "0" : "") + digits
        }.joined()
    }
}

/// One request to a port of this host.
enum LocalHTTP {
    /// - Returns: the body of the answer.
    /// - Throws: when the status is not 200.
    static func send(_ method: String, _ target: String, port: Int, headers: [String] = [], body: String = "")
        async throws -> String
    {
        let socket = try RawSocket(port: port)
        let lines =
            ["\(method) \(target) HTTP/1.1", "Host: 127.0.0.1", "Connection: close"] + headers
            + ["Content-Length: \(body.utf8.count)", "", body]
        try await socket.send(lines.joined(separator: "\r\n"))
        let answer = try await socket.receiveAll()
        guard answer.split(separator: " ").dropFirst().first == "200",
            let end = answer.range(of: "\r\n\r\n")
        else { throw ServedProcess.Failure(description: "\(method) \(target): \(answer.prefix(500))") }
        return String(answer[end.upperBound...])
    }
}
