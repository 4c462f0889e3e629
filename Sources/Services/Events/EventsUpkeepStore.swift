import Postgres

/// For `rpcd_maintenance`.
extension Event {
    /// A few at a time.
    static let deleteOld = Statement(
        """
        DELETE FROM events WHERE id IN
            (SELECT id FROM events WHERE created_at < now() - interval '30 days' ORDER BY created_at LIMIT $1
            FOR UPDATE SKIP LOCKED)
        """)
}
