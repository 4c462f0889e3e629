import Cryptography
import Identifiers
import RPC
import Resilience
import Synchronization

/// Access tokens and refresh tokens.
public final class Tokens: Authenticator {
    /// What is made of one state of the keys.
    private struct Keys: Sendable {
        let revision: Int
        let ring: KeyRing
        /// For refresh tokens and hashes of emails, the newest first; derived, so that none is a signing key.
        let secrets: [SecretBytes]
        /// Tokens that were good by this ring; another ring judges anew.
        let verified = VerifiedTokens(limit: 10_000)

        init(_ current: (keys: NumberedKeys, revision: Int)) throws(CryptographyError) {
            revision = current.revision
            let seeds = current.keys.newestFirst
            var signers: [Ed25519.SigningKey] = []
            var secrets: [SecretBytes] = []
            for seed in seeds {
                signers.append(try Ed25519.SigningKey(seed: seed))
                secrets.append(
                    try HKDFSHA256.derive(
                        key: seed, salt: [], info: Array("rpcd refresh tokens v1".utf8), count: 32))
            }
            guard let signer = signers.first else {
                throw .invalidLength(parameter: "key ring", expected: "a key", actual: 0)
            }
            ring = try KeyRing(signer: signer, earlier: signers.dropFirst().map(\.publicKey))
            self.secrets = secrets
        }
    }

    private struct State {
        var keys: Keys
        var lookedAt: UInt64
    }

    private let watched: WatchedKeys
    let confirmedKeys = ConfirmedKeys()
    private let state: Mutex<State>

    /// How long an access token is good for.
    static let accessSeconds: Int64 = 900
    private static let issuer = "rpcd"
    private static let audience = "rpcd"
    /// How late it may be seen that a key was taken away. One that was added is looked for when a token names it.
    private static let lookNanoseconds: UInt64 = 1_000_000_000

    /// - Parameter keys: Ed25519 seeds; every daemon on one database has the same. The newest signs, all verify.
    public init(keys: WatchedKeys) throws(CryptographyError) {
        watched = keys
        state = Mutex(State(keys: try Keys(keys.current), lookedAt: MonotonicClock.now))
    }

    private func keys(fresh: Bool = false) -> Keys {
        let now = MonotonicClock.now
        let known = state.withLock { state -> Keys? in
            guard !fresh, now < state.lookedAt + Tokens.lookNanoseconds else { return nil }
            return state.keys
        }
        if let known { return known }
        let current = watched.current
        return state.withLock { state in
            state.lookedAt = now
            // Keys of which nothing can be made change nothing.
            if current.revision != state.keys.revision, let keys = try? Keys(current) { state.keys = keys }
            return state.keys
        }
    }

    /// The public keys (RFC 7517 §5).
    var jwkSet: [UInt8] { keys().ring.jwkSet }

    public func authenticate(_ token: String) throws(CallError) -> Caller {
        if let secret = APIKeySecret(token) { return .apiKey(id: secret.id, secretHash: secret.hash) }
        do {
            return try authenticate(token, by: keys())
        } catch .unknownKey {
            // Another daemon may have it already.
            if let caller = try? authenticate(token, by: keys(fresh: true)) { return caller }
        } catch {}
        throw CallError(.authentication, "The token is not valid or has expired; refresh it, or log in")
    }

    /// A user's token is signed; an API key says itself which it is.
    public func isConfirmed(_ caller: Caller) -> Bool {
        if case .apiKey = caller { confirmedKeys.contains(caller) } else { true }
    }

    private func authenticate(_ token: String, by keys: Keys) throws(JSONWebToken.Fault) -> Caller {
        guard let digest = try? SHA256.digest(Array(token.utf8)) else { throw .malformed }
        let now = Timestamp.now.seconds
        if let caller = keys.verified.caller(of: digest, now: now) { return caller }
        let claims = try keys.ring.verify(token, issuer: Tokens.issuer, audience: Tokens.audience, now: now)
        guard let user = UUID(claims.subject), let session = UUID(claims.sessionID) else { throw .malformed }
        let caller = Caller.user(id: user, session: session)
        keys.verified.remember(digest, caller, until: claims.expiresAt)
        return caller
    }

    func accessToken(user: UUID, session: UUID) throws -> String {
        let now = Timestamp.now.seconds
        return try keys().ring.sign(
            JSONWebToken.Claims(
                issuer: Tokens.issuer, audience: Tokens.audience, subject: user.description,
                sessionID: session.description, tokenID: UUID.random().description, issuedAt: now,
                expiresAt: now + Tokens.accessSeconds))
    }

    /// A refresh token that was given out, or looks as if it was.
    struct RefreshToken: Sendable {
        let session: UUID
        let generation: Int64
        let text: String
        /// What is stored.
        let hash: [UInt8]
    }

    /// Session, generation, and a MAC over both: so the successor of a token can be told again without storing it.
    func refreshToken(session: UUID, generation: Int64) throws -> RefreshToken {
        guard let newest = keys().secrets.first else { throw CallError(.internalError) }
        return try Tokens.refreshToken(session: session, generation: generation, secret: newest)
    }

    /// The one that was given out already, by whichever key; `nil` when that key is gone.
    func refreshToken(session: UUID, generation: Int64, hash: [UInt8]) throws -> RefreshToken? {
        for secret in keys().secrets {
            let token = try Tokens.refreshToken(session: session, generation: generation, secret: secret)
            if constantTimeEqual(token.hash, hash) { return token }
        }
        return nil
    }

    /// `nil` for what was never given out.
    func parseRefreshToken(_ text: String) -> RefreshToken? {
        guard let bytes = Base64URL.decode(text), bytes.count == 56,
            let session = bytes.withUnsafeBytes({ UUID(bytes: UnsafeRawBufferPointer(rebasing: $0[..<16])) })
        else { return nil }
        let generation = bytes[16..<24].reduce(0) { $0 << 8 | Int64($1) }
        for secret in keys().secrets {
            guard
                let token = try? Tokens.refreshToken(
                    session: session, generation: generation, secret: secret)
            else { continue }
            if constantTimeEqual(Array(token.text.utf8), Array(text.utf8)) { return token }
        }
        return nil
    }

    private static func refreshToken(
        session: UUID, generation: Int64, secret: SecretBytes
    ) throws -> RefreshToken {
        let body = session.bytes + withUnsafeBytes(of: generation.bigEndian) { Array($0) }
        let bytes = body + (try HMACSHA256.authenticate(key: secret, message: body))
        return RefreshToken(
            session: session, generation: generation, text: Base64URL.encode(bytes),
            hash: try SHA256.digest(bytes))
    }

    /// Under the newest signing key, and under every one: what was hashed under an earlier one has to be found.
    func emailHashes(_ email: Email) throws -> (newest: [UInt8], all: [[UInt8]]) {
        let all = try keys().secrets.map {
            try HMACSHA256.authenticate(key: $0, message: Array(email.text.utf8))
        }
        guard let newest = all.first else { throw CallError(.internalError) }
        return (newest, all)
    }
}
