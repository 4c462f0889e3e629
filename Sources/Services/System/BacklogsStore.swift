import Postgres

/// For `rpcd_maintenance`: what waits is of all workspaces.
extension Backlogs {
    static let getCounts = Statement(
        """
        SELECT coalesce(extract(epoch FROM clock_timestamp() -
                (SELECT min(at) FROM audit_log WHERE seq > coalesce((SELECT max(seq) FROM audit_seals), 0))), 0)::float8,
            (SELECT count(*) FROM (SELECT FROM mails LIMIT $1) m),
            (SELECT count(*) FROM (SELECT FROM webhook_deliveries WHERE status = 'pending' LIMIT $1) d),
            (SELECT count(*) FROM (SELECT FROM analytics_dead_letters LIMIT $1) l)
        """
    ) {
        Reading(
            sealLagSeconds: try $0.get(0), mails: try $0.get(1), deliveries: try $0.get(2),
            deadLetters: try $0.get(3))
    }

    static let listVerifications = Statement(
        "SELECT kind, greatest(0, extract(epoch FROM now() - finished_at))::bigint, found FROM verifications ORDER BY kind LIMIT 10"
    ) { VerificationAge(kind: try $0.get(0), seconds: try $0.get(1), found: try $0.get(2)) }

    static let putVerification = Statement(
        """
        INSERT INTO verifications (kind, found) VALUES ($1, $2)
        ON CONFLICT (kind) DO UPDATE SET finished_at = now(), found = excluded.found
        """)
}
