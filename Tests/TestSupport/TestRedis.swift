import Foundation
import Glibc
import Synchronization

/// A Redis server for one test, in a folder of its own, reached by a Unix socket. The test may kill, stop and start it.
public final class TestRedis: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private let folder: String
    private let options: [String]
    private let process = Mutex<ServedProcess?>(nil)

    /// Its socket.
    public var socket: String { folder + "/redis.sock" }
    /// As the setting takes it.
    public var url: String { "unix://" + socket }

    /// Starts it.
    /// - Parameter options: beside those that keep it to itself, as on the command line.
    public init(in folder: String, options: [String] = []) async throws {
        self.folder = folder
        self.options = options
        try await start()
    }

    /// Returns when it answers.
    public func start() async throws {
        let server = try ServedProcess(
            "/usr/bin/redis-server",
            [
                "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", folder,
                "--logfile", folder + "/redis.log",
            ] + options)
        process.withLock { $0 = server }
        for _ in 0..<100_000 {
            if let line = try? await converse("*1\r\n$4\r\nPING\r\n") {
                // With a password it says that one is missing.
                guard line.hasPrefix("+PONG") || line.hasPrefix("-NOAUTH") else {
                    await Task.yield()
                    continue
                }
                return
            }
            guard kill(server.pid, 0) == 0 else { break }
            await Task.yield()
        }
        let log = (try? String(contentsOfFile: folder + "/redis.log", encoding: .utf8)) ?? ""
        throw Failure(description: "redis-server does not serve: " + log)
    }

    /// As a crash would.
    public func crash() async {
        let server = process.withLock { $0.take() }
        server?.send(SIGKILL)
        await server?.end()
    }

    /// SIGSTOP: connections stay, and nobody answers.
    public func freeze() { process.withLock { $0 }?.send(SIGSTOP) }

    public func thaw() { process.withLock { $0 }?.send(SIGCONT) }

    /// The first line of the answer to one command.
    @discardableResult
    public func ask(_ words: String...) async throws -> String {
        let command = words.reduce(into: "*\(words.count)\r\n") { $0 += "$\($1.utf8.count)\r\n\($1)\r\n" }
        return try await converse(command)
    }

    /// The whole answer to one command, as it comes over the wire.
    public func read(_ words: String...) async throws -> String {
        let command = words.reduce(into: "*\(words.count)\r\n") { $0 += "$\($1.utf8.count)\r\n\($1)\r\n" }
        let connection = try RawSocket(path: socket)
        try await connection.send(command + "*1\r\n$4\r\nQUIT\r\n")
        return try await connection.receiveAll()
    }

    private func converse(_ text: String) async throws -> String {
        let connection = try RawSocket(path: socket)
        try await connection.send(text)
        guard let line = try await connection.line() else { throw Failure(description: "it closed") }
        return String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line[...], as: UTF8.self)
    }

    /// A port of the loopback address that was free a moment ago.
    public static func freePort() throws -> Int {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw Failure(description: "no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
