import Dispatch
import Postgres
import RPC

/// A call that carries an idempotency key is done once.
extension Platform {
    /// An answer that can be told once the transaction has been committed.
    struct Outgoing {
        let body: () throws -> Body
    }

    /// What an earlier call with the same key was answered.
    /// - Throws: ``Idempotency/Busy`` while another daemon is at it.
    func replay(
        _ looked: (gate: Later<(isFirst: Bool, isCurrent: Bool)>, stored: Later<Idempotency.Stored>)?,
        _ ticket: Idempotency.Ticket?,
        _ tx: borrowing Transaction
    ) throws -> Body? {
        guard let looked, let ticket else { return nil }
        try tx.flush()
        guard let gate = looked.gate.row, gate.isFirst else { throw Idempotency.Busy() }
        guard gate.isCurrent else {
            throw CallError.unavailable("This daemon does not have the newest master key yet")
        }
        return try looked.stored.row.map { try idempotency.replay($0, for: ticket) }
    }

    /// What a call does in its transaction.
    typealias Work = @Sendable (borrowing Transaction, Idempotency.Ticket?) throws -> Outgoing

    /// Runs the transaction of a call; of calls with the same key one at a time.
    func perform(_ call: Call, _ options: TransactionOptions, _ work: @escaping Work) {
        admit(call) { perform(call, options, $0, work) }
    }

    /// Of calls with the same key lets one in at a time. It has to end in ``settle(_:_:_:)``.
    func admit(_ call: Call, _ start: @escaping @Sendable (Idempotency.Ticket?) -> Void) {
        do {
            guard let ticket = try idempotency.ticket(for: call) else { return start(nil) }
            idempotency.gate.enter(ticket.lock, call) {
                start(ticket)
            } refuse: {
                call.fail($0)
            }
        } catch {
            finish(call, .failure(error))
        }
    }

    /// - Parameter ended: told when the transaction has ended, however, before anybody is answered.
    func perform(
        _ call: Call, _ options: TransactionOptions, _ ticket: Idempotency.Ticket?, _ work: @escaping Work,
        ended: @escaping @Sendable () -> Void = {}
    ) {
        runTransaction(call, options) {
            try work($0, ticket)
        } afterwards: {
            try $0.body()
        } completion: { result in
            ended()
            if case .failure(let error) = result, Idempotency.isTaken(error) {
                // Another daemon has the key: look again soon, without a connection in the meantime.
                return DispatchQueue.global().asyncAfter(deadline: .now() + Idempotency.pause) {
                    perform(call, options, ticket, work)
                }
            }
            settle(call, result, ticket)
        }
    }

    /// Stores a failure that is final, answers, and lets the next one with the key go on.
    func settle(_ call: Call, _ result: Result<Body, any Error>, _ ticket: Idempotency.Ticket?) {
        guard let ticket else { return finish(call, result) }
        guard case .failure(let cause) = result, case let error = CallError(mapping: cause, in: call),
            Idempotency.isFinal(error), !error.isReplayed
        else {
            finish(call, result)
            return idempotency.gate.leave(ticket.lock)
        }
        // Nothing has been changed: the failure alone is committed.
        pool.transaction(call) { tx in
            let looked = idempotency.look(tx, for: ticket)
            if let body = try replay(looked, ticket, tx) { return body }
            try idempotency.keep(tx, .failure(error), of: call, under: ticket)
            return nil
        } completion: { (stored: Result<Body?, any Error>) in
            switch stored {
            case .success(let body?): finish(call, .success(body))
            case .success(nil): call.fail(error, cause: cause)
            case .failure(let failure) where Idempotency.isTaken(failure):
                return DispatchQueue.global().asyncAfter(deadline: .now() + Idempotency.pause) {
                    settle(call, result, ticket)
                }
            // A failure that is not kept is not final: who repeats the call might get something else.
            case .failure(let failure): finish(call, .failure(failure))
            }
            idempotency.gate.leave(ticket.lock)
        }
    }

    /// Answers. A role that was refused is in the trail before he who was refused knows.
    func finish(_ call: Call, _ result: Result<Body, any Error>) {
        // A failure, too: it may have been committed all the same.
        if call.method.mutates { replica?.note(call) }
        switch result {
        case .success(let body): call.succeed(body)
        case .failure(let cause):
            let error = CallError(mapping: cause, in: call)
            guard error.code == .authorization else { return call.fail(error, cause: cause) }
            pool.transaction(call) { tx in
                if let workspace = call.workspaceID { tx.enter(workspace) }
                record(tx, call, outcome: error.code)
            } completion: { written in
                // The refusal stands whether or not it could be written down; then the log tells.
                if case .failure(let failure) = written {
                    call.fail(error, cause: failure)
                } else {
                    call.fail(error, cause: cause)
                }
            }
        }
    }
}
