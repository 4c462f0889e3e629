import Egress
import Identifiers
import Postgres
import RPC

/// What a daemon is given to ask providers with.
public struct ProviderSetup: Sendable {
    public var catalog: ProviderCatalog
    /// Without one nobody is called.
    public var client: HTTPClient?
    public var platformKeys: PlatformKeySource
    public var calls: ProviderCalls.Settings
    /// How long what a provider has answered is good for who asks the same.
    public var resultSeconds: Int64 = 30 * 86_400

    public init(
        catalog: ProviderCatalog = ProviderCatalog(), client: HTTPClient? = nil,
        platformKeys: PlatformKeySource = .none, calls: ProviderCalls.Settings = ProviderCalls.Settings()
    ) {
        self.catalog = catalog
        self.client = client
        self.platformKeys = platformKeys
        self.calls = calls
    }
}

/// The providers of a daemon: which there are, the keys for them, and the way to ask them.
public struct ProviderServices: Sendable {
    public let catalog: ProviderCatalog
    public let calls: ProviderCalls
    let keys: ProviderKeys
    let sharing: CircuitSharing
    let resultSeconds: Int64

    init(_ setup: ProviderSetup, vault: Vault, pool: Pool) {
        catalog = setup.catalog
        resultSeconds = setup.resultSeconds
        calls = ProviderCalls(client: setup.client, setup.calls)
        keys = ProviderKeys(vault: vault, source: setup.platformKeys)
        sharing = CircuitSharing(calls.circuits, on: pool)
    }

    /// The key that a provider is asked with; nil where there is none.
    /// - Parameter tx: has entered the workspace. That its credential was used is written in it, to the minute.
    func key(
        for provider: Provider, workspace: UUID, choice: KeyChoice, in tx: borrowing Transaction
    ) throws -> ProviderKey? {
        try keys.key(for: provider, workspace: workspace, choice: choice, in: tx)
    }

    /// One turn of what goes on beside the calls: files that changed, circuits that are shared.
    /// - Parameter log: told of providers read again, or not, and of every circuit that opens, closes or is forced.
    func turn(log: (Notice) -> Void) async throws {
        catalog.refresh()
        for notice in catalog.takeNotices() + calls.circuits.takeNotices() { log(notice) }
        try await sharing.turn()
    }

    func writeMetrics(to text: inout PrometheusText) {
        calls.writeMetrics(catalog.current.keys.sorted(), to: &text)
    }
}
