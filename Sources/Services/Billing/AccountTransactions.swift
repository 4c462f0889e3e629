import Identifiers
import Postgres
import RPC

/// Calls that change an account. Those that come while another one has its row are done together: one transaction locks the row once
/// and commits once for all of them, each with a role check, an outcome, an audit row and a key of its own.
extension Billing {
    /// - Parameter effect: gets the account of the workspace that the call names, locked, with what was due to expire gone. It refuses
    ///   before it writes; what it changes of the account is written afterwards. It gives the id of what it made, and the answer.
    func transaction<Value: Sendable, each P: Sendable>(
        _ effect:
            @escaping @Sendable (borrowing Transaction, Access, inout Account, repeat each P) throws -> (
                id: UUID, value: Value
            )
    ) -> Handler<Value, repeat each P> {
        Handler { call, params, shape in
            let work = platform.work(call, shape) {
                _ = try params.get()
                return Query(Billing.lockAccount, call.workspaceID)
            } effect: { tx, access, found in
                guard var account = found else { throw CallError(.notFound) }
                try expireIfDue(tx, &account, by: access.actor, access.call.requestID)
                let values = try params.get()
                let (id, value) = try effect(tx, access, &account, repeat each values)
                tell(tx, &account)
                close(tx, account)
                return (id, .value(value))
            }
            guard (try? params.get()) != nil, let workspace = call.workspaceID,
                let question = try? Authorization.Question(call)
            else {
                return platform.perform(call, .readCommitted, work)
            }
            @Sendable func together(
                _ tx: borrowing Transaction, _ access: Access, _ account: inout Account
            ) throws -> (id: UUID, body: Body) {
                let values = try params.get()
                let (id, value) = try effect(tx, access, &account, repeat each values)
                return (id, shape.body(of: value))
            }
            platform.admit(call) { ticket in
                let member = AccountGroup.Member(
                    call: call, ticket: ticket, question: question, effect: together, alone: work)
                platform.accountGroups.add(member, to: workspace) {
                    platform.settle(call, .failure($0), ticket)
                } run: {
                    run($0, on: workspace)
                }
            }
        }
    }

    // MARK: groups

    /// What became of a member.
    private enum Outcome: Sendable {
        case answer(Result<Body, any Error>)
        /// It was interrupted and has been answered.
        case gone
    }

    /// Whoever has no company takes the way of every other call.
    private func run(_ group: AccountGroup, on workspace: UUID) {
        guard let member = group.members.first else { return endGroup(on: workspace) }
        guard group.members.count > 1 else {
            guard member.take() else { return endGroup(on: workspace) }
            return platform.perform(member.call, .readCommitted, member.ticket, member.alone) {
                endGroup(on: workspace)
            }
        }
        platform.pool.transaction(group) { tx in
            try outcomes(of: group, on: workspace, tx)
        } completion: { result in
            endGroup(on: workspace)
            switch result {
            case .success(let outcomes):
                for (member, outcome) in zip(group.members, outcomes) { settle(member, outcome) }
            case .failure(let error as PostgresError) where error.isOfOneStatement:
                // Nothing was committed. One of them does not fit; by themselves the others do.
                for member in group.members where member.take() { redo(member) }
            case .failure(let error):
                for member in group.members where member.take() {
                    platform.settle(member.call, .failure(error), member.ticket)
                }
            }
        }
    }

    private func endGroup(on workspace: UUID) {
        if let next = platform.accountGroups.next(on: workspace) { run(next, on: workspace) }
    }

    private func redo(_ member: AccountGroup.Member) {
        platform.perform(member.call, .readCommitted, member.ticket, member.alone)
    }

    private func settle(_ member: AccountGroup.Member, _ outcome: Outcome) {
        switch outcome {
        case .gone: break
        case .answer(.failure(is Idempotency.Busy)): redo(member)
        case .answer(let result): platform.settle(member.call, result, member.ticket)
        }
    }

    /// Each member's role and earlier outcome come in one round trip with the lock; what they change goes out in another, with COMMIT.
    private func outcomes(
        of group: AccountGroup, on workspace: UUID, _ tx: borrowing Transaction
    ) throws -> [Outcome] {
        // The role is asked behind the lock: whoever has lost it while he waited is refused.
        tx.enter(workspace)
        let locked = tx.later(Query(Billing.lockAccount, workspace))
        let asked = group.members.map { member in
            (
                looked: member.ticket.map { platform.idempotency.look(tx, for: $0) },
                found: member.question.query.map { tx.later($0) }
            )
        }
        try tx.flush()
        var account = locked.row
        account?.isShared = true
        let outcomes = try zip(group.members, asked).map { member, asked -> Outcome in
            guard member.take() else { return .gone }
            do {
                let access = try member.question.answer(asked.found?.row)
                platform.note(access)
                if let body = try platform.replay(asked.looked, member.ticket, tx) {
                    return .answer(.success(body))
                }
                guard var changed = account else { throw CallError(.notFound) }
                try expireIfDue(tx, &changed, by: access.actor, access.call.requestID)
                account = changed
                let (id, body) = try member.effect(tx, access, &changed)
                tell(tx, &changed)
                account = changed
                platform.record(tx, member.call, made: id)
                if let ticket = member.ticket {
                    try platform.idempotency.keep(tx, .success(body), of: member.call, under: ticket)
                }
                return .answer(.success(body))
            } catch let error as CallError {
                return .answer(.failure(error))
            } catch is Idempotency.Busy {
                return .answer(.failure(Idempotency.Busy()))
            }
        }
        if var account, account.isChanged {
            tell(tx, &account)
            close(tx, account)
        }
        return outcomes
    }
}

extension PostgresError {
    /// Whether a statement was refused by a server that is well.
    fileprivate var isOfOneStatement: Bool {
        switch kind {
        case .server(let state): !state.isAboutTheServer
        case .rowCount, .decoding, .parameter, .aborted: true
        case .interrupted, .notConnected, .connectionLost, .poolExhausted, .poolClosed, .outcomeUnknown: false
        }
    }
}
