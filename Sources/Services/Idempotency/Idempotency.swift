import Cryptography
import Dispatch
import Identifiers
import JSON
import Postgres
import RPC

/// Once is once: the outcome of a call that carries a key is stored with its effect, in one commit; who repeats the call gets it again.
struct Idempotency: Sendable {
    let ring: WatchedKeys
    let vault: Vault
    let gate = IdempotencyGate()

    /// What a call's key stands for. Made once a call: it hashes its params.
    struct Ticket: Sendable {
        /// Of the advisory lock, and of the gate: the same whatever the master keys are.
        let lock: Int64
        /// Under the newest master key, and under each that may have been the newest within the day.
        let stamps: [Stamp]

        var newest: Stamp { stamps[0] }
    }

    /// Where an outcome is found, and for which params, under one master key.
    struct Stamp: Sendable {
        let keyVersion: Int64
        let scope: [UInt8]
        let fingerprint: [UInt8]
    }

    /// An outcome as it is stored.
    struct Stored: Sendable {
        let fingerprint: [UInt8]
        let outcome: [UInt8]
        let isSealed: Bool
        let keyVersion: Int64
        let scope: [UInt8]
    }

    /// - Returns: `nil` for a call without a key, and for methods that take none.
    func ticket(for call: Call) throws -> Ticket? {
        guard call.method.isIdempotent, let key = call.metadata.idempotencyKey else { return nil }
        let caller = call.caller.scope(at: call.peer)
        let params = Idempotency.canonicalParams(of: call)
        // Nobody meets another's key: whoever has no name is known by what he asks.
        let scope = Idempotency.joined([
            Array(caller.utf8), Array(call.method.name.utf8), Array(key.utf8),
            call.caller == .anonymous ? params : [],
        ])
        let keys = ring.keys
        let stamps = try keys.numbers.sorted(by: >).map { number -> Stamp in
            guard let master = keys[number] else { throw Vault.Fault.noMasterKey(number) }
            let secret = try HKDFSHA256.derive(
                key: master, salt: [], info: Array("rpcd idempotency v1".utf8), count: 32)
            return Stamp(
                keyVersion: number, scope: try HMACSHA256.authenticate(key: secret, message: [0] + scope),
                fingerprint: try HMACSHA256.authenticate(key: secret, message: [1] + params))
        }
        let lock = try SHA256.digest(scope).prefix(8).reduce(0) { $0 << 8 | Int64($1) }
        return Ticket(lock: lock, stamps: stamps)
    }

    /// Every declared param in its order, by what it says; so by name and by position are the same.
    private static func canonicalParams(of call: Call) -> [UInt8] {
        joined(
            call.method.params.enumerated().map { position, param -> [UInt8] in
                // Null is as absent; escapes and blanks are one way of writing among others.
                guard let value = call.arguments.value(named: param.name, at: position), !value.isNull else {
                    return []
                }
                if case .string(_, "uuid", _) = param.schema, let id = value.string.flatMap({ UUID($0) }) {
                    return id.bytes
                }
                var writer = JSONWriter()
                writer.value(value)
                return writer.bytes
            })
    }

    /// With lengths, so that no two lists are the same bytes.
    private static func joined(_ parts: [[UInt8]]) -> [UInt8] {
        parts.reduce(into: []) { bytes, part in
            withUnsafeBytes(of: UInt32(part.count).bigEndian) { bytes.append(contentsOf: $0) }
            bytes += part
        }
    }

    // MARK: outcomes

    /// Failures that stay so, whoever asks again: the others may pass.
    static func isFinal(_ error: CallError) -> Bool {
        [.notFound, .conflict, .insufficientCredits].contains(error.code)
    }

    /// Has the outcome stored with what else is committed.
    func keep(
        _ tx: borrowing Transaction, _ result: Result<Body, CallError>, of call: Call, under ticket: Ticket
    ) throws {
        let stamp = ticket.newest
        var outcome = Outcome.encode(result)
        if call.method.isSensitive {
            outcome = try vault.seal(outcome, outcome: stamp.scope, keyVersion: stamp.keyVersion)
        }
        try vault.register(stamp.keyVersion, in: tx)
        tx.queue(
            Idempotency.insertOutcome, stamp.scope, stamp.fingerprint, outcome, call.method.isSensitive,
            stamp.keyVersion, expecting: 1)
    }

    /// What was stored, as the answer to this call.
    /// - Throws: `IDEMPOTENCY_KEY_REUSED` when the params are others; the failure that was stored.
    func replay(_ stored: Stored, for ticket: Ticket) throws -> Body {
        guard let stamp = ticket.stamps.first(where: { $0.keyVersion == stored.keyVersion }),
            constantTimeEqual(stamp.fingerprint, stored.fingerprint)
        else { throw CallError(.idempotencyKeyReused) }
        var outcome = stored.outcome
        if stored.isSealed {
            outcome = try vault.open(stored.outcome, outcome: stored.scope, keyVersion: stored.keyVersion)
                .withUnsafeBytes { Array($0) }
        }
        return try Outcome.decode(outcome).get()
    }

    /// Both go along with the next statement.
    func look(_ tx: borrowing Transaction, for ticket: Ticket) -> (
        gate: Later<(isFirst: Bool, isCurrent: Bool)>, stored: Later<Stored>
    ) {
        (
            tx.later(Query(Idempotency.tryLock, ticket.lock, ticket.newest.keyVersion)),
            tx.later(Query(Idempotency.findOutcome, TextArray(ticket.stamps.map(\.scope))))
        )
    }

    /// Another daemon is at it.
    struct Busy: Error {}

    /// Whether the key belongs to somebody else for the moment, or by now: then nothing of this call was committed.
    static func isTaken(_ error: any Error) -> Bool {
        if error is Busy { return true }
        guard let error = error as? PostgresError else { return false }
        return error.kind == .rowCount && error.statement == Idempotency.insertOutcome.excerpt
    }

    /// Between looks at a key that another daemon has.
    static let pause = DispatchTimeInterval.milliseconds(20)
}

/// An outcome as bytes: JSON of its own.
private enum Outcome {
    static func encode(_ result: Result<Body, CallError>) -> [UInt8] {
        JSONWriter.object { writer in
            switch result {
            case .success(let body):
                writer.key("result")
                if case .json(let bytes) = body.content { writer.raw(bytes) } else { writer.null() }
                guard let version = body.version else { return }
                writer.key("version")
                writer.int(version)
            case .failure(let error):
                writer.key("code")
                writer.string(error.code.name)
                writer.key("message")
                writer.string(error.message)
                guard let details = error.details else { return }
                writer.key("details")
                writer.raw(details)
            }
        }
    }

    static func decode(_ bytes: [UInt8]) throws -> Result<Body, CallError> {
        let json = try JSON.parse(bytes)
        if let result = json["result"] {
            return .success(
                Body(
                    .json(Array(result.sourceBytes)), version: json["version"]?.int64, isReplayed: true))
        }
        guard let code = ErrorCode.all.first(where: { $0.name == json["code"]?.string }) else {
            throw Vault.Fault.unreadable
        }
        return .failure(
            CallError(
                code, json["message"]?.string, details: (json["details"]?.sourceBytes).map { Array($0) },
                isReplayed: true))
    }
}
