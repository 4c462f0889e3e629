import JSON
import Postgres
import Systemd

/// The secrets that this configuration knows, and a text without them: the last of several walls, for what a program of others may have
/// written.
struct Redaction {
    /// By their first byte, the longest first.
    private var secrets: [UInt8: [[UInt8]]] = [:]

    /// Shorter ones would take away half the text and are no secrets.
    private static let shortest = 4

    init(_ reading: Settings.Reading, _ environment: [String: String] = environmentVariables()) {
        for entry in reading.entries where entry.origin != .standard {
            guard let value = entry.value, entry.declaration.isSecret || Masking.mayHoldPassword(value)
            else { continue }
            addParts(of: value)
        }
        for key in [AccessToken.variable, "PGPASSWORD"] {
            if let value = environment[key] { add(value) }
        }
        let folder = Systemd.Credentials.directory
        let settings = reading.settings
        let files = [settings.jwtKeyFile, settings.masterKeyFile, settings.operatorTokenFile].compactMap {
            $0
        }
        for path in files + Redaction.files(of: folder) + Redaction.files(of: settings.providerKeys) {
            addWords(of: path)
        }
        for first in secrets.keys { secrets[first]?.sort { $0.count > $1.count } }
    }

    func applied(to text: [UInt8]) -> [UInt8] {
        var clean: [UInt8] = []
        clean.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let rest = text[index...]
            guard let secret = secrets[text[index]]?.first(where: { rest.starts(with: $0) }) else {
                clean.append(text[index])
                index += 1
                continue
            }
            clean += Masking.mask.utf8
            index += secret.count
        }
        return clean
    }

    /// The whole, and what in it is a password.
    private mutating func addParts(of value: String) {
        add(value)
        for (keyword, part) in ConnectionString.keywords(of: value) ?? [] where keyword.contains("password") {
            add(part)
        }
        let authority = value.split(separator: "://", maxSplits: 1).last ?? ""
        guard let at = authority.lastIndex(of: "@") else { return }
        let login = authority[..<at]
        if let colon = login.firstIndex(of: ":") { add(String(login[login.index(after: colon)...])) }
    }

    private mutating func addWords(of path: String) {
        let text = String(decoding: readFile(path, limit: 1_048_576) ?? [], as: UTF8.self)
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            for word in line.split(whereSeparator: \.isWhitespace) where word.utf8.count >= 8 {
                add(String(word))
            }
        }
    }

    /// As it is, and as it would stand in JSON or a URL.
    private mutating func add(_ secret: String) {
        var writer = JSONWriter()
        writer.string(secret)
        let escaped = Array(writer.bytes.dropFirst().dropLast())
        let forms = [
            Array(secret.utf8), escaped, Redaction.percentDecoded(secret), Array(secret.lowercased().utf8),
        ]
        for form in Set(forms) where form.count >= Redaction.shortest {
            secrets[form[0], default: []].append(form)
        }
    }

    private static func percentDecoded(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == UInt8(ascii: "%"), digits.utf8.count == 2, let value = UInt8(digits, radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }

    private static func files(of folder: String?) -> [String] {
        guard let folder else { return [] }
        return FileTree.entries(of: folder).filter { !$0.hasPrefix(".") }.map { folder + "/" + $0 }
    }
}
