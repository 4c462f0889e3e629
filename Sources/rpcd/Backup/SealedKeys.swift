import Cryptography
import JSON
import Services

/// The rings of keys, in a file of their own, sealed under a passphrase: argon2id, AES-256-GCM.
struct SealedKeys {
    static let fileName = "keys.sealed"
    private static let title = "rpcd keys 1"

    /// The text of each key file, by the name of its credential.
    let files: [(name: String, content: [UInt8])]

    func sealed(under passphrase: SecretBytes) throws -> [UInt8] {
        let salt = try SecureRandom.bytes(PassphraseKey.saltLength)
        let plain = JSONWriter.object { writer in
            for (name, content) in files {
                writer.key(name)
                writer.string(String(decoding: content, as: UTF8.self))
            }
        }
        let box = try AES256GCM.seal(
            plain, key: PassphraseKey.derive(from: passphrase, salt: salt),
            associatedData: Array(SealedKeys.title.utf8))
        return Array("\(SealedKeys.title)\n\(salt.hex)\n\(box.hex)\n".utf8)
    }

    init(files: [(name: String, content: [UInt8])]) { self.files = files }

    /// - Throws: ``CommandFailure`` when the passphrase is another one, or the file has been changed.
    init(opening file: [UInt8], with passphrase: SecretBytes) throws {
        let lines = file.split(separator: UInt8(ascii: "\n"))
        guard lines.count == 3, lines[0].elementsEqual(SealedKeys.title.utf8),
            let salt = [UInt8](hex: lines[1]),
            salt.count == PassphraseKey.saltLength, let box = [UInt8](hex: lines[2])
        else { throw CommandFailure("\(SealedKeys.fileName) is no file of sealed keys") }
        let plain = try SealedKeys.open(box, passphrase, salt)
        let json = try JSON.parse(plain.withUnsafeBytes { Array($0) })
        files = json.members.compactMap { name, content in
            guard let name = name.string, let content = content.string else { return nil }
            return (name, Array(content.utf8))
        }
        for (name, content) in files where NumberedKeys(file: content) == nil {
            throw CommandFailure("\(name) of \(SealedKeys.fileName) is no ring of keys")
        }
    }

    private static func open(
        _ box: [UInt8], _ passphrase: SecretBytes, _ salt: [UInt8]
    ) throws -> SecretBytes {
        do {
            return try AES256GCM.open(
                box, key: PassphraseKey.derive(from: passphrase, salt: salt),
                associatedData: Array(title.utf8))
        } catch {
            guard error == .authenticationFailed else { throw error }
            throw CommandFailure("The keys do not open: another passphrase, or the file has been changed")
        }
    }
}
