import Cryptography
import TestSupport
import Testing

@Suite("Cryptography")
struct CryptographyTests {
    @Test(
        "What was sealed opens with the same key and data, and with nothing else", arguments: Seed.some(100))
    func sealing(seed: Seed) throws {
        var random = seed.generator
        func some(_ count: Int) -> [UInt8] { (0..<count).map { _ in .random(in: 0...255, using: &random) } }
        let key = try SecretBytes(some(32))
        let (text, data) = (
            some(.random(in: 0...200, using: &random)), some(.random(in: 0...50, using: &random))
        )
        let box = try AES256GCM.seal(text, key: key, associatedData: data)
        #expect(
            try AES256GCM.open(box, key: key, associatedData: data).withUnsafeBytes { [UInt8]($0) } == text)
        var tampered = box
        tampered[.random(in: 0..<box.count, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
        #expect(throws: CryptographyError.authenticationFailed) {
            try AES256GCM.open(tampered, key: key, associatedData: data)
        }
        #expect(throws: CryptographyError.authenticationFailed) {
            try AES256GCM.open(box, key: key, associatedData: data + [0])
        }
        #expect(throws: CryptographyError.self) {
            try AES256GCM.open(Array(box.prefix(27)), key: key, associatedData: data)
        }
        #expect(try AES256GCM.seal(text, key: key, associatedData: data) != box, "a nonce was used twice")
    }

    @Test("A signature is good for its message and key alone; a key comes back from its seed")
    func signatures() throws {
        let key = try Ed25519.SigningKey.generate()
        let signature = try key.sign([1, 2, 3])
        #expect(try key.publicKey.isValidSignature(signature, for: [1, 2, 3]))
        #expect(try !key.publicKey.isValidSignature(signature, for: [1, 2, 4]))
        #expect(try !Ed25519.SigningKey.generate().publicKey.isValidSignature(signature, for: [1, 2, 3]))
        #expect(try !key.publicKey.isValidSignature(Array(signature.dropLast()), for: [1, 2, 3]))
        #expect(try Ed25519.SigningKey(seed: key.seed).publicKey == key.publicKey)
    }

    @Test("base64url reads only what it would write", arguments: Seed.some(100))
    func base64URL(seed: Seed) throws {
        var random = seed.generator
        let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
            UInt8.random(in: 0...255, using: &random)
        }
        let text = Base64URL.encode(bytes)
        #expect(Base64URL.decode(text) == bytes)
        #expect(Base64URL.decode(text + "=") == nil)
        #expect(Base64URL.decode(" " + text) == nil)
    }

    @Test(
        "Bits that no byte uses have to be zero, and the standard alphabet is refused",
        arguments: ["QQ==", "QR", "+/8", "A"])
    func notCanonical(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test("A password is known by its hash, and two hashes of it differ")
    func passwords() throws {
        let password = Array("correct horse battery staple".utf8)
        let hash = try PasswordHash.hash(password: password)
        #expect(hash.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(try PasswordHash.verify(password: password, against: hash))
        #expect(try !PasswordHash.verify(password: password + [0], against: hash))
        #expect(try PasswordHash.hash(password: password) != hash)
        #expect(!PasswordHash.needsRehash(hash))
    }

    @Test(
        "A hostile row cannot have gigabytes taken for it",
        arguments: [
            "",
            "$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$dGFndGFndGFndGFndGFndGFndGFndGFndGFndGFndGE",
            "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$dGFndGFndGFndGFndGFndGFndGFndGFndGFndGFndGE",
            "$argon2id$v=19$m=19456,t=99999,p=1$c2FsdHNhbHRzYWx0c2FsdA$dGFndGFndGFndGFndGFndGFndGFndGFndGFndGFndGE",
        ])
    func hostileHashes(hash: String) {
        #expect(throws: CryptographyError.malformedPasswordHash) {
            try PasswordHash.verify(password: Array("password".utf8), against: hash)
        }
    }

    @Test("A secret prints as three stars")
    func secretsStaySecret() throws {
        let secret = try SecretBytes(Array("marked".utf8))
        #expect("\(secret)" == "***")
        #expect(String(reflecting: secret) == "***")
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test("Equality in constant time is equality")
    func constantTime() {
        #expect(constantTimeEqual([1, 2], [1, 2]))
        #expect(!constantTimeEqual([1, 2], [1, 3]))
        #expect(!constantTimeEqual([1, 2], [1, 2, 3]))
        #expect(constantTimeEqual([], []))
    }
}
