import CPostgres
import Foundation
import Glibc
import Synchronization

/// A program of this package as a process of its own: its standard input and output are the test's, its standard error is kept.
public final class ServedProcess: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// What the process writes, and where the test writes to it.
    public let stream: RawSocket
    public let pid: pid_t
    private let errorFile: String
    private let status = Mutex<Int32?>(nil)

    /// Where the programs of this build are.
    public static let programs: String = {
        let path = Bundle.main.executablePath ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: path).deletingLastPathComponent().path
    }()

    /// - Parameters:
    ///   - program: a product of this package, or a path.
    ///   - environment: beside PATH and HOME, which are this process's own.
    ///   - folder: where it runs.
    public init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], in folder: String = "/"
    ) throws {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw Failure(description: "no socket pair")
        }
        stream = try RawSocket(descriptor: ends[0])
        errorFile = NSTemporaryDirectory() + "/rpcd-stderr-\(UInt64.random(in: .min ... .max))"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        posix_spawn_file_actions_addopen(
            &actions, STDERR_FILENO, errorFile, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        rpcd_spawn_close_from(&actions, STDERR_FILENO + 1)
        rpcd_spawn_in(&actions, folder)
        let path = program.hasPrefix("/") ? program : ServedProcess.programs + "/" + program
        var variables = environment
        for key in ["PATH", "HOME", "LLVM_PROFILE_FILE"] {
            variables[key] = variables[key] ?? ProcessInfo.processInfo.environment[key]
        }
        var words = ([path] + arguments).map { strdup($0) }
        var settings = variables.map { strdup("\($0)=\($1)") }
        defer { for word in words + settings { free(word) } }
        words.append(nil)
        settings.append(nil)
        var child = pid_t()
        let failure = posix_spawn(&child, path, &actions, nil, words, settings)
        close(ends[1])
        guard failure == 0 else { throw Failure(description: "\(path) cannot be run") }
        pid = child
    }

    deinit {
        if status.withLock({ $0 }) == nil { Glibc.kill(pid, SIGKILL) }
        unlink(errorFile)
    }

    /// A daemon on a PostgreSQL of its own, ready to serve.
    public static func dev(
        in folder: String, from workingFolder: String? = nil, environment: [String: String] = [:]
    ) async throws -> (process: ServedProcess, socket: String, http: String) {
        var environment = environment
        environment["RPCD_RATE_GENERAL"] = environment["RPCD_RATE_GENERAL"] ?? "off"
        environment["RPCD_RATE_AUTH"] = environment["RPCD_RATE_AUTH"] ?? "off"
        environment["RPCD_MIGRATIONS"] = environment["RPCD_MIGRATIONS"] ?? Project.root + "/migrations"
        let process = try ServedProcess(
            "rpcd", ["dev", "--data-dir", folder, "--http", "127.0.0.1:0"],
            environment: environment, in: workingFolder ?? folder)
        let words = try await process.readyLine().split(separator: " ")
        return (
            process, String(words[1].dropFirst("socket=".count)), String(words[2].dropFirst("http=".count))
        )
    }

    /// - Throws: ``Failure`` with what it wrote to standard error, when it ends before it is ready.
    public func readyLine() async throws -> String {
        while let line = try await stream.line() {
            let text = String(decoding: line, as: UTF8.self)
            if text.hasPrefix("ready ") { return text }
        }
        throw Failure(description: "it ended: " + errors)
    }

    /// What it has written to standard error so far.
    public var errors: String { (try? String(contentsOfFile: errorFile, encoding: .utf8)) ?? "" }

    public func send(_ signal: Int32) { Glibc.kill(pid, signal) }

    /// Resident memory, in bytes.
    public var residentBytes: Int {
        let fields = (try? String(contentsOfFile: "/proc/\(pid)/statm", encoding: .utf8))?.split(
            separator: " ")
        return (fields.flatMap { Int($0[1]) } ?? 0) * Int(getpagesize())
    }

    /// Waits for its end: its exit status, or minus the signal that killed it.
    @discardableResult
    public func end() async -> Int32 {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "wait").async { continuation.resume(returning: self.wait()) }
        }
    }

    /// Kills it, and blocks until it has gone.
    public func kill() {
        send(SIGKILL)
        _ = wait()
    }

    private func wait() -> Int32 {
        status.withLock { status in
            if let status { return status }
            var raw: Int32 = 0
            while waitpid(pid, &raw, 0) < 0, errno == EINTR {}
            let result = raw & 0x7F == 0 ? (raw >> 8) & 0xFF : -(raw & 0x7F)
            status = result
            return result
        }
    }

    /// Runs a program to its end.
    public static func run(
        _ program: String, _ arguments: [String], input: String = "", environment: [String: String] = [:],
        in folder: String = "/"
    ) async throws -> (status: Int32, output: String, errors: String) {
        let process = try ServedProcess(program, arguments, environment: environment, in: folder)
        try await process.stream.send(input)
        process.stream.endWriting()
        let output = try await process.stream.receiveAll()
        return (await process.end(), output, process.errors)
    }
}

/// This package's own files.
public enum Project {
    public static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
}

/// A folder that is gone at the end of the test. Below /tmp: the path of a socket is short, and everybody may pass.
public func withTemporaryFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder = "/tmp/rpcd-t\(UInt32.random(in: .min ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}
