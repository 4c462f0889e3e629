import Glibc
import Postgres
import Services

/// Looks over a database that was restored as the daemon would: the books, the trail, what is sealed.
struct RestoreCheck {
    /// Of one who may become rpcd_maintenance.
    let conninfo: String
    let settings: Settings
    let manifest: BackupManifest

    /// Of credentials and of webhooks each.
    private static let sample = 100

    /// Whether there are rings of keys; without them nothing that is sealed can be looked at.
    private var hasKeys: Bool {
        (try? KeyFiles.signingKeys(settings)) != nil && (try? KeyFiles.masterKeys(settings)) != nil
    }

    /// Prints what it finds. - Throws: `ExitCode` 1 where something differs.
    func run(progress: (String) -> Void) async throws {
        let scratch = try PrivateFolder()
        defer { extendLifetime(scratch) }
        let daemon = try Daemon(try isolated(in: scratch))
        progress("sealing the end of the trail")
        let sealer = AuditSealer()
        while try await daemon.pool.run({ try sealer.step($0) }) > 0 {}
        let path = scratch.path + "/s"
        try await daemon.serving(at: path) {
            for (title, verification) in [
                ("ledger", Verification(method: "admin.ledger.verify", workspace: nil)),
                (
                    "trail",
                    Verification(
                        method: "admin.audit.verify", workspace: nil, expected: manifest.totals.auditHead)
                ),
            ] {
                print("\(title):")
                try await onOwnThread { try verification.run(at: path) }
            }
            try await openSample(daemon)
        }
    }

    private func openSample(_ daemon: Daemon) async throws {
        guard hasKeys else {
            print("sealed: not opened, for there are no keys here")
            return
        }
        let rotation = KeyRotation(pool: daemon.pool, masterKeys: try KeyFiles.watchedMasterKeys(settings))
        let other = try await rotation.mismatched(Patience())
        let sample = try await rotation.sample(RestoreCheck.sample, Patience())
        print("sealed: \(sample.opened) of a sample opened, \(sample.unreadable.count) not")
        for id in sample.unreadable { print("unreadable\t\(id)") }
        guard other.isEmpty, sample.unreadable.isEmpty else {
            throw CommandFailure(
                "The master keys are not those of the backup: put those of its time into RPCD_MASTER_KEY_FILE"
            )
        }
    }

    /// Of a daemon that reaches nothing but the database.
    private func isolated(in folder: PrivateFolder) throws -> Settings {
        var isolated = Settings()
        isolated.databaseURL = conninfo
        isolated.poolSize = 2
        isolated.logLevel = .error
        isolated.providers = folder.path + "/providers"
        guard mkdir(folder.path + "/providers", 0o700) == 0 else {
            throw CommandFailure("\(folder.path) cannot be written")
        }
        (isolated.jwtKeyFile, isolated.masterKeyFile) = (settings.jwtKeyFile, settings.masterKeyFile)
        guard !hasKeys else { return isolated }
        // Verifying needs none of them, and a daemon does not start without.
        for path in [folder.path + "/jwt-key", folder.path + "/master-key"] {
            try PrivateFile.create(path, try NumberedKeys.makeLine(number: 1))
        }
        (isolated.jwtKeyFile, isolated.masterKeyFile) = (
            folder.path + "/jwt-key", folder.path + "/master-key"
        )
        return isolated
    }
}
