import Glibc
import Postgres
import Services

extension Doctor {
    func configuration() -> [Finding] {
        let faults = reading.errors + settings.faults() + reading.authorityFaults()
        let given = reading.entries.filter { $0.origin != .standard }.count
        let readers = fileFindings()
        let refusals = faults.map {
            Finding.refusal(
                $0, do: "rpcd help config tells what it takes; rpcd config show, where it comes from")
        }
        return (readers + refusals)
            .orElse(.ok("\(reading.entries.count) settings, \(given) of them given"))
    }

    /// Who else may read the file of settings, where passwords may stand, or write it.
    private func fileFindings() -> [Finding] {
        var findings: [Finding] = []
        let inFiles = reading.entries.compactMap { entry -> (String, Bool)? in
            guard case .file(let path, _) = entry.origin else { return nil }
            return (path, entry.declaration.isSecret)
        }
        for (path, entries) in Dictionary(grouping: inFiles, by: \.0).sorted(by: { $0.key < $1.key }) {
            var status = stat()
            guard stat(path, &status) == 0 else { continue }
            if status.st_mode & 0o002 != 0 {
                findings.append(.failure("anybody may change \(path)", do: "chmod o-w \(path)"))
            }
            if status.st_mode & 0o004 != 0, entries.contains(where: \.1) {
                findings.append(
                    .warning(
                        "anybody may read \(path), where a password may stand",
                        do: "chmod o-r \(path), with the daemon's group as its group"))
            }
        }
        return findings
    }

    /// What the service manager hands to the units: root's alone. Where nobody else gets into the folder, nobody gets at what is in it.
    /// - Parameters:
    ///   - store: where it looks for that.
    ///   - owner: whose it is to be.
    static func credentialFindings(in store: String = "/etc/credstore", of owner: uid_t = 0) -> [Finding] {
        var folder = stat()
        guard stat(store, &folder) == 0, folder.st_mode & 0o077 != 0 || folder.st_uid != owner else {
            return []
        }
        var findings: [Finding] = []
        if folder.st_mode & 0o022 != 0 || folder.st_uid != owner {
            findings.append(
                .failure(
                    "others than root may put keys into \(store)",
                    do: "chown root: \(store); chmod 700 \(store)"))
        }
        let usual = [
            "master-key", "jwt-key", "operator-token", "database-passfile", "migrate-passfile",
            "backup-passphrase",
        ].map { "rpcd." + $0 }
        let others = FileTree.entries(of: store).filter { $0.hasPrefix("rpcd.") && !usual.contains($0) }
        for path in (usual + others).map({ "\(store)/\($0)" }) {
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & 0o077 != 0 || status.st_uid != owner else {
                continue
            }
            findings.append(
                .failure(
                    "others than root get at \(path)",
                    do:
                        "chmod 700 \(store); chown root: \(path); chmod 600 \(path); and a new one, if others were here"
                ))
        }
        return findings
    }

    func keys() throws -> [Finding] {
        let exposed = Doctor.credentialFindings()
        let faults = settings.keyFaults()
        guard faults.isEmpty else {
            return exposed
                + faults.map {
                    .refusal(
                        $0,
                        do:
                            "a file of the daemon's own user, mode 0600; a new one: (umask 077; echo \"1 $(openssl rand -hex 32)\" > FILE), but never in place of one that was lost"
                    )
                }
        }
        let signing = try KeyFiles.signingKeys(settings).keys
        return exposed.orElse(
            .ok("key \(signing.current) signs, \(signing.numbers.count) verify; the master keys are there"))
    }

    func providers() -> [Finding] {
        let faults = settings.manifestFaults()
        guard faults.isEmpty else {
            return faults.map { .refusal($0, do: "rpcd providers check tells every problem with its place") }
        }
        guard let folder = settings.providersFolder(), let names = ManifestFolder(folder).files() else {
            return [.skipped("there is no folder of manifests")]
        }
        return [.ok("\(names.count) in \(folder)")]
    }

    func socket() -> [Finding] {
        let folder = Doctor.folder(of: settings.socket)
        var status = stat()
        guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            return [
                .failure(
                    "the folder \(folder) is not there",
                    do:
                        "let systemd make it (RuntimeDirectory=rpcd), or: install -d -o rpcd -g rpcd \(folder)"
                )
            ]
        }
        var findings: [Finding] = []
        if status.st_mode & 0o002 != 0, status.st_mode & S_ISVTX == 0 {
            findings.append(
                .failure(
                    "anybody may put another socket into \(folder)", do: "chmod o-w \(folder)"))
        }
        var socket = stat()
        let isThere = lstat(settings.socket, &socket) == 0
        if isThere, socket.st_mode & S_IFMT != S_IFSOCK {
            findings.append(
                .failure("\(settings.socket) is there and is no socket", do: "look at it, remove it"))
        }
        if !isThere, access(folder, W_OK) != 0 {
            findings.append(
                .warning(
                    "\(folder) cannot be written by this user",
                    do: "run it as the daemon's user, or let systemd hand the socket over (rpcd.socket)"))
        }
        return findings.orElse(.ok(settings.socket))
    }

    // MARK: disk

    /// Free bytes and parts of a thousand below which one should, and must, do something.
    private static let room = (
        warning: (bytes: UInt64(2) << 30, permille: UInt64(100)), failure: UInt64(256) << 20
    )

    func disk() -> [Finding] {
        let keys = settings.masterKeyFile.map { Doctor.folder(of: $0) }
        // PostgreSQL's own, where it is this host's: what it says of its folder not every role may ask.
        let isLocal = settings.databaseURL.flatMap { ConnectionString.keywords(of: $0) }?.contains {
            $0.0 == "host" && $0.1.hasPrefix("/")
        }
        let database = isLocal == true ? "/var/lib/postgresql" : nil
        let places = [dataDir, database, settings.maildir, keys, "/var/log/journal"].compactMap { $0 }
        var seen: Set<UInt> = []
        var findings: [Finding] = []
        var told: [String] = []
        for place in places {
            var status = stat()
            var system = statvfs()
            guard stat(place, &status) == 0, statvfs(place, &system) == 0,
                seen.insert(UInt(status.st_dev)).inserted
            else { continue }
            let unit = UInt64(system.f_frsize)
            let (free, all) = (UInt64(system.f_bavail) * unit, UInt64(system.f_blocks) * unit)
            findings += Doctor.judge(
                place, free: free, of: all, freeFiles: UInt64(system.f_favail),
                ofFiles: UInt64(system.f_files))
            told.append("\(free >> 20) MiB free at \(place)")
        }
        return findings.orElse(
            told.isEmpty ? .skipped("there is no folder to look at") : .ok(told.joined(separator: ", ")))
    }

    static func judge(
        _ place: String, free: UInt64, of all: UInt64, freeFiles: UInt64, ofFiles files: UInt64
    ) -> [Finding] {
        let advice = "free some, or give that file system more: df -h \(place)"
        guard free >= room.failure else {
            return [.failure("\(free >> 20) MiB are free at \(place)", do: advice)]
        }
        guard files == 0 || freeFiles > files / 100 else {
            return [.warning("hardly another file has room at \(place)", do: "df -i \(place)")]
        }
        guard free >= room.warning.bytes || free / max(1, all / 1000) >= room.warning.permille else {
            return [.warning("\(free >> 20) of \(all >> 20) MiB are free at \(place)", do: advice)]
        }
        return []
    }

    static func folder(of path: String) -> String {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        return folder.isEmpty ? "/" : folder
    }

    // MARK: the service manager

    func journal() -> [Finding] {
        guard access("/run/systemd/journal/socket", F_OK) == 0 else {
            return [.skipped("there is none here: the log goes to standard error")]
        }
        guard access("/var/log/journal", F_OK) == 0 else {
            return [
                .warning(
                    "it is gone when the host restarts",
                    do: "mkdir /var/log/journal && systemctl restart systemd-journald")
            ]
        }
        return [.ok("kept in /var/log/journal")]
    }

    func systemd() async throws -> [Finding] {
        guard access("/run/systemd/system", F_OK) == 0 else {
            return [.skipped("it does not run this host")]
        }
        let properties = try await onOwnThread {
            var child = ChildProcess([
                "/usr/bin/systemctl", "show", unit,
                "--property=LoadState,Type,WatchdogUSec,ActiveState,Result,NRestarts",
            ])
            child.environment = environmentForOthers()
            child.keptBytes = 16_384
            child.timeoutNanoseconds = nanoseconds
            return child.run().map { String(decoding: $0.output, as: UTF8.self) } ?? ""
        }
        return Doctor.judge(unit: unit, properties: properties)
    }

    /// - Parameter properties: as `systemctl show` prints them.
    static func judge(unit: String, properties: String) -> [Finding] {
        let values = Dictionary(
            properties.split(whereSeparator: \.isNewline).compactMap { line -> (Substring, Substring)? in
                let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return parts.count == 2 ? (parts[0], parts[1]) : nil
            }, uniquingKeysWith: { $1 })
        guard values["LoadState"] == "loaded" else { return [.skipped("there is no unit \(unit) here")] }
        var findings: [Finding] = []
        if values["ActiveState"] == "failed" {
            findings.append(
                .failure(
                    "\(unit) has failed: \(values["Result"] ?? "nobody knows why")",
                    do: "journalctl -u \(unit) -n 50; then systemctl reset-failed \(unit) and start it"))
        }
        if values["Type"]?.hasPrefix("notify") != true {
            findings.append(
                .warning(
                    "\(unit) has Type=\(values["Type"] ?? "none")",
                    do: "Type=notify: else systemd takes it for ready before it is"))
        }
        // One that never ran has none yet.
        if values["ActiveState"] != "inactive", ["0", "infinity", nil].contains(values["WatchdogUSec"]) {
            findings.append(
                .warning(
                    "\(unit) has no watchdog", do: "WatchdogSec=30: else nobody restarts a daemon that hangs")
            )
        }
        return findings.orElse(
            .ok(
                "\(unit) is \(values["ActiveState"] ?? "there")"
                    + (values["ActiveState"] == "inactive" ? "" : ", with a watchdog")))
    }
}
