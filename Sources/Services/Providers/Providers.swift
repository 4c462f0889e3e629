import Cryptography
import Identifiers
import JSON
import Postgres
import RPC
import Resilience

extension Providers {
    func list(
        _ tx: borrowing Transaction, _ access: Access, _ limit: Int64, _ cursor: String?, _ workspace: UUID?
    ) throws -> Page<ProviderView> {
        let own = try ownCredentials(tx, access, workspace)
        let providers = platform.providers.catalog.current.values.sorted { $0.slug < $1.slug }
        let rest = providers.drop { provider in cursor.map { provider.slug <= $0 } ?? false }
        return Page(rest.prefix(Int(limit) + 1).map { view($0, own) }, limit: limit) {
            Base64URL.encode(Array($0.provider.slug.utf8))
        }
    }

    func get(
        _ tx: borrowing Transaction, _ access: Access, _ slug: String, _ workspace: UUID?
    ) throws -> ProviderView {
        view(try provider(slug), try ownCredentials(tx, access, workspace))
    }

    /// By provider, those that a workspace asks with.
    private func ownCredentials(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID?
    ) throws -> [String: UUID] {
        guard let workspace, try Authorization.isAtLeast(.viewer, access, in: tx) else { return [:] }
        let rows = try tx.all(ProviderKeys.listNewestIDs, workspace)
        return Dictionary(rows.map { ($0.provider, $0.id) }) { first, _ in first }
    }

    private func view(_ provider: Provider, _ own: [String: UUID]) -> ProviderView {
        let circuits = platform.providers.calls.circuits
        return ProviderView(
            provider: provider, circuit: circuits.circuit(CircuitKey(provider.slug, CircuitKey.platform)),
            ownCircuit: own[provider.slug].map {
                circuits.circuit(CircuitKey(provider.slug, $0.description))
            })
    }

    private func provider(_ slug: String) throws(CallError) -> Provider {
        guard let provider = platform.providers.catalog.current[slug] else {
            throw CallError(.notFound, "No such provider")
        }
        return provider
    }

    /// One call, whose outcome is told and charged to nobody. The operator may use his own key where the workspace has none.
    func test(_ call: Call, _ workspace: UUID, _ slug: String, _ record: JSON) async throws -> ProviderTest {
        let provider = try provider(slug)
        let input: LookupInput
        switch provider.input(from: record) {
        case .success(let value): input = value
        case .failure(let lack):
            throw CallError.fields(lack.reasons.map { FieldError("input", .format, $0) })
        }
        let providers = platform.providers
        let key = try await platform.transact(call) { tx in
            let access = try Authorization.check(call, in: tx)
            let choice: KeyChoice = access.role == .operator ? .auto : .own
            do {
                return try providers.key(for: provider, workspace: workspace, choice: choice, in: tx)
            } catch let error as UnreadableKey {
                throw CallError(of: error.failure)
            }
        }
        guard let key else {
            throw CallError(
                .conflict, "There is no credential for \(slug); store one with credentials.create")
        }
        let report = try await ask(call, provider, input, key, workspace)
        let test: ProviderTest
        let durationMs = Int64(clamping: report.nanoseconds / 1_000_000)
        switch report.outcome {
        case .found(let fields):
            test = ProviderTest(outcome: .found, fields: fields, key: key.kind, durationMs: durationMs)
        case .notFound:
            test = ProviderTest(outcome: .notFound, fields: [], key: key.kind, durationMs: durationMs)
        case .failed(let failure): throw CallError(of: failure)
        }
        let answer = ProviderTest.shape.body(of: test)
        try await platform.transact(call) { tx in
            _ = try Authorization.check(call, in: tx)
            try platform.conclude(tx, call, answer: answer)
        }
        return test
    }

    /// Left for the answer to be written down once the provider has been heard.
    private static let reserveNanoseconds: UInt64 = 250_000_000

    /// Ends when the call is interrupted.
    private func ask(
        _ call: Call, _ provider: Provider, _ input: LookupInput, _ key: ProviderKey, _ workspace: UUID
    ) async throws -> ProviderCalls.Report {
        let deadline = call.deadlineNanoseconds - min(Providers.reserveNanoseconds, call.deadlineNanoseconds)
        let calls = platform.providers.calls
        let task = Task {
            await calls.report(
                provider, input, key: key, workspace: workspace, deadlineNanoseconds: deadline,
                maximumAttempts: 1)
        }
        call.onInterruption { task.cancel() }
        let report = await task.value
        if call.interruption != nil { throw call.interruptionError }
        return report
    }

    func listCircuits(
        _ tx: borrowing Transaction, _ access: Access, _ limit: Int64, _ cursor: String?
    ) throws -> Page<CircuitView> {
        let place = cursor?.split(separator: "/").map(String.init)
        let rows = try tx.all(CircuitBreakers.listCircuits, place?.first, place?.last, limit + 1)
        let now = platform.providers.calls.circuits.clock()
        return Page(rows.map { CircuitView($0, now: now) }, limit: limit) {
            Base64URL.encode(Array("\($0.key.provider)/\($0.key.credential)".utf8))
        }
    }

    /// It stands in the database, from where every daemon, this one among them, hears of it.
    func force(
        _ tx: borrowing Transaction, _ access: Access, _ slug: String, _ credential: String?, _ state: String
    ) throws -> CircuitView {
        let provider = try provider(slug)
        let key = CircuitKey(provider.slug, credential ?? CircuitKey.platform)
        var workspace: UUID?
        if let id = UUID(key.credential) {
            workspace = try tx.first(CircuitBreakers.findCredential, id, slug)
            guard workspace != nil else { throw CallError(.notFound, "No such credential of this provider") }
        }
        let clock = platform.providers.calls.circuits.clock
        let now = Int64(clamping: clock())
        let before = try tx.first(CircuitBreakers.lockCircuit, key.provider, key.credential)?.snapshot
        let force: CircuitBreaker.Forced =
            switch Circuit.Force(rawValue: state) {
            case .open: .open
            case .closed: .closed
            case .auto, nil: .none
            }
        // Later than what stands there, whatever the clock of him who wrote it.
        let snapshot = CircuitBreaker.Snapshot(
            state: CircuitBreaker.State.closed.rawValue, openings: 0, openUntil: 0,
            changedAt: max(now, (before?.changedAt ?? 0) &+ 1), forced: force.rawValue,
            forcedAt: max(now, (before?.forcedAt ?? 0) &+ 1))
        try CircuitSharing.save(
            CircuitBreakers.News(key: key, workspace: workspace, snapshot: snapshot), in: tx)
        guard let row = try tx.first(CircuitBreakers.lockCircuit, key.provider, key.credential) else {
            throw CallError(.notFound, "No such credential of this provider")
        }
        return CircuitView(row, now: clock())
    }
}

extension CallError {
    /// A provider that could not be asked. With a label: `CallError(.cancelled)` has to stay the contract's code.
    init(of failure: LookupFailure) {
        self.init(
            .upstream, failure.message,
            details: JSONWriter.object { writer in
                writer.key("code")
                writer.string(failure.code.rawValue)
                writer.key("isTransient")
                writer.bool(failure.isTransient)
            },
            retryAfterMs: failure.retryAfterNanoseconds.map { Int64(clamping: $0 / 1_000_000) })
    }
}

extension CircuitView {
    init(_ row: CircuitBreakers.Row, now: UInt64) {
        key = row.key
        workspace = row.workspace
        updatedAt = row.updatedAt
        circuit = Circuit(row.snapshot, now: now)
    }
}
