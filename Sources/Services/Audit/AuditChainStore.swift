import Identifiers
import Postgres
import Resilience

/// For `rpcd_maintenance`: the daemon itself sees no seal.
extension AuditChain {
    /// The last seal.
    static let getHead = Statement(
        "SELECT number, seal, settled FROM audit_seals ORDER BY number DESC LIMIT 1"
    ) { Head(number: try $0.get(0), seal: try $0.get(1), settled: try $0.get(2)) }

    static let tryLock = Statement("SELECT pg_try_advisory_xact_lock($1::bigint)") {
        try $0.get(0, as: Bool.self)
    }

    static let getLastSeq = Statement("SELECT coalesce(max(seq), 0) FROM audit_log") {
        try $0.get(0, as: Int64.self)
    }

    /// The end of the transactions that run, and of those that have ended.
    static let getSnapshot = Statement(
        """
        SELECT pg_snapshot_xmax(s)::text::bigint, pg_snapshot_xmin(s)::text::bigint FROM pg_current_snapshot() s
        """
    ) { (endOfRunning: try $0.get(0, as: Int64.self), ended: try $0.get(1, as: Int64.self)) }

    /// Of those after a seq before which all are sealed.
    static let listUnsealedRows = Statement(
        """
        SELECT seq, id, at, actor, action, workspace_id, object, address, request_id, outcome FROM audit_log a
        WHERE seq > $1 AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.seq = a.seq) ORDER BY seq LIMIT $2
        """
    ) { try Row($0, from: 0) }

    static let insertSeals = Statement(
        """
        INSERT INTO audit_seals (number, seq, seal, settled)
        SELECT $1::bigint + place, seq, substr($3::bytea, 32 * (place::int - 1) + 1, 32), $4::bigint
        FROM unnest($2::bigint[]) WITH ORDINALITY t (seq, place)
        """)

    static let listSealed = Statement(
        """
        SELECT s.number, s.seq, s.seal,
            a.seq, a.id, a.at, a.actor, a.action, a.workspace_id, a.object, a.address, a.request_id, a.outcome
        FROM audit_seals s LEFT JOIN audit_log a ON a.seq = s.seq
        WHERE s.number > $1 ORDER BY s.number LIMIT $2
        """, row: AuditVerification.Sealed.init)

    /// Up to a seq up to which there should be none; and those that no daemon has sealed for minutes, though one serves.
    static let listUnsealed = Statement(
        """
        SELECT a.seq, a.id, a.action, a.at FROM audit_log a
        WHERE (a.seq <= $1 OR a.at < now() - interval '5 minutes') AND ($2::uuid IS NULL OR a.workspace_id = $2)
            AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.seq = a.seq)
        ORDER BY a.seq LIMIT $3
        """
    ) {
        AuditVerification.Difference(
            kind: .unsealed, seq: try $0.get(0), id: try $0.get(1), action: try $0.get(2),
            at: try $0.get(3))
    }
}
