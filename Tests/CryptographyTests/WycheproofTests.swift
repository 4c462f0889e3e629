import Cryptography
import Foundation
import TestSupport
import Testing

/// One test of a Wycheproof file, with what its group says.
private struct Vector: Decodable {
    let tcId: Int
    let result: String
    let msg: String?
    let key: String?
    let iv: String?
    let aad: String?
    let ct: String?
    let tag: String?
    let sig: String?
    let ikm: String?
    let salt: String?
    let info: String?
    let size: Int?
    let okm: String?
}

private struct Group: Decodable {
    struct PublicKey: Decodable { let pk: String }

    let ivSize: Int?
    let keySize: Int?
    let tagSize: Int?
    let publicKey: PublicKey?
    let tests: [Vector]
}

private struct File: Decodable {
    let testGroups: [Group]
}

private func groups(of name: String) throws -> [Group] {
    let data = try Data(contentsOf: URL(fileURLWithPath: Vectors.path(of: "vectors/\(name).json")))
    return try JSONDecoder().decode(File.self, from: data).testGroups
}

private func bytes(_ hexadecimal: String?) throws -> [UInt8] {
    let digits = Array(try #require(hexadecimal))
    return try stride(from: 0, to: digits.count, by: 2).map {
        try #require(UInt8(String(digits[$0...$0 + 1]), radix: 16))
    }
}

@Suite("Wycheproof: every valid vector is accepted, every invalid one refused", .enabled(if: Vectors.areHere))
struct WycheproofTests {
    @Test("AES-256-GCM")
    func aesGCM() throws {
        var count = 0
        for group in try groups(of: "aes_gcm")
        where group.keySize == 256 && group.ivSize == 96 && group.tagSize == 128 {
            for vector in group.tests {
                let key = try SecretBytes(bytes(vector.key))
                let box = try bytes(vector.iv) + bytes(vector.ct) + bytes(vector.tag)
                let opened = try? AES256GCM.open(box, key: key, associatedData: bytes(vector.aad))
                #expect((opened != nil) == (vector.result != "invalid"), "vector \(vector.tcId)")
                if let opened { #expect(opened.withUnsafeBytes { [UInt8]($0) } == (try bytes(vector.msg))) }
                count += 1
            }
        }
        #expect(count > 50)
    }

    @Test("HKDF-SHA-256")
    func hkdf() throws {
        for vector in try groups(of: "hkdf_sha256").flatMap(\.tests) {
            let key = try SecretBytes(bytes(vector.ikm))
            let derived = try? HKDFSHA256.derive(
                key: key, salt: bytes(vector.salt), info: bytes(vector.info), count: try #require(vector.size)
            )
            #expect((derived != nil) == (vector.result != "invalid"), "vector \(vector.tcId)")
            if let derived { #expect(derived.withUnsafeBytes { [UInt8]($0) } == (try bytes(vector.okm))) }
        }
    }

    @Test("HMAC-SHA-256, whole tags; a truncated one is never accepted")
    func hmac() throws {
        for group in try groups(of: "hmac_sha256") {
            for vector in group.tests {
                let isValid = try HMACSHA256.isValid(
                    bytes(vector.tag), key: SecretBytes(bytes(vector.key)), message: bytes(vector.msg))
                #expect(
                    isValid == (vector.result == "valid" && group.tagSize == 256), "vector \(vector.tcId)")
            }
        }
    }

    @Test("Ed25519")
    func ed25519() throws {
        for group in try groups(of: "ed25519") {
            let key = try Ed25519.PublicKey(bytes(group.publicKey?.pk))
            for vector in group.tests {
                let isValid = try key.isValidSignature(bytes(vector.sig), for: bytes(vector.msg))
                #expect(isValid == (vector.result == "valid"), "vector \(vector.tcId)")
            }
        }
    }
}
