import JSON

/// The keys of access tokens: one signs, all verify, so a new key can take over without logging anyone out.
public struct KeyRing: Sendable {
    private struct Entry: Sendable {
        let id: String
        let key: Ed25519.PublicKey
    }

    private let signer: Ed25519.SigningKey
    private let entries: [Entry]
    /// The part of every token before its claims, base64url.
    private let header: String

    /// - Parameter earlier: keys whose tokens are still good.
    public init(signer: Ed25519.SigningKey, earlier: [Ed25519.PublicKey] = []) throws(CryptographyError) {
        self.signer = signer
        var entries: [Entry] = []
        for key in [signer.publicKey] + earlier {
            entries.append(Entry(id: try KeyRing.thumbprint(of: key), key: key))
        }
        self.entries = entries
        header = Base64URL.encode(
            try KeyRing.json { writer throws(CryptographyError) in
                writer.key("alg")
                writer.string("EdDSA")
                writer.key("typ")
                writer.string("JWT")
                writer.key("kid")
                writer.string(try KeyRing.thumbprint(of: signer.publicKey))
            })
    }

    public func sign(_ claims: JSONWebToken.Claims) throws(CryptographyError) -> String {
        let text = header + "." + Base64URL.encode(claims.json)
        return text + "." + Base64URL.encode(try signer.sign(Array(text.utf8)))
    }

    /// Checks everything before it believes anything: length, form, header, signature, then the claims.
    /// - Parameter now: seconds since 1970; there is no leeway.
    public func verify(
        _ token: String, issuer: String, audience: String, now: Int64
    ) throws(JSONWebToken.Fault) -> JSONWebToken.Claims {
        guard token.utf8.count <= JSONWebToken.longest else { throw .tooLong }
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.decode(parts[0]),
            let body = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2])
        else { throw .malformed }
        let key = try key(for: header)
        let signed = Array(token.utf8.prefix(parts[0].count + 1 + parts[1].count))
        guard (try? key.isValidSignature(signature, for: signed)) == true else { throw .wrongSignature }
        guard let json = try? JSON.parse(body), let claims = JSONWebToken.Claims(json) else {
            throw .malformed
        }
        guard claims.issuer == issuer else { throw .wrongIssuer }
        guard claims.audience == audience else { throw .wrongAudience }
        guard now < claims.expiresAt else { throw .expired }
        guard claims.notBefore ?? .min <= now else { throw .notYetValid }
        return claims
    }

    private func key(for header: [UInt8]) throws(JSONWebToken.Fault) -> Ed25519.PublicKey {
        guard let json = try? JSON.parse(header), json.kind == .object, json.duplicatedMember() == nil,
            json["alg"]?.string == "EdDSA", json["crit"] == nil,
            json["typ"] == nil || json["typ"]?.string == "JWT",
            let id = json["kid"]?.string
        else { throw .wrongHeader }
        guard let entry = entries.first(where: { $0.id == id }) else { throw .unknownKey }
        return entry.key
    }

    /// The public keys as a JWK set (RFC 7517 §5).
    public var jwkSet: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("keys")
        writer.beginArray()
        for entry in entries {
            writer.beginObject()
            KeyRing.writeMembers(of: entry.key, to: &writer)
            writer.key("kid")
            writer.string(entry.id)
            writer.key("use")
            writer.string("sig")
            writer.key("alg")
            writer.string("EdDSA")
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    /// RFC 7638: the hash of the required members in their order.
    private static func thumbprint(of key: Ed25519.PublicKey) throws(CryptographyError) -> String {
        let members = try json { writer throws(CryptographyError) in writeMembers(of: key, to: &writer) }
        return Base64URL.encode(try SHA256.digest(members))
    }

    private static func writeMembers(of key: Ed25519.PublicKey, to writer: inout JSONWriter) {
        writer.key("crv")
        writer.string("Ed25519")
        writer.key("kty")
        writer.string("OKP")
        writer.key("x")
        writer.string(Base64URL.encode(key.bytes))
    }

    private static func json(
        _ body: (inout JSONWriter) throws(CryptographyError) -> Void
    ) throws(CryptographyError) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        try body(&writer)
        writer.endObject()
        return writer.bytes
    }
}
