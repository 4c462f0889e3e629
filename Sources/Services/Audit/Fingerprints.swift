import Cryptography
import RPC

/// What the trail keeps of a secret: a keyed hash, so that one who has the secret can ask where it was used, and one who has the trail alone
/// learns nothing. Of passwords it keeps nothing at all: they can be guessed.
struct Fingerprints: Sendable {
    let ring: WatchedKeys

    /// By which a param says that it is one.
    static let format = Schema.secretFormat

    func make(_ secret: String) throws -> String {
        let keys = ring.keys
        return try Fingerprints.make(secret, keys, number: keys.current)
    }

    /// Under every master key that there is: any of them may have been the current one.
    func all(of secret: String) throws -> [String] {
        let keys = ring.keys
        return try keys.numbers.sorted().map { try Fingerprints.make(secret, keys, number: $0) }
    }

    private static func make(_ secret: String, _ keys: NumberedKeys, number: Int64) throws -> String {
        guard let master = keys[number] else { throw Vault.Fault.noMasterKey(number) }
        let key = try HKDFSHA256.derive(
            key: master, salt: [], info: Array("rpcd audit fingerprints v1".utf8), count: 32)
        let hash = try HMACSHA256.authenticate(key: key, message: Array(secret.utf8))
        return "hmac:\(number):" + Array(hash.prefix(16)).hex
    }
}

extension Param where Value == String {
    /// Something given out by this daemon that proves who has it.
    static func token(
        _ name: String, length: ClosedRange<Int> = 1...500, _ summary: String
    ) -> Param {
        Param(name, .string(length: length, format: Fingerprints.format), summary) { json in
            checkedText(json, length)
        }
    }
}
