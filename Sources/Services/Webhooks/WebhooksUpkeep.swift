import Egress
import Postgres
import RPC

extension HTTPClient.Configuration {
    /// For webhooks: a client of their own, whose places are enough for all that is sent at once.
    /// - Parameter authorities: a file of PEM certificates that are trusted instead of the system's.
    public static func webhooks(_ policy: EgressPolicy, authorities: String?) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(policy: policy)
        configuration.authorities = authorities
        configuration.maximumInFlight = WebhookSender.places * WebhookSender.abreast + TestsUnderWay.most
        configuration.maximumWaiting = 0
        configuration.maximumIdleConnections = WebhookSender.places
        return configuration
    }
}

extension Platform {
    private static let eventsAtOnce = 500

    /// What webhooks may call.
    var webhookPolicy: EgressPolicy { webhooks?.policy ?? .publicOnly }

    var webhookClient: WebhookClient? { webhooks.map { WebhookClient($0) } }

    func webhookSender(log: @escaping @Sendable (Notice) -> Void) -> WebhookSender? {
        webhookClient.map { WebhookSender(pool: pool, vault: vault, client: $0, tracer: tracer, log: log) }
    }

    /// Hands out what has been raised since, in its order. Of several daemons on one database one does so at a time.
    func handOutEvents() async throws {
        repeat {
        } while try await pool.upkeep({ tx in
            tx.enterEveryWorkspace()
            guard try tx.one(AuditChain.tryLock, AdvisoryLock.handingOutEvents) else { return 0 }
            return try tx.one(Webhooks.handOut, Platform.eventsAtOnce)
        }) == Platform.eventsAtOnce
    }
}
