import Foundation
import TestSupport
import Testing

@testable import Egress

/// A server of the folder `servers` as a process of its own.
struct HostileServer: Sendable {
    let process: ServedProcess
    let port: Int

    struct Ended: Error {
        let description: String
    }

    /// - Parameter addresses: where it listens, all on one port.
    init(_ addresses: String..., tls: Certificate? = nil, isQuiet: Bool = false) async throws {
        let options = (isQuiet ? ["--quiet"] : []) + (tls.map { ["--tls", $0.file, $0.keyFile] } ?? [])
        try await self.init("hostile.py", options + addresses)
    }

    init(http2 certificate: Certificate) async throws {
        try await self.init("http2.py", [certificate.file, certificate.keyFile])
    }

    private init(_ script: String, _ arguments: [String]) async throws {
        process = try ServedProcess(
            "/usr/bin/env", ["python3", Project.root + "/Tests/EgressTests/servers/" + script] + arguments)
        let words = try await process.readyLine().split(separator: " ")
        port = try #require(words.last.flatMap { Int($0) })
    }

    /// Waits for it to say a line that begins so.
    @discardableResult
    func says(_ beginning: String) async throws -> String {
        while let line = try await process.stream.line() {
            let text = String(decoding: line, as: UTF8.self)
            if text.hasPrefix(beginning) { return text }
        }
        throw Ended(description: process.errors)
    }

    /// How many connections and requests there have been.
    func counts() async throws -> (connections: Int, requests: Int) {
        try await process.stream.send("count\n")
        let words = try await says("count ").split(separator: " ").compactMap { Int($0) }
        return (words[0], words[1])
    }

    func url(_ path: String, host: String = "127.0.0.1", scheme: String = "http") -> String {
        "\(scheme)://\(host):\(port)\(path)"
    }
}

/// A certificate that nobody has signed, for `localhost` alone.
struct Certificate: Sendable {
    let file: String
    let keyFile: String

    init(in folder: String) async throws {
        file = folder + "/tls.crt"
        keyFile = folder + "/tls.key"
        let words = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "1",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", keyFile, "-out",
            file,
        ]
        let result = try await ServedProcess.run("/usr/bin/env", words)
        try #require(result.status == 0, "\(result.errors)")
    }
}

extension HTTPClient {
    /// One that may go where `allowed` says.
    static func forTests(
        _ allowed: String = "127.0.0.1/32", change: (inout Configuration) -> Void = { _ in }
    ) throws -> HTTPClient {
        var configuration = Configuration(policy: try EgressPolicy(parsing: allowed))
        change(&configuration)
        return try HTTPClient(configuration)
    }

    func get(_ url: String, change: (inout HTTPRequest) -> Void = { _ in }) async throws(HTTPFailure)
        -> HTTPResponse
    {
        var request = try HTTPRequest(.get, url)
        change(&request)
        return try await send(request)
    }

    /// Why a request fails; nil when it does not.
    func failure(_ url: String, change: (inout HTTPRequest) -> Void = { _ in }) async -> HTTPFailure? {
        do throws(HTTPFailure) {
            _ = try await get(url, change: change)
            return nil
        } catch {
            return error
        }
    }
}

extension HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}
