import Identifiers
import Postgres

extension Billing {
    /// No row: there is no such workspace.
    static let insertPurchase = Statement(
        """
        INSERT INTO credit_purchases (id, workspace_id, amount, origin) SELECT $1, w.id, $3, 'manual' FROM workspaces w
        WHERE w.id = $2
        RETURNING id, workspace_id, amount, status, origin, reference_id, created_at, settled_at
        """, row: Purchase.init)

    /// Nothing, when one is pending, or the workspace has been deleted.
    static let insertAutoPurchase = Statement(
        """
        INSERT INTO credit_purchases (id, workspace_id, amount, origin) SELECT $1, id, $3, 'auto' FROM workspaces WHERE id = $2
        ON CONFLICT (workspace_id) WHERE status = 'pending' AND origin = 'auto' DO NOTHING
        """)

    static let countPending = Statement(
        "SELECT count(*) FROM credit_purchases WHERE workspace_id = $1 AND status = 'pending'"
    ) { try $0.get(0, as: Int64.self) }

    /// With the workspace nobody is left who could get the credits.
    static let failPending = Statement(
        """
        UPDATE credit_purchases SET status = 'failed', settled_at = now() WHERE workspace_id = $1 AND status = 'pending'
        """)

    /// Nobody pays for them any more. A few at a time.
    static let failOld = Statement(
        """
        UPDATE credit_purchases SET status = 'failed', settled_at = now() WHERE id IN
            (SELECT id FROM credit_purchases WHERE status = 'pending' AND created_at < now() - interval '30 days'
            ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED)
        """)

    static let listPurchases = Statement(
        """
        SELECT id, workspace_id, amount, status, origin, reference_id, created_at, settled_at FROM credit_purchases
        WHERE workspace_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
            AND ($4::text IS NULL OR status = $4)
        ORDER BY created_at, id LIMIT $5
        """, row: Purchase.init)

    static let findPurchase = Statement(
        """
        SELECT id, workspace_id, amount, status, origin, reference_id, created_at, settled_at FROM credit_purchases
        WHERE id = $1
        """, row: Purchase.init)

    static let settlePurchase = Statement(
        """
        UPDATE credit_purchases SET status = $2, reference_id = $3, settled_at = now() WHERE id = $1
        RETURNING id, workspace_id, amount, status, origin, reference_id, created_at, settled_at
        """, row: Purchase.init)

    static let restRecharge = Statement(
        "UPDATE accounts SET recharge_rests_until = now() + interval '1 hour' WHERE workspace_id = $1")

    static let setRecharge = Statement(
        """
        UPDATE accounts SET recharge_enabled = $2, recharge_threshold = $3, recharge_amount = $4 WHERE workspace_id = $1
        """)

    static let setThresholds = Statement(
        """
        UPDATE accounts SET low_balance_thresholds = $2::bigint[]
        WHERE workspace_id = $1 AND EXISTS (SELECT FROM workspaces WHERE id = $1)
        """)

    /// The oldest that wait, of all workspaces.
    static let listPending = Statement(
        """
        SELECT id, workspace_id, amount, status, origin, reference_id, created_at, settled_at FROM credit_purchases
        WHERE status = 'pending' AND ($1::timestamptz IS NULL OR (created_at, id) > ($1, $2::uuid))
        ORDER BY created_at, id LIMIT $3
        """, row: Purchase.init)
}
