import Identifiers
import Postgres

extension LoginAttempt {
    struct Others: Sendable {
        let ofPair: Int
        let failedOfPair: Int
        let ofEmail: Int
        let failedOfEmail: Int
        let knownNetwork: Bool
    }

    /// The last 15 minutes, counted no further than what matters.
    static let count = Statement(
        """
        SELECT count(*) FILTER (WHERE address = $2), count(*) FILTER (WHERE address = $2 AND NOT is_pending),
            count(*), count(*) FILTER (WHERE NOT is_pending),
            EXISTS (SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = $3 AND s.network = $2)
        FROM (SELECT address, is_pending FROM login_failures
            WHERE email_hash = ANY($1::bytea[]) AND failed_at > now() - interval '15 minutes' LIMIT 1000) recent
        """
    ) {
        Others(
            ofPair: try $0.get(0), failedOfPair: try $0.get(1), ofEmail: try $0.get(2),
            failedOfEmail: try $0.get(3), knownNetwork: try $0.get(4))
    }

    static let insert = Statement(
        "INSERT INTO login_failures (id, email_hash, address, is_pending) VALUES ($1, $2, $3, true)")

    static let markFailed = Statement(
        "UPDATE login_failures SET is_pending = false, failed_at = now() WHERE id = $1")

    static let deleteOne = Statement("DELETE FROM login_failures WHERE id = $1")

    /// Not those that are under way: they may yet fail.
    static let deleteOfPair = Statement(
        """
        DELETE FROM login_failures
        WHERE email_hash = ANY($1::bytea[]) AND address = $2 AND (NOT is_pending OR id = $3)
        """)

    static let deleteOfEmail = Statement("DELETE FROM login_failures WHERE email_hash = ANY($1::bytea[])")

    /// A few at a time, whenever one is added: the table does not grow.
    static let deleteOld = Statement(
        """
        DELETE FROM login_failures WHERE id IN
            (SELECT id FROM login_failures WHERE failed_at < now() - interval '15 minutes' LIMIT 10 FOR UPDATE SKIP LOCKED)
        """)
}
