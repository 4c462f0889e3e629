import Cryptography
import Identifiers
import RPC

/// Access tokens and refresh tokens.
public struct Tokens: Authenticator {
    private let keys: KeyRing
    /// For refresh tokens and hashes of emails; derived, so that it is not the signing key.
    private let secret: SecretBytes
    private let verified = VerifiedTokens(limit: 10_000)

    /// How long an access token is good for.
    static let accessSeconds: Int64 = 900
    private static let issuer = "rpcd"
    private static let audience = "rpcd"

    /// - Parameter seed: 32 random bytes that survive restarts; every daemon on one database has the same.
    public init(keys: KeyRing, seed: SecretBytes) throws(CryptographyError) {
        self.keys = keys
        secret = try HKDFSHA256.derive(
            key: seed, salt: [], info: Array("rpcd refresh tokens v1".utf8), count: 32)
    }

    /// The public keys (RFC 7517 §5).
    var jwkSet: [UInt8] { keys.jwkSet }

    public func authenticate(_ token: String) throws(CallError) -> Caller {
        if let secret = APIKeySecret(token) { return .apiKey(id: secret.id, secretHash: secret.hash) }
        do {
            let now = Timestamp.now.seconds
            let digest = try SHA256.digest(Array(token.utf8))
            if let caller = verified.caller(of: digest, now: now) { return caller }
            let claims = try keys.verify(token, issuer: Tokens.issuer, audience: Tokens.audience, now: now)
            guard let user = UUID(claims.subject), let session = UUID(claims.sessionID) else {
                throw CallError(.authentication, "The token is not valid")
            }
            let caller = Caller.user(id: user, session: session)
            verified.remember(digest, caller, until: claims.expiresAt)
            return caller
        } catch {
            throw CallError(.authentication, "The token is not valid or has expired; refresh it, or log in")
        }
    }

    func accessToken(user: UUID, session: UUID) throws -> String {
        let now = Timestamp.now.seconds
        return try keys.sign(
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
        let body = session.bytes + withUnsafeBytes(of: generation.bigEndian) { Array($0) }
        let bytes = body + (try HMACSHA256.authenticate(key: secret, message: body))
        return RefreshToken(
            session: session, generation: generation, text: Base64URL.encode(bytes),
            hash: try SHA256.digest(bytes))
    }

    /// `nil` for what was never given out.
    func parseRefreshToken(_ text: String) -> RefreshToken? {
        guard let bytes = Base64URL.decode(text), bytes.count == 56,
            let session = bytes.withUnsafeBytes({ UUID(bytes: UnsafeRawBufferPointer(rebasing: $0[..<16])) }),
            let token = try? refreshToken(
                session: session, generation: bytes[16..<24].reduce(0) { $0 << 8 | Int64($1) }),
            constantTimeEqual(Array(token.text.utf8), Array(text.utf8))
        else { return nil }
        return token
    }

    func emailHash(_ email: Email) throws -> [UInt8] {
        try HMACSHA256.authenticate(key: secret, message: Array(email.text.utf8))
    }
}
