import JSON

/// Signed tokens by RFC 7519 in compact form (RFC 7515), with Ed25519 (RFC 8037) and nothing else: the algorithm is never taken
/// from the token.
public enum JSONWebToken {
    /// What a token says. Times are seconds since 1970.
    public struct Claims: Sendable, Equatable {
        public var issuer: String
        public var audience: String
        public var subject: String
        /// `sid`: the login that the token belongs to.
        public var sessionID: String
        /// `jti`
        public var tokenID: String
        public var issuedAt: Int64
        public var notBefore: Int64?
        public var expiresAt: Int64

        public init(
            issuer: String, audience: String, subject: String, sessionID: String, tokenID: String,
            issuedAt: Int64,
            notBefore: Int64? = nil, expiresAt: Int64
        ) {
            self.issuer = issuer
            self.audience = audience
            self.subject = subject
            self.sessionID = sessionID
            self.tokenID = tokenID
            self.issuedAt = issuedAt
            self.notBefore = notBefore
            self.expiresAt = expiresAt
        }
    }

    /// Why a token is not good. For logs: callers are told one thing for all of them.
    public enum Fault: Error, Sendable, Equatable {
        case tooLong, malformed, wrongHeader, unknownKey, wrongSignature, wrongIssuer, wrongAudience,
            notYetValid, expired
    }

    /// Bytes of the longest token that is looked at.
    public static let longest = 4096
}

extension JSONWebToken.Claims {
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("iss")
        writer.string(issuer)
        writer.key("aud")
        writer.string(audience)
        writer.key("sub")
        writer.string(subject)
        writer.key("sid")
        writer.string(sessionID)
        writer.key("jti")
        writer.string(tokenID)
        writer.key("iat")
        writer.int(issuedAt)
        if let notBefore {
            writer.key("nbf")
            writer.int(notBefore)
        }
        writer.key("exp")
        writer.int(expiresAt)
        writer.endObject()
        return writer.bytes
    }

    init?(_ json: JSON) {
        guard json.kind == .object, json.duplicatedMember() == nil, let issuer = json["iss"]?.string,
            let audience = json["aud"]?.string, let subject = json["sub"]?.string,
            let sessionID = json["sid"]?.string, let tokenID = json["jti"]?.string,
            let issuedAt = json["iat"]?.int64, let expiresAt = json["exp"]?.int64
        else { return nil }
        let notBefore = json["nbf"]
        guard notBefore == nil || notBefore?.int64 != nil else { return nil }
        self.init(
            issuer: issuer, audience: audience, subject: subject, sessionID: sessionID, tokenID: tokenID,
            issuedAt: issuedAt, notBefore: notBefore?.int64, expiresAt: expiresAt)
    }
}
