import Postgres

extension Idempotency {
    /// Whether the key is free, and whether the ring of this daemon has the newest master key that any daemon has used: without it an outcome
    /// that another has stored would not be found.
    static let tryLock = Statement(
        "SELECT pg_try_advisory_xact_lock($1::bigint), NOT EXISTS (SELECT FROM master_keys WHERE number > $2)"
    ) { (isFirst: try $0.get(0, as: Bool.self), isCurrent: try $0.get(1, as: Bool.self)) }

    /// The age is written so that no index can serve it: a planner without statistics would go through all keys of a day by it.
    static let findOutcome = Statement(
        """
        SELECT fingerprint, outcome, is_sealed, key_version, scope FROM idempotency_keys
        WHERE scope = ANY($1::bytea[]) AND created_at + interval '24 hours' > now() LIMIT 1
        """
    ) {
        Stored(
            fingerprint: try $0.get(0), outcome: try $0.get(1), isSealed: try $0.get(2),
            keyVersion: try $0.get(3), scope: try $0.get(4))
    }

    /// One that is older than a day gives way; another is a second effect, and nothing is committed.
    static let insertOutcome = Statement(
        """
        INSERT INTO idempotency_keys AS k (scope, fingerprint, outcome, is_sealed, key_version)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (scope) DO UPDATE SET fingerprint = excluded.fingerprint, outcome = excluded.outcome,
            is_sealed = excluded.is_sealed, key_version = excluded.key_version, created_at = now()
        WHERE k.created_at <= now() - interval '24 hours'
        """)

    /// A few at a time.
    static let deleteOld = Statement(
        """
        DELETE FROM idempotency_keys WHERE scope IN
            (SELECT scope FROM idempotency_keys WHERE created_at < now() - interval '24 hours' LIMIT $1
            FOR UPDATE SKIP LOCKED)
        """)
}
