import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// The simulator as a process of its own, and a client of it.
struct Simulated {
    let process: ServedProcess
    let port: Int

    struct Answer {
        let status: Int
        let head: String
        let body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }

        func json() throws -> JSON { try JSON.parse(body) }
    }

    /// Runs `body` beside a simulator, and ends it in order.
    static func run(_ arguments: [String] = [], _ body: (Simulated) async throws -> Void) async throws {
        let process = try ServedProcess("rpcd-provider-sim", arguments + ["--until-input-ends"])
        let line = try await process.readyLine()
        let simulated = Simulated(
            process: process, port: try #require(line.split(separator: ":").last.flatMap { Int($0) }))
        #expect(line == "ready http=127.0.0.1:\(simulated.port)")
        try await body(simulated)
        process.send(SIGTERM)
        #expect(await process.end() == 0, "\(process.errors)")
    }

    static let key = "X-Api-Key: a-key"

    func open() throws -> RawSocket { try RawSocket(port: port) }

    static func request(
        _ method: String, _ path: String, _ body: String = "", _ headers: [String] = [],
        keepsOpen: Bool = false
    ) -> String {
        let lines =
            ["\(method) \(path) HTTP/1.1", "Host: localhost"] + (keepsOpen ? [] : ["Connection: close"])
            + (body.isEmpty ? [] : ["Content-Length: \(body.utf8.count)"]) + headers
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    /// One request on a connection of its own, and all that comes back.
    func call(
        _ method: String, _ path: String, _ body: String = "", headers: [String] = [Self.key]
    ) async throws -> Answer {
        let socket = try open()
        try await socket.send(Self.request(method, path, body, headers))
        var bytes: [UInt8] = []
        while case let part = try await socket.receive(), !part.isEmpty { bytes += part }
        return try Self.parse(bytes)
    }

    struct Incomplete: Error {}

    static func parse(_ bytes: [UInt8]) throws -> Answer {
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: Array("\r\n\r\n".utf8)) })
        else {
            throw Incomplete()
        }
        let head = String(decoding: bytes[..<end], as: UTF8.self)
        return Answer(
            status: try #require(head.split(separator: " ").dropFirst().first.flatMap { Int($0) }),
            head: head.lowercased(), body: Array(bytes[(end + 4)...]))
    }

    func get(_ path: String) async throws -> JSON {
        let answer = try await call("GET", path)
        #expect(answer.status == 200, "\(path): \(answer.text)")
        return try answer.json()
    }

    func put(_ path: String, _ body: String) async throws {
        let answer = try await call("PUT", path, body)
        #expect(answer.status == 200, "\(path): \(answer.text)")
    }
}
