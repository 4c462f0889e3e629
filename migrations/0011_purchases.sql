-- Credits that somebody is about to pay for.

-- migrate:up
CREATE TABLE credit_purchases (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES accounts,
    amount bigint NOT NULL CHECK (amount > 0),
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'settled', 'failed')),
    -- auto: by the rule that buys when little is left.
    origin text NOT NULL CHECK (origin IN ('manual', 'auto')),
    -- The payment's, told when it is settled.
    reference_id text CHECK (length(reference_id) <= 200),
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    CHECK ((status = 'pending') = (settled_at IS NULL))
);
CREATE INDEX credit_purchases_workspace_id_idx ON credit_purchases (workspace_id, created_at, id);
CREATE INDEX credit_purchases_pending_idx ON credit_purchases (created_at, id) WHERE status = 'pending';
CREATE INDEX credit_purchases_of_workspace_pending_idx ON credit_purchases (workspace_id) WHERE status = 'pending';
-- What was bought is paid out once.
CREATE UNIQUE INDEX ledger_purchase_key ON ledger (related_id) WHERE type = 'purchase' AND related_id IS NOT NULL;
-- However many debits fall below the threshold at once, one is made.
CREATE UNIQUE INDEX credit_purchases_auto_idx ON credit_purchases (workspace_id) WHERE status = 'pending' AND origin = 'auto';

ALTER TABLE credit_purchases ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON credit_purchases USING (workspace_id = rpcd_workspace());
CREATE POLICY every ON credit_purchases TO rpcd_maintenance USING (true);
GRANT SELECT, INSERT, UPDATE ON credit_purchases TO rpcd_daemon, rpcd_maintenance;

-- migrate:down
DROP INDEX ledger_purchase_key;
DROP TABLE credit_purchases;
