import Cryptography
import JSON
import TestSupport
import Testing

private let now: Int64 = 1_800_000_000

/// A key ring, and tokens that an attacker who has none of its private keys, or one who holds an honest token, could try.
private struct Forge {
    let signer: Ed25519.SigningKey
    let ring: KeyRing
    let claims = JSONWebToken.Claims(
        issuer: "rpcd", audience: "rpcd", subject: "ada", sessionID: "s", tokenID: "t", issuedAt: now,
        expiresAt: now + 900)

    init() throws {
        signer = try .generate()
        ring = try KeyRing(signer: signer)
    }

    func verify(_ token: String, at time: Int64 = now) -> Result<JSONWebToken.Claims, JSONWebToken.Fault> {
        Result { () throws(JSONWebToken.Fault) in
            try ring.verify(token, issuer: "rpcd", audience: "rpcd", now: time)
        }
    }

    /// A token whose signature is good, whatever stands in it.
    func signed(header: String, claims: String) throws -> String {
        let text = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        return text + "." + Base64URL.encode(try signer.sign(Array(text.utf8)))
    }

    var kid: String {
        get throws {
            let set = try JSON.parse(ring.jwkSet)
            return try #require(set["keys"]?[0]?["kid"]?.string)
        }
    }

    var publicKey: [UInt8] { signer.publicKey.bytes }

    static let honestClaims =
        #""iss":"rpcd","aud":"rpcd","sub":"ada","sid":"s","jti":"t","iat":1800000000,"exp":1800000900"#
}

@Suite("Access tokens against an attacker")
struct JSONWebTokenTests {
    @Test("An honest token verifies, by a later key's ring too, until the second that it expires in")
    func honest() throws {
        let forge = try Forge()
        let token = try forge.ring.sign(forge.claims)
        #expect(forge.verify(token) == .success(forge.claims))
        #expect(forge.verify(token, at: now + 899) == .success(forge.claims))
        #expect(forge.verify(token, at: now + 900) == .failure(.expired))
        #expect(forge.verify(token, at: now + 901) == .failure(.expired))
        let rotated = try KeyRing(signer: .generate(), earlier: [forge.signer.publicKey])
        #expect(try rotated.verify(token, issuer: "rpcd", audience: "rpcd", now: now) == forge.claims)
        let other = try KeyRing(signer: .generate())
        #expect(throws: JSONWebToken.Fault.unknownKey) {
            try other.verify(token, issuer: "rpcd", audience: "rpcd", now: now)
        }
    }

    @Test(
        "A header that says anything but EdDSA under a known key is refused, even where the signature is good",
        arguments: [
            #"{"alg":"none","kid":"KID"}"#, #"{"alg":"NONE","kid":"KID"}"#, #"{"alg":"","kid":"KID"}"#,
            #"{"kid":"KID"}"#, #"{"alg":"eddsa","kid":"KID"}"#, #"{"alg":"HS256","kid":"KID"}"#,
            #"{"alg":"ES256","kid":"KID"}"#, #"{"alg":["EdDSA"],"kid":"KID"}"#, #"{"alg":null,"kid":"KID"}"#,
            #"{"alg":"EdDSA"}"#, #"{"alg":"EdDSA","kid":""}"#, #"{"alg":"EdDSA","kid":7}"#,
            #"{"alg":"EdDSA","kid":"../../../dev/null"}"#, #"{"alg":"EdDSA","kid":"' OR 1=1 --"}"#,
            #"{"alg":"EdDSA","kid":"KID\u0000"}"#, #"{"alg":"EdDSA","kid":"KID","crit":["exp"]}"#,
            #"{"alg":"EdDSA","kid":"KID","typ":"at+jwt"}"#, #"{"alg":"EdDSA","alg":"none","kid":"KID"}"#,
            #"{"alg":"EdDSA","kid":"other","kid":"KID"}"#, #"["EdDSA"]"#, "EdDSA", "",
        ])
    func headers(header: String) throws {
        let forge = try Forge()
        let token = try forge.signed(
            header: header.replacing("KID", with: try forge.kid), claims: "{\(Forge.honestClaims)}")
        #expect(throws: JSONWebToken.Fault.self) { try forge.verify(token).get() }
    }

    @Test("A key of the token's own is never used, nor is the public key as a secret")
    func foreignKeys() throws {
        let forge = try Forge()
        let own = try Ed25519.SigningKey.generate()
        let jwk = #"{"kty":"OKP","crv":"Ed25519","x":"\#(Base64URL.encode(own.publicKey.bytes))"}"#
        let kid = try forge.kid
        for extra in [
            #""jwk":\#(jwk)"#, #""jku":"https://attacker.example/keys""#, #""x5u":"https://x.example""#,
        ] {
            let text =
                Base64URL.encode(Array(#"{"alg":"EdDSA","kid":"\#(kid)",\#(extra)}"#.utf8)) + "."
                + Base64URL.encode(Array("{\(Forge.honestClaims)}".utf8))
            let token = text + "." + Base64URL.encode(try own.sign(Array(text.utf8)))
            #expect(forge.verify(token) == .failure(.wrongSignature))
        }
        let text =
            Base64URL.encode(Array(#"{"alg":"HS256","kid":"\#(kid)"}"#.utf8)) + "."
            + Base64URL.encode(Array("{\(Forge.honestClaims)}".utf8))
        let mac = try HMACSHA256.authenticate(key: SecretBytes(forge.publicKey), message: Array(text.utf8))
        #expect(forge.verify(text + "." + Base64URL.encode(mac)) == .failure(.wrongHeader))
    }

    @Test(
        "Claims that are missing, twice, of another type, of another time or for somebody else are refused",
        arguments: [
            #""iss":"rpcd""#, #""sub":"eve","# + Forge.honestClaims,
            Forge.honestClaims + #","exp":9999999999"#,
            Forge.honestClaims.replacing(#""exp":1800000900"#, with: #""exp":"1800000900""#),
            Forge.honestClaims.replacing(#""exp":1800000900"#, with: #""exp":1.8e10"#),
            Forge.honestClaims.replacing(#""exp":1800000900"#, with: #""exp":99999999999999999999"#),
            Forge.honestClaims.replacing(#""exp":1800000900"#, with: #""exp":1799999999"#),
            Forge.honestClaims.replacing(#","exp":1800000900"#, with: ""),
            Forge.honestClaims.replacing(#""iss":"rpcd""#, with: #""iss":"rpcd2""#),
            Forge.honestClaims.replacing(#""aud":"rpcd""#, with: #""aud":["rpcd"]"#),
            Forge.honestClaims.replacing(#""aud":"rpcd""#, with: #""aud":"else""#),
            Forge.honestClaims + #","nbf":1800000001"#, Forge.honestClaims + #","nbf":"now""#,
        ])
    func claims(claims: String) throws {
        let forge = try Forge()
        let header = #"{"alg":"EdDSA","kid":"\#(try forge.kid)"}"#
        let good = try forge.signed(header: header, claims: "{\(Forge.honestClaims)}")
        #expect(forge.verify(good) == .success(forge.claims))
        let token = try forge.signed(header: header, claims: "{\(claims)}")
        #expect(throws: JSONWebToken.Fault.self) { try forge.verify(token).get() }
    }

    @Test("Another form of the same token is no token: parts, paddings and last bits that are not canonical")
    func forms() throws {
        let forge = try Forge()
        let token = try forge.ring.sign(forge.claims)
        let parts = token.split(separator: ".").map(String.init)
        let other = try forge.ring.sign(
            JSONWebToken.Claims(
                issuer: "rpcd", audience: "rpcd", subject: "eve", sessionID: "s", tokenID: "t", issuedAt: now,
                expiresAt: now + 900)
        ).split(separator: ".").map(String.init)
        let last = try #require(parts[2].last)
        // 64 bytes leave four bits of the last character unused: another one decodes to the same signature.
        let loose = try #require(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".split(separator: "").map {
                Character(String($0))
            }.first { $0 != last && !"AQgw".contains($0) })
        let shapes = [
            "", ".", "..", "...", parts[0] + "." + parts[1], parts[0] + "." + parts[1] + ".",
            token + ".", "." + token, token + "." + parts[2], parts[0] + ".." + parts[2],
            "." + parts[1] + "." + parts[2], parts[0] + "." + parts[1] + "." + other[2],
            parts[0] + "." + other[1] + "." + parts[2], String(token.dropLast()), token + "=", token + "==",
            token + "\n", " " + token, token.replacing("-", with: "+").replacing("_", with: "/") + "=",
            parts[0] + "." + parts[1] + "." + parts[2].dropLast() + String(loose),
            String(repeating: "A", count: 1_000_000), token + String(repeating: "A", count: 1_000_000),
        ]
        for shape in shapes where shape != token {
            #expect(throws: JSONWebToken.Fault.self, "\(shape.prefix(80))") { try forge.verify(shape).get() }
        }
        #expect(forge.verify(String(repeating: "A", count: 4097)) == .failure(.tooLong))
    }

    @Test("No single bit of a token can change", arguments: Seed.some(100))
    func bits(seed: Seed) throws {
        var random = seed.generator
        let forge = try Forge()
        var bytes = Array(try forge.ring.sign(forge.claims).utf8)
        let position = Int.random(in: 0..<bytes.count, using: &random)
        bytes[position] ^= 1 << UInt8.random(in: 0..<7, using: &random)
        let token = String(decoding: bytes, as: UTF8.self)
        #expect(throws: JSONWebToken.Fault.self) { try forge.verify(token).get() }
    }
}
