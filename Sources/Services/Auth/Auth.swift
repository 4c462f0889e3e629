import Cryptography
import Identifiers
import Postgres
import RPC

extension Auth {
    func register(_ call: Call, _ email: Email, _ password: Password, _ name: String) async throws -> User {
        guard platform.registrationIsOpen || call.caller == .operator else {
            throw CallError(.authorization, "Registration is closed; ask the operator for an account")
        }
        let hash = try await platform.passwords.hash(password)
        do {
            return try await platform.transact(call) { tx in
                let user = try tx.one(Auth.insertUser, email.text, name, hash)
                try sendVerification(tx, to: user, at: email)
                try platform.conclude(
                    tx, call, actor: call.caller == .operator ? nil : "user:\(user.id)",
                    answer: User.shape.body(of: user), made: user.id)
                return user
            }
        } catch let error as PostgresError where error.violates("users_email_key") {
            throw CallError(.conflict, "This email has an account already; log in")
        }
    }

    /// Says neither whether the account exists, nor by its time.
    func login(_ call: Call, _ email: Email, _ password: Password) async throws -> Login {
        let attempt = try LoginAttempt(email, of: call, platform.tokens)
        let found = try await platform.transact(call) { tx -> Result<FoundPassword?, CallError> in
            if let refusal = try attempt.begin(tx) {
                platform.record(tx, call, outcome: refusal.code)
                return .failure(refusal)
            }
            return .success(try tx.first(Auth.findPassword, email.text))
        }.get()
        let isRight = try await verify(call, attempt, password, against: found?.passwordHash)
        let session = UUID.random()
        let refreshToken = try platform.tokens.refreshToken(session: session, generation: 0)
        let user = try await platform.transact(call) { tx -> User? in
            // By now the password may be another, and the account disabled.
            guard isRight, let found,
                try tx.execute(
                    Auth.insertSession, session, found.id, call.peer.agent, call.peer.label,
                    call.peer.network, refreshToken.hash, found.passwordHash) == 1
            else {
                attempt.fail(tx)
                platform.record(tx, call, outcome: .authentication)
                return nil
            }
            attempt.succeed(tx)
            platform.record(tx, call, actor: "user:\(found.id)", objects: ["sessionId": session])
            return try tx.one(Auth.findUser, found.id)
        }
        guard let user else { throw CallError(.authentication, "Email or password is wrong") }
        return Login(
            accessToken: try platform.tokens.accessToken(user: user.id, session: session),
            refreshToken: refreshToken.text, user: user)
    }

    /// An attempt whose password could not be looked at does not count.
    private func verify(
        _ call: Call, _ attempt: LoginAttempt, _ password: Password, against hash: String?
    ) async throws -> Bool {
        do {
            return try await platform.passwords.verify(password, against: hash)
        } catch {
            try await platform.transact(call) { attempt.withdraw($0) }
            throw error
        }
    }

    /// The old token dies. Whoever repeats it within ten seconds, because an answer was lost, gets the same successor; whoever
    /// repeats it later has stolen it, or it was stolen from him: the session ends.
    func refresh(_ call: Call, _ text: String) async throws -> Login {
        guard let token = platform.tokens.parseRefreshToken(text) else { throw Auth.badRefreshToken }
        let outcome = try await platform.transact(call) { tx -> (user: User, next: Tokens.RefreshToken)? in
            guard let session = try tx.first(Auth.lockSession, token.session), session.isAlive else {
                throw Auth.badRefreshToken
            }
            let next: Tokens.RefreshToken
            if token.generation == session.generation, constantTimeEqual(token.hash, session.refreshHash) {
                next = try platform.tokens.refreshToken(
                    session: token.session, generation: session.generation + 1)
                tx.queue(Auth.rotateSession, token.session, next.generation, next.hash, expecting: 1)
            } else if token.generation == session.generation - 1, session.isFreshlyRotated,
                let successor = try platform.tokens.refreshToken(
                    session: token.session, generation: session.generation, hash: session.refreshHash)
            {
                next = successor
            } else {
                tx.queue(Auth.revokeSession, token.session)
                platform.record(
                    tx, call, actor: "user:\(session.userID)", outcome: .authentication,
                    objects: ["sessionId": token.session])
                return nil
            }
            platform.record(
                tx, call, actor: "user:\(session.userID)", objects: ["sessionId": token.session])
            guard let user = try tx.first(Auth.findEnabledUser, session.userID) else {
                throw Auth.badRefreshToken
            }
            return (user, next)
        }
        guard let outcome else {
            throw CallError(
                .authentication, "This refresh token was used before; its session has ended, log in again")
        }
        return Login(
            accessToken: try platform.tokens.accessToken(user: outcome.user.id, session: token.session),
            refreshToken: outcome.next.text, user: outcome.user)
    }

    /// The same answer for a token that is none: there is nothing to learn here.
    func logout(_ call: Call, _ text: String) async throws -> Done {
        let session = platform.tokens.parseRefreshToken(text)?.session
        try await platform.transact(call) { tx in
            let user = try session.flatMap { try tx.first(Auth.revokeSession, $0) }
            try platform.conclude(
                tx, call, actor: user.map { "user:\($0)" }, answer: Shape.done.body(of: Done()),
                objects: session.map { ["sessionId": $0] } ?? [:])
        }
        return Done()
    }

    /// A wrong current password counts as a failed login, and is locked like one.
    func changePassword(_ call: Call, _ current: Password, _ new: Password) async throws -> Done {
        let (account, attempt) = try await platform.transact(call) {
            tx -> Result<(FoundPassword, LoginAttempt), CallError> in
            let userID = try Authorization.check(call, in: tx).requireUser()
            let account = try tx.one(Auth.findPasswordByID, userID)
            guard let email = Email(account.email) else { throw CallError(.internalError) }
            let attempt = try LoginAttempt(email, of: call, platform.tokens)
            if let refusal = try attempt.begin(tx) {
                platform.record(tx, call, outcome: refusal.code)
                return .failure(refusal)
            }
            return .success((account, attempt))
        }.get()
        let wrong = CallError(.authentication, "The current password is wrong")
        guard try await verify(call, attempt, current, against: account.passwordHash) else {
            try await platform.transact(call) { tx in
                attempt.fail(tx)
                platform.record(tx, call, outcome: wrong.code)
            }
            throw wrong
        }
        let hash = try await platform.passwords.hash(new)
        try await platform.transact(call) { tx in
            let userID = try Authorization.check(call, in: tx).requireUser()
            // Links of before end, too. First, as in `resetPassword`: else the two could wait for each other.
            tx.queue(Auth.deleteResetTokens, userID)
            // Of two changes at once only one may find the password that it was given.
            guard try tx.execute(Auth.updatePassword, userID, hash, account.passwordHash) == 1 else {
                throw wrong
            }
            attempt.succeed(tx)
            tx.queue(Auth.revokeSessions, userID)
            try platform.conclude(tx, call, answer: Shape.done.body(of: Done()))
        }
        return Done()
    }

    func me(_ tx: borrowing Transaction, _ access: Access) throws -> Me {
        try identity(tx, access)
    }

    func identity(_ tx: borrowing Transaction, _ access: Access) throws -> Me {
        if let userID = access.userID {
            return Me(
                user: try tx.one(Auth.findUser, userID), memberships: try tx.all(Auth.listMemberships, userID)
            )
        }
        if let key = access.apiKeyID { return Me(apiKey: try tx.one(APIKeys.getKey, key)) }
        return Me(isOperator: access.role == .operator)
    }

    private static let badRefreshToken = CallError(
        .authentication, "The refresh token is not valid; log in again")
}
