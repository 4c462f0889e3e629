import Cryptography
import Egress
import Foundation
import Glibc
import Identifiers
import JSON
import Resilience
import Synchronization
import TestSupport
import Testing

@testable import Services

/// The simulator of providers as a process of its own, with a client that may call it and nothing else.
struct Simulation {
    let process: ServedProcess
    let port: Int
    let client: HTTPClient

    /// Each has a process: a hundred of them at once would only wait for each other.
    private static let places = Places(4)

    static func run(_ body: (Simulation) async throws -> Void) async throws {
        await places.take()
        defer { places.give() }
        let process = try ServedProcess("rpcd-provider-sim", ["--until-input-ends"])
        let line = try await process.readyLine()
        let port = try #require(line.split(separator: ":").last.flatMap { Int($0) })
        var configuration = HTTPClient.Configuration(
            policy: try EgressPolicy(parsing: "127.0.0.1:\(port)"))
        configuration.maximumInFlight = 512
        let client = try HTTPClient(configuration)
        defer { client.close() }
        try await body(Simulation(process: process, port: port, client: client))
        process.send(SIGTERM)
        #expect(await process.end() == 0, "\(process.errors)")
    }

    /// The shipped manifest of `steady`, for another provider of the simulator.
    func manifest(_ name: String, _ changes: [(String, String)] = []) throws -> Manifest {
        var text = try String(
            contentsOfFile: Backend.root + "/providers/sim-steady.json", encoding: .utf8)
        let all = [
            ("sim-steady", "sim-\(name)"), ("/v1/steady/", "/v1/\(name)/"),
            ("127.0.0.1:18090", "127.0.0.1:\(port)"), (#""timeoutMs": 3000"#, #""timeoutMs": 1000"#),
        ]
        for (old, new) in all + changes {
            try #require(text.contains(old), "\(old)")
            text = text.replacingOccurrences(of: old, with: new)
        }
        return try Manifest(Array(text.utf8))
    }

    func provider(_ name: String, _ changes: [(String, String)] = []) throws -> Provider {
        Provider(try manifest(name, changes))
    }

    /// What of `GET` or the answer to `PUT` and `POST` came back.
    @discardableResult
    func control(_ method: HTTPRequest.Method, _ path: String, _ body: String = "") async throws -> JSON {
        let request = try HTTPRequest(
            method, "http://127.0.0.1:\(port)/control/\(path)",
            headers: body.isEmpty ? [] : [("Content-Type", "application/json")], body: Array(body.utf8))
        let response = try await client.send(request)
        try #require(response.status == 200, "\(path): \(String(decoding: response.body, as: UTF8.self))")
        return try JSON.parse(response.body)
    }

    /// How often a provider was asked, over all inputs.
    func calls(_ provider: String) async throws -> Int {
        let totals = try await control(.get, "calls?provider=\(provider)")["totals"]
        return Int(totals?["calls"]?.int64 ?? 0)
    }

    static func input(_ provider: Provider, _ name: String = "Ada Lovelace") throws -> LookupInput {
        let record = try JSON.parse(#"{"name":"\#(name)","domain":"acme.example"}"#)
        return try provider.input(from: record).get()
    }

    static func key(_ text: String = "a-key", credential: Identifiers.UUID? = nil) throws -> ProviderKey {
        ProviderKey(
            kind: credential == nil ? .platform : .own, credentialID: credential,
            key: try SecretBytes(Array(text.utf8)), secret: nil)
    }

    /// Asks with some seconds of time.
    func report(
        _ calls: ProviderCalls, _ provider: Provider, _ name: String = "Ada Lovelace", seconds: UInt64 = 10,
        key: ProviderKey? = nil, workspace: Identifiers.UUID = .random(), maximumAttempts: Int? = nil
    ) async throws -> ProviderCalls.Report {
        await calls.report(
            provider, try Simulation.input(provider, name), key: try key ?? Simulation.key(),
            workspace: workspace, deadlineNanoseconds: MonotonicClock.now + seconds * 1_000_000_000,
            maximumAttempts: maximumAttempts)
    }
}

/// As many go on at once, in the order in which they came.
final class Places: Sendable {
    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: count)) }

    func take() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.free > 0 {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func give() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}

/// A clock that goes on when the test says so.
final class StandingClock: Sendable {
    private let nanoseconds = Mutex(UInt64(1_900_000_000) * 1_000_000_000)

    var now: UInt64 { nanoseconds.withLock { $0 } }
    func advance(seconds: UInt64) { nanoseconds.withLock { $0 += seconds * 1_000_000_000 } }
}

extension LookupOutcome {
    /// As `found`, or the code of the failure.
    var word: String {
        switch self {
        case .found: "found"
        case .notFound: "notFound"
        case .failed(let failure): failure.code.rawValue
        }
    }

    var failure: LookupFailure? {
        guard case .failed(let failure) = self else { return nil }
        return failure
    }
}

extension ProviderCalls.Settings {
    /// Without pauses to speak of, and with circuits that stay closed.
    static var patient: ProviderCalls.Settings {
        var settings = ProviderCalls.Settings()
        settings.backoff = Backoff(baseNanoseconds: 1_000_000, capNanoseconds: 1_000_000)
        settings.circuit.consecutiveFailures = 1_000_000
        settings.circuit.minimumCalls = 1_000_000
        return settings
    }
}
