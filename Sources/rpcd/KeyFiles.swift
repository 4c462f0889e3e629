import Cryptography
import Glibc
import Services
import Systemd

/// The secrets that a daemon is given: as files that only their owner can read, or as systemd credentials. Never by environment.
enum KeyFiles {
    private static let takesKeys = "a file with a line a key: its number, a blank, 64 hexadecimal digits"
    private static let ringBytes = 16_384

    /// What access tokens are signed with.
    static func signingKeys(_ settings: Settings) throws -> WatchedKeys {
        try watched(settings.jwtKeyFile, "RPCD_JWT_KEY_FILE", credential: "jwt-key")
    }

    /// What the vault is sealed with, read again whenever the file has changed.
    static func watchedMasterKeys(_ settings: Settings) throws -> WatchedKeys {
        try watched(settings.masterKeyFile, "RPCD_MASTER_KEY_FILE", credential: "master-key")
    }

    /// The same, as it is now.
    static func masterKeys(_ settings: Settings) throws -> NumberedKeys {
        try keys(settings.masterKeyFile, "RPCD_MASTER_KEY_FILE", credential: "master-key")
    }

    private static func keys(_ path: String?, _ key: String, credential: String) throws -> NumberedKeys {
        let bytes = try secret(path, key, credential: credential, limit: ringBytes, takes: takesKeys)
        guard let keys = NumberedKeys(file: bytes) else {
            throw SettingError(key, got: path, takes: takesKeys)
        }
        return keys
    }

    /// The text of a ring that can be read.
    static func content(_ path: String?, _ key: String, credential: String) throws -> [UInt8] {
        _ = try keys(path, key, credential: credential)
        return try secret(path, key, credential: credential, limit: ringBytes, takes: takesKeys)
    }

    private static func watched(_ path: String?, _ key: String, credential: String) throws -> WatchedKeys {
        try WatchedKeys(
            WatchedKeys.Source(
                stamp: {
                    guard let path else { return "credential" }
                    return stamp(path)
                }, read: { try keys(path, key, credential: credential) }))
    }

    /// Puts a new key into the file: beside it first, then in its place, so that a kill leaves the old ring or the new one.
    static func addMasterKey(_ settings: Settings) throws -> Int64 {
        guard let path = settings.masterKeyFile, let content = readFile(path, limit: ringBytes) else {
            throw CommandFailure(
                "Without RPCD_MASTER_KEY_FILE there is no file to add a key to; add a line to the credential yourself"
            )
        }
        let keys = try masterKeys(settings)
        guard !keys.isFull else {
            throw CommandFailure("There are as many keys as a ring holds; take some away: rpcd keys retire N")
        }
        let number = keys.current + 1
        let separator: [UInt8] = content.last == UInt8(ascii: "\n") ? [] : [UInt8(ascii: "\n")]
        try replace(path, with: content + separator + (try NumberedKeys.makeLine(number: number)))
        return number
    }

    static func removeMasterKey(_ number: Int64, _ settings: Settings) throws {
        guard let path = settings.masterKeyFile, let content = readFile(path, limit: ringBytes) else {
            throw CommandFailure(
                "Without RPCD_MASTER_KEY_FILE there is no file to take key \(number) out of; remove its line from the credential yourself"
            )
        }
        let kept = content.split(separator: UInt8(ascii: "\n")).filter {
            !$0.starts(with: Array("\(number) ".utf8))
        }
        try replace(path, with: Array(kept.joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")])
    }

    /// Runs `body` while no other command changes the ring: two that read it at once would each add a key of their own, and one would be lost
    /// with what is sealed under it.
    static func changingRing<Value>(
        _ settings: Settings, _ body: () async throws -> Value
    ) async throws -> Value {
        guard let path = settings.masterKeyFile else { return try await body() }
        let descriptor = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CommandFailure("\(path).lock cannot be made") }
        // The lock goes with the descriptor, also when this process is killed.
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw CommandFailure("Another rpcd keys is changing \(path); wait for its end")
        }
        return try await body()
    }

    /// Writes a file that only its owner can read, whole or not at all, and sees to it that it is still there after a loss of power.
    static func replace(_ path: String, with bytes: [UInt8]) throws {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if directory >= 0 { close(directory) } }
        guard descriptor >= 0, write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0,
            close(descriptor) == 0, rename(path + ".new", path) == 0, fsync(directory) == 0
        else { throw CommandFailure("\(path) cannot be written") }
    }

    /// The bearer token of the operator's listener.
    static func operatorToken(_ settings: Settings) throws -> SecretBytes {
        let takes = "a file with 32 to 512 visible characters, readable by its owner alone"
        let bytes = try secret(
            settings.operatorTokenFile, "RPCD_OPERATOR_TOKEN_FILE", credential: "operator-token", limit: 1024,
            takes: takes)
        let token = bytes.filter { (0x21...0x7E).contains($0) }
        guard (32...512).contains(token.count) else {
            throw SettingError("RPCD_OPERATOR_TOKEN_FILE", got: settings.operatorTokenFile, takes: takes)
        }
        return try SecretBytes(token)
    }

    /// The operator's keys of providers, read again whenever a file has changed.
    static func providerKeys(_ settings: Settings) -> PlatformKeySource {
        let folder = settings.providerKeys
        @Sendable func path(_ slug: String) -> String? {
            (folder ?? Systemd.Credentials.directory).map { $0 + "/provider-" + slug }
        }
        @Sendable func read(_ slug: String) throws -> [UInt8]? {
            try secret(
                folder == nil ? nil : path(slug), "RPCD_PROVIDER_KEYS_DIR", credential: "provider-" + slug,
                limit: 16_384,
                takes: "files of at most two lines: the key, and the second part where there is one")
        }
        return PlatformKeySource(stamp: { path($0).flatMap(stamp) }, read: read)
    }

    /// Differs whenever the content of a file may; nil when it is not there.
    private static func stamp(_ path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return "\(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec) \(status.st_mtim.tv_nsec)"
    }

    private static func secret(
        _ path: String?, _ key: String, credential: String, limit: Int, takes: String
    ) throws -> [UInt8] {
        guard let path else {
            guard let bytes = try Systemd.Credentials.read(credential), bytes.count <= limit else {
                throw SettingError(key, got: nil, takes: takes + ", or the credential " + credential)
            }
            return bytes
        }
        var status = stat()
        guard let bytes = readFile(path, limit: limit), stat(path, &status) == 0 else {
            throw SettingError(key, got: path, takes: takes)
        }
        guard status.st_mode & 0o077 == 0, status.st_uid == geteuid() || status.st_uid == 0 else {
            throw SettingError(
                key, got: path,
                takes: "a file of this user, or root's, that only its owner can read: chmod 600")
        }
        return bytes
    }
}
