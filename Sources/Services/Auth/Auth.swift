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
                    tx, call, actor: "user:\(user.id)", answer: User.shape.body(of: user))
                return user
            }
        } catch let error as PostgresError where error.violates("users_email_key") {
            throw CallError(.conflict, "This email has an account already; log in")
        }
    }

    /// Says neither whether the account exists, nor by its time.
    func login(_ call: Call, _ email: Email, _ password: Password) async throws -> Login {
        let emailHash = try platform.tokens.emailHash(email)
        let address = call.peer.label
        let found = try await platform.transact(call) { tx in
            let failures = try tx.one(Auth.countFailures, emailHash, address, email.text)
            guard failures.ofPair < Auth.failuresOfPair,
                failures.ofEmail < Auth.failuresOfEmail || failures.knownAddress
            else {
                throw CallError.rateLimited(
                    retryAfterMs: Auth.lockMs, "Too many failed logins; try again later")
            }
            return try tx.first(Auth.findPassword, email.text)
        }
        let isRight = try await platform.passwords.verify(password, against: found?.passwordHash)
        guard isRight, let found, !found.isDisabled else {
            try await platform.transact(call) { tx in
                tx.queue(Auth.deleteOldFailures)
                tx.queue(Auth.insertFailure, emailHash, address, expecting: 1)
                platform.record(tx, call, outcome: .authentication)
            }
            throw CallError(.authentication, "Email or password is wrong")
        }
        let session = UUID.random()
        let refreshToken = try platform.tokens.refreshToken(session: session, generation: 0)
        let user = try await platform.transact(call) { tx in
            tx.queue(Auth.deleteFailures, emailHash, address)
            tx.queue(
                Auth.insertSession, session, found.id, call.peer.agent, address, refreshToken.hash,
                expecting: 1)
            platform.record(tx, call, actor: "user:\(found.id)")
            return try tx.one(Auth.findUser, found.id)
        }
        return Login(
            accessToken: try platform.tokens.accessToken(user: user.id, session: session),
            refreshToken: refreshToken.text, user: user)
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
                    tx, call, actor: "user:\(session.userID)", outcome: .authentication)
                return nil
            }
            platform.record(tx, call, actor: "user:\(session.userID)")
            return (try tx.one(Auth.findUser, session.userID), next)
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
    func logout(_ tx: borrowing Transaction, _ access: Access, _ text: String) throws -> Done {
        if let token = platform.tokens.parseRefreshToken(text) { tx.queue(Auth.revokeSession, token.session) }
        return Done()
    }

    func changePassword(_ call: Call, _ current: Password, _ new: Password) async throws -> Done {
        let found = try await platform.transact(call) { tx in
            try tx.first(Auth.findPasswordByID, try Authorization.check(call, in: tx).requireUser())
        }
        guard let found, try await platform.passwords.verify(current, against: found.passwordHash) else {
            throw CallError(.authentication, "The current password is wrong")
        }
        let hash = try await platform.passwords.hash(new)
        try await platform.transact(call) { tx in
            let userID = try Authorization.check(call, in: tx).requireUser()
            // Of two changes at once only one may find the password that it was given.
            tx.queue(Auth.updatePassword, userID, hash, found.passwordHash, expecting: 1)
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
    /// From one address within the window.
    private static let failuresOfPair = 5
    /// From anywhere within the window; then addresses that never logged in are kept out.
    private static let failuresOfEmail = 50
    private static let lockMs: Int64 = 15 * 60 * 1000
}
