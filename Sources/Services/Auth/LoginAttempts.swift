import Identifiers
import Postgres
import RPC

/// One try of a password. It counts as failed from before the password is looked at until it turns out right: so many tries at once are
/// no way round the lock.
struct LoginAttempt: Sendable {
    let id = UUID.random()
    let email: Email
    /// From where.
    let network: String
    /// A key that is added forgets no failure.
    private let hashes: (newest: [UInt8], all: [[UInt8]])

    init(_ email: Email, of call: Call, _ tokens: Tokens) throws {
        self.email = email
        network = call.peer.network
        hashes = try tokens.emailHashes(email)
    }

    /// From one place within the window.
    private static let mostOfPair = 5
    /// From anywhere within the window; then places that never logged in are kept out.
    private static let mostOfEmail = 50
    private static let lockMs: Int64 = 15 * 60 * 1000
    /// For those that are under way to end.
    private static let pauseMs: Int64 = 1000

    /// - Returns: why it may not be made, in which case it does not count.
    func begin(_ tx: borrowing Transaction) throws -> CallError? {
        // Of one email's tries one at a time is counted.
        try AdvisoryLock.take(tx, "login", email.text)
        tx.queue(LoginAttempt.deleteOld)
        let others = try tx.one(LoginAttempt.count, TextArray(hashes.all), network, email.text)
        guard others.ofPair < LoginAttempt.mostOfPair,
            others.ofEmail < LoginAttempt.mostOfEmail || others.knownNetwork
        else {
            let isLocked =
                others.failedOfPair >= LoginAttempt.mostOfPair
                || others.failedOfEmail >= LoginAttempt.mostOfEmail
            return isLocked
                ? .rateLimited(
                    retryAfterMs: LoginAttempt.lockMs, "Too many failed logins; try again later")
                : .rateLimited(
                    retryAfterMs: LoginAttempt.pauseMs, "Too many logins with this email at once")
        }
        tx.queue(LoginAttempt.insert, id, hashes.newest, network, expecting: 1)
        return nil
    }

    /// The password was wrong.
    func fail(_ tx: borrowing Transaction) { tx.queue(LoginAttempt.markFailed, id) }

    /// The password was right: earlier failures of the pair are forgiven.
    func succeed(_ tx: borrowing Transaction) {
        tx.queue(LoginAttempt.deleteOfPair, TextArray(hashes.all), network, id)
    }

    /// The password was not looked at.
    func withdraw(_ tx: borrowing Transaction) { tx.queue(LoginAttempt.deleteOne, id) }

    /// Ends every lock of an email.
    static func forgive(_ tx: borrowing Transaction, _ email: Email, _ tokens: Tokens) throws {
        tx.queue(deleteOfEmail, TextArray(try tokens.emailHashes(email).all))
    }
}
