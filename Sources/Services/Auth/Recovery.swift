import Cryptography
import Identifiers
import Postgres
import RPC

/// What a link in a mail proves: 32 random bytes in base64url.
struct EmailToken: Sendable {
    let text: String
    /// What is stored.
    let hash: [UInt8]

    private static let bytes = 32

    static func make() throws(CryptographyError) -> EmailToken {
        let bytes = try SecureRandom.bytes(bytes)
        return EmailToken(text: Base64URL.encode(bytes), hash: try SHA256.digest(bytes))
    }

    /// The hash of a token that may have been given out.
    static func hash(of text: String) throws(CryptographyError) -> [UInt8]? {
        guard let bytes = Base64URL.decode(text), bytes.count == EmailToken.bytes else { return nil }
        return try SHA256.digest(bytes)
    }
}

extension Auth {
    /// The same answer, and the same work, whether or not there is such an account.
    func requestPasswordReset(_ tx: borrowing Transaction, _ access: Access, _ email: Email) throws -> Done {
        let token = try EmailToken.make()
        // Of several at once, too, only so many.
        try AdvisoryLock.take(tx, "passwordReset", email.text)
        tx.queue(Auth.insertResetToken, token.hash, email.text)
        try platform.outbox.put(
            tx, Mail(kind: .resetPassword, token: token.text), to: email, ifKept: token.hash)
        return Done()
    }

    /// Ends every session, and the locks that failed logins have left behind.
    func resetPassword(_ call: Call, _ token: String, _ password: Password) async throws -> Done {
        guard let tokenHash = try EmailToken.hash(of: token),
            try await platform.transact(call, { try $0.first(Auth.findResetToken, tokenHash) }) != nil
        else { throw Auth.badEmailToken }
        let hash = try await platform.passwords.hash(password)
        try await platform.transact(call) { tx in
            // Of two uses at once only one finds it.
            guard let user = try tx.first(Auth.useToken, tokenHash, Mail.Kind.resetPassword.rawValue),
                let email = try tx.first(Auth.resetPassword, user, hash).flatMap({ Email($0) })
            else { throw Auth.badEmailToken }
            tx.queue(Auth.deleteResetTokens, user)
            tx.queue(Auth.revokeSessions, user)
            try LoginAttempt.forgive(tx, email, platform.tokens)
            try platform.conclude(
                tx, call, actor: "user:\(user)", answer: Shape.done.body(of: Done()))
        }
        return Done()
    }

    func verifyEmail(_ call: Call, _ token: String) async throws -> Done {
        guard let tokenHash = try EmailToken.hash(of: token) else { throw Auth.badEmailToken }
        try await platform.transact(call) { tx in
            guard let user = try tx.first(Auth.useToken, tokenHash, Mail.Kind.verifyEmail.rawValue) else {
                throw Auth.badEmailToken
            }
            tx.queue(Auth.verifyUser, user)
            try platform.conclude(
                tx, call, actor: "user:\(user)", answer: Shape.done.body(of: Done()))
        }
        return Done()
    }

    /// With a new account.
    func sendVerification(_ tx: borrowing Transaction, to user: User, at email: Email) throws {
        guard platform.outbox.isOpen else { return }
        let token = try EmailToken.make()
        tx.queue(Auth.insertVerificationToken, token.hash, user.id, expecting: 1)
        try platform.outbox.put(tx, Mail(kind: .verifyEmail, token: token.text), to: email)
    }

    private static let badEmailToken = CallError(
        .authentication, "This link was used or has expired; ask for a new one")
}
