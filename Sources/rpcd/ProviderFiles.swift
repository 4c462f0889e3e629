import Egress
import Glibc
import Services

extension Settings {
    /// The folder of manifests; nil where none was named and none is found.
    func providersFolder() -> String? {
        providers ?? Daemon.folders("providers").first { access($0, R_OK) == 0 }
    }

    /// - Throws: ``SettingError`` for files that are no manifests.
    func providerCatalog() throws -> ProviderCatalog {
        do {
            return try providersFolder().map { try ProviderCatalog(ManifestFolder($0)) } ?? ProviderCatalog()
        } catch let faults as ManifestFaults {
            let first = "\(faults)".prefix { $0 != "\n" }
            throw SettingError(
                "RPCD_PROVIDERS_DIR", got: providersFolder(),
                takes: "a folder of manifests; rpcd providers check tells all: \(first)")
        }
    }

    /// What the daemon asks providers with.
    /// - Throws: ``SettingError`` for files that are no manifests.
    func providerSetup() throws -> ProviderSetup {
        var configuration = HTTPClient.Configuration(policy: egress)
        configuration.authorities = egressAuthorities
        // Each key of each provider has its own limit; this bounds them all together.
        configuration.maximumInFlight = 512
        configuration.maximumWaiting = 4096
        configuration.maximumIdleConnections = 256
        configuration.userAgent = "rpcd/\(Release.version)"
        var setup = ProviderSetup(
            catalog: try providerCatalog(), client: try HTTPClient(configuration),
            platformKeys: KeyFiles.providerKeys(self)
        )
        setup.resultSeconds = resultSeconds
        return setup
    }
}
