import Identifiers
import Postgres
import Resilience

/// For `rpcd_maintenance`: circuits span workspaces.
extension CircuitBreakers {
    struct Row: Sendable {
        let key: CircuitKey
        let workspace: UUID?
        let snapshot: CircuitBreaker.Snapshot
        let updatedAt: Timestamp
    }

    /// Every column that a ``Row`` is read from.
    static func row(_ row: borrowing RowReader) throws -> Row {
        Row(
            key: CircuitKey(try row.get(0), try row.get(1)), workspace: try row.getOptional(2),
            snapshot: CircuitBreaker.Snapshot(
                state: number(of: try row.get(3)), openings: try row.get(4), openUntil: try row.get(5),
                changedAt: try row.get(6), forced: force(of: try row.get(7)), forcedAt: try row.get(8)),
            updatedAt: try row.get(9))
    }

    private static let states: [(String, CircuitBreaker.State)] = [
        ("closed", .closed), ("open", .open), ("halfOpen", .halfOpen),
    ]
    private static let forces: [(String, CircuitBreaker.Forced)] = [
        ("auto", .none), ("open", .open), ("closed", .closed),
    ]

    private static func number(of state: String) -> Int {
        states.first { $0.0 == state }?.1.rawValue ?? -1
    }

    private static func force(of forced: String) -> Int {
        forces.first { $0.0 == forced }?.1.rawValue ?? -1
    }

    static func name(ofState number: Int) -> String {
        states.first { $0.1.rawValue == number }?.0 ?? "closed"
    }

    static func name(ofForce number: Int) -> String {
        forces.first { $0.1.rawValue == number }?.0 ?? "auto"
    }

    /// What changed since a moment. In the order in which it did; those that change together, together.
    static let listChanged = Statement(
        """
        SELECT provider, credential, workspace_id, state, openings::bigint, open_until_nanoseconds, changed_at_nanoseconds, forced,
            forced_at_nanoseconds, updated_at
        FROM provider_circuits WHERE updated_at >= $1 ORDER BY updated_at LIMIT $2
        """, row: CircuitBreakers.row)

    static let listCircuits = Statement(
        """
        SELECT provider, credential, workspace_id, state, openings::bigint, open_until_nanoseconds, changed_at_nanoseconds, forced,
            forced_at_nanoseconds, updated_at
        FROM provider_circuits WHERE ($1::text IS NULL OR (provider, credential) > ($1, $2::text))
        ORDER BY provider, credential LIMIT $3
        """, row: CircuitBreakers.row)

    static let lockCircuit = Statement(
        """
        SELECT provider, credential, workspace_id, state, openings::bigint, open_until_nanoseconds, changed_at_nanoseconds, forced,
            forced_at_nanoseconds, updated_at
        FROM provider_circuits WHERE provider = $1 AND credential = $2 FOR UPDATE
        """, row: CircuitBreakers.row)

    /// Of what two daemons tell, the later stands, for the state and for the operator's word each by itself. Nothing where the
    /// credential has been deleted.
    static let saveCircuit = Statement(
        """
        INSERT INTO provider_circuits AS c (provider, credential, credential_id, workspace_id, state, openings, open_until_nanoseconds,
            changed_at_nanoseconds, forced, forced_at_nanoseconds)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
        WHERE $3::uuid IS NULL OR EXISTS (SELECT FROM credentials WHERE id = $3 AND workspace_id = $4)
        ON CONFLICT (provider, credential) DO UPDATE SET
            state = CASE WHEN excluded.changed_at_nanoseconds > c.changed_at_nanoseconds THEN excluded.state ELSE c.state END,
            openings = CASE WHEN excluded.changed_at_nanoseconds > c.changed_at_nanoseconds THEN excluded.openings ELSE c.openings END,
            open_until_nanoseconds = CASE WHEN excluded.changed_at_nanoseconds > c.changed_at_nanoseconds
                THEN excluded.open_until_nanoseconds ELSE c.open_until_nanoseconds END,
            changed_at_nanoseconds = greatest(excluded.changed_at_nanoseconds, c.changed_at_nanoseconds),
            forced = CASE WHEN excluded.forced_at_nanoseconds > c.forced_at_nanoseconds THEN excluded.forced ELSE c.forced END,
            forced_at_nanoseconds = greatest(excluded.forced_at_nanoseconds, c.forced_at_nanoseconds),
            updated_at = clock_timestamp()
        """)

    /// Whose a credential is.
    static let findCredential = Statement(
        "SELECT workspace_id FROM credentials WHERE id = $1 AND provider = $2"
    ) {
        try $0.get(0, as: UUID.self)
    }
}
