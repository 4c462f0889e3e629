import Mail
import Services

extension Settings.Reading {
    /// Everything that `rpcd serve` would refuse: values that do not fit, settings that do not go together, files that are not what they
    /// should be. Connects nothing.
    func faults() -> [SettingError] {
        errors + settings.faults() + authorityFaults() + settings.keyFaults() + settings.manifestFaults()
    }

    /// Files of certificates are read here and now: else they fail with the first connection.
    func authorityFaults() -> [SettingError] {
        entries.compactMap { entry in
            guard entry.declaration.key.hasSuffix("_CA_FILE"), entry.origin != .standard,
                let path = entry.value
            else { return nil }
            let text = readFile(path, limit: 4_194_304).map { String(decoding: $0, as: UTF8.self) }
            guard text?.contains("-----BEGIN CERTIFICATE-----") != true else { return nil }
            return SettingError(
                entry.declaration.key, got: path, takes: entry.declaration.takes, in: entry.origin)
        }
    }
}

extension Settings {
    /// What does not go together, or is not there.
    func faults() -> [SettingError] {
        collect(
            ("RPCD_DATABASE_URL", { _ = try server() }),
            ("RPCD_MIGRATIONS", { _ = try Daemon.migrationsFolder(self) }),
            ("RPCD_SMTP_URL", { _ = try mail() }),
            ("RPCD_ANALYTICS_URL", { try requireOneStore() }))
    }

    func manifestFaults() -> [SettingError] {
        collect(("RPCD_PROVIDERS_DIR", { _ = try providerCatalog() }))
    }

    /// What is wrong with the files of keys.
    func keyFaults() -> [SettingError] {
        let faults = collect(
            ("RPCD_JWT_KEY_FILE", { _ = try KeyFiles.signingKeys(self) }),
            ("RPCD_MASTER_KEY_FILE", { _ = try KeyFiles.masterKeys(self) }))
        guard adminListen != "off" else { return faults }
        return faults + collect(("RPCD_OPERATOR_TOKEN_FILE", { _ = try KeyFiles.operatorToken(self) }))
    }

    private func collect(_ checks: (key: String, run: () throws -> Void)...) -> [SettingError] {
        checks.compactMap { key, run in
            do {
                try run()
                return nil
            } catch let error as SettingError {
                return error
            } catch {
                return SettingError(key, because: "\(error)")
            }
        }
    }
}
